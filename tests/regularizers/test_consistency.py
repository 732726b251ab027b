import numpy as np
import pytest
import tensorflow as tf
from discriminators import (
    LinearDiscriminator,
    NetworkDiscriminator,
    convolutional_network,
    example_batches,
    penalty_of,
)

from ganzoo import augment
from ganzoo.random import Draws
from ganzoo.regularizers import Consistency

DRAWS = Draws(seed=0, step=0)
SHAPE = (6, 16, 16, 1)


class RecordingDiscriminator(LinearDiscriminator):
    """Keeps all that it is asked about."""

    def __init__(self, w):
        super().__init__(w)
        self.asked = []

    def __call__(self, images):
        self.asked.append(images)
        return super().__call__(images)


def shifted_and_mirrored(image):
    """Every image that the default transform may make of one."""
    for flipped in (image, image[:, ::-1]):
        padded = np.pad(flipped, [(2, 2), (2, 2), (0, 0)])
        for i in range(5):
            for j in range(5):
                yield padded[i : i + 16, j : j + 16]


@pytest.mark.parametrize(("weight", "fake_weight"), [(10.0, 0.0), (10.0, 4.0), (0.0, 3.0)])
def test_a_linear_discriminator_costs_the_squares_of_its_changes(weight, fake_weight):
    real, fake = example_batches(SHAPE, "float64")
    w = np.random.default_rng(2).normal(size=SHAPE[1:])
    discriminator = RecordingDiscriminator(w)
    value = penalty_of(Consistency(weight, fake_weight), discriminator, real, fake, DRAWS)
    assert value.shape == ()

    real_again, fake_again, *transformed_images = discriminator.asked
    assert real_again is real and fake_again is fake  # The passes of the adversarial loss.
    expected, asked = 0.0, iter(transformed_images)
    for strength, images in ((weight, real), (fake_weight, fake)):
        if strength or images is real:
            transformed = next(asked).numpy()
            for image, result in zip(images, transformed, strict=True):
                assert any(np.array_equal(result, x) for x in shifted_and_mirrored(image))
            squares = [np.sum(w * (x - y)) ** 2 for x, y in zip(images, transformed, strict=True)]
            expected += strength * np.mean(squares)
    assert next(asked, None) is None
    np.testing.assert_allclose(value, expected, rtol=1e-10)


def test_real_and_fake_images_have_draws_of_their_own():
    real, _ = example_batches(SHAPE)
    discriminator = RecordingDiscriminator(np.ones(SHAPE[1:], "float32"))
    penalty_of(Consistency(fake_weight=10.0), discriminator, real, real, DRAWS)
    *_, transformed_real, transformed_fake = discriminator.asked
    assert np.any(transformed_real != transformed_fake)


def test_both_answers_train_the_discriminator():
    network = convolutional_network(SHAPE[1:])
    real, fake = (tf.constant(batch) for batch in example_batches(SHAPE))
    part, discriminator = Consistency(weight=2.0), NetworkDiscriminator(network)
    weights = [weight.value for weight in network.trainable_variables]
    with tf.GradientTape() as tape:
        value = penalty_of(part, discriminator, real, fake, DRAWS)
    gradients = tape.gradient(value, weights)

    transformed = part.transform(real, DRAWS.scope("consistency").scope("real"))
    with tf.GradientTape() as tape:
        cost = 2.0 * tf.reduce_mean((network(real) - network(transformed)) ** 2)
    np.testing.assert_allclose(value, cost, rtol=1e-6)
    for gradient, expected in zip(gradients, tape.gradient(cost, weights), strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)
    assert np.any(gradients[0] != 0)


def test_another_transform_may_be_given_and_is_kept_in_the_config():
    part = Consistency(transform=augment.DiffAugment("cutout"))
    clone = Consistency.from_config(part.get_config())
    assert clone.transform.policy == "cutout"
    assert Consistency(transform="diff_augment").transform.policy == "color,translation,cutout"


def test_the_defaults_are_the_first_papers():
    config = Consistency().get_config()
    assert config.pop("transform")["config"] == {"policy": "flip,translation"}
    assert config == {"weight": 10.0, "fake_weight": 0.0, "every": 1}


@pytest.mark.parametrize(
    "arguments",
    [{"weight": -1.0}, {"fake_weight": None}, {"transform": augment.AdaptiveAugment()}],
    ids=lambda arguments: next(iter(arguments)),
)
def test_bad_arguments_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"Received: {name}="):
        Consistency(**arguments)
    with pytest.raises(ValueError, match=r"Received: 'mirror'"):
        Consistency(transform="mirror")
    assert Consistency(transform="flip").transform.policy == "flip"
