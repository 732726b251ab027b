import errno
import json
import warnings

import keras
import numpy as np
import pytest
from faults import runs
from one_gan import OneGan

from ganzoo.callbacks import (
    AtomicCheckpoint,
    CollapseMonitor,
    EvaluateSamples,
    FitHook,
    SpectralMonitor,
    callback_states,
    checkpoint_files,
)
from support.gans import dense, linear


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
def one():
    return OneGan("plain")


@pytest.fixture
def gan(one):
    return one.restart()


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


def test_the_state_of_stock_callbacks_is_resumed(one, tmp_path):
    initial = float(one.restart().optimizer.learning_rate)

    def train(folder=None, *more, initialization=0):
        scores = SetLog("score", [5.0, 4.0, 6.0, 7.0, 3.0, 8.0])
        stopping = keras.callbacks.EarlyStopping(
            "score", mode="min", patience=9, restore_best_weights=True
        )
        plateau = keras.callbacks.ReduceLROnPlateau("score", mode="min", patience=2, factor=0.5)
        settings = {} if folder is None else {"monitor": "score"}
        callbacks = [scores, stopping, plateau, *more]
        gan = one.train(folder, callbacks, initialization, epochs=6, **settings)
        return dense.state(gan), gan.history.history, stopping

    state, history, _ = train()
    with pytest.raises(runs.Stopped):
        train(tmp_path, runs.StopAfter(14))
    resumed, resumed_history, stopping = train(tmp_path, initialization=1)

    assert (stopping.best, stopping.best_epoch, stopping.wait) == (3.0, 4, 1)
    assert all(map(np.array_equal, state, resumed))
    assert resumed_history == history
    # The plateau was reached once.
    assert history["learning_rate"][0] == pytest.approx(initial)
    assert history["learning_rate"][-1] == pytest.approx(initial / 2)


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
    """A GAN, the name of its monitors, and what they tell of a run without a stop."""
    one, callbacks = OneGan(request.param), monitors(request.param)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The samples are alike")
        gan = one.train(callbacks=callbacks, epochs=5)
    return one, request.param, gan.history.history, [each.get_state() for each in callbacks]


@pytest.mark.filterwarnings("ignore:The samples are alike")
@pytest.mark.parametrize("stop", [*(pytest.param(n, marks=pytest.mark.slow) for n in (6, 9)), 13])
def test_the_state_of_monitors_is_resumed(tmp_path, monitored, stop):
    one, name, history, states = monitored
    resuming = monitors(name)

    with pytest.raises(runs.Stopped):
        one.train(tmp_path, [*monitors(name), runs.StopAfter(stop)], epochs=5)
    resumed = one.train(tmp_path, resuming, initialization=1, epochs=5)

    assert resumed.history.history == history
    assert [each.get_state() for each in resuming] == states


def test_layers_with_other_names_in_another_process_are_matched_by_their_order():
    (monitor,) = monitors("spectral")
    monitor.set_model(runs.build("spectral"))
    monitor.on_train_begin()
    state = monitor.get_state()

    monitor.set_state(json.loads(json.dumps(state).replace('"hidden"', '"dense_7"')))

    assert monitor.get_state() == state


def test_the_state_of_a_hook_of_the_user_is_resumed(one, tmp_path):
    class Counter(FitHook):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1

        def get_state(self):
            return self.steps

        def set_state(self, state):
            self.steps = state

    with pytest.raises(runs.Stopped):
        one.train(tmp_path, [Counter(), runs.StopAfter(7)])
    counter = Counter()
    one.train(tmp_path, [counter])

    assert counter.steps == 12


def test_a_run_that_early_stopping_ended_is_not_trained_further(one, tmp_path):
    def train(patience):
        scores = SetLog("score", [2.0, 1.0, 3.0, 4.0, 5.0, 6.0])
        stopping = keras.callbacks.EarlyStopping("score", mode="min", patience=patience)
        return one.train(tmp_path, [scores, stopping], epochs=6).step

    assert [train(2), train(2)] == [16, 16]
    # With more patience it continues.
    assert [train(3), train(9)] == [20, 24]


def test_a_complete_run_is_not_trained_further(one, tmp_path):
    first = dense.state(one.train(tmp_path))
    again = dense.state(one.train(tmp_path, initialization=1))

    assert all(map(np.array_equal, first, again))
    assert one.train(tmp_path, epochs=4).step == 16


@pytest.fixture(scope="module")
def straight(one):
    """The state after a run without a stop."""
    return dense.state(one.train())


def test_a_run_that_a_callback_stopped_within_an_epoch_can_be_continued(one, straight, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    assert one.train(tmp_path, [Stop()], unit="epochs").step == 2
    resumed = one.train(tmp_path, unit="epochs", initialization=1)

    assert all(map(np.array_equal, straight, dense.state(resumed)))


def test_a_damaged_checkpoint_is_named_once_and_the_previous_one_is_used(one, straight, tmp_path):
    with pytest.raises(runs.Stopped):
        one.train(tmp_path, [runs.StopAfter(7)])
    path = checkpoint_files.every(tmp_path)[-1] / "arrays.npz"
    path.write_bytes(path.read_bytes()[:-1])
    (tmp_path / ".1.partial.step_00000007").mkdir()

    expected = r"step_00000005, since .*step_00000006/arrays.npz"
    with pytest.warns(UserWarning, match=expected) as caught:
        resumed = one.train(tmp_path, initialization=1)

    assert [warning.category for warning in caught].count(UserWarning) == 1
    assert all(map(np.array_equal, straight, dense.state(resumed)))
    assert all_intact(tmp_path)


def all_intact(folder):
    for path in folder.iterdir():
        checkpoint_files.verify(path)
    return True


def test_other_data_resume_at_the_start_of_an_epoch_with_a_warning(one, tmp_path):
    class Vectors(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return (linear.vectors(8, seed=index),)

    def train(*callbacks):
        gan = one.restart()
        checkpoint = AtomicCheckpoint(tmp_path, unit="steps")
        gan.fit(Vectors(), epochs=2, verbose=0, callbacks=[*callbacks, checkpoint])
        return gan

    with pytest.raises(runs.Stopped):
        train(runs.StopAfter(7))
    with pytest.warns(UserWarning, match=r"start of an epoch.*of the epoch 2, after 2"):
        gan = train()

    assert gan.step == 6 + 4


def test_steps_per_epoch_do_not_change_the_order_after_a_stop(one, tmp_path):
    def train(folder, *callbacks, initialization=0):
        gan = one.restart(initialization)
        checkpoint = AtomicCheckpoint(folder, unit="steps")
        gan.fit(
            linear.vectors(40),
            batch_size=8,
            steps_per_epoch=3,
            epochs=4,
            callbacks=[*callbacks, checkpoint],
            verbose=0,
        )
        return dense.state(gan)

    straight = train(tmp_path / "straight")
    with pytest.raises(runs.Stopped):
        train(tmp_path / "stopped", runs.StopAfter(9))
    resumed = train(tmp_path / "stopped", initialization=1)

    assert all(map(np.array_equal, straight, resumed))


def test_the_checkpoint_of_another_gan_is_refused(one, tmp_path):
    one.train(tmp_path, epochs=1)
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


def test_a_run_on_a_full_disk_tries_again_at_the_next_interval_and_keeps_its_best(
    gan, tmp_path, monkeypatch
):
    write, tried = checkpoint_files.write, []

    def write_until_step_7(folder, step, arrays, state):
        tried.append(step)
        if step > 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(folder, step, arrays, state)

    monkeypatch.setattr(checkpoint_files, "write", write_until_step_7)
    settings = {"every": 3, "unit": "steps", "keep": 1, "monitor": "fid", "on_error": "warn"}
    checkpoint = AtomicCheckpoint(tmp_path, **settings)
    with pytest.warns(UserWarning, match="No checkpoint of step 8 was written"):
        fit(gan, SetLog("fid", [3.0, 1.0, 2.0]), checkpoint)

    # The best values are at the ends of the epochs; the step 8 is one of them and not written.
    assert tried == [3, 4, 6, 8, 9, 12]
    assert steps(tmp_path) == [4, 6] and (checkpoint.best, checkpoint.best_step) == (3.0, 4)


def test_an_error_while_old_checkpoints_are_removed_says_so(gan, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(checkpoint_files, "prune", fail)
    with pytest.warns(UserWarning, match="no longer needed could not be removed: .*denied"):
        fit(gan, AtomicCheckpoint(tmp_path, on_error="warn"), epochs=1)
    assert steps(tmp_path) == [4]


def test_the_best_weights_of_early_stopping_keep_their_type(tmp_path):
    layer = keras.layers.Dense(2, dtype="bfloat16")
    layer.build((None, 3))
    stopping = keras.callbacks.EarlyStopping()
    stopping.best_weights = expected = layer.get_weights()
    own = callback_states.identities([stopping])
    states, arrays = callback_states.collect([stopping])
    state = {"callbacks": states, "identities": own}
    path = checkpoint_files.write(tmp_path, 1, {**arrays, "other": np.ones(2)}, state)
    stopping.best_weights = None

    callback_states.restore([stopping], own, *checkpoint_files.read(path))

    layer.set_weights(stopping.best_weights)
    for found, weight, before in zip(
        layer.get_weights(), stopping.best_weights, expected, strict=True
    ):
        assert weight.dtype == before.dtype
        np.testing.assert_array_equal(found, before)
    assert checkpoint_files.read(path)[0]["other"].dtype == "float64"


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
