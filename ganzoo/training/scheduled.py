"""The schedules of a GAN: of its optimizers, its average and its parts."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from ganzoo import schedules
from ganzoo.players import PLAYERS
from ganzoo.schedules import Schedule
from ganzoo.training.checks import check_log_names
from ganzoo.training.loss_scale import innermost
from ganzoo.validation import check_fraction, check_non_negative

_DECAYS = ("beta_", "rho", "momentum", "ema_momentum")


def of_optimizers(optimizer) -> dict[str, dict[str, Schedule]]:
    """Returns the schedules of the settings of both players' optimizers, by player and name.

    A setting that a file holds as the config of a schedule becomes the schedule again.

    Args:
        optimizer: A `ganzoo.AdversarialOptimizer`.

    Raises:
        ValueError: If values of a schedule are out of the range of the setting.
    """
    found = {}
    for player in PLAYERS:
        inner = innermost(getattr(optimizer, player))
        for name, value in list(vars(inner).items()):
            if isinstance(value, dict) and value.get("class_name") and "config" in value:
                setattr(inner, name, schedules.get(dict(value)))
        found[player] = schedules.schedules_of(inner)
        for name, schedule in found[player].items():
            check = check_fraction if name.startswith(_DECAYS) else check_non_negative
            schedules.check(check, f"{player}.{name}", schedule)
    return found


def by_log_name(optimizers, ema_half_life, loss, regularizers, augment) -> dict[str, Schedule]:
    """Returns all schedules of a GAN by the names under which their values are logged.

    Raises:
        ValueError: If two of them have one name.
    """
    owners = [(player[0], settings) for player, settings in optimizers.items()]
    owners.append(("loss", schedules.schedules_of(loss)))
    owners += [(part.name, schedules.schedules_of(part)) for part in regularizers]
    if augment is not None:
        owners.append(("augment", schedules.schedules_of(augment)))
    found = [
        (f"{owner}_{name}", schedule)
        for owner, settings in owners
        for name, schedule in settings.items()
    ]
    if isinstance(ema_half_life, Schedule):
        found.append(("ema_half_life", ema_half_life))
    check_log_names([name for name, _ in found])
    return dict(found)


@contextlib.contextmanager
def applied(optimizer: Any, settings: dict[str, Schedule], values: dict[str, Any]) -> Iterator:
    """Gives the settings of a Keras optimizer their values of a step, for one update.

    The optimizer's own equation uses them: Adam corrects its bias with the present `beta_2`.

    Args:
        optimizer: A Keras optimizer.
        settings: Its schedules by name.
        values: Their values in this step, scalar tensors, by the same names.
    """
    optimizer = innermost(optimizer)
    try:
        for name, value in values.items():
            setattr(optimizer, name, _Value(value) if name == "learning_rate" else value)
        yield
    finally:
        for name, schedule in settings.items():
            setattr(optimizer, name, schedule)


class _Value(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of one step, in the only form in which Keras takes a tensor."""

    def __init__(self, value):
        self.value = value

    def __call__(self, step):
        return self.value

    def get_config(self):
        return {"value": self.value}
