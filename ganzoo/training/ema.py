"""The network that holds the moving average of another network's weights, and its settings."""

import math

from keras import ops

from ganzoo import schedules
from ganzoo.training.network_copy import copy_network
from ganzoo.validation import check_fraction, check_non_negative, describe

# One object, which tells whether `compile` was given a decay.
DEFAULT_DECAY = 0.999
# StyleGAN2-ADA (Karras et al. 2020): a half-life is at most this share of the images so far.
_RAMP = 0.05


def clone(network):
    """Returns a second network with the same weights and no trainable variables.

    The copy is named `NAME_average`, and the paths of its variables begin with `ema/`, so that both
    differ from the original's. It keeps 16-bit weights in float32: a step of a slow average is
    smaller than the distance between two 16-bit numbers.
    """
    average = copy_network(network, f"{network.name}_average", "ema")
    average.trainable = False
    return average


def check(ema_decay, ema_half_life):
    """Returns the two settings of `compile`, of which one is `None`, by name."""
    if ema_half_life is None:
        decay = None if ema_decay is None else check_fraction("ema_decay", ema_decay)
        return {"ema_decay": decay, "ema_half_life": None}
    if ema_decay is not None and ema_decay is not DEFAULT_DECAY:
        raise ValueError(
            "Give `ema_decay` or `ema_half_life`, not both. "
            f"Received: ema_decay={describe(ema_decay)}, ema_half_life={describe(ema_half_life)}"
        )
    half_life = schedules.check(check_non_negative, "ema_half_life", ema_half_life)
    return {"ema_decay": None, "ema_half_life": half_life}


def share_of_half_life(half_life, step, images_per_step):
    """Returns the share of the current weights in an average with a half-life.

    It is `1 - (1/2)^(images_per_step / half_life)`, and 1 at a half-life of 0.

    Args:
        half_life: Real images after which weights have half of their share, or a schedule of it. A
            number is at most 5% of the images so far, so that the average forgets the random
            initial weights.
        step: Integer tensor, the number of steps before this one.
        images_per_step: Real images in each step.
    """
    if isinstance(half_life, schedules.Schedule):
        half_life = half_life.at(step, images_per_step)
    else:
        half_life = ops.minimum(half_life, _RAMP * images_per_step * ops.cast(step, "float32"))
    return -ops.expm1(-math.log(2.0) * images_per_step / ops.maximum(half_life, 1e-8))
