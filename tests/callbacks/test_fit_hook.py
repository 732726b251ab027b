import keras
import numpy as np
import pytest
from faults import runs

from ganzoo.callbacks import AtomicCheckpoint, FitHook, NaNGuard, Position, checkpoint_files
from support.gans import dense, linear


@pytest.fixture(scope="module")
def built():
    gan = runs.build("plain")
    return gan, dense.state(gan)


def fit(gan, *callbacks, epochs=2):
    gan._step.assign(0)
    gan.fit(linear.vectors(16), batch_size=8, epochs=epochs, callbacks=list(callbacks), verbose=0)
    return gan.history


class Recorder(FitHook):
    """Notes the calls of its methods."""

    def __init__(self, state="state"):
        super().__init__()
        self.calls, self.state = [], state

    def attach(self, callbacks):
        self.calls.append("attach")
        self.callbacks = callbacks
        self.step_at_attach, self.params_at_attach = self.model.step, self.params

    def detach(self):
        self.calls.append("detach")

    def on_train_begin(self, logs=None):
        self.calls.append("begin")

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch}")

    def on_train_end(self, logs=None):
        self.calls.append("end")

    def get_state(self):
        self.calls.append("get")
        return self.state

    def set_state(self, state):
        self.calls.append(f"set {state}")


def test_fit_calls_the_methods_in_the_documented_order(gan, tmp_path):
    first, resumed = Recorder(), Recorder()

    fit(gan, first, AtomicCheckpoint(tmp_path), epochs=1)
    fit(gan, AtomicCheckpoint(tmp_path), resumed)

    assert first.calls == ["attach", "begin", "epoch 0", "get", "end", "detach"]
    # The checkpoint is called last, wherever it is listed.
    expected = ["attach", "begin", "set state", "epoch 1", "get", "end", "detach"]
    assert resumed.calls == expected


def test_a_hook_sees_the_model_and_all_callbacks_before_training(gan, tmp_path):
    hook, checkpoint, last = Recorder(), AtomicCheckpoint(tmp_path), keras.callbacks.Callback()

    fit(gan, checkpoint, hook, last)

    assert hook.callbacks[:2] == [hook, last] and hook.callbacks[-1] is checkpoint
    assert any(isinstance(callback, keras.callbacks.History) for callback in hook.callbacks)
    assert hook.step_at_attach == 0 and hook.params_at_attach["epochs"] == 2
    assert hook.params_at_attach["steps"] == 2


def test_without_a_checkpoint_there_is_no_state(gan):
    hook = Recorder()

    fit(gan, hook)

    assert hook.calls == ["attach", "begin", "epoch 0", "epoch 1", "end", "detach"]


def test_a_hook_without_a_state_is_not_in_the_checkpoint(gan, tmp_path):
    fit(gan, Recorder(state=None), AtomicCheckpoint(tmp_path), epochs=1)
    hook = Recorder(state=None)
    fit(gan, hook, AtomicCheckpoint(tmp_path))

    assert not any(call.startswith("set") for call in hook.calls)


def test_states_are_stored_under_the_class_and_its_count(gan, tmp_path):
    fit(gan, Recorder("a"), FitHook(), Recorder("b"), AtomicCheckpoint(tmp_path), epochs=1)

    state = checkpoint_files.read_state(checkpoint_files.newest(tmp_path))
    assert {name: state["callbacks"][name] for name in ("Recorder_1", "Recorder_2")} == {
        "Recorder_1": "a",
        "Recorder_2": "b",
    }
    assert set(state["callbacks"]) == {"Recorder_1", "Recorder_2", "History_1"}


def test_hooks_are_detached_after_an_error(gan):
    class Fails(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("in training")

    hook = Recorder()
    with pytest.raises(RuntimeError, match="in training"):
        fit(gan, hook, Fails())

    assert hook.calls == ["attach", "begin", "detach"]


def test_a_hook_that_cannot_be_attached_ends_fit_before_the_first_step(gan):
    class Fails(Recorder):
        def attach(self, callbacks):
            raise ValueError("cannot be attached")

    before, failing, after = Recorder(), Fails(), Recorder()
    with pytest.raises(ValueError, match="cannot be attached"):
        fit(gan, before, failing, after)

    assert (before.calls, failing.calls, after.calls) == (["attach", "detach"], [], [])
    assert gan.step == 0


def test_a_checkpoint_of_the_user_tells_where_to_continue(gan):
    class From(FitHook):
        def resume(self, in_epoch):
            self.in_epoch = in_epoch
            return Position(1, 1)

    checkpoint = From()
    history = fit(gan, checkpoint, epochs=3)

    assert history.epoch == [1, 2] and gan.step == 1 + 2
    assert checkpoint.in_epoch is True


def test_several_checkpoints_are_refused(gan, tmp_path):
    class Other(FitHook):
        def resume(self, in_epoch):
            return None

    with pytest.raises(ValueError, match=r"2 of them, `Other`, `AtomicCheckpoint`"):
        fit(gan, Other(), AtomicCheckpoint(tmp_path))
    assert gan.step == 0


class FailOnce(keras.callbacks.Callback):
    """Raises at the end of an epoch, the first time."""

    has_failed = False

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1 and not self.has_failed:
            self.has_failed = True
            raise FloatingPointError("once")


def test_a_hook_of_the_user_can_roll_back(gan, tmp_path):
    class RollBack(FitHook):
        def roll_back(self, resume):
            self.position = resume()
            return self.position

    hook, recorder = RollBack(), Recorder()
    history = fit(gan, hook, FailOnce(), recorder, AtomicCheckpoint(tmp_path), epochs=3)

    assert hook.position == Position(1, 0)
    assert history.epoch == [0, 1, 2] and gan.step == 6
    # The states are restored too, without another start of training.
    assert recorder.calls.count("begin") == 1 and recorder.calls.count("set state") == 1


def test_without_a_hook_that_rolls_back_the_error_is_raised(gan, tmp_path):
    hook = Recorder()
    with pytest.raises(FloatingPointError, match="once"):
        fit(gan, hook, NaNGuard(), FailOnce(), AtomicCheckpoint(tmp_path), epochs=3)

    assert hook.calls[-1] == "detach"


def test_a_stateful_callback_that_is_not_a_hook_is_refused_by_the_checkpoint(gan, tmp_path):
    class Counter(keras.callbacks.Callback):
        def get_state(self):
            return 1

        def set_state(self, state):
            pass

    with pytest.raises(TypeError, match=r"Derive its class from `FitHook`. Received: <.*Counter"):
        fit(gan, Counter(), AtomicCheckpoint(tmp_path))
    assert gan.step == 0 and list(tmp_path.iterdir()) == []
    # Without a checkpoint, nothing is lost.
    fit(gan, Counter(), epochs=1)


def test_hooks_do_not_change_training(gan):
    start = dense.state(gan)
    plain = fit(gan).history
    trained = dense.state(gan)
    dense.restore(gan, start)

    assert fit(gan, FitHook()).history == plain
    assert all(map(np.array_equal, dense.state(gan), trained))
    assert np.isfinite(plain["d_loss"]).all() and not np.array_equal(trained[0], start[0])
