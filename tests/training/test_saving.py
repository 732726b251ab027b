"""A saved GAN is the same GAN, in this process or in another, and trains on as if never saved."""

import json

import keras
import numpy as np
import pytest

import ganzoo
from support.gans import linear, tiny
from support.processes import run_python

EPOCHS = 1  # Of three steps, so that the next one is not the first of a lazy penalty.


def build():
    """A GAN with every kind of state: moments, average, moving statistics, spectral vectors."""
    return tiny.gan(
        num_classes=tiny.NUM_CLASSES,
        seed=3,
        latent="uniform",
        loss=ganzoo.losses.LeastSquares(label_smoothing=0.1),
        regularizers=[ganzoo.regularizers.R1(0.5, every=2), ganzoo.regularizers.WeightClipping(9)],
        generator_batch_ratio=2,
        ema_decay=0.9,
        run_eagerly=True,
    )


def train(gan):
    data = ganzoo.data.Dataset(tiny.images(24), tiny.labels(24), tiny.NUM_CLASSES)
    gan.fit(data, batch_size=8, epochs=EPOCHS, verbose=0)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The file of a trained GAN, its state then, and its state after more training."""
    path = tmp_path_factory.mktemp("saved") / "gan.keras"
    gan = build()
    train(gan)
    gan.save(path)
    state, samples, config = tiny.state(gan), gan.sample(5), gan.get_compile_config()
    train(gan)
    return {
        "path": path,
        "state": state,
        "samples": samples,
        "compile_config": config,
        "later": tiny.state(gan),
    }


@pytest.fixture(scope="module")
def loaded(saved):
    return keras.saving.load_model(saved["path"])


def test_every_variable_of_a_loaded_gan_is_equal(saved, loaded):
    assert tiny.largest_difference(tiny.state(loaded), saved["state"])[0] == 0.0
    assert loaded.step == 3 * EPOCHS


def test_a_loaded_gan_has_the_same_settings(saved, loaded):
    assert type(loaded) is ganzoo.GAN
    assert (loaded.latent, loaded.num_classes, loaded.seed) == ("uniform", tiny.NUM_CLASSES, 3)
    assert loaded.latent_dim == tiny.LATENT_DIM
    assert loaded.example_shape == tiny.IMAGE_SHAPE
    assert loaded.adversarial_loss.label_smoothing == 0.1
    assert [regularizer.name for regularizer in loaded.regularizers] == ["r1", "weight_clipping"]
    config = loaded.get_compile_config()
    assert json.dumps(config).lower() == json.dumps(saved["compile_config"]).lower()
    assert config["ema_decay"] == 0.9
    assert config["generator_batch_ratio"] == 2


def test_a_loaded_gan_gives_the_same_samples(saved, loaded):
    np.testing.assert_array_equal(loaded.sample(5), saved["samples"])


def test_a_gan_loaded_without_its_compilation_gives_the_same_samples(saved):
    gan = keras.saving.load_model(saved["path"], compile=False)
    assert not gan.compiled
    np.testing.assert_array_equal(gan.sample(5), saved["samples"])


IN_ANOTHER_PROCESS = """
import ganzoo  # Nothing else of ganzoo is imported before the file is read.
import keras
import numpy as np

gan = keras.saving.load_model({path!r})
assert gan.step == {step}
variables = lambda: [v.numpy() for v in [*gan.variables, *gan.optimizer.variables]]
before = variables()
with np.load({data!r}) as data:
    images = ganzoo.data.Dataset(data["images"], data["labels"], int(data["num_classes"]))
gan.fit(images, batch_size=8, epochs={epochs}, verbose=0)
np.savez({out!r} + "/before.npz", *before)
np.savez({out!r} + "/after.npz", *variables())
"""


def test_another_process_loads_the_same_gan_and_trains_it_on(saved, tmp_path):
    np.savez(
        tmp_path / "data.npz",
        images=tiny.images(24),
        labels=tiny.labels(24),
        num_classes=tiny.NUM_CLASSES,
    )
    run_python(
        IN_ANOTHER_PROCESS.format(
            path=str(saved["path"]),
            step=3 * EPOCHS,
            epochs=EPOCHS,
            data=str(tmp_path / "data.npz"),
            out=str(tmp_path),
        )
    )
    for file, state in (("before", saved["state"]), ("after", saved["later"])):
        with np.load(tmp_path / f"{file}.npz") as arrays:
            assert tiny.largest_difference(dict(arrays), state)[0] == 0.0, file


def test_weights_go_from_one_gan_to_another(saved, loaded, tmp_path):
    loaded.save_weights(tmp_path / "gan.weights.h5")
    other = build()
    other.load_weights(tmp_path / "gan.weights.h5")
    assert tiny.largest_difference(tiny.state(other), saved["state"])[0] == 0.0
    np.testing.assert_array_equal(other.sample(5), saved["samples"])


def test_weights_can_be_loaded_to_sample_without_compiling(tmp_path):
    gan = linear.gan(regularizers=["r1"])
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    gan.save_weights(tmp_path / "gan.weights.h5")
    other = ganzoo.GAN(linear.generator(), linear.discriminator())
    other.load_weights(tmp_path / "gan.weights.h5")
    np.testing.assert_array_equal(other.sample(4), gan.sample(4))
    assert other.step == 2


def test_a_gan_is_saved_before_it_is_compiled(tmp_path):
    gan = ganzoo.GAN(linear.generator(), linear.discriminator(), name="bare")
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert (loaded.compiled, loaded.name) == (False, "bare")
    np.testing.assert_array_equal(loaded.sample(4), gan.sample(4))


def test_a_gan_is_saved_with_the_settings_of_its_last_compile(tmp_path):
    gan = linear.gan(regularizers=["r1"])
    gan.fit(linear.vectors(4), batch_size=4, verbose=0)
    gan.compile(g_optimizer="sgd", d_optimizer="adam", regularizers=["gradient_penalty"])
    history = gan.fit(linear.vectors(4), batch_size=4, verbose=0).history
    assert "gradient_penalty" in history
    assert "r1" not in history
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert [regularizer.name for regularizer in loaded.regularizers] == ["gradient_penalty"]
    pairs = zip(gan.optimizer.variables, loaded.optimizer.variables, strict=True)
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)


def count_leaves(tree):
    return sum(map(count_leaves, tree.values())) if isinstance(tree, dict) else 1


@pytest.mark.parametrize("architecture", ganzoo.architectures.names())
def test_the_state_tree_holds_every_variable_of_every_architecture(architecture):
    shape = (2,) if architecture == "mlp" else (8, 8, 1)
    gan = ganzoo.GAN(*tiny.networks(architecture, shape))
    gan.compile(g_optimizer="adam", d_optimizer="adam")
    tree = gan.get_state_tree()
    variables = [*gan.trainable_variables, *gan.non_trainable_variables, *gan.metrics_variables]
    assert count_leaves(tree) == len(variables) + len(gan.optimizer.variables)
    gan.set_state_tree(tree)


def test_a_gan_without_an_average_samples_from_its_weights_in_training_after_loading(tmp_path):
    gan = linear.gan(ema_decay=None)
    gan.fit(linear.vectors(16), batch_size=4, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.sample(4), gan.sample(4))
