import errno
import json
import warnings

import keras
import numpy as np
import pytest
from faults import runs

from ganzoo.callbacks import (
    AtomicCheckpoint,
    CollapseMonitor,
    EvaluateSamples,
    FitHook,
    SpectralMonitor,
    checkpoint_files,
)
from support.gans import linear

# The GAN that many tests share trains faster in a graph, the others faster without one.


class SetLog(keras.callbacks.Callback):
    """Puts a value into the logs of each epoch."""

    def __init__(self, name, values):
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]


def steps(folder):
    return [checkpoint_files.step_of(path) for path in checkpoint_files.every(folder)]


@pytest.fixture(scope="module")
def gan():
    """One GAN for the tests that do not depend on its weights."""
    return runs.build("plain")


def fit(gan, *callbacks, epochs=3):
    gan._step.assign(0)
    runs.fit("plain", gan, callbacks, epochs)


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, [4, 8, 12]),
        ({"every": 2}, [8, 12]),
        ({"every": 3, "unit": "steps"}, [6, 9, 12]),
        ({"every": 5, "unit": "steps", "keep": 9}, [5, 10, 12]),
        ({"unit": "minutes"}, [12]),
        ({"unit": "steps", "keep": 1}, [12]),
    ],
)
def test_it_saves_at_the_interval_and_at_the_end_and_keeps_the_newest(
    gan, tmp_path, settings, expected
):
    fit(gan, AtomicCheckpoint(tmp_path, **settings))

    assert steps(tmp_path) == expected


def test_the_interval_can_be_in_minutes(gan, tmp_path, monkeypatch):
    seconds = iter(range(0, 10_000, 50))
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))

    fit(gan, AtomicCheckpoint(tmp_path, unit="minutes", keep=99))

    assert 3 < len(steps(tmp_path)) < 12


@pytest.mark.parametrize("mode, best", [("min", 8), ("max", 12)])
def test_the_best_checkpoint_is_kept_in_addition(gan, tmp_path, mode, best):
    checkpoint = AtomicCheckpoint(tmp_path, every=4, keep=1, monitor="fid", mode=mode)

    fit(gan, checkpoint, SetLog("fid", [3.0, 1.0, 4.0, 2.0]), epochs=4)

    assert checkpoint.best_step == best
    assert steps(tmp_path) == [best, 16]


@pytest.mark.unit
def test_the_state_of_stock_callbacks_is_resumed(tmp_path):
    def callbacks():
        scores = SetLog("score", [5.0, 4.0, 6.0, 7.0, 3.0, 8.0])
        stopping = keras.callbacks.EarlyStopping(
            "score", mode="min", patience=9, restore_best_weights=True
        )
        plateau = keras.callbacks.ReduceLROnPlateau("score", mode="min", patience=2, factor=0.5)
        return scores, stopping, plateau

    straight = runs.train("plain", callbacks=callbacks(), epochs=6)
    with pytest.raises(runs.Stopped):
        stop = runs.StopAfter(14)
        runs.train("plain", tmp_path, [*callbacks(), stop], epochs=6, monitor="score")
    scores, stopping, plateau = callbacks()
    resumed = runs.train(
        "plain", tmp_path, [scores, stopping, plateau], initialization=1, epochs=6, monitor="score"
    )

    assert (stopping.best, stopping.best_epoch, stopping.wait) == (3.0, 4, 1)
    assert runs.different(straight, resumed) == 0
    assert straight.history.history == resumed.history.history
    # The plateau was reached once.
    initial = float(runs.build("plain").optimizer.learning_rate)
    assert float(resumed.optimizer.learning_rate) == pytest.approx(initial / 2)


class Pixels:
    name, sha256 = "pixels", "none"

    def __call__(self, images):
        return images.reshape(len(images), -1)[:, :3].astype("float32")


def monitors(name):
    if name == "spectral":
        return [SpectralMonitor(every=3, unit="steps", exact_every=2)]
    images = runs.images()
    return [
        CollapseMonitor(images, n=20, every=2, patience=1, min_diversity=0.999),
        EvaluateSamples(["fid"], images, Pixels(), n=20, every=2, cache=False),
    ]


@pytest.fixture(
    scope="module",
    params=[pytest.param("spectral", marks=pytest.mark.slow), "adaptive_augmentation"],
)
def monitored(request):
    """The name of a run, its monitors and its GAN, trained without a stop."""
    callbacks = monitors(request.param)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The samples are alike")
        gan = runs.train(request.param, callbacks=callbacks, epochs=5)
    return request.param, callbacks, gan


@pytest.mark.filterwarnings("ignore:The samples are alike")
@pytest.mark.parametrize("stop", [*(pytest.param(n, marks=pytest.mark.slow) for n in (6, 9)), 13])
def test_the_state_of_monitors_is_resumed(tmp_path, monitored, stop):
    name, callbacks, straight = monitored
    more = monitors(name)

    with pytest.raises(runs.Stopped):
        last = runs.StopAfter(stop)
        runs.train(name, tmp_path, [*monitors(name), last], epochs=5)
    resumed = runs.train(name, tmp_path, more, initialization=1, epochs=5)

    assert straight.history.history == resumed.history.history
    for expected, found in zip(callbacks, more, strict=True):
        assert found.get_state() == expected.get_state()


@pytest.mark.unit
def test_layers_with_other_names_in_another_process_are_matched_by_their_order(tmp_path):
    (monitor,) = monitors("spectral")
    runs.train("spectral", callbacks=[monitor], epochs=1)
    state = monitor.get_state()

    monitor.set_state(json.loads(json.dumps(state).replace('"hidden"', '"dense_7"')))

    assert monitor.get_state() == state


@pytest.mark.unit
def test_the_state_of_a_hook_of_the_user_is_resumed(tmp_path):
    class Counter(FitHook):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1

        def get_state(self):
            return self.steps

        def set_state(self, state):
            self.steps = state

    with pytest.raises(runs.Stopped):
        runs.train("plain", tmp_path, [Counter(), runs.StopAfter(7)])
    counter = Counter()
    runs.train("plain", tmp_path, [counter])

    assert counter.steps == 12


@pytest.mark.unit
def test_a_run_that_early_stopping_ended_is_not_trained_further(tmp_path):
    def train(patience):
        scores = SetLog("score", [2.0, 1.0, 3.0, 4.0, 5.0, 6.0])
        stopping = keras.callbacks.EarlyStopping("score", mode="min", patience=patience)
        return runs.train("plain", tmp_path, [scores, stopping], epochs=6).step

    assert [train(2), train(2)] == [16, 16]
    # With more patience it continues.
    assert [train(3), train(9)] == [20, 24]


@pytest.mark.unit
def test_a_complete_run_is_not_trained_further(tmp_path):
    first = runs.train("plain", tmp_path)
    again = runs.train("plain", tmp_path, initialization=1)

    assert runs.different(first, again) == 0
    assert runs.train("plain", tmp_path, epochs=4).step == 16


@pytest.mark.unit
def test_a_run_that_a_callback_stopped_within_an_epoch_can_be_continued(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    assert runs.train("plain", tmp_path, [Stop()], unit="epochs").step == 2
    resumed = runs.train("plain", tmp_path, unit="epochs", initialization=1)

    assert runs.different(runs.straight("plain"), resumed) == 0


def test_a_damaged_checkpoint_is_named_once_and_the_previous_one_is_used(tmp_path):
    with pytest.raises(runs.Stopped):
        runs.train("plain", tmp_path, [runs.StopAfter(7)])
    path = checkpoint_files.every(tmp_path)[-1] / "arrays.npz"
    path.write_bytes(path.read_bytes()[:-1])
    (tmp_path / ".1.partial.step_00000007").mkdir()

    expected = r"step_00000005, since .*step_00000006/arrays.npz"
    with pytest.warns(UserWarning, match=expected) as caught:
        resumed = runs.train("plain", tmp_path, initialization=1)

    assert len([one for one in caught if one.category is UserWarning]) == 1
    assert runs.different(runs.straight("plain"), resumed) == 0
    assert all_intact(tmp_path)


def all_intact(folder):
    for path in folder.iterdir():
        checkpoint_files.verify(path)
    return True


@pytest.mark.unit
def test_other_data_resume_at_the_start_of_an_epoch_with_a_warning(tmp_path):
    class Vectors(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return (linear.vectors(8, seed=index),)

    def train(*callbacks):
        gan = runs.build("plain")
        checkpoint = AtomicCheckpoint(tmp_path, unit="steps")
        gan.fit(Vectors(), epochs=2, verbose=0, callbacks=[*callbacks, checkpoint])
        return gan

    with pytest.raises(runs.Stopped):
        train(runs.StopAfter(7))
    with pytest.warns(UserWarning, match=r"start of an epoch.*of the epoch 2, after 2"):
        gan = train()

    assert gan.step == 6 + 4


@pytest.mark.unit
def test_steps_per_epoch_do_not_change_the_order_after_a_stop(tmp_path):
    def train(folder, *callbacks):
        gan = runs.build("plain")
        checkpoint = AtomicCheckpoint(folder, unit="steps")
        gan.fit(
            linear.vectors(40),
            batch_size=8,
            steps_per_epoch=3,
            epochs=4,
            callbacks=[*callbacks, checkpoint],
            verbose=0,
        )
        return gan

    straight = train(tmp_path / "straight")
    with pytest.raises(runs.Stopped):
        train(tmp_path / "stopped", runs.StopAfter(9))

    assert runs.different(straight, train(tmp_path / "stopped")) == 0


@pytest.mark.unit
def test_the_checkpoint_of_another_gan_is_refused(tmp_path):
    runs.train("plain", tmp_path, epochs=1)
    other = runs.build("virtual_batches")
    before = runs.state(other)

    with pytest.raises(ValueError, match=r"another training run.*Received: .*regularizers"):
        runs.fit("virtual_batches", other, [AtomicCheckpoint(tmp_path)])

    assert all(map(np.array_equal, before, runs.state(other)))


def test_a_full_disk_ends_training_or_warns(gan, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match=r"No space left"):
        fit(gan, AtomicCheckpoint(tmp_path))
    with pytest.warns(UserWarning, match=r"No checkpoint of step 4 was written: .*No space left"):
        fit(gan, AtomicCheckpoint(tmp_path, on_error="warn"), epochs=1)

    assert list(tmp_path.iterdir()) == []


def test_faults_are_refused_before_the_first_step(gan, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    gan._step.assign(0)
    with pytest.raises(FileExistsError):
        runs.fit("plain", gan, [AtomicCheckpoint(tmp_path / "file")])
    with pytest.raises(ValueError, match=r"at most one checkpoint.*Received: 2 of them"):
        runs.fit("plain", gan, [AtomicCheckpoint(tmp_path), AtomicCheckpoint(tmp_path)])
    with pytest.raises(ValueError, match=r"`unit` must be one of .*Received: unit='hours'"):
        AtomicCheckpoint(tmp_path, unit="hours")
    assert gan.step == 0

    plain = keras.Sequential([keras.layers.Dense(1)])
    plain.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"in the `fit` of a `ganzoo.GAN`. Received: Sequential"):
        plain.fit(np.zeros((2, 1)), np.zeros(2), verbose=0, callbacks=[AtomicCheckpoint(tmp_path)])


def test_a_folder_has_one_writer_at_a_time(gan, tmp_path):
    class Second(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            files = sorted(tmp_path.rglob("*"))
            with pytest.raises(BlockingIOError, match=r"Process \d+ on .* writes to this folder"):
                runs.fit("plain", runs.build("plain"), [AtomicCheckpoint(tmp_path)])
            assert sorted(tmp_path.rglob("*")) == files

    fit(gan, Second(), AtomicCheckpoint(tmp_path), epochs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000004", "step_00000008"]


def test_a_missing_monitored_value_is_named(gan, tmp_path):
    with pytest.raises(ValueError, match=r"d_loss.*Received: monitor='fid'"):
        fit(gan, AtomicCheckpoint(tmp_path, monitor="fid"))
