"""What a discriminator says of a batch."""

from typing import Any, NamedTuple

import keras
from keras import ops


class Verdict(NamedTuple):
    """What one pass of a discriminator gives to the losses.

    Attributes:
        logits: Of being real, `(rows, 1)`, in float32 or wider.
        class_logits: Of each class, `(rows, num_classes)`, likewise; `None` from a discriminator
            without them.
        features: The output of the layer whose features a loss compares, or `None`.
    """

    logits: Any
    class_logits: Any = None
    features: Any = None


class Judge:
    """Calls a discriminator, and tells its outputs apart.

    Args:
        discriminator: A functional model whose outputs are `logits`, or `logits` and
            `class_logits`; its inputs are examples, or examples and labels.
        feature_layer: Name of the layer whose output the verdicts hold as features, or `None`.
        real_logits: Function of class logits that gives logits of being real, for a discriminator
            whose only output are class logits; or `None`.

    Raises:
        ValueError: If there is no such layer.
    """

    def __init__(self, discriminator, feature_layer=None, real_logits=None):
        self._takes_labels = len(discriminator.inputs) == 2
        self._gives_features = feature_layer is not None
        self._real_logits = real_logits
        self._network = discriminator
        if self._gives_features:
            features = _layer(discriminator, feature_layer).output
            self._network = keras.Model(
                discriminator.inputs, [*discriminator.outputs, features], name="judge"
            )

    def __call__(self, examples, labels=None, training=True):
        """Returns the `Verdict` on a batch."""
        inputs = [examples, labels] if self._takes_labels else examples
        outputs = self._network(inputs, training=training)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        features = outputs.pop() if self._gives_features else None
        logits, *class_logits = map(_at_least_float32, outputs)
        if self._real_logits is not None:
            return Verdict(self._real_logits(logits), logits, features)
        return Verdict(logits, *(class_logits or [None]), features)


def _layer(discriminator, name):
    for layer in discriminator.layers:
        if layer.name == name:
            return layer
    names = ", ".join(layer.name for layer in discriminator.layers)
    raise ValueError(
        f"The discriminator must have a layer named {name!r}, whose outputs are the features to "
        f"compare. Name the layer so, or give the name of another one. Received: layers {names}"
    )


def _at_least_float32(logits):
    dtype = keras.backend.standardize_dtype(logits.dtype)
    return ops.cast(logits, keras.backend.result_type(dtype, "float32"))
