"""The whole state of a training run, as arrays and as values that JSON can hold."""

import numpy as np

from ganzoo.training.stored_slots import assign_values, values_of


def collect(gan):
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
    return arrays, {"variables": _description(gan)}


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
    variables = _variables(gan)
    saved = [arrays[f"variable_{i:05d}"] for i in range(len(variables))]
    assign_values(variables, list(map(_typed, variables, saved)))


def restore_metrics(gan, arrays):
    """Restores the means over the current epoch. The means of new terms start at zero."""
    for variable in gan.metrics_variables:
        if f"metric_{variable.path}" in arrays:
            variable.assign(_typed(variable, arrays[f"metric_{variable.path}"]))


def saved_value(gan, arrays, variable):
    """Returns the value of one variable in the arrays of a checkpoint, or `None`."""
    for i, other in enumerate(_variables(gan)):
        if other is variable:
            return arrays.get(f"variable_{i:05d}")
    return None


def values(gan):
    """Returns the values of all variables except the metrics'."""
    return values_of(_variables(gan))


def metric_values(gan):
    """Returns the values of the variables of the metrics."""
    return values_of(gan.metrics_variables)


def _variables(gan):
    metrics = {id(variable) for variable in gan.metrics_variables}
    others = [variable for variable in gan.variables if id(variable) not in metrics]
    return [*others, *gan.optimizer.stored_variables]


def _description(gan):
    # Without the names: Keras numbers the layers of a process.
    return [[list(variable.shape), str(variable.dtype)] for variable in _variables(gan)]


def _typed(variable, value):
    """Returns a saved value in the dtype of its variable. Older files hold bfloat16 as integers."""
    dtype = np.dtype(variable.dtype)
    return value if value.dtype == dtype else value.view(dtype)
