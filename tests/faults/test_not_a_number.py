import keras
import numpy as np
import pytest
from faults import runs

import ganzoo
from ganzoo.callbacks import AtomicCheckpoint, NaNGuard, checkpoint_files
from support.gans import linear

FAULT_STEP = 6


@keras.saving.register_keras_serializable(package="test_not_a_number")
class Breaks(ganzoo.regularizers.Penalty):
    """A penalty that is always infinite."""

    name = "breaks"

    def penalty(self, discriminator, real, fake, draws):
        return keras.ops.sum(real.input_gradient()) * np.float32("inf")


@keras.saving.register_keras_serializable(package="test_not_a_number")
class BrokenLoss(ganzoo.losses.NonSaturating):
    """A loss that is NaN for one player."""

    def __init__(self, player):
        super().__init__()
        self.player = player

    def discriminator(self, real_logits, fake_logits):
        loss = super().discriminator(real_logits, fake_logits)
        return loss * np.float32("nan") if self.player == "discriminator" else loss

    def generator(self, fake_logits, real_logits=None):
        loss = super().generator(fake_logits, real_logits)
        return loss * np.float32("nan") if self.player == "generator" else loss


class Poison(keras.callbacks.Callback):
    """Makes a weight infinite before a certain step, the first `times` times."""

    def __init__(self, times=1):
        super().__init__()
        self.left = times

    def on_train_batch_begin(self, batch, logs=None):
        if self.left and self.model.step == FAULT_STEP:
            self.left -= 1
            kernel = self.model.discriminator.trainable_weights[0]
            kernel.assign(np.full(kernel.shape, np.inf))


def is_finite(folder):
    arrays, _ = checkpoint_files.read(checkpoint_files.newest(folder))
    return all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.parametrize(
    "term, settings",
    [
        ("breaks=", {"regularizers": [Breaks()]}),
        ("d_loss=nan", {"loss": BrokenLoss("discriminator")}),
        ("g_loss=nan", {"loss": BrokenLoss("generator")}),
    ],
)
def test_the_last_finite_checkpoint_is_kept_and_the_error_names_the_term(tmp_path, term, settings):
    runs.train("plain", tmp_path, epochs=1)
    saved = checkpoint_files.every(tmp_path)
    gan = runs.build("plain")
    gan.compile(g_optimizer="adam", d_optimizer="adam", **settings)

    with pytest.raises(FloatingPointError, match=term):
        checkpoint = AtomicCheckpoint(tmp_path, unit="steps", accept_changes=list(settings))
        runs.fit("plain", gan, [NaNGuard(), checkpoint])

    assert gan.step == runs.STEPS + 1
    assert checkpoint_files.every(tmp_path) == saved and is_finite(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_bad_example_ends_training_before_its_step(tmp_path, value):
    class Vectors(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            batch = linear.vectors(8)
            if index == 2:
                batch[0, 0] = value
            return (batch,)

    gan = runs.build("plain")

    with pytest.raises(ValueError, match=r"must be finite.*1 such rows of 8"):
        gan.fit(
            Vectors(), verbose=0, callbacks=[NaNGuard(), AtomicCheckpoint(tmp_path, 1, "steps")]
        )

    assert checkpoint_files.newest(tmp_path).name == "step_00000002" and is_finite(tmp_path)


def test_a_checkpoint_never_holds_values_that_are_not_finite(tmp_path):
    with pytest.raises(FloatingPointError, match=r"kernel, which is not, at step 7"):
        runs.train("plain", tmp_path, [Poison()])

    assert checkpoint_files.newest(tmp_path).name == "step_00000006" and is_finite(tmp_path)


def test_a_rollback_continues_with_lower_learning_rates(tmp_path):
    guard, history = NaNGuard("rollback"), keras.callbacks.History()

    with pytest.warns(UserWarning, match=r"back to step 4 with 0.5 times.*rollback 1 of 3"):
        gan = runs.train("plain", tmp_path, [guard, Poison(), history], every=1, unit="epochs")

    rates = gan.optimizer.generator.learning_rate, gan.optimizer.discriminator.learning_rate
    initial = float(runs.build("plain").optimizer.learning_rate)
    np.testing.assert_allclose([float(rate) for rate in rates], [initial / 2] * 2)
    assert gan.step == runs.EPOCHS * runs.STEPS
    assert history.epoch == [0, 1, 2] and np.isfinite(history.history["d_loss"]).all()
    assert is_finite(tmp_path)


def test_the_number_of_rollbacks_is_limited(tmp_path):
    guard = NaNGuard("rollback", factor=0.1, max_rollbacks=2)

    with (
        pytest.warns(UserWarning, match=r"with 0.01 times.*rollback 2 of 2"),
        pytest.raises(FloatingPointError, match=r"d_loss="),
    ):
        runs.train("plain", tmp_path, [guard, Poison(times=9)], unit="epochs")

    assert is_finite(tmp_path)


@pytest.mark.slow
def test_a_rollback_needs_a_checkpoint_and_constant_learning_rates(tmp_path):
    guard = NaNGuard("rollback")
    with pytest.raises(ValueError, match=r"list an `AtomicCheckpoint` too"):
        runs.train("plain", callbacks=[guard])

    gan = runs.build("plain")
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.5)
    gan.compile(g_optimizer="adam", d_optimizer=keras.optimizers.Adam(schedule))
    with pytest.raises(ValueError, match=r"must be numbers.*ExponentialDecay"):
        runs.fit("plain", gan, [guard, AtomicCheckpoint(tmp_path)])

    with pytest.raises(ValueError, match=r"`factor`.*Received: factor=1"):
        NaNGuard("rollback", factor=1)
