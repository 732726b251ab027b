"""The whole state of a training, as arrays and as what JSON can hold."""

from collections import Counter

import keras
import numpy as np

# What stock callbacks carry from epoch to epoch.
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


def collect(gan, callbacks):
    """Returns a dictionary of arrays, and one of what JSON can hold.

    Raises:
        FloatingPointError: If a weight is not finite, for nothing could be resumed from it.
    """
    arrays = {}
    for i, (variable, value) in enumerate(zip(_variables(gan), values(gan), strict=True)):
        if value.dtype.kind not in "iub" and not np.isfinite(value.astype("float64")).all():
            raise FloatingPointError(
                "No checkpoint was written, and the earlier ones are kept: all variables must be "
                f"finite. Received: {variable.path}, which is not, at step {gan.step:,}. Smaller "
                "learning rates, spectral normalization or a gradient penalty help."
            )
        arrays[f"variable_{i:05d}"] = value
    for variable, value in zip(gan.metrics_variables, metric_values(gan), strict=True):
        arrays[f"metric_{variable.path}"] = value
    carried = {}
    for name, callback, attributes in _stock(callbacks):
        carried[name] = {}
        for attribute in attributes:
            value = getattr(callback, attribute, None)
            if attribute == "best_weights" and value is not None:
                for i, weight in enumerate(value):
                    arrays[f"{name}_{i:05d}"] = weight
                value = len(value)
            carried[name][attribute] = _as_json(value)
    for name, callback in _stateful(callbacks):
        carried[name] = callback.get_state()
    return arrays, {"variables": _description(gan), "callbacks": carried}


def restore(gan, arrays, state):
    """Gives a GAN its weights, its memories and its optimizers' state back: all of it or nothing.

    Raises:
        ValueError: If they are those of another GAN.
    """
    expected = _description(gan)
    if state["variables"] != expected:
        pairs = zip(state["variables"], expected, strict=False)
        differences = [f"{saved} for {present}" for saved, present in pairs if saved != present]
        raise ValueError(
            "The checkpoint must be of the same networks, optimizers and regularizers: give "
            f"another run another folder. Received: {len(state['variables'])} variables for "
            f"{len(expected)}{': ' if differences else ''}{'; '.join(differences[:3])}"
        )
    for i, variable in enumerate(_variables(gan)):
        _assign(variable, arrays[f"variable_{i:05d}"])


def restore_metrics(gan, arrays):
    """Restores the means over the epoch under way; those of new terms start with the next."""
    for variable in gan.metrics_variables:
        if f"metric_{variable.path}" in arrays:
            _assign(variable, arrays[f"metric_{variable.path}"])


def restore_callbacks(callbacks, arrays, state):
    """Restores what callbacks carry from epoch to epoch, which they reset in `fit`."""
    for name, callback, attributes in _stock(callbacks):
        carried = state["callbacks"].get(name, {})
        for attribute in attributes:
            if attribute not in carried:
                continue
            value = carried[attribute]
            if attribute == "best_weights" and value is not None:
                value = [arrays[f"{name}_{i:05d}"] for i in range(value)]
            setattr(callback, attribute, value)
    for name, callback in _stateful(callbacks):
        if name in state["callbacks"]:
            callback.set_state(state["callbacks"][name])


def has_stopped(callbacks, state):
    """Whether an `EarlyStopping` had ended the training, and would not train on now either."""
    for name, callback, _ in _stock(callbacks):
        carried = state["callbacks"].get(name, {})
        if isinstance(callback, keras.callbacks.EarlyStopping) and carried.get("stopped_epoch"):
            return carried["wait"] >= callback.patience
    return False


def values(gan):
    """Returns the values of all variables but the metrics'."""
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(gan)]


def metric_values(gan):
    """Returns the values of the metrics' variables."""
    return [keras.ops.convert_to_numpy(variable) for variable in gan.metrics_variables]


def _variables(gan):
    metrics = {id(variable) for variable in gan.metrics_variables}
    others = [variable for variable in gan.variables if id(variable) not in metrics]
    return [*others, *gan.optimizer.variables]


def _description(gan):
    # Not the names: those of stock layers count the layers of the process.
    return [[list(variable.shape), str(variable.dtype)] for variable in _variables(gan)]


def _assign(variable, value):
    # Files hold bfloat16 as integers.
    present = keras.ops.convert_to_numpy(variable).dtype
    variable.assign(value if value.dtype == present else value.view(present))


def _stock(callbacks):
    """Yields a name, the callback and its attributes for each of Keras's that carries something."""
    counts = Counter()
    for callback in callbacks:
        for kind, attributes in _CARRIED.items():
            if isinstance(callback, kind):
                counts[kind] += 1
                yield f"{kind.__name__}_{counts[kind]}", callback, attributes


def _stateful(callbacks):
    """Yields a name and the callback for each that says itself what it carries."""
    counts = Counter()
    for callback in callbacks:
        if hasattr(callback, "get_state"):
            kind = type(callback).__name__
            counts[kind] += 1
            yield f"{kind}_{counts[kind]}", callback


def _as_json(value):
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(part) for part in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return float(value)
