"""Starts worker processes and sends them requests."""

import json
import os
import pathlib
import subprocess
import sys

from clock import VARIABLE

WORKER = pathlib.Path(__file__).with_name("worker.py")


class Side:
    """A worker process with one framework. As a context manager, it ends the process.

    Args:
        module: `"ganzoo_side"` or `"torch_side"`.
        cores: Numbers of the cores to use, separated by commas.
        options: The options of the command line. `threads` and `inter_threads` are used.
        clock: `"wall"`, or `"processor"` for the processor time of the process.
    """

    def __init__(self, module, cores, options, clock="wall"):
        self._module = module
        self._process = subprocess.Popen(
            [
                *(sys.executable, str(WORKER), module, f"--cores={cores}"),
                *("--threads", str(options.threads)),
                *("--inter_threads", str(options.inter_threads)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "TF_CPP_MIN_LOG_LEVEL": "3",
                **os.environ,
                "OMP_NUM_THREADS": str(options.threads),
                VARIABLE: clock,
            },
        )

    def ask(self, do, **arguments):
        """Sends a request and returns its answer. Raises a `RuntimeError` if it failed."""
        print(json.dumps({"do": do, **arguments}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"{self._module} could not {do} {arguments}: {answer['error']}")
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=60)


def resident(field):
    """Returns a field of /proc/self/status in MB, such as `VmRSS` or its peak, `VmHWM`."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {field}")
