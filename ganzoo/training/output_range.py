"""What a network can give: the range that its last activation leaves to its outputs."""

import inspect
import math
import warnings

import keras
import numpy as np

from ganzoo.layers.networks import is_network

# Magnitudes of the inputs of the last activation.
_MAGNITUDES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 1e3, 1e6)
# sigmoid(10) is 0.99995: a logit that reaches so far is as good as one without bounds.
_LARGE_LOGIT = 9.9
# Shares of the range of the data that the generator may leave out: without a word, and at all.
_NEGLIGIBLE, _TOLERABLE = 0.02, 0.25


def check_logits(discriminator, loss, classifier_loss=None):
    """Raises, or warns, if an activation bounds the logits that a loss takes.

    Args:
        discriminator: The network.
        loss: The adversarial loss, or a semi-supervised one. Its `bounded_logits` decides: `True`
            accepts bounds, `False` raises, and `None` warns.
        classifier_loss: The loss of class logits, the second output, or `None`.

    Raises:
        ValueError: If bounds are wrong for a loss.
    """
    outputs = discriminator.outputs
    bounds = _bounds(outputs[0], lambda values: _log_sum_exp(values))
    if bounds is not None and not (bounds[0] <= -_LARGE_LOGIT and bounds[1] >= _LARGE_LOGIT):
        _complain(loss, "logits", f"values from {bounds[0]:.4g} to {bounds[1]:.4g}")
    if classifier_loss is not None:
        spread = _bounds(outputs[1], lambda values: np.ptp(values, axis=-1))
        if spread is not None and spread[1] < _LARGE_LOGIT:
            _complain(classifier_loss, "class logits", f"differences of at most {spread[1]:.4g}")


def range_of(generator):
    """Returns the smallest and the largest value that a generator can give, or `None`."""
    return _bounds(generator.outputs[0])


def check_images(bounds, example_shape):
    """Raises `ValueError` if a generator cannot give images in [-1, 1], and warns of a part."""
    if len(example_shape) == 3:
        _check_range(bounds, -1.0, 1.0)


def check_examples(bounds, examples):
    """Raises, or warns, if a generator cannot give the values of real examples.

    Args:
        bounds: What `range_of` returned.
        examples: Array of real examples. uint8 images need no check.

    Raises:
        ValueError: If it misses more than a quarter of their range.
    """
    if np.issubdtype(examples.dtype, np.floating) and len(examples):
        _check_range(bounds, float(examples.min()), float(examples.max()))


def _check_range(bounds, low, high):
    if bounds is None or not high > low:
        return
    missed = max(0.0, bounds[0] - low) + max(0.0, high - bounds[1])
    share = min(1.0, missed / (high - low))
    if share <= _NEGLIGIBLE:
        return
    message = (
        "The generator must be able to give the values of the real examples: end it with `tanh` "
        "for examples in [-1, 1], and without an activation for others. Received: an activation "
        f"that gives values from {bounds[0]:.4g} to {bounds[1]:.4g} for examples from {low:.4g} to "
        f"{high:.4g}"
    )
    if share > _TOLERABLE:
        raise ValueError(message)
    warnings.warn(message, stacklevel=2)


def _complain(loss, kind, received):
    if loss.bounded_logits:
        return
    message = (
        f"`{type(loss).__name__}` takes {kind}, numbers without bounds: remove the activation at "
        "the end of the discriminator, so that its last layer is linear. A loss that is made for "
        "bounded values says so with `bounded_logits = True` in its class. Received: an activation "
        f"that gives {received}"
    )
    if loss.bounded_logits is False:
        raise ValueError(message)
    warnings.warn(message, stacklevel=2)


def _bounds(output, measure=lambda values: values):
    """Returns the smallest and the largest measure of an output that its activation allows.

    Returns `None` where nobody knows: the functions at the end cannot be called on their own.
    """
    functions, start = _last_functions(output)
    shape = [2, *(side or 2 for side in start.shape[1:])]
    factors = np.random.default_rng(0).uniform(0.5, 1.5, shape).astype("float32")
    low, high = math.inf, -math.inf
    try:
        # Nothing that these functions might assign is kept.
        with keras.StatelessScope():
            for magnitude in _MAGNITUDES:
                for sign in (-1.0, 1.0):
                    values = keras.ops.convert_to_tensor(np.float32(sign * magnitude) * factors)
                    for function in functions:
                        values = function(values)
                    values = keras.ops.convert_to_numpy(keras.ops.cast(values, "float32"))
                    measured = measure(values.astype("float64"))
                    low = min(low, float(np.nanmin(measured)))
                    high = max(high, float(np.nanmax(measured)))
    except Exception:
        return None
    return low, high


def _last_functions(tensor):
    """Returns the functions without weights that give an output, and the tensor that they take."""
    functions, outer = [], []
    while True:
        operation, node_index, tensor_index = tensor._keras_history
        node = operation._inbound_nodes[node_index]
        if node.is_input:
            if not outer:
                break
            tensor = outer.pop()
        elif is_network(operation):
            if len(node.input_tensors) != 1:
                break
            outer.append(node.input_tensors[0])
            tensor = operation.outputs[tensor_index]
        elif len(node.input_tensors) == 1 and not getattr(operation, "weights", ()):
            functions.append(_call_of(node))
            tensor = node.input_tensors[0]
        else:
            activation = _activation_of(operation)
            functions += [] if activation is None else [activation]
            break
    return functions[::-1], tensor


def _call_of(node):
    """Returns the function of a tensor that an operation computes where it is used."""

    def call(values):
        args, kwargs = node.arguments.fill_in({id(node.input_tensors[0]): values})
        # Without the casts of `__call__`: large values do not fit into 16 bits.
        return node.operation.call(*args, **kwargs)

    return call


def _activation_of(layer):
    """Returns the function that a layer of Keras applies last, or `None`."""
    while isinstance(layer, keras.layers.Wrapper):
        layer = layer.layer
    owner = inspect.getmodule(type(layer).call)
    # What a layer of one's own does with an attribute of this name is unknown.
    is_of_keras = owner is not None and owner.__name__.startswith("keras.")
    return getattr(layer, "activation", None) if is_of_keras else None


def _log_sum_exp(values):
    """Returns the logit of being real: the only logit, or `logsumexp` of class logits."""
    if values.shape[-1] == 1 or values.ndim != 2:
        return values
    return np.logaddexp.reduce(values, axis=-1)
