"""Running Python in a fresh process, on any backend."""

import atexit
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = TESTS.parent


def run_python(
    code,
    backend="tensorflow",
    without_tensorflow=False,
    timeout=600,
    exit_code=0,
    **environment,
):
    """Runs code in a fresh process and returns what it printed; fails if it ended otherwise.

    The process has imported Keras and nothing else: it is a fork of one that did, because the
    import takes seconds. If the backend is missing, it has imported nothing.

    Args:
        code: Python code.
        backend: Keras backend.
        without_tensorflow: Whether an import of TensorFlow fails.
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
    imported = "" if without_tensorflow and backend == "tensorflow" else "keras"
    server = _server(imported, tuple(sorted(settings.items())))
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
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    process = int(server.stdout.readline())
    timer = threading.Timer(timeout, os.kill, (process, signal.SIGKILL))
    timer.start()
    try:
        return int(server.stdout.readline())
    finally:
        timer.cancel()


@functools.cache
def _server(imported, settings):
    """Returns the running fork server that has imported a module, with these settings."""
    server = subprocess.Popen(
        [sys.executable, TESTS / "support" / "fork_server.py", imported],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **dict(settings)},
    )
    atexit.register(server.stdin.close)
    return server
