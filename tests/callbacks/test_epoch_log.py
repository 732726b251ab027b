"""The table of the epochs, and the end of training at a step."""

import keras
import numpy as np
import pytest
from faults import runs

from ganzoo.callbacks import AtomicCheckpoint, EpochLog, StopAtStep, checkpoint_files
from support.gans import dense, linear


@pytest.fixture(scope="module")
def built():
    gan = runs.build("plain")
    return gan, dense.state(gan)


def fit(gan, *callbacks, epochs=3):
    """Trains two steps in each epoch."""
    gan.fit(linear.vectors(16), batch_size=8, epochs=epochs, callbacks=list(callbacks), verbose=0)


def test_the_table_has_a_line_for_each_epoch_with_the_logs(gan, tmp_path):
    path = tmp_path / "new" / "log.csv"
    fit(gan, EpochLog(path))

    rows = EpochLog.read(path)
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "2"), ("2", "4"), ("3", "6")]
    assert list(rows[0]) == ["epoch", "step", "seconds", *gan.history.history]
    for name, values in gan.history.history.items():
        np.testing.assert_allclose([float(row[name]) for row in rows], values, rtol=1e-5)
    assert all(float(row["seconds"]) > 0 for row in rows)


def test_a_table_that_does_not_exist_is_empty(tmp_path):
    assert EpochLog.read(tmp_path / "log.csv") == []


def test_a_resumed_run_drops_the_epochs_after_its_checkpoint(gan, tmp_path):
    path = tmp_path / "log.csv"
    # The checkpoint of the third epoch is missing.
    fit(gan, EpochLog(path), AtomicCheckpoint(tmp_path / "checkpoints", every=2), StopAtStep(5))
    kept = EpochLog.read(path)[:2]
    newest = max((tmp_path / "checkpoints").iterdir())
    newest.rename(tmp_path / "away")

    fit(gan, EpochLog(path), AtomicCheckpoint(tmp_path / "checkpoints"), epochs=4)

    rows = EpochLog.read(path)
    assert rows[:2] == kept
    assert [row["step"] for row in rows] == ["2", "4", "6", "8"]


@pytest.mark.parametrize(
    "damage, kept",
    [
        (lambda content: content[:-20], ["2"]),
        (lambda content: content.replace(b"\n2,4", b"\n2,\xff"), ["2"]),
        (lambda content: content.replace(b"\n2,4", b"\n\0,4"), ["2"]),
        (lambda content: content.replace(b"epoch", b"ep\0ch"), []),
        (lambda content: b"\0" * len(content), []),
    ],
)
def test_a_damaged_table_does_not_block_a_run(gan, tmp_path, damage, kept):
    path = tmp_path / "log.csv"
    fit(gan, EpochLog(path), AtomicCheckpoint(tmp_path / "checkpoints"), epochs=2)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)

    with pytest.warns(UserWarning, match=r"log are damaged.*log.csv.damaged"):
        fit(gan, EpochLog(path), AtomicCheckpoint(tmp_path / "checkpoints"), epochs=3)

    assert [row["step"] for row in EpochLog.read(path)] == [*kept, "6"]
    assert (tmp_path / "log.csv.damaged").read_bytes() == damaged


def test_a_resumed_run_may_have_more_terms(gan, tmp_path):
    class Score(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["score"] = 7.0

    path = tmp_path / "log.csv"
    fit(gan, EpochLog(path), AtomicCheckpoint(tmp_path / "checkpoints"), epochs=1)
    fit(gan, Score(), EpochLog(path), AtomicCheckpoint(tmp_path / "checkpoints"), epochs=2)

    first, second = EpochLog.read(path)
    assert (first["score"], second["score"]) == ("", "7")
    assert {**first, "score": "7"}.keys() == second.keys() and "" not in second.values()


def test_an_interrupted_epoch_has_the_seconds_of_all_its_parts(gan, tmp_path, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    log = EpochLog(tmp_path / "log.csv")
    log.set_model(gan)
    log.on_train_begin()
    log.on_epoch_begin(0)
    state = log.get_state()
    assert state == {"0": 10}

    resumed = EpochLog(tmp_path / "log.csv")
    resumed.set_model(gan)
    resumed.on_train_begin()
    resumed.set_state(state)
    resumed.on_epoch_begin(0)
    resumed.on_epoch_end(0, {"d_loss": 1.0})
    resumed.on_epoch_begin(1)
    resumed.on_epoch_end(1, {"d_loss": 1.0})

    assert [row["seconds"] for row in EpochLog.read(log.path)] == ["20.000", "10.000"]


class KilledAtEpoch(keras.callbacks.Callback):
    """Ends a run when an epoch, counted from 0, begins."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise runs.Stopped


def test_an_epoch_of_unknown_length_is_over_in_the_checkpoint_of_its_last_step(tmp_path):
    tf = pytest.importorskip("tensorflow")
    gan = runs.build("plain")
    gan.compile(g_optimizer="adam", d_optimizer="adam", run_eagerly=True)
    # Only its end tells the number of batches.
    batches = tf.data.Dataset.from_tensor_slices(linear.vectors(16)).batch(8).filter(lambda x: True)
    log = tmp_path / "log.csv"

    def fit_batches(*callbacks):
        checkpoint = AtomicCheckpoint(tmp_path / "checkpoints", unit="steps", on_signal=False)
        gan.fit(batches, epochs=3, callbacks=[EpochLog(log), checkpoint, *callbacks], verbose=0)

    with pytest.raises(runs.Stopped):
        fit_batches(KilledAtEpoch(1))
    first = EpochLog.read(log)
    fit_batches()

    rows = EpochLog.read(log)
    assert rows[:1] == first
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "2"), ("2", "4"), ("3", "6")]


def test_an_epoch_that_has_all_its_steps_already_gets_its_row(gan, tmp_path):
    log, seen = tmp_path / "log.csv", []

    def fit_epochs(steps_per_epoch, *callbacks):
        checkpoint = AtomicCheckpoint(tmp_path / "checkpoints", unit="steps", on_signal=False)
        gan.fit(
            linear.vectors(32),
            batch_size=8,
            epochs=3,
            steps_per_epoch=steps_per_epoch,
            callbacks=[EpochLog(log), checkpoint, *callbacks],
            verbose=0,
        )

    each_step = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(logs["d_loss"])
    )
    with pytest.raises(runs.Stopped):
        # The newest checkpoint is of step 3.
        fit_epochs(4, each_step, runs.StopAfter(4))
    fit_epochs(2)

    rows = EpochLog.read(log)
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "3"), ("2", "5"), ("3", "7")]
    # Keras logs the means since the start of the epoch.
    assert float(rows[0]["d_loss"]) == pytest.approx(seen[2], rel=1e-5)


def test_the_best_value_may_be_that_of_an_epoch_that_was_cut(gan, tmp_path):
    class Score(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["score"] = -float(epoch)

    folder = tmp_path / "checkpoints"
    fit(gan, Score(), AtomicCheckpoint(folder, monitor="score"), StopAtStep(3))

    state = checkpoint_files.read_state(checkpoint_files.newest(folder))
    assert (state["best_step"], state["best"], state["position"]) == (3, -1.0, [1, 1])


@pytest.mark.parametrize(("step", "expected"), [(1, 1), (3, 3), (4, 4), (100, 6)])
def test_training_ends_at_the_step(gan, step, expected):
    fit(gan, StopAtStep(step))
    assert gan.step == expected


def test_steps_are_counted_over_several_fits(gan):
    fit(gan, epochs=1)
    fit(gan, StopAtStep(5))
    assert gan.step == 5


@pytest.mark.parametrize("step", [0, -1, 1.5, "3"])
def test_a_step_must_be_a_positive_integer(step):
    with pytest.raises(ValueError, match="`step` must be a positive integer"):
        StopAtStep(step)
