"""The transforms of adaptive augmentation with a probability that you choose."""

from collections.abc import Mapping, Sequence

import keras

from ganzoo import schedules
from ganzoo.augment.base import AUGMENTATIONS, Augmentation
from ganzoo.augment.pipeline import Pipeline
from ganzoo.schedules import Schedule
from ganzoo.validation import check_number_between


@AUGMENTATIONS.register("random_transforms")
@keras.saving.register_keras_serializable(package="ganzoo")
class RandomTransforms(Augmentation):
    """Each transform of ADA is applied to each image with a constant or a scheduled probability.

    Args:
        transforms: The transforms, as for `AdaptiveAugment`.
        probability: The probability p, in [0, 1], or a schedule of it, such as
            `"cosine/0/0.55/2e7images"`. The log `augment_probability` shows a schedule.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from keras import ops
    >>> from ganzoo import augment
    >>> from ganzoo.random import Draws
    >>> part = augment.RandomTransforms({"blit": 1, "geom": 1, "color": 0.5, "cutout": 1}, 0.3)
    >>> tuple(part(ops.zeros((4, 32, 32, 3)), Draws(seed=0, step=0)).shape)
    (4, 32, 32, 3)

    Reference:
        [Training Generative Adversarial Networks with Limited Data](
        https://arxiv.org/abs/2006.06676), section 2.2, figure 2, appendix B.
    """

    name = "random_transforms"

    def __init__(
        self,
        transforms: str | Sequence[str] | Mapping[str, float] = "bgc",
        probability: float | Schedule | str = 0.5,
    ):
        self.transforms = transforms
        self.probability = schedules.check(_check_probability, "probability", probability)
        self._pipeline = Pipeline(transforms)

    def check_example_shape(self, shape):
        super().check_example_shape(shape)
        self._pipeline.check_example_shape(shape)

    def augment(self, images, draws, state):
        return self._pipeline(images, draws, self.probability)


def _check_probability(name, value):
    return check_number_between(name, value, 0.0, 1.0)
