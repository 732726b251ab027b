"""What tells a network from a single layer."""

from typing import Any

import keras


def is_network(layer: Any) -> bool:
    """Returns whether a layer is a functional or a built Sequential model, which has `inputs`."""
    return isinstance(layer, keras.Model) and bool(getattr(layer, "inputs", None))
