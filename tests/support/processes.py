"""Running Python in a fresh process, on any backend."""

import os
import pathlib
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = TESTS.parent

BLOCK_TENSORFLOW = """
import sys

class _Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "tensorflow_datasets"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, _Blocked())
"""


def run_python(code, backend="tensorflow", without_tensorflow=False, timeout=300, **environment):
    """Runs code in a fresh process and returns what it printed; fails if it failed."""
    if without_tensorflow:
        code = BLOCK_TENSORFLOW + code
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # Compiling dominates the tests on JAX.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)]),
            **environment,
        },
    )
    assert process.returncode == 0, f"{process.stdout}\n{process.stderr}"
    return process.stdout
