"""What the losses that use class logits share."""

import keras
from keras import ops

from ganzoo.losses.base import as_floating


def as_class_logits(name, logits, num_classes=None):
    """Returns class logits as a tensor of shape `(batch, num_classes)`, float32 at least.

    Args:
        name: Name of the argument, for the messages.
        logits: One number for each example and class, `(batch, num_classes)`.
        num_classes: Expected number of classes. By default any number of at least 2 is right.

    Raises:
        ValueError: If the logits are missing, not floating or of another shape.
    """
    if logits is None:
        raise ValueError(f"`{name}` must be class logits. Received: {name}=None")
    logits = as_floating(name, logits)
    shape = tuple(logits.shape)
    fits = len(shape) == 2 and shape[0] != 0 and shape[1] is not None
    if not fits or (shape[1] < 2 if num_classes is None else shape[1] != num_classes):
        expected = "num_classes" if num_classes is None else num_classes
        raise ValueError(
            f"`{name}` must hold one logit for each example and class, in the shape (batch, "
            f"{expected}). Received: {name} of shape {shape}"
        )
    return logits


def cross_entropy(logits_name, logits, labels_name, labels, num_classes=None):
    """Returns the mean of `-log softmax(logits)[label]` over the batch, a scalar.

    Args:
        logits_name: Name of the logits' argument, for the messages.
        logits: One number for each example and class, `(batch, num_classes)`.
        labels_name: Name of the labels' argument.
        labels: Integer classes in [0, num_classes), `(batch,)`. A graph cannot check their range:
            data sets do.
        num_classes: Expected number of classes. By default any number of at least 2 is right.

    Raises:
        ValueError: If logits or labels are missing, of a wrong type or of a wrong shape.
    """
    logits = as_class_logits(logits_name, logits, num_classes)
    labels = _as_labels(labels_name, labels, logits.shape[0])
    log_probabilities = ops.log_softmax(logits, axis=-1)
    return -ops.mean(ops.take_along_axis(log_probabilities, labels[:, None], axis=-1))


def _as_labels(name, labels, count):
    if labels is None:
        raise ValueError(f"`{name}` must be integer classes. Received: {name}=None")
    labels = ops.convert_to_tensor(labels)
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "int" not in dtype:
        raise ValueError(f"`{name}` must be integer classes. Received: {name} of dtype {dtype}")
    shape = tuple(labels.shape)
    if len(shape) != 1 or (None not in (*shape, count) and shape[0] != count):
        raise ValueError(
            f"`{name}` must hold the class of each example, in the shape "
            f"({'batch' if count is None else count},). "
            f"Received: {name} of shape {shape}"
        )
    return ops.cast(labels, "int32")
