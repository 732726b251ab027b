"""The client trusts no server: what does not fit the signature is an error of one class."""

import base64
import contextlib
import io
import json
import socketserver
import threading
import time

import numpy as np
import pytest
from PIL import Image

from ganzoo.export.client import Client, ServingError, Signature, Tensor
from ganzoo.export.client.answers import check_answer, check_png

SHAPE = (2, 3, 1)
IMAGE = [[[0], [1], [2]], [[3], [4], [255]]]


def info(dtype, *sizes):
    return {"dtype": dtype, "tensor_shape": {"dim": [{"size": str(size)} for size in sizes]}}


SIGNATURES = {
    "sample": {"inputs": {"seed": info("DT_INT64", -1)}},
    "sample_png": {
        "inputs": {"seed": info("DT_INT64", -1)},
        "outputs": {"png_bytes": info("DT_STRING", -1)},
    },
    "serving_default": {
        "inputs": {"latents": info("DT_FLOAT", -1, 2)},
        "outputs": {"images": info("DT_FLOAT", -1, *SHAPE)},
    },
    "discriminate": {
        "inputs": {"images": info("DT_UINT8", -1, *SHAPE)},
        "outputs": {
            "score": info("DT_FLOAT", -1),
            "class_probabilities": info("DT_FLOAT", -1, 4),
        },
    },
}
SIGNATURES["sample"]["outputs"] = {"images": info("DT_UINT8", -1, *SHAPE)}
METADATA = {"metadata": {"signature_def": {"signature_def": SIGNATURES}}}


def png(mode="L"):
    file = io.BytesIO()
    Image.new(mode, (3, 2), 7).save(file, format="PNG")
    return file.getvalue()


def encoded(content):
    return {"b64": base64.b64encode(content).decode()}


@contextlib.contextmanager
def serving(predicted, metadata=METADATA):
    """Yields the address of a server that gives the same answers to all requests.

    An answer is what JSON writes; `bytes` are sent as they are, after the headers or before.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            line = self.rfile.readline()
            length = 0
            while header := self.rfile.readline().strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            self.rfile.read(length)
            answer = predicted if b":predict" in line else metadata
            if callable(answer):
                with contextlib.suppress(OSError):
                    answer(self.wfile)
                return
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def sample(predicted, n=2, **options):
    with serving(predicted) as address:
        return Client(address, "gan", **options).sample(n)


def test_right_answers_are_returned():
    np.testing.assert_array_equal(sample({"predictions": [IMAGE, IMAGE]}), [IMAGE, IMAGE])
    with serving({"predictions": [encoded(png())] * 2}) as address:
        assert Client(address, "gan").sample_png(2) == [png()] * 2
    scores = {"score": 1, "class_probabilities": [0.25] * 4}
    with serving({"predictions": [scores]}) as address:
        outputs = Client(address, "gan").discriminate(np.zeros((1, *SHAPE), "uint8"))
    assert outputs["score"] == [1.0] and outputs["class_probabilities"].shape == (1, 4)


@pytest.mark.parametrize(
    ("images", "received"),
    [
        ([IMAGE], r"shape \(1, 2, 3, 1\)"),
        ([IMAGE] * 3, r"shape \(3, 2, 3, 1\)"),
        ([], r"values of float64"),
        ([IMAGE[:1]] * 2, r"shape \(2, 1, 3, 1\)"),
        ([IMAGE, IMAGE[:1]], r"lists of several lengths"),
        ([5, 6], r"shape \(2,\)"),
        ([[[[256]] * 3] * 2] * 2, r"values from 256 to 256"),
        ([[[[-1]] * 3] * 2] * 2, r"values from -1 to -1"),
        ([[[[0.5]] * 3] * 2] * 2, r"values of float64"),
        ([[[["3"]] * 3] * 2] * 2, r"values of <U1"),
        ([[[[True]] * 3] * 2] * 2, r"values of bool"),
        ([[[[None]] * 3] * 2] * 2, r"values of object"),
        ([[[[2**70]] * 3] * 2] * 2, r"values of object"),
        ([{"images": IMAGE}] * 2, r"values of object"),
    ],
)
def test_images_that_do_not_fit_the_signature_are_errors(images, received):
    with pytest.raises(ServingError, match=rf"`sample`.*Received: .*{received}") as caught:
        sample({"predictions": images})
    assert caught.value.code == "DATA_LOSS"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39])
def test_numbers_that_are_not_finite_are_errors(value):
    images = [[[[value]] * 3] * 2]
    with serving({"predictions": images}) as address, pytest.raises(ServingError, match=r"NaN or"):
        Client(address, "gan").generate(np.zeros((1, 2)))


@pytest.mark.parametrize(
    "rows",
    [
        [{"score": 1.0}],
        [{"score": 1.0, "class_probabilities": [0.25] * 4, "more": 1}],
        [{"score": 1.0, "class_probabilities": [0.5] * 3}],
        [{"score": [1.0], "class_probabilities": [0.25] * 4}],
        [1.0],
        {"score": [1.0]},
    ],
)
def test_other_outputs_are_errors(rows):
    with serving({"predictions": rows}) as address, pytest.raises(ServingError):
        Client(address, "gan").discriminate(np.zeros((1, *SHAPE), "uint8"))


@pytest.mark.parametrize(
    "file",
    [
        {"b64": encoded(png())["b64"].replace("i", "*", 1)},
        {"b64": encoded(png())["b64"][:-2]},
        {"b64": 7},
        {"content": "x"},
        "iVBORw0KGgo=",
        encoded(b""),
        encoded(b"GIF89a"),
        encoded(png()[:-4]),
        encoded(png() + b"x"),
        encoded(png()[:40] + bytes([png()[40] ^ 1]) + png()[41:]),
        encoded(png("RGB")),
    ],
)
def test_damaged_files_are_errors(file):
    with serving({"predictions": [file]}) as address, pytest.raises(ServingError) as caught:
        Client(address, "gan").sample_png(1)
    assert caught.value.code == "DATA_LOSS"


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"{}", b"[]", b"3", b'{"predictions": 3}', b"[" * 100_000, b"\xff\xfe\x00"],
)
def test_answers_that_are_not_of_tf_serving_are_errors(answer):
    with pytest.raises(ServingError):
        sample(answer)
    with serving({}, metadata=answer) as address:
        for ask in (Client(address, "gan").signatures, Client(address, "gan").versions):
            with pytest.raises(ServingError, match=r"does not speak TF Serving's REST"):
                ask()


def test_signatures_of_unknown_dtypes_are_errors():
    signature = {"inputs": {"seed": info("DT_VARIANT", -1)}, "outputs": {}}
    metadata = {"metadata": {"signature_def": {"signature_def": {"sample": signature}}}}
    with serving({}, metadata) as address, pytest.raises(ServingError, match=r"dtype variant"):
        Client(address, "gan").sample(1)


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"images": np.zeros((1, *SHAPE), "uint8")},
        {"images": np.zeros((2, *SHAPE), "float32")},
        {"images": np.zeros((2, *SHAPE), "uint8"), "more": np.zeros(2)},
        {"images": None},
    ],
)
def test_answers_by_grpc_are_checked_too(outputs):
    predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
    tf = pytest.importorskip("tensorflow")
    client = Client("127.0.0.1:1", "gan", protocol="grpc")
    outputs_of = {"images": Tensor("uint8", (None, *SHAPE))}
    client._signatures = {"sample": Signature({"seed": Tensor("int64", (None,))}, outputs_of)}
    answer = predict_pb2.PredictResponse()
    for name, array in outputs.items():
        if array is None:  # A tensor that says it has more values than it has.
            answer.outputs[name].dtype = tf.uint8.as_datatype_enum
            answer.outputs[name].tensor_shape.dim.add(size=5)
            answer.outputs[name].tensor_content = b"123"
        else:
            answer.outputs[name].CopyFrom(tf.make_tensor_proto(array))
    client._service._ask = lambda method, request: answer
    with pytest.raises(ServingError) as caught:
        client.sample(2)
    assert caught.value.code == "DATA_LOSS"


def test_an_answer_that_breaks_off_is_an_error():
    def half(file):
        file.write(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n" + b'{"predictions": [')

    with pytest.raises(ServingError, match=r"IncompleteRead"):
        sample(half)


def test_redirections_are_not_followed():
    def elsewhere(file):
        file.write(b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")

    with pytest.raises(ServingError, match=r"302"):
        sample(elsewhere)


def test_an_answer_that_is_too_large_is_an_error():
    def endless(file):
        file.write(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            file.write(b" " * 2**20)

    with pytest.raises(ServingError, match=r"more than .* bytes"):
        sample(endless, timeout=30.0)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.0 200 OK\r\n\r\n["])
def test_the_timeout_bounds_the_whole_answer(start):
    """Each byte comes in time, but the last one does not."""

    def slow(file):
        file.write(start)
        for _ in range(100):
            file.write(b"1")
            file.flush()
            time.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer in 0.4 seconds") as caught:
        sample(slow, timeout=0.4)
    assert time.monotonic() - began < 2.0
    assert isinstance(caught.value, ServingError) and caught.value.code == "DEADLINE_EXCEEDED"


def test_a_slow_refusal_is_bounded_too():
    def slow(file):
        file.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        while True:
            file.write(b"1")
            file.flush()
            time.sleep(0.05)

    with pytest.raises(ServingError):
        sample(slow, timeout=0.4)


def test_arrays_of_any_protocol_are_checked():
    outputs = {"images": Tensor("uint8", (None, *SHAPE))}
    right = {"images": np.zeros((2, *SHAPE), "uint8")}
    check_answer("sample", right, outputs, 2)
    for wrong in (
        {},
        {**right, "more": np.zeros(2)},
        {"images": np.zeros((3, *SHAPE), "uint8")},
        {"images": np.zeros((2, *SHAPE), "float32")},
        {"images": np.zeros((2, 3, 2, 1), "uint8")},
    ):
        with pytest.raises(ServingError, match=r"Expected: .*Received: "):
            check_answer("sample", wrong, outputs, 2)
    check_png("sample_png", [png()], None)
    check_png("sample_png", [png("RGBA")], (2, 3, 4))
