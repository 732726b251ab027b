"""Running Python in a fresh process, on any backend."""

import functools
import hashlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = TESTS.parent


# What Python, Keras and its backends read when they are imported. All else is read later.
_READ_BY_IMPORTS = ("JAX_", "KERAS_", "PYTHON", "TF_")


def run_python(
    code,
    backend="tensorflow",
    without_tensorflow=False,
    imported=("ganzoo",),
    timeout=600,
    exit_code=0,
    **environment,
):
    """Runs code in a fresh process and returns what it printed; fails if it ended otherwise.

    The process has imported Keras and ganzoo: it is a fork of one that did, because the imports
    take seconds. If the backend is missing, it has imported nothing.

    Args:
        code: Python code.
        backend: Keras backend.
        without_tensorflow: Whether an import of TensorFlow fails.
        imported: Modules that the process has imported besides Keras.
        timeout: Seconds after which the process is killed.
        exit_code: The exit code that is expected; a negative signal if one ends the process.
        **environment: More environment variables.
    """
    settings = {
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Compiling dominates the tests on JAX.
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)]),
        **environment,
    }
    first = "keras"
    if without_tensorflow and backend == "tensorflow":
        first, imported = "", ()
    read = {name: settings[name] for name in settings if name.startswith(_READ_BY_IMPORTS)}
    server = _server(first, tuple(imported), tuple(sorted(read.items())))
    with tempfile.TemporaryDirectory() as folder:
        stdout, stderr = (pathlib.Path(folder) / name for name in ("stdout", "stderr"))
        request = {
            "code": code,
            "without_tensorflow": without_tensorflow,
            "environment": {**os.environ, **settings},
            "folder": str(ROOT),
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        stdout.touch()
        stderr.touch()
        found = _run(server, request, timeout)
        printed = stdout.read_text()
        assert found == exit_code, f"exit code {found}\n{printed}\n{stderr.read_text()}"
    return printed


def _run(server, request, timeout):
    """Sends a request to a server; returns the exit code of the process."""
    print(json.dumps(request), file=server, flush=True)
    process = int(server.readline())
    timer = threading.Timer(timeout, os.kill, (process, signal.SIGKILL))
    timer.start()
    try:
        return int(server.readline())
    finally:
        timer.cancel()


@functools.cache
def _server(first, imported, settings):
    """Returns a stream to the fork server with these modules and settings.

    All processes that test share it. The first one starts it.
    """
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    name = hashlib.sha256(repr((session, first, settings)).encode()).hexdigest()[:16]
    address = os.path.join(tempfile.gettempdir(), name)
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(address)
    except OSError:
        _start_server(address, first, settings)
        client.connect(address)
    server = client.makefile("rw")
    print(json.dumps(imported), file=server, flush=True)
    return server


@functools.cache
def _start_server(address, imported, settings):
    """Starts a fork server, waits until it listens, and returns its process."""
    process = subprocess.Popen(
        [sys.executable, TESTS / "support" / "fork_server.py", address, imported],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **dict(settings)},
    )
    process.stdout.readline()
    return process
