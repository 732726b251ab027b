"""TF Serving itself, if it is installed: `TF_SERVING_BIN`, or on the PATH."""

import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest

from ganzoo.export.client import Client, ServingError
from ganzoo.export.serving_config import write_model_config
from support import presets
from support.gans import tiny
from support.processes import ROOT

PROTOCOLS = ("rest", "grpc")
BINARY = os.environ.get("TF_SERVING_BIN") or shutil.which("tensorflow_model_server")

pytestmark = pytest.mark.skipif(
    BINARY is None,
    reason="TF Serving is not installed: no TF_SERVING_BIN, no tensorflow_model_server on the PATH",
)


@pytest.fixture(scope="module")
def gans():
    gans = {
        "plain": presets.virtual_batch_gan(),
        "conditional": tiny.gan("dcgan", num_classes=tiny.NUM_CLASSES),
    }
    for gan in gans.values():
        gan._step.assign(1)
    return gans


@pytest.fixture(scope="module")
def addresses(gans, tmp_path_factory):
    """Starts TF Serving with the settings of examples/serving on two exports."""
    folder = tmp_path_factory.mktemp("serving")
    gans["plain"].export(folder / "models/plain", version=3)
    gans["conditional"].export(folder / "models/conditional", truncation=True, discriminator=True)
    write_model_config(folder / "models.config", folder / "models", folder / "models")
    ports = {protocol: _free_port() for protocol in PROTOCOLS}
    command = [
        BINARY,
        f"--rest_api_port={ports['rest']}",
        f"--port={ports['grpc']}",
        f"--model_config_file={folder / 'models.config'}",
        "--enable_batching=true",
        f"--batching_parameters_file={ROOT / 'examples/serving/batching_parameters.txt'}",
        "--enable_model_warmup=true",
    ]
    log_path = folder / "log.txt"
    with open(log_path, "wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _wait_until_available(f"127.0.0.1:{ports['rest']}", server, log_path)
            yield {protocol: f"127.0.0.1:{port}" for protocol, port in ports.items()}
        finally:
            server.terminate()
    # A request of the warm-up that cannot be run is only told in the log.
    assert not re.search(r"[Ww]arm-?up.*(error|fail)", log_path.read_text())


@pytest.fixture(params=PROTOCOLS)
def connect(addresses, request):
    def connect(model, **arguments):
        return Client(addresses[request.param], model, protocol=request.param, **arguments)

    return connect


def test_its_answers_are_the_samples_of_the_gan(connect, gans):
    assert connect("plain").versions() == {3: "AVAILABLE"}
    client = connect("plain")
    np.testing.assert_array_equal(client.sample(70, seed=2), gans["plain"].sample(70, seed=2))
    client, gan = connect("conditional", num_classes=tiny.NUM_CLASSES), gans["conditional"]
    np.testing.assert_array_equal(client.sample(5, seed=2), gan.sample(5, seed=2))
    np.testing.assert_array_equal(
        client.sample(5, seed=2, truncation=0.5), gan.sample(5, seed=2, truncation=0.5)
    )
    assert all(file.startswith(b"\x89PNG") for file in client.sample_png(2))
    images, labels = tiny.images(3), np.array([2, 0, 1])
    scores = gan.discriminator([images.astype("float32") / 127.5 - 1.0, labels])[:, 0]
    np.testing.assert_allclose(client.discriminate(images, labels), scores, rtol=1e-4, atol=1e-5)


def test_merged_requests_get_their_own_answers(connect, gans):
    def draw(seed):
        return connect("plain").sample(1, seed=seed)[0]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(draw, range(24)))
    np.testing.assert_array_equal(drawn, gans["plain"].sample(24))


def test_it_refuses_as_the_server_of_the_tests_does(connect):
    with pytest.raises(ServingError, match=r"class from 0 to 2") as caught:
        connect("conditional").sample(2, labels=[0, 3])
    assert caught.value.code == "INVALID_ARGUMENT"
    with pytest.raises(ServingError) as caught:
        connect("absent").sample(1)
    assert caught.value.code == "NOT_FOUND"
    with pytest.raises(ServingError) as caught:
        connect("plain", version=1).sample(1)
    assert caught.value.code == "NOT_FOUND"


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_available(address, server, log_path):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            states = [Client(address, name).versions() for name in ("plain", "conditional")]
        except (ConnectionError, ServingError):
            states = []
        if states and all("AVAILABLE" in state.values() for state in states):
            return
        time.sleep(0.2)
    pytest.fail(f"TF Serving did not come up:\n{log_path.read_text()[-3000:]}")
