"""The three tiers of the tests, by how much they start.

`unit` tests trace no graph and start no process: TensorFlow functions run without a graph, and an
attempt to start a process raises. `graph` tests trace or compile functions; `process` tests start
processes. A test has the tier of its own marker or of its file here, else `unit`.
"""

import sys

NAMES = ("unit", "graph", "process")

# Files and folders, below `tests/`.
_TIERS = {
    "graph": ("architectures/test_architectures.py",),
    "process": (
        "test_benchmarks.py",
        "test_metrics_benchmark.py",
        "test_serving_benchmark.py",
    ),
}


class Refusal:
    """Raises when a `unit` test starts a process."""

    def __init__(self):
        self.active = False
        sys.addaudithook(self._audit)

    def _audit(self, event, arguments):
        if self.active and event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
            raise RuntimeError(
                "A test of the tier 'unit' starts no process. Expected: pytest.mark.process on the "
                f"test, or its file in tests/support/tiers.py. Received: {arguments[:1]}"
            )


def tier_of(path):
    """Returns the tier of a file, given as a path below `tests/`."""
    for name, paths in _TIERS.items():
        if any(path == listed or path.startswith(f"{listed}/") for listed in paths):
            return name
    return "unit"


def listed():
    """Returns all paths that have a tier here."""
    return [path for paths in _TIERS.values() for path in paths]
