"""TF Serving's gRPC interface, with the official stubs and TensorFlow's tensors."""

from ganzoo.export.client.answers import wrong
from ganzoo.export.client.signatures import (
    DeadlineError,
    ServingError,
    Signature,
    UnavailableError,
    public,
    tensor,
)

PORT = 8500

# By default, gRPC refuses answers over 4 MB: 341 float32 images of 32 x 32 in color.
_CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcService:
    """A model on a server. `Client` describes the arguments."""

    def __init__(self, address, model, version, timeout):
        try:
            import grpc
            from tensorflow_serving.apis import (
                model_service_pb2_grpc,
                prediction_service_pb2_grpc,
            )
        except ImportError as error:
            raise ImportError(
                "gRPC needs tensorflow-serving-api: `pip install 'ganzoo[serving]'`. "
                f"protocol='rest' needs nothing else. ({error})"
            ) from error
        if "://" in address:
            raise ValueError(
                f"`address` of gRPC must be HOST or HOST:PORT. Received: address={address!r}"
            )
        self.address = address if ":" in address else f"{address}:{PORT}"
        self._model, self._version, self._timeout = model, version, timeout
        self._channel = grpc.insecure_channel(self.address, options=_CHANNEL_OPTIONS)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._status = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._rpc_error = grpc.RpcError

    def versions(self):
        """Returns the state of each version that the server knows."""
        from tensorflow_serving.apis import get_model_status_pb2

        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        answer = self._ask(self._status.GetModelStatus, request)
        names = get_model_status_pb2.ModelVersionStatus.State.Name
        return {status.version: names(status.state) for status in answer.model_version_status}

    def signatures(self):
        """Returns the signatures of the model by name."""
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._specify(request)
        answer = self._ask(self._prediction.GetModelMetadata, request)
        found = get_model_metadata_pb2.SignatureDefMap()
        try:
            answer.metadata["signature_def"].Unpack(found)
            return {
                name: Signature(_tensors(signature.inputs), _tensors(signature.outputs))
                for name, signature in public(found.signature_def).items()
            }
        except ValueError as error:  # An unknown dtype, or a damaged message.
            raise ServingError(
                "UNKNOWN",
                f"What answers at {self.address} does not speak TF Serving's gRPC, which is at "
                f"port {PORT} by default. Received: {error!r}",
            ) from error

    def predict(self, signature, inputs, outputs):
        """Runs a signature, as `RestService.predict` does, but returns all outputs as they are."""
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        self._specify(request)
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        answer = self._ask(self._prediction.Predict, request)
        arrays = {}
        for key in answer.outputs:
            try:
                arrays[key] = tf.make_ndarray(answer.outputs[key])
            except (ValueError, TypeError, KeyError) as error:
                raise wrong(signature, f"`{key}` as a tensor", f"{error!r:.500}") from error
        return arrays

    def close(self):
        """Closes the connection."""
        self._channel.close()

    def _specify(self, request):
        request.model_spec.name = self._model
        if isinstance(self._version, str):
            request.model_spec.version_label = self._version
        elif self._version is not None:
            request.model_spec.version.value = self._version

    def _ask(self, method, request):
        try:
            return method(request, timeout=self._timeout)
        except self._rpc_error as error:
            code, details = error.code().name, error.details()
            if code == "UNAVAILABLE":
                raise UnavailableError(
                    f"No server is available at {self.address}: {details}"
                ) from None
            if code == "DEADLINE_EXCEEDED":
                raise DeadlineError(
                    f"{self.address} gave no answer in {self._timeout:g} seconds."
                ) from None
            raise ServingError(code, details) from None


def _tensors(infos):
    from tensorflow.core.framework import types_pb2

    return {
        name: tensor(
            types_pb2.DataType.Name(info.dtype), [dim.size for dim in info.tensor_shape.dim]
        )
        for name, info in infos.items()
    }
