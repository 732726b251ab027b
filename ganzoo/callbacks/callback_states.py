"""The states of callbacks in a checkpoint: which callbacks have one, and whose is whose."""

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras

from ganzoo import distribution
from ganzoo.training.fit_hook import FitHook

# The attributes in which Keras's callbacks keep state from epoch to epoch.
_CARRIED = {
    keras.callbacks.EarlyStopping: (
        *("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
    ),
    keras.callbacks.ReduceLROnPlateau: ("wait", "cooldown_counter", "best"),
    keras.callbacks.ModelCheckpoint: (
        *("best", "_batches_seen_since_last_saving", "_last_batch_seen"),
    ),
    keras.callbacks.History: ("epoch", "history"),
}
# Keras's callbacks whose state is lost, with what a user can do.
_LOST = {
    "SwapEMAWeights": "Its average starts again; `compile(ema_decay=...)` has one that is saved.",
    "BackupAndRestore": "It restores the networks a second time; leave it out.",
    "OrbaxCheckpoint": "It writes checkpoints of its own; leave it out.",
}
# A name, a path or a number in a callback says which of several of its class it is.
_PLAIN = (str, int, float, bool, Path, type(None))


class _Entry(NamedTuple):
    """A callback with a state; `attributes` is `None` for a `FitHook`."""

    key: str
    callback: keras.callbacks.Callback
    attributes: tuple[str, ...] | None


def check(callbacks: list[keras.callbacks.Callback]) -> None:
    """Raises `TypeError`, or warns, if the state of a callback would not be saved.

    Args:
        callbacks: All callbacks of a `fit`.
    """
    for callback in callbacks:
        has_state = hasattr(callback, "get_state") and hasattr(callback, "set_state")
        if has_state and not isinstance(callback, FitHook):
            raise TypeError(
                "A callback with the methods `get_state` and `set_state` must be a "
                "`ganzoo.callbacks.FitHook`: the state of other callbacks is not saved. Derive its "
                f"class from `FitHook`. Received: {callback!r}"
            )
        for kind, advice in _LOST.items():
            if isinstance(callback, getattr(keras.callbacks, kind, ())):
                warnings.warn(
                    f"The state of `{kind}` is not in the checkpoints. {advice}", stacklevel=2
                )


def check_files(callbacks: list[keras.callbacks.Callback]) -> None:
    """Warns if a callback would start its file again in a run that is resumed."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger) and not callback.append:
            warnings.warn(
                "The run is resumed, and a `CSVLogger` replaces its file, which loses the epochs "
                "so far. Use `ganzoo.callbacks.EpochLog`, or `append=True`. Received: "
                f"CSVLogger({callback.filename!r})",
                stacklevel=2,
            )


def identities(callbacks: list[keras.callbacks.Callback]) -> dict[str, dict[str, Any]]:
    """Returns what tells callbacks of one class apart, by the keys of their states.

    It must be called before training, when callbacks have the attributes that they were made with.
    """
    return {entry.key: _identity(entry) for entry in _entries(callbacks)}


def collect(callbacks: list[keras.callbacks.Callback]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the states of callbacks by their keys, and a dictionary of arrays."""
    states, arrays = {}, {}
    for key, callback, attributes in _entries(callbacks):
        if attributes is None:
            state = callback.get_state()
            if state is not None:
                states[key] = state
            continue
        states[key] = {}
        for attribute in attributes:
            value = getattr(callback, attribute, None)
            if attribute == "best_weights" and value is not None:
                arrays |= {f"{key}_{i:05d}": weight for i, weight in enumerate(value)}
                value = len(value)
            states[key][attribute] = _as_json(value)
    return states, arrays


def restore(
    callbacks: list[keras.callbacks.Callback],
    own: dict[str, dict[str, Any]],
    arrays: dict[str, Any],
    state: dict[str, Any],
) -> None:
    """Restores the states of callbacks, which they reset when training begins.

    Args:
        callbacks: All callbacks of the `fit`.
        own: Their `identities`.
        arrays: The arrays of the checkpoint.
        state: The state of the checkpoint.
    """
    found = _matched(own, state)
    for key, callback, attributes in _entries(callbacks):
        if key not in found:
            continue
        saved = found[key]
        value = state["callbacks"][saved]
        if attributes is None:
            callback.set_state(value)
            continue
        for attribute, part in value.items():
            if attribute == "best_weights" and part is not None:
                part = [arrays[f"{saved}_{i:05d}"] for i in range(part)]
            setattr(callback, attribute, part)
    lost = [key for key in state["callbacks"] if key not in found.values()]
    # The other processes need not have the callbacks of process 0.
    if lost and distribution.process_index() == 0:
        warnings.warn(
            "The checkpoint has the states of callbacks that this `fit` does not have, and they "
            f"are dropped. Received: {', '.join(sorted(_class_of(key) for key in lost))}",
            stacklevel=2,
        )


def has_stopped(callbacks: list[keras.callbacks.Callback], own, state: dict[str, Any]) -> bool:
    """Returns whether an `EarlyStopping` ended the run, and would still end it now."""
    found = _matched(own, state)
    for key, callback, _ in _entries(callbacks):
        saved = state["callbacks"].get(found.get(key), {})
        if isinstance(callback, keras.callbacks.EarlyStopping) and saved.get("stopped_epoch"):
            return saved["wait"] >= callback.patience
    return False


def _entries(callbacks) -> Iterator[_Entry]:
    """Yields each callback that has a state. A key is the name of the class and a count."""
    counts = Counter()
    for callback in callbacks:
        kinds = [kind for kind in _CARRIED if isinstance(callback, kind)]
        if kinds:
            name, attributes = kinds[0].__name__, _CARRIED[kinds[0]]
        elif isinstance(callback, FitHook):
            name, attributes = type(callback).__name__, None
        else:
            continue
        counts[name] += 1
        yield _Entry(f"{name}_{counts[name]}", callback, attributes)


def _identity(entry):
    """Returns the plain attributes of a callback that are not its state."""
    attributes = entry.attributes or ()
    return {
        "is_hook": entry.attributes is None,
        **{
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(entry.callback).items()
            if isinstance(value, _PLAIN) and not name.startswith("_") and name not in attributes
        },
    }


def _matched(own, state):
    """Returns the key of the saved state of each callback that has one.

    Several callbacks of one class may be listed in another order than before. Each gets the state
    whose callback was most like it.
    """
    saved = state.get("identities", {})
    pairs = []
    for key, identity in own.items():
        for other in state["callbacks"]:
            before = saved.get(other)
            if _class_of(key) != _class_of(other):
                continue
            if before is None:  # An older version wrote it, or it is not the callback's.
                likeness = int(key == other)
            elif before["is_hook"] != identity["is_hook"]:
                continue
            else:
                likeness = sum(before.get(name) == value for name, value in identity.items())
            pairs.append((-likeness, key != other, key, other))
    found = {}
    for _, _, key, other in sorted(pairs):
        if key not in found and other not in found.values():
            found[key] = other
    return found


def _class_of(key):
    return key.rpartition("_")[0]


def _as_json(value):
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(part) for part in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return float(value)
