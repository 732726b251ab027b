"""What earlier versions wrote is read by this one: presets, a checkpoint, `.keras` files."""

import json
import pathlib
import shutil

import golden_models as models
import keras
import numpy as np
import pytest

import ganzoo
from ganzoo import presets

HERE = pathlib.Path(__file__).parent
FORMATS = sorted(HERE.glob("format_*"))
PRESETS = [*FORMATS, *sorted(HERE.glob("layers_format_*"))]
CHECKPOINT = HERE / "checkpoint_format_1"
SETTINGS = {"batch_size": models.BATCH_SIZE, "verbose": 0}
# Two machines round differently, also in `exp` and `tanh`.
TOLERANCE = {"rtol": 1e-6, "atol": 1e-6}


def test_every_format_has_a_golden_preset():
    numbers = [int(path.name.removeprefix("format_")) for path in FORMATS]
    assert numbers == list(range(1, presets.manifest.FORMAT + 1))


def test_every_layer_of_ganzoo_is_in_a_golden_preset():
    stored = "".join((path / "preset" / "config.json").read_text() for path in PRESETS)
    exported = (getattr(ganzoo.layers, name) for name in ganzoo.layers.__all__)
    for layer in exported:
        if isinstance(layer, type) and issubclass(layer, keras.layers.Layer):
            assert f'"registered_name": "ganzoo>{layer.__name__}"' in stored


@pytest.mark.parametrize("folder", PRESETS, ids=lambda folder: folder.name)
def test_a_golden_preset_gives_its_stored_samples(folder):
    gan = ganzoo.GAN.from_preset(folder / "preset")
    stored = np.load(folder / "samples.npz")
    conditions = {} if gan.condition_dim is None else {"conditions": stored["labels"]}
    images = gan.sample(len(stored["images"]), seed=0, **conditions)
    np.testing.assert_array_equal(images, stored["images"])
    for network, inputs, expected in (
        (gan, "latents", "floats"),
        (gan.discriminator, "reals", "logits"),
    ):
        outputs = network([stored[inputs].astype("float32"), stored["labels"]])
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(outputs), stored[expected], rtol=1e-5, atol=1e-5
        )


def test_a_golden_checkpoint_is_restored_and_continues_as_the_run_without_a_stop(tmp_path):
    folder = tmp_path / "checkpoint"
    shutil.copytree(CHECKPOINT, folder)
    keras.utils.set_random_seed(99)
    gan, restored = models.adaptive_gan(), []
    callbacks = [
        *models.checkpoint_callbacks(folder),
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: restored.append(models.state(gan))
        ),
    ]
    history = gan.fit(
        models.adaptive_data(), epochs=models.CHECKPOINT_EPOCHS, callbacks=callbacks, **SETTINGS
    ).history
    stored = np.load(CHECKPOINT / f"step_{models.CHECKPOINT_STEP:08d}" / "arrays.npz")
    _check_equal(restored[0], _numbered(stored, "variable"))
    expected = np.load(CHECKPOINT / "expected.npz")
    _check_close(models.state(gan), _numbered(expected, "continued"))
    assert {name for name in expected.files if name.startswith("history/")} == {
        f"history/{name}" for name in history
    }
    for name, values in history.items():
        np.testing.assert_allclose(values, expected[f"history/{name}"], 1e-5, 1e-5, err_msg=name)
    _check_samples(gan, expected)


@pytest.mark.parametrize(
    ("name", "data", "settings"),
    [
        ("keras_gan", models.adaptive_data, {}),
        ("keras_semi_supervised", models.semi_supervised_data, {"labels_per_class": 4}),
    ],
)
def test_a_golden_keras_file_has_its_state_and_continues(name, data, settings):
    gan = keras.saving.load_model(HERE / name / "gan.keras")
    expected = np.load(HERE / name / "expected.npz")
    _check_equal(models.state(gan), _numbered(expected, "loaded"))
    _check_samples(gan, expected)
    gan.fit(data(), epochs=3, initial_epoch=2, **settings, **SETTINGS)
    _check_close(models.state(gan), _numbered(expected, "continued"))


def test_the_golden_states_are_not_trivial():
    """A golden proves nothing where its state is what a new GAN has."""
    logs = np.load(CHECKPOINT / "expected.npz")
    assert 0 < logs["history/augment_probability"][-1] < 1
    assert logs["history/d_historical_averaging"][-1] > 0
    state = json.loads((CHECKPOINT / "step_00000006" / "state.json").read_text())
    assert state["position"] == [1, 2]
    assert set(state["callbacks"]) == {
        *("CollapseMonitor_1", "EvaluateSamples_1", "ReduceLROnPlateau_1", "History_1"),
    }


@pytest.mark.parametrize(
    "folder", [path for path in HERE.iterdir() if path.is_dir()], ids=lambda folder: folder.name
)
def test_a_golden_is_small(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 200_000


def _numbered(stored, name):
    return [stored[key] for key in sorted(stored.files) if key.startswith(f"{name}_")]


def _check_equal(found, expected):
    assert len(found) == len(expected)
    for index, (value, stored) in enumerate(zip(found, expected, strict=True)):
        # Keras's files do not hold the state of `Dropout`, which each step sets to its own.
        if (value.dtype, value.shape) != (np.int64, (2,)):
            np.testing.assert_array_equal(value, stored, err_msg=str(index))


def _check_close(found, expected):
    assert len(found) == len(expected)
    for index, (value, stored) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(value, stored, **TOLERANCE, err_msg=str(index))


def _check_samples(gan, expected):
    samples = gan.sample(models.ROWS, seed=0).astype(int)
    assert np.abs(samples - expected["samples"]).max() <= 1
