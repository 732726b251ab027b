"""Memory of freed tensors stays in the process."""

import platform
import resource

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

    page_faults(20)
    # Without the setting, about 22 times the pages of a tensor.
    assert page_faults(20) < 8 * PAGES


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
