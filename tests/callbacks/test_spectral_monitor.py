import builtins
import importlib.util
import json
import math
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

import ganzoo
from ganzoo.callbacks import NaNGuard, SpectralMonitor
from ganzoo.layers import ProjectionHead, SpectralNormalization, WeightNormalization
from support.gans import dense
from support.processes import run_python

EXACT_SUFFIXES = ("exact_norm", "condition")


def spectral_gan(**compile_arguments):
    generator = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(64, activation="tanh", name="project"),
            layers.Reshape((8, 8, 1)),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            SpectralNormalization(
                layers.Conv2D(6, 3, strides=2), num_singular_values=3, name="conv"
            ),
            layers.LeakyReLU(),
            layers.Flatten(name="features"),
            SpectralNormalization(layers.Dense(5), factor=2.0, learnable_scale=True, name="scaled"),
            WeightOnly(name="pair"),
            layers.Dense(1, name="logits"),
        ]
    )
    gan = ganzoo.GAN(generator, discriminator)
    gan.compile(g_optimizer="adam", d_optimizer="adam", jit_compile=False, **compile_arguments)
    return gan


@keras.saving.register_keras_serializable(package="test_spectral_monitor")
class WeightOnly(layers.Layer):
    """Two layers inside a layer, one of them with spectral normalization."""

    def build(self, input_shape):
        self.first = SpectralNormalization(layers.Dense(4), name="first")
        self.second = WeightNormalization(layers.Dense(4), name="second")
        self.first.build(input_shape)
        self.second.build(self.first.compute_output_shape(input_shape))

    def call(self, inputs, training=None):
        return self.second(self.first(inputs, training=training))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 4)


@pytest.fixture(scope="module")
def built():
    """One GAN for most tests of this file, because compiling its step takes seconds."""
    gan = spectral_gan()
    return gan, dense.state(gan)


def fit(gan, *callbacks, epochs=2):
    """Trains with 3 steps in each epoch."""
    return gan.fit(
        dense.dataset(), batch_size=16, epochs=epochs, callbacks=list(callbacks), verbose=0
    )


def paper_matrix(layer):
    kernel = np.asarray(layer.kernel.numpy(), "float64")
    return kernel.reshape(-1, kernel.shape[-1])


def steps(monitor):
    return [record["step"] for record in monitor.records]


def test_estimates_agree_with_the_decomposition(gan):
    monitor = SpectralMonitor()
    fit(gan, monitor, epochs=4)
    record = monitor.records[-1]["layers"]
    assert list(record) == ["conv", "scaled", "pair/first"]
    for name, layer in {
        "conv": gan.discriminator.get_layer("conv"),
        "scaled": gan.discriminator.get_layer("scaled"),
        "pair/first": gan.discriminator.get_layer("pair").first,
    }.items():
        values = np.linalg.svd(paper_matrix(layer), compute_uv=False)
        u = layer.u.numpy().reshape(-1, layer.kernel.shape[-1])[0].astype("float64")
        target = 1.0
        if name == "scaled":
            target = 2.0 * layer.gamma.numpy()
        norm = target * values[0] / np.linalg.norm(paper_matrix(layer) @ u)
        assert record[name]["kernel_norm"] == pytest.approx(values[0], rel=2e-3)
        assert record[name]["norm"] == pytest.approx(norm, rel=2e-3)
        assert record[name]["exact_norm"] == pytest.approx(norm, rel=1e-6)
        assert record[name]["exact_norm"] == pytest.approx(target, rel=0.05)
        assert record[name]["condition"] == pytest.approx(values[0] / values[-1], rel=1e-6)
    values = np.linalg.svd(paper_matrix(gan.discriminator.get_layer("conv")), compute_uv=False)
    watched = [record["conv"][f"singular_value_{i}"] for i in (2, 3)]
    np.testing.assert_allclose(watched, values[1:3], rtol=0.1)


def begin(gan, **arguments):
    """Returns a monitor after its first check, without training."""
    monitor = SpectralMonitor(**arguments)
    monitor.set_model(gan)
    monitor.on_train_begin()
    return monitor


def test_the_norm_is_not_the_estimate_of_the_layer(gan):
    """It must show that the vector of the layer is the second singular vector, not the first."""
    first = gan.discriminator.get_layer("pair").first
    _, values, rows = np.linalg.svd(paper_matrix(first))
    first.u.assign(rows[1])
    record = begin(gan, exact_every=None).records[0]["layers"]["pair/first"]
    assert record["norm"] == pytest.approx(values[0] / values[1], rel=1e-3)


def test_there_is_one_warning_of_a_lost_vector(gan):
    first = gan.discriminator.get_layer("pair").first
    first.u.assign(np.linalg.svd(paper_matrix(first))[2][-1])
    with pytest.warns(UserWarning, match=r"'pair/first' .* norm .* should be 1:") as record:
        monitor = begin(gan)
        monitor.on_train_begin()
    assert [one.category for one in record].count(UserWarning) == 1


def test_the_tolerance_is_relative_to_the_target_of_the_layer(gan):
    """With a scale of 3 and a factor of 2, the norm should be 6."""
    scaled = gan.discriminator.get_layer("scaled")
    scaled.gamma.assign(3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        begin(gan)
    scaled.u.assign(np.linalg.svd(paper_matrix(scaled))[2][-1])
    with pytest.warns(UserWarning, match=r"'scaled' .* should be 6:"):
        begin(gan)


def test_a_healthy_run_has_no_warning_and_passes_the_guard(gan):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        history = fit(gan, SpectralMonitor(exact_every=1), NaNGuard()).history

    assert len(history["d_loss"]) > 0


def test_there_is_a_warning_of_a_growing_condition_number_which_stays_finite(gan):
    monitor = begin(gan, exact_every=1)
    layer = gan.discriminator.get_layer("pair").first
    layer.kernel.assign(np.ones(layer.kernel.shape))
    layer.warm_start()
    with pytest.warns(UserWarning, match="'pair/first' has grown from") as record:
        monitor.on_epoch_end(0, logs := {})
        monitor.on_epoch_end(1, logs)
    assert [one.category for one in record].count(UserWarning) == 1
    assert 1e6 < logs["spectral/pair/first/condition"] < 5e15


def test_there_is_no_warning_of_a_kernel_that_is_singular_from_the_start(gan):
    layer = gan.discriminator.get_layer("pair").first
    layer.kernel.assign(np.ones(layer.kernel.shape))
    layer.warm_start()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        monitor = begin(gan)
    assert 1e6 < monitor.records[0]["layers"]["pair/first"]["condition"] < 5e15


def test_a_kernel_that_is_not_finite_is_left_to_the_guard(gan, tmp_path):
    layer = gan.discriminator.get_layer("pair").first
    layer.kernel.assign(np.full(layer.kernel.shape, np.nan))
    monitor = begin(gan, folder=tmp_path)
    assert math.isnan(monitor.records[0]["layers"]["pair/first"]["exact_norm"])
    # Strict JSON has no NaN.
    (line,) = (tmp_path / "spectral.jsonl").read_text().splitlines()
    assert json.loads(line)["layers"]["pair/first"]["exact_norm"] is None


def test_the_logs_of_every_epoch_have_the_latest_values_under_the_same_keys(gan, tmp_path):
    monitor = SpectralMonitor(every=2, exact_every=2)
    csv = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    history = fit(gan, monitor, csv, epochs=4).history
    expected = [r["layers"]["conv"]["norm"] for r in monitor.records]
    assert history["spectral/conv"] == [expected[0], expected[1], expected[1], expected[2]]
    assert {len(values) for values in history.values()} == {4}
    quantities = ("kernel_norm", "singular_value_2", "singular_value_3", *EXACT_SUFFIXES)
    assert {f"spectral/conv/{quantity}" for quantity in quantities} < set(history)
    assert "spectral/pair/first/condition" in (tmp_path / "log.csv").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "expected", "exact"),
    [
        ({"every": 2}, [0, 6, 9], [0, 9]),
        ({"every": 4, "unit": "steps", "exact_every": 2}, [0, 4, 8, 9], [0, 8, 9]),
        ({"exact_every": None}, [0, 3, 6, 9], []),
    ],
)
def test_checks_are_made_when_they_are_due_and_at_both_ends(gan, arguments, expected, exact):
    monitor = SpectralMonitor(**arguments)
    fit(gan, monitor, epochs=3)
    assert steps(monitor) == expected
    assert [r["step"] for r in monitor.records if "condition" in r["layers"]["conv"]] == exact


def test_the_file_has_every_check_and_a_resumed_run_continues_it(gan, tmp_path):
    monitor = SpectralMonitor(folder=tmp_path / "run", exact_every=2)
    fit(gan, monitor, epochs=2)
    fit(gan, SpectralMonitor(folder=tmp_path / "run"), epochs=1)
    lines = [json.loads(line) for line in (tmp_path / "run" / "spectral.jsonl").open()]
    assert lines[:3] == monitor.records
    assert [line["step"] for line in lines] == [0, 3, 6, 6, 9, 9]


def test_the_state_of_other_layers_is_refused(gan):
    monitor = SpectralMonitor(exact_every=None)
    monitor.set_model(gan)
    monitor.on_train_begin()
    state = monitor.get_state()
    state |= {"layers": state["layers"][:2], "vectors": state["vectors"][:2]}
    with pytest.raises(ValueError, match=r"same layers.*Received: 3 layers, .*, with 2 in"):
        monitor.set_state(state)


def test_a_folder_that_is_not_writable_is_an_error_before_the_first_step(gan, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        fit(gan, SpectralMonitor(folder=tmp_path / "file" / "run"))
    assert gan.step == 0


def test_tensorboard_gets_the_scalars(gan, tmp_path):
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    monitor = SpectralMonitor(tensorboard=tmp_path, exact_every=2)
    fit(gan, monitor, epochs=2)
    events = event_accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.step for event in events.Tensors("spectral/conv")] == [0, 3, 6]
    written = events.Tensors("spectral/pair/first/condition")[0].tensor_proto
    first = monitor.records[0]["layers"]["pair/first"]["condition"]
    assert tf.make_ndarray(written) == pytest.approx(first, rel=1e-6)


def test_all_supported_layers_of_both_players(gan):
    monitor = begin(gan, players=["discriminator", "generator"], normalized_only=False)
    record = monitor.records[0]["layers"]
    # A layer with weight normalization computes with another kernel than it stores.
    assert list(record) == [
        "discriminator/conv",
        "discriminator/scaled",
        "discriminator/pair/first",
        "discriminator/logits",
        "generator/project",
    ]
    kernel = gan.generator.get_layer("project").kernel.numpy()
    for quantity in ("norm", "kernel_norm", "exact_norm"):
        expected = np.linalg.norm(kernel, 2)
        assert record["generator/project"][quantity] == pytest.approx(expected, rel=2e-3)


def test_the_kernels_of_a_projection_head_are_watched():
    generator, discriminator = ganzoo.architectures.build(
        "sngan", (8, 8, 1), latent_dim=4, width=2, num_classes=3
    )
    gan = ganzoo.GAN(generator, discriminator, num_classes=3)
    assert isinstance(discriminator.get_layer("logits"), ProjectionHead)
    monitor = begin(gan)
    record = monitor.records[0]["layers"]
    assert {"logits/psi", "logits/embedding"} < set(record)
    assert all(row["exact_norm"] == pytest.approx(1, abs=0.1) for row in record.values())


def test_operator_norms_are_measured_on_request(gan):
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            SpectralNormalization(layers.Conv2D(4, 3, padding="same"), name="matrix"),
            SpectralNormalization(
                layers.Conv2D(4, 3, padding="same"), norm="operator", name="operator"
            ),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    own = ganzoo.GAN(gan.generator, discriminator)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = begin(own, operator_norms=True).records[0]["layers"]
    matrix, operator = record["matrix"], record["operator"]
    assert matrix["exact_norm"] == pytest.approx(1, rel=0.1) and matrix["operator_norm"] > 1.2
    assert operator["operator_norm"] == pytest.approx(1, rel=0.1)
    assert operator["exact_norm"] == pytest.approx(operator["norm"], rel=0.05)
    assert operator["exact_norm"] < 0.9
    assert "operator_norm" not in begin(own).records[0]["layers"]["matrix"]


def test_the_plot_is_an_image(gan, tmp_path):
    pytest.importorskip("matplotlib")
    monitor = SpectralMonitor(every=1, unit="steps", exact_every=2)
    fit(gan, monitor, epochs=1)
    monitor.plot(tmp_path / "spectral.png")
    with Image.open(tmp_path / "spectral.png") as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
        assert min(image.size) > 500
    # A white background, and the colors of the lines of the three layers.
    colors = set(map(tuple, np.unique(pixels, axis=0)))
    assert {(255, 255, 255), (0, 114, 178), (213, 94, 0), (0, 158, 115)} < colors


def test_a_plot_without_records_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Received: no records"):
        SpectralMonitor().plot(tmp_path / "spectral.png")


@pytest.mark.parametrize(
    ("missing", "extra"),
    [("tensorboard", "tensorboard"), ("tensorflow", "tensorboard"), ("matplotlib", "plot")],
)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, tmp_path, missing, extra):
    import_module = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] == missing:
            raise ImportError(f"No module named {name!r}")
        return import_module(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    monitor = SpectralMonitor()
    monitor.records = [{"step": 0, "layers": {}}]
    with pytest.raises(ImportError, match=rf"ganzoo\[{extra}\].*Received:"):
        if extra == "plot":
            monitor.plot(tmp_path / "spectral.png")
        else:
            SpectralMonitor(tensorboard=tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        {"every": 0},
        {"unit": "hours"},
        {"exact_every": 0.5},
        {"players": "critic"},
        {"players": []},
        {"tolerance": 0},
        {"condition_limit": -1},
    ],
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="Received:"):
        SpectralMonitor(**arguments)


def test_a_network_without_layers_to_watch_is_refused(gan):
    monitor = SpectralMonitor(players="generator")
    monitor.set_model(gan)
    with pytest.raises(ValueError, match=r"no layer to watch.*Received: players=\('generator',\)"):
        monitor.on_train_begin()
    monitor.set_model(keras.Sequential())
    with pytest.raises(ValueError, match="Received: <Sequential"):
        monitor.on_train_begin()


ON_JAX = """
import json, sys
sys.path.append("tests/callbacks")
import numpy as np
from support.gans import dense
from ganzoo.callbacks import SpectralMonitor

gan = dense.build()
monitor = SpectralMonitor(every=2, unit="steps", exact_every=1)
gan.fit(dense.dataset(), batch_size=16, epochs=2, callbacks=[monitor], verbose=0)
print(json.dumps(monitor.records))
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_on_jax_checks_in_the_middle_of_an_epoch_see_the_current_weights():
    records = json.loads(run_python(ON_JAX, backend="jax", without_tensorflow=True))
    assert [record["step"] for record in records] == [0, 2, 4, 6]
    rows = [row for record in records for row in record["layers"].values()]
    assert len({row["kernel_norm"] for row in rows}) == 4
    for row in rows:
        assert row["norm"] == pytest.approx(row["exact_norm"], rel=0.02)
        assert row["exact_norm"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "reader, message",
    [
        (lambda path: keras.callbacks.CSVLogger(path / "x.csv"), "`CSVLogger`, which writes"),
        (
            lambda path: keras.callbacks.EarlyStopping("spectral/logits/condition", mode="min"),
            "`EarlyStopping`, which monitors 'spectral/logits/condition'",
        ),
    ],
)
def test_callbacks_that_read_the_norms_come_after_it(reader, message, gan, tmp_path):
    with pytest.raises(ValueError, match=rf"`SpectralMonitor` must be listed before .*{message}"):
        gan.fit(
            dense.dataset(),
            batch_size=16,
            callbacks=[reader(tmp_path), SpectralMonitor()],
            verbose=0,
        )
    assert gan.step == 0
