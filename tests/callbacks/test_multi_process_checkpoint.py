"""One process plays each of two: what the other one sends is recorded or given."""

import itertools
import signal
from types import SimpleNamespace

import keras
import pytest
from faults import runs

from ganzoo.callbacks import AtomicCheckpoint, FitHook, MultiProcessCheckpoint, checkpoint_files
from ganzoo.callbacks import multi_process_checkpoint as module
from support.gans import dense, linear


@pytest.fixture(scope="module")
def built():
    gan = runs.build("plain")
    return gan, dense.state(gan)


@pytest.fixture
def process(monkeypatch):
    """Returns a function that lets this process play one of two, and returns what it sends."""

    def play(index, others):
        """The other process sends the numbers of an iterator."""
        sent = []

        def gather(number):
            sent.append(number)
            other = next(others)
            return [number, other] if index == 0 else [other, number]

        fake = SimpleNamespace(process_index=lambda: index, gather=gather)
        monkeypatch.setattr(module, "distribution", fake)
        return sent

    return play


def fit(gan, *callbacks, epochs=3):
    """Trains with 4 steps in each epoch."""
    gan._step.assign(0)
    gan.fit(linear.vectors(32), batch_size=8, epochs=epochs, callbacks=list(callbacks), verbose=0)


def steps(folder):
    return [checkpoint_files.step_of(path) for path in checkpoint_files.every(folder)]


class SetLog(keras.callbacks.Callback):
    """Puts a value into the logs of each epoch."""

    def on_epoch_end(self, epoch, logs=None):
        logs["fid"] = [3.0, 1.0, 2.0][epoch]


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, [4, 8, 12]),
        ({"every": 3, "unit": "steps", "keep": 9}, [3, 6, 9, 12]),
        pytest.param({"unit": "minutes", "keep": 9}, [3, 6, 9, 12], marks=pytest.mark.slow),
        pytest.param({"every": 9, "monitor": "fid"}, [4, 8, 12], marks=pytest.mark.slow),
    ],
)
def test_process_0_decides_and_writes_and_the_other_waits_as_often(
    gan, tmp_path, monkeypatch, process, settings, expected
):
    seconds = itertools.count(0, 25)
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    sent = process(0, itertools.repeat(0))
    fit(gan, SetLog(), MultiProcessCheckpoint(tmp_path / "0", **settings))

    # Its clock stands still, and it measures nothing.
    monkeypatch.setattr("time.monotonic", lambda: 0)
    numbers = iter(sent)
    answers = process(1, numbers)
    fit(gan, MultiProcessCheckpoint(tmp_path / "1", **settings))

    assert steps(tmp_path / "0") == expected
    assert not (tmp_path / "1").exists()
    assert len(answers) == len(sent) and next(numbers, None) is None


def test_every_process_resumes_from_the_folder(gan, tmp_path, process):
    process(0, itertools.repeat(0))
    fit(gan, MultiProcessCheckpoint(tmp_path), epochs=2)
    history = keras.callbacks.History()

    process(1, itertools.repeat(0))
    fit(gan, history, MultiProcessCheckpoint(tmp_path))

    assert history.epoch == [0, 1, 2] and gan.step == 12
    assert steps(tmp_path) == [4, 8]


def test_a_signal_to_the_other_process_ends_this_one_after_the_same_step(gan, tmp_path, process):
    # After the start: one number for each step.
    process(0, iter([0, 0, 0, 2 * signal.SIGTERM, 0]))

    with pytest.raises(SystemExit) as exit:
        fit(gan, MultiProcessCheckpoint(tmp_path))

    assert exit.value.code == 143
    assert gan.step == 3 and steps(tmp_path) == [3]


def test_a_signal_to_this_process_is_sent_to_the_other_one(gan, tmp_path, process):
    class Signal(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                signal.raise_signal(signal.SIGINT)

    sent = process(1, itertools.repeat(0))
    with pytest.raises(SystemExit) as exit:
        fit(gan, Signal(), MultiProcessCheckpoint(tmp_path))

    assert exit.value.code == 130
    assert gan.step == 2 and [number for number in sent if number] == [2 * signal.SIGINT]


@pytest.mark.parametrize(
    "code, error", [(1, OSError), (2, FloatingPointError), (3, ValueError), (4, RuntimeError)]
)
def test_an_error_in_process_0_ends_the_other_one_too(gan, tmp_path, process, code, error):
    process(1, iter([code]))

    with pytest.raises(error, match=r"checkpoint of process 0 failed.* Received: folder="):
        fit(gan, MultiProcessCheckpoint(tmp_path))
    assert gan.step == 0


def test_process_0_sends_its_error_before_it_raises_it(gan, tmp_path, process):
    (tmp_path / "file").touch()
    sent = process(0, itertools.repeat(0))

    with pytest.raises(FileExistsError):
        fit(gan, MultiProcessCheckpoint(tmp_path / "file"))
    assert sent == [1] and gan.step == 0


def test_any_error_of_process_0_is_sent(gan, tmp_path, process):
    class Unserializable(FitHook):
        def get_state(self):
            return object()

    sent = process(0, itertools.repeat(0))
    with pytest.raises(TypeError, match="JSON"):
        fit(gan, Unserializable(), MultiProcessCheckpoint(tmp_path / "a"))
    assert sent[-1] == 4

    sent = process(0, itertools.repeat(0))
    with pytest.raises(ValueError, match="`monitor` must be in the logs"):
        fit(gan, MultiProcessCheckpoint(tmp_path / "b", monitor="absent"))
    assert sent[-1] == 3


def test_a_single_process_writes_what_an_atomic_checkpoint_writes(gan, tmp_path):
    start = dense.state(gan)

    def state(checkpoint):
        dense.restore(gan, start)
        fit(gan, checkpoint, epochs=1)
        arrays, state = checkpoint_files.read(checkpoint_files.newest(checkpoint.folder))
        return {name: array.tobytes() for name, array in arrays.items()}, state

    assert state(MultiProcessCheckpoint(tmp_path / "a")) == state(AtomicCheckpoint(tmp_path / "b"))
