"""TF Serving's REST interface, with Python's own library alone.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import binascii
import http.client
import json
import math
import urllib.error
import urllib.parse
import urllib.request

import numpy as np

from ganzoo.export.client.answers import wrong
from ganzoo.export.client.bounded_http import ask
from ganzoo.export.client.signatures import (
    DeadlineError,
    ServingError,
    Signature,
    UnavailableError,
    public,
    tensor,
)

PORT = 8501

_CODES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
}
_UNAVAILABLE = 503
_TIMED_OUT = 504
# Largest sizes of answers in bytes. A number has at most 25 characters, and maybe its own line.
_MOST_BYTES = 2**30
_MOST_BYTES_OF_METADATA = 2**26
_MOST_BYTES_OF_A_NUMBER = 64
_LONGEST_MESSAGE = 2000


# What reading an answer of another kind raises.
_NOT_OF_TF_SERVING = (
    http.client.HTTPException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
)


class RestService:
    """A model on a server. `Client` describes the arguments."""

    def __init__(self, address, model, version, timeout):
        if "://" not in address:
            address = f"http://{address}" + ("" if ":" in address else f":{PORT}")
        self.address = address.rstrip("/")
        self._timeout = timeout
        self._model = f"{self.address}/v1/models/{urllib.parse.quote(model, safe='')}"
        self._served = self._model
        if version is not None:
            kind = "labels" if isinstance(version, str) else "versions"
            self._served += f"/{kind}/{urllib.parse.quote(str(version), safe='')}"

    def versions(self):
        """Returns the state of each version that the server knows of."""

        def read(answer):
            statuses = answer["model_version_status"]
            return {int(status["version"]): str(status["state"]) for status in statuses}

        return self._ask(self._model, read)

    def signatures(self):
        """Returns the signatures of the model by name."""

        def read(answer):
            signatures = public(answer["metadata"]["signature_def"]["signature_def"])
            return {
                name: Signature(_tensors(signature["inputs"]), _tensors(signature["outputs"]))
                for name, signature in signatures.items()
            }

        return self._ask(f"{self._served}/metadata", read)

    def predict(self, name, inputs, outputs):
        """Runs a signature.

        Args:
            name: Name of the signature.
            inputs: Dictionary of arrays.
            outputs: Dictionary of the `Tensor`s to expect.

        Returns:
            Dictionary of arrays, of the dtypes in `outputs`; strings are arrays of `bytes` objects.

        Raises:
            ServingError: If the server refuses, does not answer, or answers with something that is
                not of these dtypes.
        """
        # Rows rather than columns: TF Serving puts each number of a column on a line of its own.
        lists = (value.tolist() for value in inputs.values())
        rows = [dict(zip(inputs, row, strict=True)) for row in zip(*lists, strict=True)]
        request = {"signature_name": name, "instances": rows}

        def read(answer):
            answers = list(answer["predictions"])
            if len(outputs) == 1:  # Then the server leaves the name out.
                (only,) = outputs
                return {only: answers}
            if any(answer.keys() != outputs.keys() for answer in answers):
                raise wrong(name, f"rows of {', '.join(outputs)}", "rows with other outputs")
            return {key: [answer[key] for answer in answers] for key in outputs}

        lists = self._ask(f"{self._served}:predict", read, request, _most_bytes(len(rows), outputs))
        return {key: _array(name, key, lists[key], spec) for key, spec in outputs.items()}

    def close(self):
        """Does nothing: each request has a connection of its own."""

    def _ask(self, url, read, request=None, most_bytes=_MOST_BYTES_OF_METADATA):
        """Returns what a function reads from the answer to a request, or to a question if `None`.

        The function may raise `KeyError`, `TypeError`, `AttributeError` and `ValueError`.
        """
        body = None if request is None else json.dumps(request).encode()
        asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            return read(json.loads(ask(asked, self._timeout, most_bytes)))
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise self._timed_out() from error
            raise self._unavailable(reason) from error
        except ServingError:
            raise
        except _NOT_OF_TF_SERVING as error:
            raise ServingError(
                "UNKNOWN",
                f"What answers at {url} does not speak TF Serving's REST, which is at port {PORT} "
                f"by default, or was interrupted. Received: {_shortened(repr(error))}",
            ) from error

    def _refusal(self, error):
        text = error.read().decode(errors="replace")
        try:
            message = str(json.loads(text)["error"])
        except (ValueError, KeyError, TypeError, RecursionError):
            message = f"{error.url} answered {error.code} {error.reason}: {text[:200]}"
        message = _shortened(message)
        if error.code == _UNAVAILABLE:
            return self._unavailable(message)
        if error.code == _TIMED_OUT:
            return self._timed_out()
        return ServingError(_CODES.get(error.code, f"HTTP {error.code}"), message)

    def _unavailable(self, reason):
        return UnavailableError(f"No server is available at {self.address}: {reason}")

    def _timed_out(self):
        return DeadlineError(f"{self.address} gave no answer in {self._timeout:g} seconds.")


def _most_bytes(rows, outputs):
    """Returns the largest size that the answer for some rows can have."""
    most = _MOST_BYTES_OF_METADATA
    for spec in outputs.values():
        if spec.dtype == "string" or None in spec.shape[1:]:
            return _MOST_BYTES
        most += rows * math.prod(spec.shape[1:]) * _MOST_BYTES_OF_A_NUMBER
    return most


def _shortened(text):
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} ..."


def _tensors(infos):
    return {
        name: tensor(info["dtype"], [int(dim["size"]) for dim in info["tensor_shape"]["dim"]])
        for name, info in infos.items()
    }


def _array(name, key, values, spec):
    """Returns the values of an output as an array of its dtype, and converts nothing else to it."""
    if spec.dtype == "string":
        # TF Serving encodes the outputs whose names end in `_bytes`.
        array = np.empty(len(values), object)
        try:
            array[:] = [base64.b64decode(value["b64"], validate=True) for value in values]
        except (binascii.Error, ValueError, TypeError, KeyError) as error:
            raise wrong(name, f"`{key}` in base64", f"{type(error).__name__}: {error}") from error
        return array
    try:
        array = np.array(values)
    except (ValueError, OverflowError) as error:
        raise wrong(name, f"`{key}` of one shape", "lists of several lengths") from error
    dtype = np.dtype(spec.dtype)
    if array.dtype.kind not in ("iu" if dtype.kind in "iu" else "iuf"):
        raise wrong(name, f"`{key}` of numbers of {dtype}", f"values of {array.dtype}")
    if dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype)
        if array.min() < limits.min or array.max() > limits.max:
            raise wrong(name, f"`{key}` of {dtype}", f"values from {array.min()} to {array.max()}")
    with np.errstate(over="ignore"):  # What becomes infinite is refused.
        return array.astype(dtype)
