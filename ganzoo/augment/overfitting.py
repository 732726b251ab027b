"""The control of a probability by the discriminator's overfitting."""

import keras
from keras import ops

from ganzoo.augment.base import Augmentation
from ganzoo.validation import check_number_between, check_positive, check_positive_integer


class OverfittingControl(Augmentation):
    """The base of augmentations whose probability p follows the discriminator's overfitting.

    The mean sign of the logits of real images, `r = E[sign(D(x))]`, measures how much the
    discriminator overfits: it is 1 if the discriminator takes all of them for real. After every
    `interval` batches, p rises if `r` is above the `target` and falls if it is below, at a speed
    that takes `images_to_one` images from 0 to 1. It stays in [0, 1].

    Args:
        target: The `r` at which p stays, from -1 to 1.
        interval: Batches of real images between two changes of p.
        images_to_one: Real images in which p would go from 0 to 1.
        initial: The p to start from, in [0, 1]. Without a state it is the p that is used.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, target, interval, images_to_one, initial):
        self.target = check_number_between("target", target, -1.0, 1.0)
        self.interval = check_positive_integer("interval", interval)
        self.images_to_one = check_positive("images_to_one", images_to_one)
        self.initial = check_number_between("initial", initial, 0.0, 1.0)

    def probability(self, state):
        """Returns p, a scalar."""
        return self.initial if state is None else state.probability.value

    def state(self):
        return _Overfitting(self.initial)

    def update_state(self, real_logits, state):
        signs, images, batches = state.include(real_logits)
        r = signs / images
        p = state.probability.value + ops.sign(r - self.target) * images / self.images_to_one
        state.restart(batches >= self.interval, ops.clip(p, 0.0, 1.0))


class _Overfitting(keras.layers.Layer):
    """The probability p, and sums over the logits of real images since its last change."""

    def __init__(self, initial):
        super().__init__(name="overfitting")
        self.probability = self._weight("probability", keras.initializers.Constant(initial))
        self.signs = self._weight("signs")
        self.images = self._weight("images")
        self.batches = self._weight("batches", dtype="int32")
        # A value that is assigned to these is summed over the replicas, to the global batch's.
        self.batch_signs = self._weight("batch_signs", aggregation="sum")
        self.batch_images = self._weight("batch_images", aggregation="sum")
        self.built = True

    def _weight(self, name, initializer="zeros", dtype="float32", aggregation="only_first_replica"):
        return self.add_weight(
            name=name,
            shape=(),
            dtype=dtype,
            initializer=initializer,
            trainable=False,
            autocast=False,
            aggregation=aggregation,
        )

    def include(self, real_logits):
        """Counts a batch; returns the sum of signs, the images and the batches so far.

        The sign of an image is the mean sign of its patches.
        """
        signs = ops.cast(ops.sign(real_logits), "float32")
        patches = tuple(range(1, len(signs.shape)))
        self.batch_signs.assign(ops.sum(ops.mean(signs, axis=patches)))
        self.batch_images.assign(ops.cast(ops.shape(real_logits)[0], "float32"))
        self.signs.assign(self.signs + self.batch_signs)
        self.images.assign(self.images + self.batch_images)
        self.batches.assign(self.batches + 1)
        return self.signs.value, self.images.value, self.batches.value

    def restart(self, due, probability):
        """If a change is due, sets the probability and starts to count from zero."""
        self.probability.assign(ops.where(due, probability, self.probability.value))
        for count in (self.signs, self.images, self.batches):
            count.assign(ops.where(due, ops.zeros_like(count.value), count.value))
