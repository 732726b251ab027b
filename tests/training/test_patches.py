"""One logit for each patch: losses are means over patches, penalties see the mean of an example."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import ganzoo
from ganzoo.random import Draws
from ganzoo.training.discriminator import Discriminator

SHAPES = {"sequences": (8, 2), "images": (6, 6, 2), "volumes": (4, 4, 4, 1)}
CONVOLUTIONS = {2: layers.Conv1D, 3: layers.Conv2D, 4: layers.Conv3D}
POOLINGS = {
    2: layers.GlobalAveragePooling1D,
    3: layers.GlobalAveragePooling2D,
    4: layers.GlobalAveragePooling3D,
}
ROWS = 4


def examples(shape=SHAPES["images"], rows=ROWS, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (rows, *shape)).astype("float32")


def generator(shape=SHAPES["images"], conditional=False):
    latents, size = keras.Input((3,)), int(np.prod(shape))
    x = layers.Dense(size, kernel_initializer=keras.initializers.RandomNormal(seed=1))(latents)
    x = layers.Reshape(shape)(ops.tanh(x))
    if not conditional:
        return keras.Model(latents, x)
    labels = keras.Input((), dtype="int32")
    shift = layers.Reshape(shape)(layers.Embedding(3, size)(labels))
    return keras.Model([latents, labels], ops.tanh(x + shift))


def discriminator(shape=SHAPES["images"], pooled=False, packing=1):
    """Builds a discriminator of patches, or with the mean of the same patches as its logit."""
    initializer = keras.initializers.RandomNormal(stddev=0.5, seed=2)
    convolution = CONVOLUTIONS[len(shape)](1, 3, kernel_initializer=initializer)
    inputs = keras.Input((*shape[:-1], packing * shape[-1]))
    logits = convolution(inputs)
    if pooled:
        logits = layers.Reshape((1,))(POOLINGS[len(shape)]()(logits))
    return keras.Model(inputs, logits)


def gan(shape=SHAPES["images"], pooled=False, packing=1, **settings):
    model = ganzoo.GAN(generator(shape), discriminator(shape, pooled, packing), packing=packing)
    settings.setdefault("run_eagerly", True)
    model.compile(
        g_optimizer=keras.optimizers.SGD(0.1), d_optimizer=keras.optimizers.SGD(0.1), **settings
    )
    return model


@pytest.mark.parametrize("kind", SHAPES)
def test_the_logit_of_an_example_is_the_mean_of_its_patches(kind):
    network, x = discriminator(SHAPES[kind]), examples(SHAPES[kind])
    outputs = Discriminator(network)(x)
    patches = np.array(network(x))
    assert patches.ndim == x.ndim and patches.shape[-1] == 1 and patches[0].size > 1
    np.testing.assert_array_equal(outputs.patch_logits, patches)
    expected = patches.reshape(ROWS, -1).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs.logits, expected, rtol=1e-5)


def test_without_patches_both_are_the_same():
    outputs = Discriminator(discriminator(pooled=True))(examples())
    assert outputs.patch_logits is outputs.logits


@pytest.mark.parametrize("name", ganzoo.losses.adversarial_names())
def test_a_loss_is_the_mean_over_patches(name):
    loss = ganzoo.losses.get(name)
    real, fake = np.random.default_rng(0).standard_normal((2, ROWS, 3, 2, 1)) * 2
    flat = real.reshape(-1), fake.reshape(-1)
    assert float(loss.discriminator(real, fake)) == float(loss.discriminator(*flat))
    assert float(loss.generator(fake, real)) == float(loss.generator(*flat[::-1]))


@pytest.mark.parametrize("name", ganzoo.losses.adversarial_names())
def test_a_step_minimizes_the_loss_of_the_patches(name):
    model = gan(loss=name)
    model.generator.layers[1].kernel.assign(ops.zeros((3, 72)))  # All fakes are the same.
    model.generator.layers[1].bias.assign(examples()[0].reshape(-1))
    before = keras.models.clone_model(model.discriminator)
    before.set_weights(model.discriminator.get_weights())
    history = model.fit(examples(), batch_size=ROWS, verbose=0).history
    patches = before(examples()), before(np.tanh([examples()[0]] * ROWS))
    expected = model.adversarial_loss.discriminator(*patches)
    np.testing.assert_allclose(history["d_loss"], [float(expected)], rtol=1e-5)
    np.testing.assert_allclose(history["d_real"], [np.mean(patches[0])], rtol=1e-4)


PENALTIES = {
    "r1": ganzoo.regularizers.R1(),
    "r2": ganzoo.regularizers.R2(),
    "gradient_penalty": ganzoo.regularizers.GradientPenalty(),
    "dragan": ganzoo.regularizers.DRAGAN(),
    "consistency": ganzoo.regularizers.Consistency(fake_weight=10.0),
    "lecam": ganzoo.regularizers.LeCam(start=0),
}


@pytest.fixture(scope="module")
def penalized():
    """For each penalty, a GAN of patches and one of their mean after two steps.

    Most share their GANs. LeCam has its own: it is 0 where others have turned the critic around.
    """
    alone = {"lecam": PENALTIES["lecam"]}
    together = {name: part for name, part in PENALTIES.items() if name not in alone}
    found = {}
    for parts in (alone, together):
        pair = []
        for pooled in (False, True):
            keras.utils.set_random_seed(0)
            # The Wasserstein loss of patches is the loss of their mean.
            pair.append(gan(pooled=pooled, loss="wasserstein", regularizers=[*parts.values()]))
            pair[-1].fit(examples(), batch_size=ROWS, epochs=2, verbose=0)
        found |= dict.fromkeys(parts, pair)
    return found


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_see_the_mean_of_the_patches(name, penalized):
    patches, mean = penalized[name]
    values = patches.history.history[name]
    np.testing.assert_allclose(values, mean.history.history[name], rtol=1e-4)
    assert values[-1] > 0
    weights = (model.discriminator.get_weights() for model in (patches, mean))
    for ours, expected in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


def test_every_penalty_of_the_discriminator_is_tested():
    kinds = [ganzoo.regularizers.get(name) for name in ganzoo.regularizers.names()]
    names = {part.name for part in kinds if isinstance(part, ganzoo.regularizers.Penalty)}
    assert names == set(PENALTIES)


def test_adaptive_augmentation_takes_the_mean_sign_of_the_patches_of_an_image():
    part = ganzoo.augment.AdaptiveAugment(interval=2)
    state = part.state()
    logits = np.ones((4, 3, 2, 1), "float32")
    logits[0, :, 0] = -1.0  # Half of the patches of one image.
    logits[1] = -1.0
    part.update_state(logits, state)
    assert float(state.images) == 4
    assert float(state.signs) == 0 - 1 + 1 + 1


@pytest.mark.parametrize("kind", SHAPES)
def test_every_kind_of_examples_trains(kind):
    model = gan(SHAPES[kind], loss="relativistic_average", regularizers=["r1"])
    before = model.discriminator.get_weights()[0]
    model.fit(examples(SHAPES[kind]), batch_size=ROWS, verbose=0)
    assert np.isfinite(model.history.history["r1"]).all()
    assert np.abs(model.discriminator.get_weights()[0] - before).max() > 0


def test_packs_augmentation_and_a_compiled_step():
    model = gan(packing=2, augment=ganzoo.augment.AdaptiveAugment(["flip"]), run_eagerly=False)
    model.fit(examples(rows=8), batch_size=8, verbose=0)
    state = model._augment_state()
    assert float(state.images) == 8 and -8 <= float(state.signs) <= 8


def test_labels_go_with_patches_in_both_ways():
    inputs, labels = keras.Input(SHAPES["images"]), keras.Input((), dtype="int32")
    patches = layers.Conv2D(1, 3)(inputs)
    shift = layers.Reshape((1, 1, 1))(layers.Embedding(3, 1)(labels))
    classes = layers.Dense(3)(layers.Flatten()(inputs))
    for critic in (
        keras.Model([inputs, labels], patches + shift),
        keras.Model(inputs, [patches, classes]),
    ):
        model = ganzoo.GAN(generator(conditional=True), critic, num_classes=3)
        model.compile(run_eagerly=True, regularizers=["r1"])
        model.fit(examples(), np.arange(ROWS) % 3, batch_size=ROWS, verbose=0)


def test_the_gradient_of_a_pass_is_that_of_the_mean():
    model, x = gan(), ops.convert_to_tensor(examples())
    outputs = model.discriminate(x, None, Draws(0, 0), differentiable=True)
    pooled = gan(pooled=True).discriminate(x, None, Draws(0, 0), differentiable=True)
    np.testing.assert_allclose(outputs.input_gradient(), pooled.input_gradient(), atol=1e-6)


@pytest.mark.parametrize("shape", [(4, 4, 2), (4, 4), (2,)])
def test_other_outputs_are_refused(shape):
    inputs = keras.Input(SHAPES["images"])
    x = layers.Dense(int(np.prod(shape)))(layers.Flatten()(inputs))
    critic = keras.Model(inputs, layers.Reshape(shape)(x))
    with pytest.raises(ValueError, match=r"each patch of a row.*Received: a discriminator of out"):
        ganzoo.GAN(generator(), critic)
    with pytest.raises(ValueError, match=r"for each patch.*Received: real_logits of shape"):
        ganzoo.losses.Hinge().discriminator(np.ones((4, *shape)), np.ones((4, *shape)))


def test_class_logits_of_patches_are_refused_with_the_reason():
    inputs = keras.Input(SHAPES["images"])
    classifier = keras.Model(inputs, layers.Conv2D(3, 3)(inputs))
    with pytest.raises(ValueError, match=r"has one class.*GlobalAveragePooling2D.*Received: 1 inp"):
        ganzoo.SemiSupervisedGAN(generator(), classifier)
