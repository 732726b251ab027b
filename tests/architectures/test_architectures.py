import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from ganzoo import architectures
from ganzoo.layers import SpectralNormalization
from support.shapes import without_values

FAMILIES = ["dcgan", "infogan", "mlp", "resnet", "sngan"]
IMAGE_FAMILIES = [name for name in FAMILIES if name != "mlp"]
NORMALIZATIONS = ["spectral", "batch", "layer", "weight", "none"]
NUM_CLASSES = 3
LATENT_DIM = 5


def shape_of(name, image_shape=(8, 8, 1)):
    return (2,) if name == "mlp" else image_shape


def build(name, image_shape=(8, 8, 1), num_classes=None):
    return architectures.build(name, shape_of(name, image_shape), LATENT_DIM, 2, num_classes)


def generator_of(name, num_classes=None):
    build_generator = getattr(architectures, f"{name}_generator")
    return build_generator(shape_of(name), LATENT_DIM, 2, num_classes)


@functools.cache
def shared_discriminator(name, normalization, num_classes=None):
    """Returns a discriminator that tests may call, but not change."""
    build_discriminator = getattr(architectures, f"{name}_discriminator")
    # Wide enough that no layer has only dead rectifiers, and with a stage of odd size.
    return build_discriminator(shape_of(name, (14, 14, 1)), 6, num_classes, normalization)


def examples(shape, batch=2):
    return ops.array(np.random.default_rng(0).uniform(-1, 1, (batch, *shape)).astype("float32"))


def with_labels(inputs, num_classes):
    """The inputs, or a list of them and of labels if there are classes."""
    if num_classes is None:
        return inputs
    return [inputs, ops.array(np.arange(len(inputs)) % num_classes, "int32")]


def test_all_families_are_registered():
    # The networks without `tanh` have tests of their own.
    assert architectures.names() == sorted([*FAMILIES, "r3gan", "stylegan2"])


@pytest.mark.parametrize(
    "image_shape",
    [(28, 28, 1), (32, 32, 3), (48, 48, 1), (64, 64, 3), (128, 128, 1), (45, 33, 1)],
)
@pytest.mark.parametrize("name", IMAGE_FAMILIES)
def test_networks_fit_the_images(name, image_shape):
    with without_values():
        generator, discriminator = build(name, image_shape)
    assert generator.output_shape == discriminator.input_shape == (None, *image_shape)
    assert discriminator.output_shape == (None, 1)


@pytest.mark.parametrize(
    ("image_shape", "num_classes"), [((8, 8, 1), None), ((27, 50, 4), NUM_CLASSES)]
)
@pytest.mark.parametrize("name", IMAGE_FAMILIES)
def test_networks_of_usual_and_of_unusual_shapes_work(name, image_shape, num_classes):
    generator, discriminator = build(name, image_shape, num_classes)
    images = generator(with_labels(examples((LATENT_DIM,)), num_classes), training=True)
    assert images.shape == (2, *image_shape)
    logits = discriminator(with_labels(images, num_classes), training=True)
    assert logits.shape == (2, 1)
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_networks_are_named(name):
    with without_values():
        generator, discriminator = build(name, num_classes=NUM_CLASSES)
    assert (generator.name, discriminator.name) == ("generator", "discriminator")
    example = "vectors" if name == "mlp" else "images"
    assert [t.name for t in generator.inputs] == ["latents", "labels"]
    assert [t.name for t in discriminator.inputs] == [example, "labels"]
    assert generator.layers[-1].name == example
    assert discriminator.layers[-1].name == "logits"


@pytest.mark.parametrize("name", FAMILIES)
def test_logits_are_linear_in_the_features(name):
    discriminator = shared_discriminator(name, "none")
    features = discriminator.get_layer("features").output
    assert len(features.shape) == 2
    head = discriminator.get_layer("logits")
    both = keras.Model(discriminator.inputs, [features, discriminator.output])
    values, logits = both(examples(shape_of(name, (14, 14, 1))))
    np.testing.assert_allclose(head(values), logits, rtol=1e-6)


@pytest.mark.parametrize("name", IMAGE_FAMILIES)
def test_images_are_in_range(name):
    generator = generator_of(name)
    for weight in generator.trainable_weights:
        weight.assign(10 * weight + 1)
    images = generator(examples((LATENT_DIM,)), training=True)
    assert np.abs(images).max() <= 1


@pytest.mark.parametrize("name", FAMILIES)
def test_labels_change_samples_and_logits(name):
    generator = generator_of(name, NUM_CLASSES)
    for weight in generator.trainable_weights:
        weight.assign(np.random.default_rng(1).standard_normal(weight.shape))
    latents = ops.repeat(examples((LATENT_DIM,), 1), 3, axis=0)
    images = ops.convert_to_numpy(generator([latents, ops.array([0, 0, 2])]))
    np.testing.assert_array_equal(images[0], images[1])
    assert np.abs(images[0] - images[2]).max() > 1e-3
    discriminator = shared_discriminator(name, "spectral", NUM_CLASSES)
    same = ops.repeat(examples(discriminator.input_shape[0][1:], 1), 3, axis=0)
    logits = ops.convert_to_numpy(discriminator([same, ops.array([0, 0, 2])]))
    np.testing.assert_allclose(logits[0], logits[1], rtol=1e-5)
    assert np.abs(logits[0] - logits[2]).max() > 1e-5


@pytest.mark.parametrize("num_classes", [None, NUM_CLASSES])
@pytest.mark.parametrize("name", FAMILIES)
def test_spectral_normalization_covers_every_kernel(name, num_classes):
    discriminator = shared_discriminator(name, "spectral", num_classes)
    kernels = [v for v in discriminator.trainable_variables if v.path.split("/")[-1] != "bias"]
    layers = discriminator._flatten_layers()
    wrapped = [layer.kernel for layer in layers if isinstance(layer, SpectralNormalization)]
    assert {id(kernel) for kernel in kernels} == {id(kernel) for kernel in wrapped}


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("name", FAMILIES)
def test_normalization_is_the_requested_one(name, normalization):
    discriminator = shared_discriminator(name, normalization)
    kinds = {type(layer).__name__ for layer in discriminator.layers}
    assert ("SpectralNormalization" in kinds) == (normalization == "spectral")
    assert ("WeightNormalization" in kinds) == (normalization == "weight")
    assert ("BatchNormalization" in kinds) == (normalization == "batch")
    assert ("GroupNormalization" in kinds) == (normalization == "layer")


@pytest.mark.parametrize(
    ("normalization", "num_classes"),
    [
        *((normalization, None) for normalization in NORMALIZATIONS),
        ("spectral", NUM_CLASSES),
        *(
            pytest.param(normalization, NUM_CLASSES, marks=pytest.mark.slow)
            for normalization in ("batch", "none")
        ),
    ],
)
@pytest.mark.parametrize("name", FAMILIES)
def test_gradient_penalty_reaches_every_weight(name, normalization, num_classes):
    discriminator = shared_discriminator(name, normalization, num_classes)
    images = examples(shape_of(name, (14, 14, 1)), batch=4)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(images)
            logits = discriminator(with_labels(images, num_classes), training=True)
        penalty = ops.sum(ops.square(inner.gradient(logits, images)))
    variables = [v.value for v in discriminator.trainable_variables]
    gradients = outer.gradient(penalty, variables)
    missing = [
        variable.path
        for variable, gradient in zip(discriminator.trainable_variables, gradients, strict=True)
        if gradient is None
    ]
    # Offsets only move the kinks of piecewise linear activations: their gradient is zero.
    assert all(path.endswith(("/bias", "/beta")) for path in missing)
    for variable, gradient in zip(discriminator.trainable_variables, gradients, strict=True):
        if variable.path.endswith(("/kernel", "/g")):
            assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, variable.path


@pytest.mark.parametrize("num_classes", [None, NUM_CLASSES])
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
@pytest.mark.parametrize("name", FAMILIES)
def test_outputs_have_full_precision(name, policy, num_classes):
    keras.config.set_dtype_policy(policy)
    try:
        for network in build(name, num_classes=num_classes):
            inputs = with_labels(examples(tuple(network.inputs[0].shape[1:])), num_classes)
            expected = "float64" if policy == "float64" else "float32"
            assert network.output.dtype == expected
            assert network(inputs, training=True).dtype == expected
            assert {v.dtype for v in network.trainable_variables} == {expected}
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.slow
@pytest.mark.parametrize("num_classes", [None, NUM_CLASSES])
@pytest.mark.parametrize("name", FAMILIES)
def test_keras_file_restores_the_networks(tmp_path, name, num_classes):
    networks = build(name, num_classes=num_classes, normalization="spectral")
    for network in networks:
        inputs = with_labels(examples(tuple(network.inputs[0].shape[1:])), num_classes)
        network(inputs, training=True)
        network.save(tmp_path / "network.keras")
        restored = keras.saving.load_model(tmp_path / "network.keras")
        assert [layer.name for layer in restored.layers] == [layer.name for layer in network.layers]
        np.testing.assert_array_equal(restored(inputs), network(inputs))


@pytest.mark.parametrize("name", FAMILIES)
def test_global_seed_determines_the_initial_weights(name):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return [w.numpy() for network in build(name) for w in network.trainable_weights]

    first, again, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    "shape", [(4, 4, 1), (64, 7, 3), (28, 28), (2,), (0, 28, 1), (28.5, 28, 1), (28, 28, 0), None]
)
@pytest.mark.parametrize("name", IMAGE_FAMILIES)
def test_impossible_image_shapes_are_refused(name, shape):
    with pytest.raises(ValueError, match="Received: image_shape="):
        architectures.build(name, shape)


@pytest.mark.parametrize("shape", [(28, 28, 1), (0,), 2, None])
def test_impossible_vector_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="Received: shape="):
        architectures.build("mlp", shape)


@pytest.mark.parametrize(
    "argument",
    [
        {"latent_dim": 0},
        {"width": -1},
        {"width": 1.5},
        {"num_classes": 0},
        {"num_classes": "ten"},
        {"normalization": "group"},
        {"conditioning": "concatenation"},
        {"conditioning": "auxiliary"},
        {"minibatch_features": "std"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", FAMILIES)
def test_other_arguments_are_checked(name, argument):
    with pytest.raises(ValueError, match=f"Received: {next(iter(argument))}="):
        architectures.build(name, shape_of(name), **argument)


def test_unknown_names_are_refused():
    with pytest.raises(
        ValueError, match=r"dcgan, infogan, mlp, r3gan, resnet, sngan, stylegan2\. Received: 'gan'"
    ):
        architectures.build("gan", (32, 32, 3))
