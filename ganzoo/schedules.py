"""Learning rates that change during a training run."""

from typing import Any

import keras
from keras import ops

from ganzoo.part import Part
from ganzoo.validation import check_fraction, check_non_negative, check_positive_integer


@keras.saving.register_keras_serializable(package="ganzoo")
class LinearDecay(Part, keras.optimizers.schedules.LearningRateSchedule):
    """Holds a rate, then reduces it linearly to 0.

    At update `t` the rate is `rate * min(1, (updates - t) / (updates - start * updates))`. After
    the last update it is 0.

    Args:
        rate: The rate at the beginning.
        updates: Number of updates after which the rate is 0.
        start: Share of the updates during which the rate is held, in [0, 1).

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> schedule = LinearDecay(3e-4, updates=1200, start=2 / 3)
    >>> [round(float(schedule(update)), 6) for update in (0, 800, 1000, 1200)]
    [0.0003, 0.0003, 0.00015, 0.0]
    """

    def __init__(self, rate: float, updates: int, start: float = 0.0):
        self.rate = check_non_negative("rate", rate)
        self.updates = check_positive_integer("updates", updates)
        self.start = check_fraction("start", start)

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        share = (self.updates - step) / (self.updates * (1.0 - self.start))
        return self.rate * ops.clip(share, 0.0, 1.0)
