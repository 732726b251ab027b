"""TF Serving's REST interface, with Python's own library alone.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

import numpy as np

from ganzoo.export.client.signatures import ServingError, Signature, public, tensor

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


class RestService:
    """A model on a server. The arguments are those of `Client`."""

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
        statuses = self._ask(self._model)["model_version_status"]
        return {int(status["version"]): status["state"] for status in statuses}

    def signatures(self):
        """Returns the signatures of the model by name."""
        answer = self._ask(f"{self._served}/metadata")
        signatures = public(answer["metadata"]["signature_def"]["signature_def"])
        return {
            name: Signature(_tensors(signature["inputs"]), _tensors(signature["outputs"]))
            for name, signature in signatures.items()
        }

    def predict(self, name, inputs, outputs):
        """Runs a signature.

        Args:
            name: Name of the signature.
            inputs: Dictionary of arrays.
            outputs: Dictionary of the `Tensor`s to expect.

        Returns:
            Dictionary of arrays; strings are arrays of `bytes` objects.
        """
        # Rows rather than columns: TF Serving puts each number of a column on a line of its own.
        lists = (value.tolist() for value in inputs.values())
        rows = [dict(zip(inputs, row, strict=True)) for row in zip(*lists, strict=True)]
        request = {"signature_name": name, "instances": rows}
        answers = self._ask(f"{self._served}:predict", request)["predictions"]
        if len(outputs) == 1:  # Then the server leaves the name out.
            (name,) = outputs
            answers = [{name: answer} for answer in answers]
        return {
            name: _array([answer[name] for answer in answers], spec)
            for name, spec in outputs.items()
        }

    def close(self):
        """Does nothing: each request has a connection of its own."""

    def _ask(self, url, request=None):
        """Returns the answer to a request, or to a question if it is `None`."""
        body = None if request is None else json.dumps(request).encode()
        asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=self._timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except (http.client.HTTPException, ValueError) as error:
            raise ServingError(
                "UNKNOWN",
                f"What answers at {url} does not speak TF Serving's REST, which is at port {PORT} "
                f"by default. Received: {error!r}",
            ) from error
        except OSError as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise self._timed_out() from error
            raise self._unavailable(reason) from error

    def _refusal(self, error):
        text = error.read().decode(errors="replace")
        try:
            message = json.loads(text)["error"]
        except (ValueError, KeyError, TypeError):
            message = f"{error.url} answered {error.code} {error.reason}: {text[:200]}"
        if error.code == _UNAVAILABLE:
            return self._unavailable(message)
        if error.code == _TIMED_OUT:
            return self._timed_out()
        return ServingError(_CODES.get(error.code, f"HTTP {error.code}"), message)

    def _unavailable(self, reason):
        return ConnectionError(f"No server is available at {self.address}: {reason}")

    def _timed_out(self):
        return TimeoutError(f"{self.address} gave no answer in {self._timeout:g} seconds.")


def _tensors(infos):
    return {
        name: tensor(info["dtype"], [int(dim["size"]) for dim in info["tensor_shape"]["dim"]])
        for name, info in infos.items()
    }


def _array(values, spec):
    if spec.dtype == "string":
        # TF Serving encodes the outputs whose names end in `_bytes`.
        return np.array([base64.b64decode(value["b64"]) for value in values], dtype=object)
    return np.array(values, dtype=spec.dtype)
