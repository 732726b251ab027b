"""What a served model takes and gives, and what a server says when it refuses."""

import dataclasses

_NUMPY_NAMES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16"}


class ServingError(RuntimeError):
    """A server refused a request.

    Attributes:
        code: gRPC's name of the reason, such as `"INVALID_ARGUMENT"` or `"NOT_FOUND"`.
    """

    def __init__(self, code, message):
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Dtype and shape of an input or output; a size of `None` is any."""

    dtype: str
    shape: tuple


@dataclasses.dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a signature: dictionaries from names to `Tensor`."""

    inputs: dict
    outputs: dict


def tensor(dtype, sizes):
    """Returns the `Tensor` of TensorFlow's name of a dtype and of sizes, -1 of those unknown."""
    dtype = _NUMPY_NAMES.get(dtype, dtype.removeprefix("DT_").lower())
    return Tensor(dtype, tuple(None if size == -1 else size for size in sizes))


def public(signatures):
    """Returns the signatures without those that TensorFlow keeps for itself."""
    return {name: signatures[name] for name in sorted(signatures) if not name.startswith("__")}
