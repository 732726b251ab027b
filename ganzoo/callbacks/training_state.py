"""The whole state of a training run, as arrays and as values that JSON can hold."""

from collections import Counter

import keras
import numpy as np

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


def collect(gan, callbacks):
    """Returns a dictionary of arrays, and a dictionary of values that JSON can hold.

    Raises:
        FloatingPointError: If a weight is not finite: no run could resume from it.
    """
    arrays = {}
    for i, (variable, value) in enumerate(zip(_variables(gan), values(gan), strict=True)):
        if value.dtype.kind not in "iub" and not np.isfinite(value.astype("float64")).all():
            raise FloatingPointError(
                "All variables must be finite. No checkpoint was written, and the earlier ones are "
                f"kept. Received: {variable.path}, which is not, at step {gan.step:,}. Lower the "
                "learning rates, or add spectral normalization or a gradient penalty."
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
    for name, hook in _hooks(callbacks):
        hook_state = hook.get_state()
        if hook_state is not None:
            carried[name] = hook_state
    return arrays, {"variables": _description(gan), "callbacks": carried}


def check_savable(callbacks):
    """Raises `TypeError` if the state of a callback would not be saved without notice."""
    for callback in callbacks:
        has_state = hasattr(callback, "get_state") and hasattr(callback, "set_state")
        if has_state and not isinstance(callback, FitHook):
            raise TypeError(
                "A callback with the methods `get_state` and `set_state` must be a "
                "`ganzoo.callbacks.FitHook`: the state of other callbacks is not saved. Derive its "
                f"class from `FitHook`. Received: {callback!r}"
            )


def restore(gan, arrays, state):
    """Restores the weights of a GAN, the state of its parts and of its optimizers, or nothing.

    Raises:
        ValueError: If the checkpoint belongs to another GAN.
    """
    expected = _description(gan)
    if state["variables"] != expected:
        pairs = zip(state["variables"], expected, strict=False)
        differences = [f"{saved} for {current}" for saved, current in pairs if saved != current]
        raise ValueError(
            "The checkpoint must be of the same networks, optimizers and regularizers. Use another "
            f"folder for another run. Received: {len(state['variables'])} variables for "
            f"{len(expected)}{': ' if differences else ''}{'; '.join(differences[:3])}"
        )
    for i, variable in enumerate(_variables(gan)):
        _assign(variable, arrays[f"variable_{i:05d}"])


def restore_metrics(gan, arrays):
    """Restores the means over the current epoch. The means of new terms start at zero."""
    for variable in gan.metrics_variables:
        if f"metric_{variable.path}" in arrays:
            _assign(variable, arrays[f"metric_{variable.path}"])


def restore_callbacks(callbacks, arrays, state):
    """Restores the states of callbacks, which they reset when training begins."""
    for name, callback, attributes in _stock(callbacks):
        carried = state["callbacks"].get(name, {})
        for attribute in attributes:
            if attribute not in carried:
                continue
            value = carried[attribute]
            if attribute == "best_weights" and value is not None:
                value = [arrays[f"{name}_{i:05d}"] for i in range(value)]
            setattr(callback, attribute, value)
    for name, hook in _hooks(callbacks):
        if name in state["callbacks"]:
            hook.set_state(state["callbacks"][name])


def has_stopped(callbacks, state):
    """Returns whether an `EarlyStopping` ended the run, and would still end it now."""
    for name, callback, _ in _stock(callbacks):
        carried = state["callbacks"].get(name, {})
        if isinstance(callback, keras.callbacks.EarlyStopping) and carried.get("stopped_epoch"):
            return carried["wait"] >= callback.patience
    return False


def values(gan):
    """Returns the values of all variables except those of the metrics."""
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(gan)]


def metric_values(gan):
    """Returns the values of the variables of the metrics."""
    return [keras.ops.convert_to_numpy(variable) for variable in gan.metrics_variables]


def _variables(gan):
    metrics = {id(variable) for variable in gan.metrics_variables}
    others = [variable for variable in gan.variables if id(variable) not in metrics]
    return [*others, *gan.optimizer.variables]


def _description(gan):
    # Without the names: Keras numbers the layers of a process.
    return [[list(variable.shape), str(variable.dtype)] for variable in _variables(gan)]


def _assign(variable, value):
    # Files hold bfloat16 as integers.
    dtype = keras.ops.convert_to_numpy(variable).dtype
    variable.assign(value if value.dtype == dtype else value.view(dtype))


def _stock(callbacks):
    """Yields a name, the callback and its attributes for each callback of Keras with a state."""
    counts = Counter()
    for callback in callbacks:
        for kind, attributes in _CARRIED.items():
            if isinstance(callback, kind):
                counts[kind] += 1
                yield f"{kind.__name__}_{counts[kind]}", callback, attributes


def _hooks(callbacks):
    """Yields a name and the hook for each `FitHook`."""
    counts = Counter()
    for callback in callbacks:
        if isinstance(callback, FitHook):
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
