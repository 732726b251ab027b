"""A process that runs one framework and times blocks of steps on request.

Each line of standard input is a request. Each answer is a JSON object in one line. In one process,
the frameworks would compete for threads. With one process each, only one works at a time.
"""

import argparse
import importlib
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=["ganzoo_side", "torch_side"])
    parser.add_argument("--cores", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--inter_threads", type=int, required=True)
    options = parser.parse_args()
    # Before the import, because thread pools get one thread per usable core.
    if options.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [int(core) for core in options.cores.split(",")])
    # Other output, such as the progress bar of `fit`, must not mix with the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    os.dup2(sys.stdout.fileno(), 1)
    side = importlib.import_module(options.side)
    side.configure(options.threads, options.inter_threads)
    worker = Worker(side)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


class Worker:
    """Answers the requests.

    Args:
        side: The module `ganzoo_side` or `torch_side`.
    """

    def __init__(self, side):
        self._side = side
        self._cases = {}

    def describe(self):
        return self._side.describe()

    def prepare(self, case, **settings):
        """Builds and compiles a case, and runs it until its speed is stable."""
        built = self._cases[case] = self._side.Case(**settings)
        built.run(1)
        built.run(1)
        return {
            "shapes": built.shapes,
            "operations": getattr(built, "operations", None),
            "seconds_per_step": built.run(1),
        }

    def prepare_product(self, case, precision, size):
        run = self._side.product(precision, size)
        run(1)
        self._cases[case] = argparse.Namespace(run=run)
        return {}

    def run(self, case, steps):
        """Runs a block of steps. Returns its wall time and its processor time in seconds."""
        wall, processor = time.perf_counter(), time.process_time()
        seconds = self._cases[case].run(steps)
        return {
            "seconds": seconds,
            "wall_seconds": time.perf_counter() - wall,
            "processor_seconds": time.process_time() - processor,
        }

    def release(self):
        """Deletes all cases."""
        self._cases.clear()
        return {}


if __name__ == "__main__":
    main()
