"""Settings of the whole suite, which runs on TensorFlow; JAX runs in fresh processes."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# Compiling with XLA, also for JAX, takes half the time without LLVM's optimizations, and half of
# that without the emitters of fused operations. Tiny networks run alike.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false",
)
if "PYTEST_XDIST_WORKER" in os.environ:
    # Each core has a worker of its own.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
if "sklearn" not in sys.modules:
    # Keras imports it for wrappers that no test uses, if it is there: a sixth of the import.
    sys.modules["sklearn"] = None

import ctypes
import gc
import pathlib
import platform
import random
import shutil
import tempfile

import keras
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import ops

from support import counts, order, tiers

if sys.modules["sklearn"] is None:
    del sys.modules["sklearn"]

TESTS = pathlib.Path(__file__).parent
REFUSAL = tiers.Refusal()

# Two virtual processors, so that tests can train on two replicas.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
# Optimizing a graph costs more than running it for a few steps. Fresh processes do optimize.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def _set_global_seed(self, seed):
    """Seeds TensorFlow, and keeps the kernels that have run.

    TensorFlow drops them with every seed, because random operations with a state start again then.
    Keras's random operations have none. Making the kernels again takes a tenth of the suite.
    """
    self._seed = seed
    self._rng = random.Random(seed)


context.Context._set_global_seed = _set_global_seed


def pytest_addoption(parser):
    parser.addoption(
        "--record-seconds",
        action="store_true",
        help=f"write the seconds of each file that ran to {order.TABLE}",
    )


def pytest_configure(config):
    """Lets all JAX processes of the suite share what they compile: half of their time."""
    if hasattr(config, "workerinput"):
        return
    folder = tempfile.mkdtemp(prefix="compiled-by-jax-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        # A slow test has no tier, so that `-m unit` leaves it out.
        if not item.get_closest_marker("slow"):
            tier = tiers.tier_of(item, item.path.relative_to(TESTS).as_posix())
            item.add_marker(getattr(pytest.mark, tier))
    order.slow_files_first(items)


def pytest_collection_finish():
    """Spares the garbage collector what was imported, which stays, and most of its passes.

    Tracing graphs makes many objects, of which it frees few: it took a tenth of the time. Each
    file ends with a whole pass.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Holds the tests of the tier `unit` to it, and their fixtures."""
    is_unit = item.get_closest_marker("unit") is not None
    tf.config.run_functions_eagerly(is_unit)
    REFUSAL.active = is_unit


def pytest_runtest_teardown():
    REFUSAL.active = False


@pytest.fixture(scope="session")
def two_replicas():
    """One strategy for all tests: TensorFlow confuses the collectives of several in a process."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(autouse=True)
def reproducible():
    """Gives every test the same random initial weights, wherever it runs in the suite."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module", autouse=True)
def memory_of_the_file():
    """Frees the graphs and the variables of a file's tests after the last one."""
    yield
    # Each step that was traced has registered a gradient function, which holds the step's graph.
    registry = ops.gradient_registry
    for name in [name for name in registry.list() if name.startswith("CustomGradient-")]:
        del registry._registry[name]
    keras.backend.clear_session()  # It collects the garbage too.
    if platform.libc_ver()[0] == "glibc":
        # Freed memory otherwise stays with the process, in pieces between small live objects.
        ctypes.CDLL(None).malloc_trim(0)


def pytest_terminal_summary(terminalreporter, config):
    counts.print_conformance(terminalreporter)
    counts.print_faults(terminalreporter)
    if config.getoption("--record-seconds"):
        order.record(terminalreporter)
