"""The three tiers of the tests, by how much they start.

`unit` tests trace no graph and start no process: TensorFlow functions run without a graph, and an
attempt to start a process raises. `graph` tests trace or compile functions. `process` tests start
processes. The tier of a test follows from its own marker, from what it and its fixtures and
helpers mention, or from its file in `GRAPH_FILES`; else it is `unit`.
"""

import functools
import sys
import types

import tensorflow as tf

NAMES = ("unit", "graph", "process")

# Files and folders below `tests/` whose tests need graphs, or are faster with them: they train
# one GAN for many steps.
GRAPH_FILES = (
    "callbacks",
    "cli/test_export.py",
    "export",
    "faults/test_damaged_checkpoints.py",
    "faults/test_exact_resume.py",
    "generation/test_inversion.py",
    "generation/test_sampling.py",
    "test_documentation.py",
    "test_demo.py",
    "test_notebooks.py",
    "training/test_determinism.py",
    "training/test_parity.py",
    "training/test_precision.py",
    "zoo/test_model_directions.py",
)

_PROCESS_WORDS = {"run_python", "subprocess", "Popen", "fork"}
_GRAPH_WORDS = {"jit_compile", "steps_per_execution", "two_replicas"}


class Refusal:
    """Raises when a `unit` test starts a process, while it is active."""

    def __init__(self):
        self.active = False
        sys.addaudithook(self._audit)

    def _audit(self, event, arguments):
        if self.active and event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
            raise RuntimeError(
                "A test of the tier 'unit' starts no process. Expected: pytest.mark.process on "
                f"the test. Received: {event} {arguments[:1]}"
            )


def tier_of(item, path):
    """Returns the tier of a test.

    Args:
        item: The test.
        path: Its file below `tests/`.
    """
    marked = [mark.name for mark in item.iter_markers() if mark.name in NAMES]
    if marked:
        return marked[0]
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    functions = [item.function, *(found[-1].func for found in fixtures)]
    words = set(item.fixturenames).union(*map(_words, functions))
    if words & _PROCESS_WORDS:
        return "process"
    if words & _GRAPH_WORDS or {"tf", "function"} <= words:
        return "graph"
    if any(path == listed or path.startswith(f"{listed}/") for listed in GRAPH_FILES):
        return "graph"
    return "unit"


@functools.cache
def _words(function):
    """Returns the names that a function and its module's helpers mention."""
    function = getattr(function, "__wrapped__", function)
    words, seen, waiting = set(), set(), [function]
    while waiting:
        helper = waiting.pop()
        if isinstance(helper, tf.types.experimental.PolymorphicFunction):
            words |= {"tf", "function"}
            helper = helper.python_function
        if not isinstance(helper, types.FunctionType) or helper in seen:
            continue
        seen.add(helper)
        mentioned = _mentioned(helper.__code__)
        words |= mentioned
        if helper.__module__ == function.__module__:
            waiting += [helper.__globals__.get(name) for name in mentioned]
    return frozenset(words)


def _mentioned(code):
    """Returns the names and the keywords in a code object, and in the functions inside of it."""
    words = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            words |= _mentioned(constant)
        elif isinstance(constant, tuple):
            words.update(word for word in constant if isinstance(word, str))
    return words
