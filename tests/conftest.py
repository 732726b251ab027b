"""Settings of the whole suite, which runs on TensorFlow; JAX runs in fresh processes."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Each core has a worker of its own.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import keras
import pytest
import tensorflow as tf

from support import counts

# Two virtual processors, so that tests can train on two replicas.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(scope="session")
def two_replicas():
    """One strategy for all tests: TensorFlow confuses the collectives of several in a process."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(autouse=True)
def reproducible():
    """Gives every test the same random initial weights, wherever it runs in the suite."""
    keras.utils.set_random_seed(0)


def pytest_terminal_summary(terminalreporter):
    counts.print_conformance(terminalreporter)
    counts.print_faults(terminalreporter)
