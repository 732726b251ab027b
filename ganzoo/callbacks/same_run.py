"""Whether a checkpoint is of the run that is about to continue."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from ganzoo.callbacks import training_state
from ganzoo.callbacks.fingerprint import differences, is_accepted
from ganzoo.players import PLAYERS
from ganzoo.training.loss_scale import innermost
from ganzoo.validation import did_you_mean

_SHOWN = 5


class AnotherRun(ValueError):
    """A checkpoint is of a run with other settings or data."""


def check(
    gan,
    current: dict[str, Any],
    machine: dict[str, Any],
    path: Path,
    arrays: dict[str, Any],
    state: dict[str, Any],
    accepted: Sequence[str],
) -> tuple[dict[str, Any], dict[str, float]]:
    """Raises or warns if the run of a checkpoint was another one than the current run.

    Args:
        gan: The GAN, before the checkpoint is restored.
        current: The fingerprint of the current run.
        machine: Its environment.
        path: Path of the checkpoint.
        arrays: Its arrays.
        state: Its state.
        accepted: Names of values that may differ.

    Returns:
        The fingerprint for the next checkpoints, and the learning rate of each player that keeps
        its own instead of the one in the checkpoint.

    Raises:
        AnotherRun: If the runs differ in a value that is not accepted, or an accepted name stands
            for no value.
    """
    saved = state.get("fingerprint")
    if saved is None:
        warnings.warn(
            "The checkpoint of an older version of ganzoo does not record the settings and the "
            f"data of its run, so they are not compared. Received: {path}",
            stacklevel=4,
        )
        return current, {}
    for player in PLAYERS:
        if _has_saved_rate(gan, player, arrays):
            # A callback has set it, in this process.
            _settings(current, player)["learning_rate"] = _settings(saved, player)["learning_rate"]
    _check_known(accepted, {"all", *saved, *current})
    other_keras = state["environment"]["keras"] != machine["keras"]
    found = dict(differences(saved, current, only_common=other_keras))
    _check_accepted(found, accepted, path)
    _warn("The run continues with other settings than it had before", found, path)
    _warn(
        "The last bits of the results may differ from the results of an uninterrupted run",
        dict(differences(state["environment"], machine)),
        path,
    )
    rates = {
        player: float(keras.ops.convert_to_numpy(_rate(gan, player)))
        for player in PLAYERS
        for name in found
        if name.startswith(f"optimizer.{player}.") and name.endswith(".learning_rate")
        if _rate(gan, player) is not None
    }
    # The rates at the start of the run stay on record.
    return current if found else saved, rates


def set_rates(gan, rates: dict[str, float]) -> None:
    """Sets the learning rates of players."""
    for player, rate in rates.items():
        _rate(gan, player).assign(rate)


def _check_known(accepted, names):
    """Raises `AnotherRun` if an accepted name stands for no value of a run."""
    for name in accepted:
        whole = re.split(r"[.\[]", name)[0]
        if whole not in names:
            raise AnotherRun(
                f"The names in accept_changes must be all, or start with one of "
                f"{', '.join(sorted(names - {'all'}))}.{did_you_mean(whole, names)} "
                f"Received: accept_changes={list(accepted)}"
            )


def _check_accepted(found, accepted, path):
    refused = {name: words for name, words in found.items() if not is_accepted(name, accepted)}
    if refused:
        names = list(refused)
        if len(names) > _SHOWN:
            names = sorted({name.partition(".")[0].partition("[")[0] for name in names})
        raise AnotherRun(
            "The checkpoint is of another training run. Use another folder for another run. To "
            "continue this run with other settings, accept them by their names: "
            f"accept_changes={names}. Received: {_listed(refused)}, for {path}"
        )


def _warn(consequence, found, path):
    if found:
        warnings.warn(f"{consequence}. Received: {_listed(found)}, for {path}", stacklevel=5)


def _listed(found):
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(list(found.values())[:_SHOWN]) + more


def _has_saved_rate(gan, player, arrays):
    """Returns whether the learning rate of a player is the one in the checkpoint."""
    rate = _rate(gan, player)
    saved = None if rate is None else training_state.saved_value(gan, arrays, rate)
    return saved is not None and float(saved) == float(keras.ops.convert_to_numpy(rate))


def _rate(gan, player):
    """Returns the variable of a player's learning rate, or `None` if it follows a schedule."""
    rate = innermost(getattr(gan.optimizer, player))._learning_rate
    return rate if isinstance(rate, keras.Variable) else None


def _settings(fingerprint, player):
    settings = fingerprint["optimizer"][player]
    return settings.get("inner_optimizer", settings)
