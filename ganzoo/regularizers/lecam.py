"""LeCam regularization (Tseng et al. 2021)."""

import keras
from keras import ops

from ganzoo import backend, schedules
from ganzoo.numerics import at_least_float32
from ganzoo.regularizers.base import REGULARIZERS, Penalty
from ganzoo.validation import check_count, check_fraction, check_non_negative


@REGULARIZERS.register("lecam")
@keras.saving.register_keras_serializable(package="ganzoo")
class LeCam(Penalty):
    """`weight * (E[relu(D(x) - alpha_F)^2] + E[relu(alpha_R - D(G(z)))^2])`, for few images.

    alpha_R and alpha_F are moving averages of the means of D(x) and of D(G(z)). The penalty pulls
    the logits of real examples down to those of fakes, and the logits of fakes up to those of real
    examples, so that the discriminator cannot get far ahead. Best with hinge and non-saturating
    losses.

    The averages move in each update of the discriminator, before the penalty is computed with them,
    and are constants for its gradient. They follow the current means without delay during the first
    `start` updates, which have no penalty.

    Args:
        weight: The weight lambda, or a schedule. The default is the one of the official BigGAN for
            CIFAR; StyleGAN2 needs far less: 3e-7 for photos.
        decay: Share of the old average in each update, in [0, 1).
        start: Updates of the discriminator before the penalty begins.

    Raises:
        ValueError: If an argument is out of its range.

    Reference:
        [Regularizing Generative Adversarial Networks under Limited Data](
        https://arxiv.org/abs/2104.03310), equations 2 and 3.

    Deviations:
        The paper's formula has no rectifiers. The official code has them.
    """

    name = "lecam"
    batch_coupled = True

    def __init__(self, weight=0.3, decay=0.9, start=1000):
        super().__init__()
        self.weight = schedules.check(check_non_negative, "weight", weight)
        self.decay = check_fraction("decay", decay)
        self.start = check_count("start", start)

    def state(self):
        return _Averages()

    def update_state(self, real_logits, fake_logits, state):
        means = self._moved(real_logits, fake_logits, state)
        for average, mean in zip((state.real, state.fake), means, strict=True):
            average.assign(ops.cast(mean, average.dtype))
        state.count.assign_add(1)

    def penalty(self, discriminator, real, fake, draws, state):
        alpha_real, alpha_fake = self._moved(real.logits, fake.logits, state)
        above = ops.relu(real.logits - alpha_fake)
        below = ops.relu(alpha_real - fake.logits)
        distance = ops.mean(ops.square(above)) + ops.mean(ops.square(below))
        return ops.where(state.count >= self.start, self.weight * distance, 0.0)

    def _moved(self, real_logits, fake_logits, state):
        """Returns the two averages after they have moved to the current means."""
        decay = ops.where(state.count >= self.start, self.decay, 0.0)
        return [
            decay * average + (1.0 - decay) * _mean(logits)
            for average, logits in ((state.real, real_logits), (state.fake, fake_logits))
        ]


def _mean(logits):
    """Returns the mean over the rows of all replicas, a constant for gradients."""
    logits = ops.stop_gradient(at_least_float32(logits))
    _, replicas = backend.replica_context()
    return ops.mean(logits if replicas == 1 else backend.gather_rows(logits))


class _Averages(keras.layers.Layer):
    """The moving averages of the logits, and the number of updates."""

    def __init__(self):
        super().__init__(name="averages")
        # The values are the same on all replicas.
        settings = {"initializer": "zeros", "trainable": False, "autocast": False}
        settings |= {"shape": (), "aggregation": "only_first_replica"}
        self.real = self.add_weight(name="real", dtype="float32", **settings)
        self.fake = self.add_weight(name="fake", dtype="float32", **settings)
        self.count = self.add_weight(name="count", dtype="int32", **settings)
        self.built = True
