"""GANs whose networks take vectors of conditions in place of classes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import ganzoo
from support.processes import run_python

DIM = 3
NAMES = ("age", "smiling", "hat")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (32, 8, 8, 1), dtype="uint8")
CONDITIONS = RNG.standard_normal((32, DIM)).astype("float32")


class MeanPixels:
    """An extractor of two features."""

    name, sha256 = "pixels", "0" * 64

    def __call__(self, images):
        return np.asarray(images, "float64").reshape(len(images), 2, -1).mean(-1)


def build(**settings):
    keras.utils.set_random_seed(0)
    networks = ganzoo.architectures.build(
        "sngan", (8, 8, 1), width=2, latent_dim=4, condition_dim=DIM
    )
    gan = ganzoo.GAN(*networks)
    gan.compile(loss="hinge", **settings)
    return gan


@pytest.fixture(scope="module")
def gan():
    """A GAN after two steps, whose samples depend on the conditions."""
    gan = build(run_eagerly=True, regularizers=["r1"])
    data = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS, condition_names=NAMES)
    gan.fit(data, batch_size=8, steps=2, verbose=0)
    for layer in gan.ema_generator._flatten_layers():
        if isinstance(layer, ganzoo.layers.DenseConditionalBatchNormalization):
            for dense in (layer.scale, layer.offset):
                dense.kernel.assign(RNG.standard_normal(dense.kernel.shape))
    return gan


def test_names_of_conditions_are_compared(gan):
    assert gan.condition_names == NAMES
    other = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS, condition_names=NAMES[::-1])
    with pytest.raises(ValueError, match=r"same order: 'age'.*Received: 'hat'"):
        gan.fit(other, batch_size=8, steps=3)
    with pytest.raises(ValueError, match="name each component"):
        ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS, condition_names=["age"])


def test_training_sees_the_conditions_of_the_examples(gan):
    assert gan.condition_dim == DIM and gan.num_classes is None and gan.step == 2
    seen = []
    spied = build(run_eagerly=True)
    spied.draw_fakes = lambda draws, rows, labels: (
        seen.append(np.array(labels)) or type(spied).draw_fakes(spied, draws, rows, labels)
    )
    data = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS)
    assert repr(data) == (
        "Dataset('arrays', 32 uint8 images of shape (8, 8, 1), conditions of length 3)"
    )
    spied.fit(IMAGES, CONDITIONS, batch_size=8, steps=1, verbose=0)
    _, conditions = data.batches(8).batch(0)
    assert len(seen) == 2
    for one in seen:
        np.testing.assert_array_equal(one, conditions)


@pytest.mark.parametrize("kind", ["tf.data", "PyDataset"])
def test_ready_batches_have_conditions(kind):
    batches = tf.data.Dataset.from_tensor_slices((IMAGES, CONDITIONS)).batch(8)
    if kind == "PyDataset":
        batches = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS).batches(8)
    gan = build(run_eagerly=True)
    gan.fit(batches, steps_per_epoch=1, verbose=0)
    wrong = tf.data.Dataset.from_tensor_slices((IMAGES, CONDITIONS[:, 1:])).batch(8)
    if kind == "PyDataset":
        wrong = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS[:, 1:]).batches(8)
    with pytest.raises(ValueError, match=r"`conditions` must have the shape .* 3\).*Received"):
        gan.fit(wrong, epochs=2, verbose=0)


def test_samples_have_the_given_conditions(gan):
    samples = gan.sample(4, conditions=CONDITIONS[:4])
    network, latents = gan.inference_generator, gan.latents_of(range(4))
    expected = np.array(network([latents, CONDITIONS[:4]], training=False))
    np.testing.assert_allclose(samples / 127.5 - 1.0, expected, atol=0.51 / 127.5)
    np.testing.assert_array_equal(gan.generate(latents, conditions=CONDITIONS[:4]), samples)
    one = gan.sample(2, conditions=CONDITIONS[1])
    np.testing.assert_array_equal(one[1], samples[1])
    assert np.any(gan.sample(4, conditions=-CONDITIONS[:4]) != samples)
    path = gan.interpolate(5, conditions=CONDITIONS[:2], steps=2)
    middle = gan.sample(1, seed=5, conditions=CONDITIONS[:2].mean(0))
    np.testing.assert_allclose(path[1].astype(int), middle[0].astype(int), atol=1)
    found = gan.project(samples[:1], steps=2, restarts=1, conditions=CONDITIONS[0])
    np.testing.assert_array_equal(found.labels, CONDITIONS[:1])


def test_an_evaluation_takes_the_conditions_of_the_real_examples(gan):
    data = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS)
    drawn = gan.sampler_for(data)(6, seed=30)
    expected = gan.sample(6, 30, conditions=np.roll(CONDITIONS, -30, axis=0)[:6])
    np.testing.assert_array_equal(drawn, expected)
    pixels = {"metrics": ["fid"], "extractor": MeanPixels(), "cache": False}
    assert np.isfinite(list(gan.evaluate(data, **pixels).values())).all()
    with pytest.raises(ValueError, match=r"give examples with conditions. Received"):
        gan.evaluate(IMAGES, **pixels)


def test_a_truncation_curve_takes_conditions(gan):
    pixels = {"metrics": ["fid"], "extractor": MeanPixels(), "cache": False}

    def curve(truncations, images=IMAGES, **settings):
        found = ganzoo.metrics.truncation_curve(gan, truncations, images, **pixels, **settings)
        return [result.value for result in found["fid"]]

    def expected(truncation, conditions):
        samples = gan.sample(32, 5, truncation=truncation, conditions=conditions)
        return ganzoo.metrics.evaluate(samples, IMAGES, **pixels)["fid"].value

    data = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS)
    of_data = np.roll(CONDITIONS, -5, axis=0)
    points = [expected(truncation, of_data) for truncation in (0.3, None)]
    assert curve([0.3, None], data, seed=5) == pytest.approx(points)
    in_turn = CONDITIONS[(np.arange(32) + 5) % 3]
    found = curve([0.3], seed=5, conditions=CONDITIONS[:3])
    assert found == pytest.approx([expected(0.3, in_turn)]) != pytest.approx(points[:1])
    one = curve([0.3], seed=5, conditions=CONDITIONS[0])
    assert one == pytest.approx([expected(0.3, CONDITIONS[0])])
    with pytest.raises(ValueError, match=r"give examples with conditions. Received"):
        curve([0.3])
    with pytest.raises(ValueError, match=r"must have the shape \(count, 3\).*Received"):
        curve([0.3], data, conditions=CONDITIONS[:, 1:])
    with pytest.raises(ValueError, match=r"`truncation` must be .*Received: truncation=-1"):
        curve([0.3, -1], data)
    figure = ganzoo.plot.truncation(gan, [0.3], seeds=[5, 6], conditions=CONDITIONS[:2])
    samples = gan.sample(2, [5, 6], truncation=0.3, conditions=CONDITIONS[:2])
    grid = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(grid[2:10, 2:10], samples[0, ..., 0])
    np.testing.assert_array_equal(grid[2:10, 12:20], samples[1, ..., 0])


def test_files_presets_and_exports_have_the_conditions_and_files_their_names(gan, tmp_path):
    expected = gan.sample(3, conditions=CONDITIONS[:3])
    gan.save(tmp_path / "gan.keras")
    gan.save_to_preset(tmp_path / "preset")
    loaded = (
        keras.saving.load_model(tmp_path / "gan.keras"),
        ganzoo.GAN.from_preset(tmp_path / "preset"),
    )
    for copy in loaded:
        assert copy.condition_dim == DIM and copy.condition_names == NAMES
        np.testing.assert_array_equal(copy.sample(3, conditions=CONDITIONS[:3]), expected)
    folder = gan.export(tmp_path / "model", discriminator=True)
    assert "`conditions` are the 3 float32 numbers" in (folder / "README.md").read_text()
    signatures = tf.saved_model.load(str(folder)).signatures
    conditions = tf.constant(CONDITIONS[:3])
    images = signatures["sample"](seed=tf.range(3, dtype="int64"), conditions=conditions)["images"]
    np.testing.assert_array_equal(images, expected)
    score = signatures["discriminate"](images=images, conditions=conditions)["score"]
    inputs = [expected.astype("float32") / 127.5 - 1.0, CONDITIONS[:3]]
    np.testing.assert_allclose(score, gan.discriminator(inputs)[:, 0], rtol=1e-4, atol=1e-5)


def test_a_conditional_recipe_takes_the_conditions_of_the_data(tmp_path):
    data = ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS)
    path = ganzoo.data.pack(data, tmp_path / "packed.npz")
    data = ganzoo.data.load(path)
    np.testing.assert_array_equal(data.conditions, CONDITIONS)
    recipe = ganzoo.recipes.get("sngan_projection_fashion_mnist")
    assert ganzoo.GAN.from_recipe(recipe, data).condition_dim == DIM


STEP = """
import numpy as np
import ganzoo

rng = np.random.default_rng(0)
networks = ganzoo.architectures.build("mlp", (2,), width=4, latent_dim=3, condition_dim=5)
for network in networks:
    for weight in network.trainable_weights:
        drawn = np.random.default_rng(weight.shape[-1]).standard_normal(weight.shape)
        weight.assign(0.3 * drawn)
gan = ganzoo.GAN(*networks)
gan.compile(ema_decay=None, run_eagerly=True)
conditions = rng.standard_normal((8, 5))
gan.train_on_batch(rng.standard_normal((8, 2)), conditions)
results = np.concatenate([
    *(np.ravel(weight) for network in networks for weight in network.weights),
    np.ravel(gan.sample(4, conditions=conditions[:4])),
])
"""


@pytest.mark.slow
def test_training_and_samples_are_the_same_on_jax():
    here = {}
    exec(STEP, here)
    code = STEP + "print(' '.join(f'{x:.7g}' for x in results))"
    printed = run_python(code, backend="jax", without_tensorflow=True)
    elsewhere = np.array(printed.splitlines()[-1].split(), float)
    np.testing.assert_allclose(elsewhere, here["results"], rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda gan: gan.sample(2),
        lambda gan: gan.sample(2, labels=1),
        lambda gan: gan.sample(2, conditions=np.zeros((2, DIM + 1))),
        lambda gan: gan.sample(2, conditions=np.zeros((3, DIM))),
        lambda gan: gan.sample(2, conditions=np.full((2, DIM), np.nan)),
        lambda gan: gan.interpolate([1, 2]),
        lambda gan: gan.fit(IMAGES, verbose=0),
        lambda gan: gan.fit(IMAGES, CONDITIONS[:, :2], verbose=0),
        lambda gan: gan.fit(IMAGES, np.zeros(32, int), verbose=0),
        lambda gan: gan.fit(ganzoo.data.Dataset(IMAGES, np.zeros(32, int)), verbose=0),
        lambda gan: gan.train_on_batch(IMAGES, CONDITIONS[:, :2]),
        lambda gan: ganzoo.GAN(gan.generator, gan.discriminator, condition_dim=DIM + 1),
        lambda gan: ganzoo.GAN(gan.generator, gan.discriminator, num_classes=DIM),
        lambda gan: ganzoo.GAN(gan.generator, gan.discriminator, packing=2),
        lambda gan: ganzoo.data.Dataset(IMAGES, np.zeros(32, int), conditions=CONDITIONS),
        lambda gan: ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS[:5]),
        lambda gan: ganzoo.data.Dataset(IMAGES, conditions=CONDITIONS[:, 0]),
        lambda gan: ganzoo.architectures.build("mlp", (2,), num_classes=2, condition_dim=DIM),
    ],
)
def test_what_does_not_fit_is_refused(gan, call):
    with pytest.raises(ValueError, match=r"Received: "):
        call(gan)
