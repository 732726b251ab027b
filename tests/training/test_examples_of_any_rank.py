"""Sequences and volumes: trained, sampled, stored, exported, and measured by a user's features."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import ganzoo

SHAPES = {"sequences": (8, 3), "volumes": (4, 4, 4, 1)}
CONVOLUTIONS = {2: layers.Conv1D, 4: layers.Conv3D}
UPSAMPLINGS = {2: layers.UpSampling1D, 4: layers.UpSampling3D}


def networks(shape):
    convolution, upsampling = CONVOLUTIONS[len(shape)], UPSAMPLINGS[len(shape)]
    half = *(side // 2 for side in shape[:-1]), 2
    latents, examples = keras.Input((4,)), keras.Input(shape)
    x = layers.Reshape(half)(layers.Dense(int(np.prod(half)))(latents))
    x = convolution(shape[-1], 3, padding="same")(upsampling(2)(x))
    features = convolution(2, 3, strides=2, activation="leaky_relu")(examples)
    features = layers.Flatten(name="features")(features)
    return keras.Model(latents, x), keras.Model(examples, layers.Dense(1)(features))


def flat(examples):
    """A user's extractor."""
    return examples.reshape(len(examples), -1)[:, :4]


flat.name, flat.sha256 = "flat", "0" * 64


@pytest.fixture(scope="module", params=SHAPES)
def trained(request):
    """A GAN after a run with all penalties of the discriminator, its data and its history."""
    shape = SHAPES[request.param]
    data = np.random.default_rng(0).normal(size=(16, *shape)).astype("float32")
    gan = ganzoo.GAN(*networks(shape))
    gan.compile(
        loss="wasserstein",
        regularizers=["gradient_penalty", "r1", "r2", "dragan"],
        generator_loss=ganzoo.losses.FeatureMatching(adversarial_weight=1.0),
        metrics=[ganzoo.metrics.FrechetDistance(flat)],
        run_eagerly=True,
    )
    history = gan.fit(data, batch_size=16, validation_data=data, verbose=0).history
    return gan, data, history


def test_it_trains_with_penalties_and_a_metric_of_own_features(trained):
    _, _, history = trained
    for name in ("gradient_penalty", "r1", "r2", "dragan", "val_fid"):
        assert 0 < history[name][0] < np.inf, name


def test_samples_are_floats_of_the_shape_of_the_examples(trained):
    gan, data, _ = trained
    for samples in (gan.sample(3), gan.interpolate([0, 1], steps=2)):
        assert samples.dtype == np.float32 and samples.shape == (3, *data.shape[1:])
    np.testing.assert_array_equal(gan.generate(gan.latents_of([0, 1, 2])), gan.sample(3))
    assert gan.project(gan.sample(1), steps=2, restarts=1).images.shape == (1, *data.shape[1:])


def test_files_and_presets_give_the_same_samples(trained, tmp_path):
    gan, _, _ = trained
    gan.save_to_preset(tmp_path / "preset")
    with pytest.warns(UserWarning, match="metrics of `compile` are not saved"):
        gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    for other in (ganzoo.GAN.from_preset(tmp_path / "preset"), loaded):
        np.testing.assert_allclose(other.sample(3), gan.sample(3), atol=1e-6)


def test_an_export_gives_the_same_samples(trained, tmp_path):
    gan, _, _ = trained
    exported = tf.saved_model.load(str(gan.export(tmp_path / "exported")))
    samples = exported.signatures["sample"](seed=tf.constant([0, 1, 2], "int64"))
    np.testing.assert_allclose(samples["examples"], gan.sample(3), atol=1e-6)


def test_metrics_take_the_features_of_an_extractor_and_no_others(trained):
    gan, data, _ = trained
    values = gan.evaluate(data, metrics=["kid"], extractor=flat, n=16)
    assert np.isfinite(values["kid"])
    with pytest.raises(ValueError, match=r"`kid` compares features: give an `extractor`.*Received"):
        gan.evaluate(data, metrics=["kid"], n=16)
    metric = ganzoo.metrics.FrechetDistance(flat)
    with pytest.raises(ValueError, match=r"floating and finite\. Received: samples of dtype int"):
        metric.update_state(np.ones((4, *data.shape[1:]), "int32"))


def test_what_works_on_pixels_is_refused(trained):
    gan, _, _ = trained
    for settings in ({"augment": "color"}, {"regularizers": ["consistency"]}):
        with pytest.raises(ValueError, match=r"is for images, of shape.*Received: examples of sh"):
            gan.compile(**settings)


@pytest.mark.parametrize(
    "examples, cure",
    [
        (np.zeros((4, 8, 3), "uint8"), "need a last axis of 1"),
        (np.zeros((4, 2, 2, 2, 1), "uint8"), r'`examples.astype\("float32"\)`'),
        (np.zeros((4, 8, 3), "int64"), r'`examples.astype\("float32"\)`'),
        (np.zeros(4, "float32"), "sequences of shape"),
    ],
)
def test_other_types_are_refused_with_a_cure(examples, cure):
    with pytest.raises((TypeError, ValueError), match=rf"{cure}.*Received: "):
        ganzoo.data.Dataset(examples)


def test_gray_images_without_channels_are_told_what_they_lack():
    latents, images = keras.Input((4,)), keras.Input((4, 4, 1))
    generator = keras.Model(latents, layers.Reshape((4, 4, 1))(layers.Dense(16)(latents)))
    gan = ganzoo.GAN(generator, keras.Model(images, layers.Dense(1)(layers.Flatten()(images))))
    gan.compile()
    with pytest.raises(ValueError, match=r"need a last axis of 1 .*Received: examples of shape"):
        gan.fit(np.zeros((4, 4, 4), "float32"), batch_size=4)


@pytest.mark.parametrize(
    "shape, kind", [((2,), "vectors"), ((3, 2), "sequences"), ((2, 2, 2, 1), "volumes")]
)
def test_a_data_set_names_its_examples(shape, kind):
    dataset = ganzoo.data.Dataset(np.zeros((4, *shape), "float32"))
    assert f"4 float32 {kind} of shape {shape}" in repr(dataset)
    assert not dataset.has_images
