"""The settings of the suite: tiers, order, and fresh processes."""

import subprocess
import sys
import types

import pytest
import tensorflow as tf

from support import order, tiers
from support.processes import TESTS, run_python


def helper():
    return subprocess


def test_a_helper_of_a_test_counts_for_its_tier():
    assert "subprocess" in tiers._words(lambda: helper())
    assert "subprocess" not in tiers._words(lambda: order)


def test_compiled_helpers_count_for_the_tier():
    assert "jit_compile" in tiers._words(lambda: tf.function(helper, jit_compile=True))
    assert {"tf", "function"} <= tiers._words(lambda: tf.function(helper))


@pytest.mark.unit
def test_unit_tests_trace_no_graph():
    traced = []
    tf.function(lambda: traced.append(tf.executing_eagerly()))()
    assert traced == [True]


@pytest.mark.graph
def test_graph_tests_trace_graphs():
    traced = []
    tf.function(lambda: traced.append(tf.executing_eagerly()))()
    assert traced == [False]


@pytest.mark.unit
def test_a_unit_test_starts_no_process():
    with pytest.raises(RuntimeError, match=r"'unit' starts no process.*Received: subprocess.Popen"):
        subprocess.run([sys.executable, "-c", ""])


def test_every_file_with_graphs_exists():
    assert [name for name in tiers.GRAPH_FILES if not (TESTS / name).exists()] == []


def test_slow_files_run_first_and_their_tests_in_order(monkeypatch, tmp_path):
    table = tmp_path / "seconds.json"
    table.write_text('{"tests/a.py": 3.0, "tests/b.py": 70.0}')
    monkeypatch.setattr(order, "TABLE", table)
    names = ["tests/a.py::z", "tests/a.py::a", "tests/b.py::one", "tests/new.py::x"]
    items = [types.SimpleNamespace(nodeid=name) for name in names]
    order.slow_files_first(items)
    assert [item.nodeid for item in items] == [
        "tests/b.py::one",
        "tests/new.py::x",
        "tests/a.py::z",
        "tests/a.py::a",
    ]


def test_a_fresh_process_has_its_own_modules_and_environment():
    code = "import os, sys; print('ganzoo' in sys.modules, os.environ.get('FIRST'))"
    assert run_python(code, imported=(), FIRST="1").split() == ["False", "1"]
    assert run_python("import ganzoo", imported=()) == ""
    assert run_python(code, imported=()).split() == ["False", "None"]
    assert run_python(code).split() == ["True", "None"]


def test_a_fresh_process_ends_as_others_do():
    code = "import atexit; atexit.register(print, 'last'); "
    assert run_python(code + "raise SystemExit") == "last\n"
    assert run_python(code + "raise SystemExit(3)", exit_code=3) == "last\n"
    with pytest.raises(AssertionError, match=r"exit code 1(.|\n)*last(.|\n)*a message"):
        run_python(code + "raise SystemExit('a message')")
    thread = "import threading; threading.Timer(0.1, print, ['from a thread']).start(); "
    assert run_python(thread) == "from a thread\n"


def test_a_failure_in_a_fresh_process_is_told():
    with pytest.raises(AssertionError, match=r"exit code 1(.|\n)*ZeroDivisionError"):
        run_python("1 / 0")


def test_a_fresh_process_is_killed_after_its_time():
    with pytest.raises(AssertionError, match="exit code -9"):
        run_python("import time; time.sleep(60)", timeout=0.5)
