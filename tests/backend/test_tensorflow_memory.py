"""Memory of freed tensors stays in the process, and iterators are freed before it ends."""

import os
import platform
import resource
import subprocess
import sys

import pytest
import tensorflow as tf

from ganzoo.backend import tensorflow_memory

MEGABYTES = 8
PAGES = MEGABYTES * 2**20 // resource.getpagesize()
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="The setting is glibc's.")


@glibc
def test_the_kernel_is_not_asked_for_each_tensor_again():
    x = tf.ones((MEGABYTES, 2**18))

    def eight_tensors():
        return [x * float(i) for i in range(8)][-1]

    def page_faults(calls):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(calls):
            last = eight_tensors()
        assert float(last[0, 0]) == 7.0
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    # The heap may still grow in one of the rounds, when another thread took its free memory.
    # Without the setting, each has about 22 times the pages of a tensor.
    assert min(page_faults(20) for _ in range(4)) < PAGES


@glibc
@pytest.mark.parametrize(
    ("variables", "calls"),
    [
        ({}, 2),
        ({"GLIBC_TUNABLES": "glibc.cpu.x86_ibt=on"}, 2),
        ({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}, 0),
        ({"MALLOC_MMAP_THRESHOLD_": "65536"}, 0),
    ],
)
def test_settings_of_the_environment_stay(monkeypatch, variables, calls):
    for name in ("GLIBC_TUNABLES", *tensorflow_memory._VARIABLES):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    seen = []

    class Library:
        @staticmethod
        def mallopt(parameter, value):
            seen.append((parameter, value))

    monkeypatch.setattr(tensorflow_memory.ctypes, "CDLL", lambda name: Library)
    tensorflow_memory.keep_freed_memory()
    assert len(seen) == calls


STOPPED_WITHIN_A_PASS = """
import keras, ganzoo

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = True

def train():  # Nothing at the top level holds the data or the GAN.
    data = ganzoo.data.load("digits")
    gan = ganzoo.GAN(*ganzoo.architectures.build("dcgan", data.image_shape, width=2))
    gan.compile()
    gan.fit(data, batch_size=64, verbose=0, callbacks=[Stop()])
    print(gan.step)

train()
"""


@pytest.mark.slow
def test_a_training_that_stops_within_a_pass_ends_quietly():
    process = subprocess.run(
        [sys.executable, "-c", STOPPED_WITHIN_A_PASS],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "1"},
    )
    assert (process.returncode, process.stdout) == (0, "1\n"), process.stderr
    assert "iterator" not in process.stderr
