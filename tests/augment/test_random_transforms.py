import numpy as np
import pytest

from ganzoo.augment import AdaptiveAugment, Chain, DiffAugment, RandomTransforms
from ganzoo.random import Draws
from support.gans import tiny


def test_the_transforms_are_those_of_adaptive_augmentation():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 6, 6, 3)).astype("float32")
    transforms = {"bg": 1, "color": 0.5}
    expected = AdaptiveAugment(transforms, initial=0.4)(images, Draws(0, 0))
    result = RandomTransforms(transforms, probability=0.4)(images, Draws(0, 0))
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("probability", [-0.1, 1.1, "cosine/0/1.1/10steps", None, True])
def test_a_probability_that_is_none_is_refused(probability):
    with pytest.raises(ValueError, match=r"`probability` must be a number.*Received: probability="):
        RandomTransforms(probability=probability)


@pytest.mark.parametrize("in_a_chain", [False, True])
def test_the_probability_may_be_a_schedule(in_a_chain):
    part = RandomTransforms("flip", "linear/0/1/2steps")
    augment = Chain([DiffAugment("color"), part]) if in_a_chain else part
    gan = tiny.gan(augment=augment, run_eagerly=True)
    seen = []

    class Recorder(type(part._pipeline)):
        def __call__(self, images, draws, probability):
            seen.append(float(probability))
            return super().__call__(images, draws, probability)

    part._pipeline = Recorder("flip")
    history = gan.fit(tiny.images(8), batch_size=8, epochs=3, verbose=0).history
    assert seen == [0.0] * 3 + [0.5] * 3 + [1.0] * 3
    name = "augment_parts_1_probability" if in_a_chain else "augment_probability"
    np.testing.assert_allclose(history[name], [0, 0.5, 1])
