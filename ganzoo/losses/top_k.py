"""Top-k training: the generator learns from the most convincing fakes alone."""

from typing import Any

import keras
from keras import ops

from ganzoo import schedules
from ganzoo.losses.base import LOSSES, AdversarialLoss, get_adversarial_loss
from ganzoo.validation import check_number_between


@LOSSES.register("top_k")
@keras.saving.register_keras_serializable(package="ganzoo")
class TopK(AdversarialLoss):
    """The generator's loss is the mean over the fakes with the highest logits.

    The `ceil(share n)` of n fakes with the highest logits count, and equal logits together. The
    other fakes give the generator no gradient: the gradient of a bad fake often leads away from the
    data. The discriminator's loss does not change. If the discriminator judges patches, patches are
    chosen in place of fakes.

    Args:
        loss: The loss of both players, a `ganzoo.losses.AdversarialLoss` or its name, in which each
            fake has a term of its own.
        share: Share of the fakes in (0, 1], or a `ganzoo.schedules.Schedule`: the paper starts with
            1 and lowers it to 0.5.

    Raises:
        ValueError: If a term of the loss depends on other fakes, or the share is out of its range.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.TopK("hinge", share=0.5)
    >>> float(loss.generator([[-3.0], [2.0], [1.0], [-5.0]]))
    -1.5
    >>> losses.TopK("hinge", share="linear/1/0.5/20000steps").share.extremes
    (0.5, 1.0)

    Reference:
        [Top-k Training of GANs](https://arxiv.org/abs/2002.06224), section 3 and algorithm 1.

    Deviations:
        Equal logits at the limit count together. On several replicas, each chooses among its own
        fakes.
    """

    batch_coupled = True

    def __init__(self, loss: AdversarialLoss | str = "non_saturating", share: Any = 0.5):
        self.loss = get_adversarial_loss(loss)
        if self.loss.batch_coupled:
            raise ValueError(
                "In the loss, each fake must have a term of its own. "
                f"Received: loss={self.loss!r}, which couples the examples of a batch"
            )
        self.share = schedules.check(_check_share, "share", share)
        self.generator_needs_real = self.loss.generator_needs_real
        self.has_scale = self.loss.has_scale
        self.bounded_logits = self.loss.bounded_logits

    def d_loss(self, real, fake):
        return self.loss.d_loss(real, fake)

    def g_loss(self, fake, real):
        pairs = [fake[:, None]] if real is None else [fake[:, None], real[:, None]]
        terms = ops.vectorized_map(
            lambda pair: self.loss.g_loss(pair[0], pair[1] if real is not None else None), pairs
        )
        count = ops.shape(fake)[0]
        # A share such as 0.3 of 50 is a little more than 15 in float32.
        chosen = ops.ceil(self.share * ops.cast(count, "float32") * (1 - 2.0**-21))
        index = ops.clip(ops.cast(chosen, "int32"), 1, count) - 1
        limit = ops.take(-ops.sort(-fake), index)
        counts = ops.cast(fake >= ops.stop_gradient(limit), fake.dtype)
        return ops.sum(counts * terms) / ops.sum(counts)


def _check_share(name, value):
    if check_number_between(name, value, 0, 1) == 0:
        raise ValueError(f"`{name}` must be above 0. Received: {name}={value!r}")
    return float(value)
