import types

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.callbacks import NaNGuard
from support.gans import dense


class Poison(keras.callbacks.Callback):
    """Makes one weight of a network NaN before a batch, counted from 0 over the whole run."""

    def __init__(self, network, at):
        super().__init__()
        self.network, self.left = network, at

    def on_train_batch_begin(self, batch, logs=None):
        if self.left == 0:
            kernel = getattr(self.model, self.network).trainable_weights[-1]
            kernel.assign(np.full(kernel.shape, np.nan))
        self.left -= 1


@keras.saving.register_keras_serializable(package="test_nan_guard")
class ExplodesAt(ganzoo.regularizers.Penalty):
    """A penalty that is infinite for any gradient that is not zero."""

    name = "explodes"

    def penalty(self, discriminator, real, fake, draws):
        return keras.ops.sum(keras.ops.square(real.input_gradient())) * np.float32(1e38) * 1e38


def fit(gan, *callbacks, epochs=3):
    gan.fit(dense.dataset(), batch_size=16, epochs=epochs, callbacks=list(callbacks), verbose=0)


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_training_ends_within_the_step_that_failed(gan, network):
    with pytest.raises(FloatingPointError, match=r"in epoch 2, after step 5") as error:
        fit(gan, Poison(network, at=4), NaNGuard())

    assert gan.step == 5
    assert "g_loss=nan" in str(error.value) and "Received:" in str(error.value)


@pytest.mark.unit
def test_the_error_names_the_penalty_that_failed():
    gan = dense.build(regularizers=[ExplodesAt()])

    with pytest.raises(FloatingPointError, match=r"explodes=inf"):
        fit(gan, NaNGuard())

    assert gan.step == 1


def test_only_terms_that_are_not_finite_are_named():
    guard = NaNGuard()
    guard.set_model(types.SimpleNamespace(step=1, step_logs=None))

    with pytest.raises(FloatingPointError) as error:
        guard.on_train_batch_end(0, {"d_loss": 1.0, "d_real": float("-inf"), "r1": 0.5})

    assert "Received: d_real=-inf. " in str(error.value)


def test_metrics_at_the_end_of_an_epoch_are_checked(gan):
    class BrokenMetric(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["fid"] = float("nan")

    with pytest.raises(FloatingPointError, match=r"at the end of epoch 1, .* fid=nan"):
        fit(gan, BrokenMetric(), NaNGuard())


def test_training_ends_within_one_execution_of_several_steps():
    gan = dense.build(steps_per_execution=3)

    with pytest.raises(FloatingPointError, match=r"after step 4 \(which ran together with .* to 6"):
        fit(gan, Poison("discriminator", at=1), NaNGuard())

    assert gan.step == 6


def test_the_last_good_checkpoint_is_kept(gan, tmp_path):
    backup = keras.callbacks.BackupAndRestore(str(tmp_path), delete_checkpoint=False)

    with pytest.raises(FloatingPointError):
        fit(gan, NaNGuard(), Poison("generator", at=5), backup)

    restored = dense.build(seed=1)
    restored.load_weights(tmp_path / "latest.weights.h5")
    assert restored.step == 3
    assert all(np.isfinite(value).all() for value in dense.state(restored))


def test_a_healthy_run_continues(gan):
    fit(gan, NaNGuard(), epochs=2)

    assert gan.step == 6
