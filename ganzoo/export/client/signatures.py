"""What a served model takes and gives, and what is raised if a server does not do its part."""

import dataclasses

import numpy as np

_NUMPY_NAMES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16"}


class ServingError(RuntimeError):
    """A server refused a request, did not answer it, or answered with something else.

    Attributes:
        code: gRPC's name of the reason, such as `"INVALID_ARGUMENT"` or `"NOT_FOUND"` for a
            refusal, `"UNAVAILABLE"` if there is no server, `"DEADLINE_EXCEEDED"` if it gave no
            complete answer in time, and `"DATA_LOSS"` for an answer that does not fit the
            signature.
        message: The text without the code.
    """

    def __init__(self, code, message):
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class UnavailableError(ServingError, ConnectionError):
    """There is no server, or its queue is full. It is a `ConnectionError` too."""

    def __init__(self, message):
        super().__init__("UNAVAILABLE", message)


class DeadlineError(ServingError, TimeoutError):
    """There was no complete answer in time. It is a `TimeoutError` too."""

    def __init__(self, message):
        super().__init__("DEADLINE_EXCEEDED", message)


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
    """Returns the `Tensor` of TensorFlow's name of a dtype and of sizes, -1 of those unknown.

    Raises:
        ValueError: If NumPy has no such dtype.
    """
    dtype = _NUMPY_NAMES.get(dtype, dtype.removeprefix("DT_").lower())
    if dtype != "string" and dtype not in np.sctypeDict:
        raise ValueError(f"unknown dtype {dtype:.50}")
    return Tensor(dtype, tuple(None if size == -1 else size for size in sizes))


def public(signatures):
    """Returns the signatures except TensorFlow's internal ones."""
    return {name: signatures[name] for name in sorted(signatures) if not name.startswith("__")}
