"""Numbers that change during a training run: learning rates, weights of penalties, averages, ..."""

import copy
import math
import re
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ganzoo.numerics import dtype_of_means
from ganzoo.part import Part
from ganzoo.registry import Registry
from ganzoo.validation import (
    check_choice,
    check_fraction,
    check_non_negative,
    check_number,
    check_positive_integer,
    describe,
)

SCHEDULES = Registry("schedule")
UNITS = ("steps", "images")
_NUMBER = r"[\d.]+(?:e\+?\d+)?"
_LENGTH = re.compile(rf"(?:({_NUMBER})-)?({_NUMBER})(steps|images)")
_SYNTAX = "NAME/FROM/TO/LENGTHimages or .../LENGTHsteps, such as cosine/2e-4/5e-5/2e7images"


class Schedule(Part, keras.optimizers.schedules.LearningRateSchedule):
    """A number as a function of the training so far.

    Learning rates and other settings of Keras optimizers, the weights of regularizers,
    `compile(ema_half_life=...)` and probabilities of augmentations accept a schedule in place of a
    number. A `GAN` computes its value in each step from the number of steps before it. So a resumed
    run has the same values. The logs have the value of each epoch's steps, on average, as
    `r1_gamma`, `g_learning_rate`, `d_beta_2`, and so on.

    The training so far is measured in `unit`: `"steps"` of the GAN, or `"images"`: the number of
    steps times the real examples in a step (`discriminator_steps` times the batch size of an
    update).

    A schedule of your own is a subclass with `extremes` and `__call__`.

    Attributes:
        unit: `"steps"` or `"images"`.
        extremes: The smallest and the largest value, which are checked where it is used.
    """

    unit = "steps"

    @property
    def extremes(self) -> tuple[float, float]:
        raise NotImplementedError(f"`{type(self).__name__}` must implement `extremes`.")

    def __call__(self, position: Any) -> Any:
        """Returns the value, a floating scalar, at a position in the schedule's unit."""
        raise NotImplementedError(f"`{type(self).__name__}` must implement `__call__`.")

    def at(self, step: Any, images_per_step: int | None = None) -> Any:
        """Returns the value before a step.

        Args:
            step: Number of steps so far, an integer or a tensor.
            images_per_step: Real examples in a step, for schedules of images.

        Raises:
            ValueError: If a schedule of images does not know how many are in a step.
        """
        if self.unit == "images" and images_per_step is None:
            raise ValueError(
                "A schedule of images needs `images_per_step`, the real examples in a step. "
                f"Received: images_per_step=None for {self!r}"
            )
        position = ops.cast(step, _dtype())
        return self(position * images_per_step if self.unit == "images" else position)


class _Ramp(Schedule):
    """A change from `start` to `end` between two positions; constant before and after them."""

    def __init__(self, start: float, end: float, length: float, unit: str, begin: float = 0.0):
        self.start = check_number("start", start)
        self.end = check_number("end", end)
        self.length = check_non_negative("length", length)
        self.unit = check_choice("unit", unit, UNITS)
        self.begin = check_non_negative("begin", begin)
        if self.length <= self.begin:
            raise ValueError(
                "A schedule must end after it begins. "
                f"Received: begin={begin!r} with length={length!r} {unit}"
            )

    @property
    def extremes(self):
        return min(self.start, self.end), max(self.start, self.end)

    def __call__(self, position):
        if self.unit == "images" and isinstance(position, keras.Variable):
            raise AttributeError(
                "A Keras optimizer counts its updates and does not know their images. Read the "
                "values from the logs of `fit`, or call `schedule.at(step, images_per_step)`. "
                f"Received: {self!r} at {position.name}"
            )
        position = ops.cast(position, _dtype())
        share = ops.clip((position - self.begin) / (self.length - self.begin), 0.0, 1.0)
        return self.start + (self.end - self.start) * self._ramp(share)

    def __str__(self):
        begin = f"{_short(self.begin)}-" if self.begin else ""
        ends = f"{_short(self.start)}/{_short(self.end)}"
        return f"{self._name}/{ends}/{begin}{_short(self.length)}{self.unit}"


@SCHEDULES.register("cosine")
@keras.saving.register_keras_serializable(package="ganzoo", name="CosineSchedule")
class Cosine(_Ramp):
    """A ramp that begins and ends slowly: `start + (1 - cos(pi s)) / 2 * (end - start)`.

    `s` is the share of the way from `begin` to `length`, 0 before and 1 after.

    Args:
        start: Value at the beginning.
        end: Value at the end, which it keeps.
        length: The position at which the ramp ends, in `unit`.
        unit: `"steps"` or `"images"`.
        begin: The position at which the ramp begins.

    Raises:
        ValueError: If an argument is out of its range, or the ramp ends before it begins.

    Example:

    >>> gamma = Cosine(0.05, 0.005, length=2e7, unit="images")
    >>> round(float(gamma.at(step=10_000, images_per_step=500)), 6)
    0.04341
    >>> str(gamma)  # The same schedule as a text, for recipes and commands.
    'cosine/0.05/0.005/20000000images'

    Reference:
        [The GAN is dead; long live the GAN!](https://arxiv.org/abs/2501.05441), the official code.
    """

    _name = "cosine"

    def _ramp(self, share):
        return 0.5 - 0.5 * ops.cos(math.pi * share)


@SCHEDULES.register("linear")
@keras.saving.register_keras_serializable(package="ganzoo", name="LinearSchedule")
class Linear(_Ramp):
    """A straight ramp: `start + s * (end - start)`, with `s` as in `Cosine`.

    Args:
        start: Value at the beginning.
        end: Value at the end, which it keeps.
        length: The position at which the ramp ends, in `unit`.
        unit: `"steps"` or `"images"`.
        begin: The position at which the ramp begins.

    Raises:
        ValueError: If an argument is out of its range, or the ramp ends before it begins.

    Example:

    >>> rate = Linear(2e-4, 0.0, length=1000, unit="steps", begin=500)
    >>> [round(float(rate.at(step)), 6) for step in (0, 500, 750, 1000)]
    [0.0002, 0.0002, 0.0001, 0.0]
    """

    _name = "linear"

    def _ramp(self, share):
        return share


@SCHEDULES.register("constant")
@keras.saving.register_keras_serializable(package="ganzoo", name="ConstantSchedule")
class Constant(Schedule):
    """The same value in each step. In contrast to a number, it is logged.

    Args:
        value: The value.

    Raises:
        ValueError: If it is not a finite number.

    Example:

    >>> float(Constant(0.5).at(step=10))
    0.5
    """

    def __init__(self, value: float):
        self.value = check_number("value", value)

    @property
    def extremes(self):
        return self.value, self.value

    def __call__(self, position):
        return ops.cast(self.value, _dtype())

    def __str__(self):
        return f"constant/{_short(self.value)}"


def get(identifier: Any) -> Schedule:
    """Returns the schedule that `identifier` stands for.

    Args:
        identifier: A schedule, which is returned; its config as
            `keras.saving.serialize_keras_object` made it; or a text: `"constant/VALUE"`, or
            `"NAME/FROM/TO/LENGTHimages"` with the name `cosine` or `linear` and the unit `images`
            or `steps`. `"linear/2e-4/0/5e4-1e5steps"` begins after 50,000 steps.

    Raises:
        ValueError: If it is none of these.

    Example:

    >>> get("cosine/2/0.2/2e6images")
    Cosine(start=2.0, end=0.2, length=2000000.0, unit='images', begin=0.0)
    """
    if isinstance(identifier, str):
        return _parse(identifier)
    return SCHEDULES.instance(identifier, Schedule)


def _parse(text):
    name, *arguments = text.split("/")
    schedule = SCHEDULES[name] if name in SCHEDULES.names() else None
    length = _LENGTH.fullmatch(arguments[-1]) if arguments else None
    try:
        if schedule is Constant and len(arguments) == 1:
            return Constant(float(arguments[0]))
        if schedule is not None and length and len(arguments) == 3:
            begin, end, unit = length.groups()
            start, stop = map(float, arguments[:2])
            return schedule(start, stop, float(end), unit, float(begin or 0))
    except ValueError as error:
        raise ValueError(f"{error} in the schedule {text!r}") from error
    raise ValueError(
        f"A schedule is written as {_SYNTAX}, or constant/VALUE, with the name cosine or linear. "
        f"Received: {text!r}"
    )


def check(check_value: Callable[[str, Any], float], name: str, value: Any) -> float | Schedule:
    """Returns a number that passes a check, or a schedule whose extremes pass it.

    Args:
        check_value: Function of a name and a number, such as `check_non_negative`.
        name: Name of the setting.
        value: A number, or what `get` takes.

    Raises:
        ValueError: If it is neither, or if a value is out of its range.

    Example:

    >>> check(check_non_negative, "gamma", "linear/1/0.1/1000steps").extremes
    (0.1, 1.0)
    """
    if not isinstance(value, (str, dict, Schedule)):
        return check_value(name, value)
    try:
        schedule = get(value)
    except ValueError as error:
        reason = str(error).partition(" Received:")[0].rstrip(".")
        raise ValueError(
            f"`{name}` must be a number or a schedule: {reason}. Received: {name}={describe(value)}"
        ) from error
    for extreme in schedule.extremes:
        check_value(name, extreme)
    return schedule


def schedules_of(holder: Any) -> dict[str, Schedule]:
    """Returns the schedules in the attributes of a part or of a Keras optimizer, by name.

    The parts in a part have the attribute's name before theirs, as in `transform_probability`.
    """
    found = {}
    for name, value in vars(holder).items():
        name = name.removeprefix("_")
        if isinstance(value, Schedule):
            found[name] = value
        for index, part in enumerate(_parts_in(value)):
            prefix = f"{name}_{index}" if isinstance(value, (list, tuple)) else name
            found |= {f"{prefix}_{inner}": one for inner, one in schedules_of(part).items()}
    return found


def at_step(part: Any, step: Any, images_per_step: int | None) -> Any:
    """Returns a copy of a part that has the values of a step in place of its schedules.

    A part without schedules is returned itself.
    """
    if not schedules_of(part):
        return part

    def valued(value):
        if isinstance(value, Schedule):
            return value.at(step, images_per_step)
        if isinstance(value, (list, tuple)) and _parts_in(value):
            return type(value)(map(valued, value))
        return at_step(value, step, images_per_step) if isinstance(value, Part) else value

    part = copy.copy(part)
    vars(part).update({name: valued(value) for name, value in vars(part).items()})
    return part


def _parts_in(value):
    """Returns the parts that an attribute holds: itself, or the items of a list."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [one for one in values if isinstance(one, Part) and not isinstance(one, Schedule)]


def _dtype():
    return dtype_of_means(keras.config.floatx())


def _short(number):
    return f"{number:.12g}".replace("e+", "e").replace("e0", "e").replace("e-0", "e-")


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
