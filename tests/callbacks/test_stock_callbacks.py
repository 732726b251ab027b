"""Keras's own callbacks work on a GAN as documented."""

import csv
import json
import pathlib

import keras
import numpy as np
import pytest
from interrupted_run import InterruptAt, Interrupted, train

from support.gans import dense
from support.processes import run_python

HERE = pathlib.Path(__file__).parent
BATCHES = 3  # Per epoch: 48 examples in batches of 16.
TERMS = ("d_loss", "g_loss", "d_real", "d_fake", "r1")


@pytest.fixture(scope="module")
def built():
    """One GAN for all tests of this file, because compiling its step takes seconds."""
    gan = dense.build(g_rate=1e-3, d_rate=4e-3, regularizers=["r1"])
    return gan, dense.state(gan)


def fit(gan, epochs=2, callbacks=()):
    return gan.fit(
        dense.dataset(), batch_size=16, epochs=epochs, callbacks=list(callbacks), verbose=0
    )


def rates(gan):
    return (
        float(gan.optimizer.generator.learning_rate),
        float(gan.optimizer.discriminator.learning_rate),
    )


class SetLog(keras.callbacks.Callback):
    """Puts a value into the logs of each epoch, as a metric would."""

    def __init__(self, name, values):
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]


def test_learning_rate_scheduler_changes_both_rates_and_keeps_their_ratio(gan):
    seen = []
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(rates(gan))
    )
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 1e-3 / 2**epoch)

    fit(gan, epochs=3, callbacks=[schedule, record])

    np.testing.assert_allclose(seen, [(1e-3, 4e-3), (5e-4, 2e-3), (2.5e-4, 1e-3)], rtol=1e-6)


@pytest.mark.parametrize("rate, moves", [(0.0, False), (1e-3, True)])
def test_both_players_train_with_the_scheduled_rate(gan, rate, moves):
    networks = gan.generator, gan.discriminator
    before = [network.trainable_weights[0].numpy() for network in networks]

    fit(gan, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, _: rate)])

    after = [network.trainable_weights[0].numpy() for network in networks]
    assert [(a != b).any() for a, b in zip(after, before, strict=True)] == [moves, moves]


def test_learning_rate_scheduler_is_refused_if_a_player_follows_a_schedule():
    decay = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.5)
    gan = dense.build(d_rate=decay)

    with pytest.raises(TypeError, match=r"the discriminator\. Give the players plain rates"):
        fit(gan, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: 1e-4)])


def test_reduce_lr_on_plateau_reduces_both_rates(gan):
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="fid", mode="min", factor=0.1, patience=1)

    fit(gan, epochs=3, callbacks=[SetLog("fid", [5.0, 5.0, 5.0]), plateau])

    np.testing.assert_allclose(rates(gan), (1e-5, 4e-5), rtol=1e-5)


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_model_checkpoint_keeps_the_best_epoch(gan, tmp_path, suffix):
    path, states = tmp_path / f"best{suffix}", []
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: states.append(dense.state(gan))
    )
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(path),
        monitor="fid",
        mode="min",
        save_best_only=True,
        save_weights_only=suffix == ".weights.h5",
    )

    fit(gan, epochs=4, callbacks=[SetLog("fid", [9.0, 2.0, 3.0, 7.0]), record, checkpoint])

    if suffix == ".keras":
        best = keras.saving.load_model(path)
    else:
        best = dense.build(seed=1, regularizers=["r1"])
        best.load_weights(path)
    assert best.step == 2 * BATCHES
    assert dense.largest_difference(dense.state(best), states[1]) == 0.0
    assert dense.largest_difference(states[1], states[3]) > 0.0


def test_a_saved_model_continues_training_as_the_original(gan, tmp_path):
    path = tmp_path / "gan.keras"
    fit(gan, epochs=2, callbacks=[keras.callbacks.ModelCheckpoint(str(path))])

    loaded = keras.saving.load_model(path)
    fit(gan, epochs=2)
    fit(loaded, epochs=2)

    assert dense.largest_difference(dense.state(gan), dense.state(loaded)) == 0.0


def test_early_stopping_stops_and_restores_the_best_weights(gan):
    weights = []
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(gan.get_weights())
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor="fid", mode="min", patience=2, restore_best_weights=True
    )

    fit(gan, epochs=10, callbacks=[SetLog("fid", [5.0, 1.0, 2.0, 3.0, 0.0]), record, stopping])

    assert len(weights) == 4
    assert dense.largest_difference(gan.get_weights(), weights[1]) == 0.0


def test_csv_logger_writes_every_term(gan, tmp_path):
    history = fit(gan, epochs=3, callbacks=[keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))])

    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for term in TERMS:
        assert [float(row[term]) for row in rows] == pytest.approx(history.history[term])


def test_tensorboard_writes_every_term(gan, tmp_path):
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )

    fit(gan, epochs=3, callbacks=[keras.callbacks.TensorBoard(str(tmp_path))])

    events = event_accumulator.EventAccumulator(str(tmp_path / "train"))
    events.Reload()
    for term in (*TERMS, "learning_rate"):
        assert [event.step for event in events.Tensors(f"epoch_{term}")] == [0, 1, 2]


@pytest.mark.slow
@pytest.mark.unit
def test_an_interrupted_run_resumes_bit_for_bit(tmp_path):
    arguments = {"conditional": True, "discriminator_steps": 2, "regularizers": ["r1"]}
    straight = train(**arguments)

    with pytest.raises(Interrupted):
        train(**arguments, backup=tmp_path, callbacks=[InterruptAt(epoch=1, batch=1)])
    # Other initial weights reveal state that is not restored.
    resumed = train(**arguments, backup=tmp_path, initialization=1)

    assert straight.step == resumed.step > 0
    assert dense.largest_difference(dense.state(straight), dense.state(resumed)) == 0.0


@pytest.mark.slow
def test_stock_callbacks_work_on_jax(tmp_path):
    pytest.importorskip("jax")
    script, folder = HERE / "stock_callbacks_on_jax.py", tmp_path

    printed = run_python(
        f"import runpy, sys; sys.path.insert(0, {str(HERE)!r}); sys.argv = [{str(script)!r}, "
        f"{str(folder)!r}]; runpy.run_path(sys.argv[0])",
        backend="jax",
        without_tensorflow=True,
    )

    facts = json.loads(printed.splitlines()[-1])
    rates = facts.pop("rates")
    np.testing.assert_allclose(rates, [(1e-3, 4e-3), (5e-4, 2e-3), (2.5e-4, 1e-3)], rtol=1e-6)
    assert facts == {
        "backend": "jax",
        "resumed_difference": 0.0,
        "checkpoint_difference": 0.0,
        "epochs_until_stopped": 2,
        "pictures": ["step_00000000.png", "step_00000003.png", "step_00000006.png"],
        "nan": "FloatingPointError",
    }
