"""A server of SavedModels that answers as TF Serving does, on both of its interfaces.

gRPC goes through the official stubs and messages. What it refuses, and with which codes, follows
TF Serving's `predict_util.cc`, `json_tensor.cc` and `http_rest_api_handler.cc`. It differs in that
it checks dtypes and shapes before the graph does, merges no requests, and loads what is there when
it starts.
"""

import base64
import contextlib
import json
import re
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

_HTTP_STATUS = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "FAILED_PRECONDITION": 412}
_CODES = {code.value[0]: code.name for code in grpc.StatusCode}
_AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE


class Refusal(Exception):
    """A request that the server does not carry out."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Servable:
    """One version of a model."""

    def __init__(self, folder):
        message = saved_model_pb2.SavedModel()
        message.ParseFromString((folder / "saved_model.pb").read_bytes())
        self.signature_defs = dict(message.meta_graphs[0].signature_def)
        self._functions = tf.saved_model.load(str(folder)).signatures

    def run(self, name, inputs):
        """Runs a signature on a dictionary of arrays."""
        signature = self.signature_defs[name]
        sent, taken = set(inputs), set(signature.inputs)
        if sent != taken:
            raise Refusal(
                "INVALID_ARGUMENT",
                f"input size does not match signature: {len(sent)}!={len(taken)}. "
                f"Sent extra: {sorted(sent - taken)}. Missing but required: {sorted(taken - sent)}",
            )
        tensors = {}
        for key, value in inputs.items():
            spec = signature.inputs[key]
            dtype, shape = tf.as_dtype(spec.dtype), tf.TensorShape(spec.tensor_shape)
            if tf.as_dtype(value.dtype) != dtype or not shape.is_compatible_with(value.shape):
                raise Refusal(
                    "INVALID_ARGUMENT",
                    f"{key} expects {dtype.name} of shape {shape}, "
                    f"but {value.dtype} of shape {value.shape} is provided",
                )
            tensors[key] = tf.constant(value, dtype)
        try:
            outputs = self._functions[name](**tensors)
        except tf.errors.OpError as error:
            raise Refusal(_CODES[error.error_code], error.message) from error
        return {key: output.numpy() for key, output in outputs.items()}


class Server:
    """Serves each `<folder>/<name>/<version>/` on loopback ports that are free.

    Args:
        folder: Folder of exported models.
        labels: Dictionary from labels to versions, for all models.

    Attributes:
        rest: Address of the REST interface.
        grpc: Address of the gRPC interface.
        batch_sizes: Rows of each request that it ran.
    """

    def __init__(self, folder, labels=None):
        self.batch_sizes = []
        self._labels = labels or {}
        self._models = {}
        for path in sorted(Path(folder).glob("*/*/saved_model.pb")):
            versions = self._models.setdefault(path.parents[1].name, {})
            versions[int(path.parent.name)] = Servable(path.parent)

    def __enter__(self):
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.rest = f"127.0.0.1:{self._http.server_port}"
        self._grpc = grpc.server(futures.ThreadPoolExecutor(2))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(self), self._grpc
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(self), self._grpc)
        self.grpc = f"127.0.0.1:{self._grpc.add_insecure_port('127.0.0.1:0')}"
        self._grpc.start()
        return self

    def __exit__(self, *exception):
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(None).wait()

    def versions(self, model):
        """Returns the versions of a model by number."""
        if model not in self._models:
            raise Refusal("NOT_FOUND", f"Could not find any versions of model {model}")
        return self._models[model]

    def find(self, model, version=None, label=None):
        """Returns the number of a version, the newest by default, and its servable."""
        versions = self._models.get(model, {})
        if label:
            if label not in self._labels:
                raise Refusal("INVALID_ARGUMENT", f"Unrecognized servable version label: {label}")
            version = self._labels[label]
        number = max(versions, default=None) if version is None else int(version)
        if number not in versions:
            wanted = f"Latest({model})" if version is None else f"Specific({model}, {version})"
            raise Refusal("NOT_FOUND", f"Servable not found for request: {wanted}")
        return number, versions[number]

    def run(self, servable, name, inputs):
        """Runs a signature, and notes of how many rows."""
        self.batch_sizes.append(max(len(value) for value in inputs.values()))
        return servable.run(name, inputs)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The official service over a `Server`."""

    def __init__(self, server):
        self._server = server

    def Predict(self, request, context):
        with _refusals_to(context):
            number, servable = self._find(request.model_spec)
            name = request.model_spec.signature_name or "serving_default"
            if name not in servable.signature_defs:
                raise Refusal("FAILED_PRECONDITION", f'Serving signature key "{name}" not found.')
            inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
            response = predict_pb2.PredictResponse()
            response.model_spec.name = request.model_spec.name
            response.model_spec.version.value = number
            response.model_spec.signature_name = name
            for key, value in self._server.run(servable, name, inputs).items():
                response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
            return response

    def GetModelMetadata(self, request, context):
        with _refusals_to(context):
            if list(request.metadata_field) != ["signature_def"]:
                raise Refusal("INVALID_ARGUMENT", "Metadata field signature_def is expected")
            number, servable = self._find(request.model_spec)
            return _metadata(request.model_spec.name, number, servable)

    def _find(self, model_spec):
        version = model_spec.version.value if model_spec.HasField("version") else None
        return self._server.find(model_spec.name, version, model_spec.version_label)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """The official service over a `Server`."""

    def __init__(self, server):
        self._server = server

    def GetModelStatus(self, request, context):
        with _refusals_to(context):
            return _status(self._server.versions(request.model_spec.name))


@contextlib.contextmanager
def _refusals_to(context):
    try:
        yield
    except Refusal as refusal:
        context.abort(getattr(grpc.StatusCode, refusal.code), str(refusal))


def _metadata(model, number, servable):
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signature_defs.items():
        signatures.signature_def[name].CopyFrom(signature)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = model
    response.model_spec.version.value = number
    response.metadata["signature_def"].Pack(signatures)
    return response


def _status(versions):
    response = get_model_status_pb2.GetModelStatusResponse()
    for number in versions:
        response.model_version_status.add(version=number, state=_AVAILABLE)
    return response


_MODEL = r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?"


def _handler(server):
    """Returns the class that answers a server's REST requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(rf"{_MODEL}(/metadata)?", lambda *matched: _described(server, *matched))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(rf"{_MODEL}:predict", lambda *matched: _predicted(server, body, *matched))

        def _answer(self, pattern, function):
            try:
                match = re.fullmatch(pattern, self.path)
                if match is None:
                    message = f"Malformed request: {self.command} {self.path}"
                    raise Refusal("INVALID_ARGUMENT", message)
                status, answer = 200, function(*match.groups())
            except Refusal as refusal:
                status, answer = _HTTP_STATUS.get(refusal.code, 500), {"error": str(refusal)}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Keeps the tests' output free of requests."""

    return Handler


def _described(server, model, version, label, metadata):
    """Returns the metadata or the status of a model as TF Serving's JSON."""
    if not metadata:
        return _json(_status(server.versions(model)))
    number, servable = server.find(model, version, label)
    signatures = {name: _json(value) for name, value in servable.signature_defs.items()}
    return {
        "model_spec": {"name": model, "signature_name": "", "version": str(number)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _json(message):
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _predicted(server, body, model, version, label):
    """Returns the answer to a prediction, in the format of the request."""
    _, servable = server.find(model, version, label)
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Refusal("INVALID_ARGUMENT", f"JSON Parse error: {error}") from error
    name = request.get("signature_name", "serving_default")
    if name not in servable.signature_defs:
        message = f'Serving signature name: "{name}" not found in signature def'
        raise Refusal("INVALID_ARGUMENT", message)
    specs = servable.signature_defs[name].inputs
    if ("instances" in request) == ("inputs" in request):
        raise Refusal("INVALID_ARGUMENT", "Expecting one of 'inputs' or 'instances'")
    in_rows = "instances" in request
    inputs = _from_rows(request["instances"], specs) if in_rows else request["inputs"]
    if not isinstance(inputs, dict):
        if len(specs) > 1:
            message = "inputs is a plain value/list, but expecting an object"
            raise Refusal("INVALID_ARGUMENT", message)
        inputs = dict.fromkeys(specs, inputs)
    for key in specs.keys() - inputs.keys():
        message = f"Missing named input: {key} in 'inputs' object."
        raise Refusal("INVALID_ARGUMENT", message)
    arrays = {key: _parse(inputs[key], spec) for key, spec in specs.items()}
    outputs = server.run(servable, name, arrays)
    lists = {key: _listed(key, value) for key, value in outputs.items()}
    if not in_rows:
        return {"outputs": lists if len(lists) > 1 else lists.popitem()[1]}
    rows = zip(*lists.values(), strict=True)
    named = len(lists) > 1
    return {
        "predictions": [dict(zip(lists, row, strict=True)) if named else row[0] for row in rows]
    }


def _from_rows(instances, specs):
    if not isinstance(instances, list) or not instances:
        raise Refusal("INVALID_ARGUMENT", "Expecting 'instances' to be a list of values")
    if not isinstance(instances[0], dict):
        return instances
    for position, instance in enumerate(instances):
        if instance.keys() != specs.keys():
            raise Refusal(
                "INVALID_ARGUMENT",
                f"Failed to process element: {position} of 'instances' list. "
                f"JSON object: {instance} keys must be equal to: {','.join(sorted(specs))}",
            )
    return {key: [instance[key] for instance in instances] for key in specs}


def _parse(values, spec):
    dtype = tf.as_dtype(spec.dtype).as_numpy_dtype
    try:
        array = np.array(values)
    except ValueError as error:
        raise Refusal("INVALID_ARGUMENT", "Encountered list at unexpected size") from error
    integers_to_floats = array.dtype.kind == "i" and np.dtype(dtype).kind == "f"
    if array.dtype.kind not in "if" or not (
        integers_to_floats or array.dtype.kind in np.dtype(dtype).kind.replace("u", "i")
    ):
        message = f"JSON Value: {values} is not of expected type: {np.dtype(dtype).name}"
        raise Refusal("INVALID_ARGUMENT", message)
    return array.astype(dtype)


def _listed(name, value):
    if value.dtype != object:
        return value.tolist()
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(item).decode()} for item in value]
    return [item.decode() for item in value]
