"""`compile(metrics=...)`, `fit(validation_data=...)` and `evaluate`."""

import keras
import numpy as np
import pytest

import ganzoo
from support.gans import dense


def gan_with(metrics, **settings):
    if metrics is not None:
        settings["extractor"] = "digits"
    return dense.build(metrics=metrics, **settings)


@pytest.fixture(scope="module")
def data():
    return {name: ganzoo.data.Dataset(dense.images(24, seed=i)) for i, name in enumerate("ab")}


def test_validation_measures_the_averaged_generator_when_it_is_due(data):
    gan = gan_with(["pairwise_distance"], ema_decay=0.9)
    history = gan.fit(
        data["a"], batch_size=8, epochs=2, validation_data=data["b"], validation_freq=2, verbose=0
    )
    assert "val_d_loss" not in history.history
    measured = gan.evaluate(data["b"])
    assert set(measured) == {"pairwise_distance"}
    # It is the value of the second epoch alone.
    np.testing.assert_allclose(
        history.history["val_pairwise_distance"], [measured["pairwise_distance"]]
    )


def test_measuring_does_not_change_training(data):
    plain, measured = gan_with(None), gan_with(["pairwise_distance"])
    plain.fit(data["a"], batch_size=24, epochs=2, verbose=0)
    measured.fit(data["a"], batch_size=24, epochs=2, validation_data=data["b"], verbose=0)
    for one, other in zip(plain.weights, measured.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_monitor_can_follow_the_metric(data, tmp_path):
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="val_pairwise_distance", mode="max", save_best_only=True
    )
    gan_with(["pairwise_distance"]).fit(
        data["a"], batch_size=8, validation_data=data["b"], callbacks=[best], verbose=0
    )
    assert (tmp_path / "best.keras").is_file()


class KilledAtTheEndOfEpoch(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise InterruptedError


def test_an_epoch_that_was_killed_after_its_last_step_is_validated(data, tmp_path):
    def rows(name, *callbacks):
        gan = gan_with(["pairwise_distance"])
        checkpoint = ganzoo.callbacks.AtomicCheckpoint(
            tmp_path / name, unit="steps", monitor="val_pairwise_distance", on_signal=False
        )
        log = ganzoo.callbacks.EpochLog(tmp_path / f"{name}.csv")
        gan.fit(
            data["a"],
            batch_size=12,
            steps=3,
            validation_data=data["b"],
            callbacks=[*callbacks, log, checkpoint],
            verbose=0,
        )
        return log.read(tmp_path / f"{name}.csv")

    whole = rows("whole")
    with pytest.raises(InterruptedError):
        rows("killed", KilledAtTheEndOfEpoch(1))
    resumed = rows("killed")

    names = ["epoch", "step", "d_loss", "val_pairwise_distance"]
    assert [[row[name] for name in names] for row in resumed] == [
        [row[name] for name in names] for row in whole
    ]


def test_validation_needs_metrics(data):
    with pytest.raises(ValueError, match="Received: validation_data with metrics=None"):
        gan_with(None).fit(data["a"], batch_size=8, validation_data=data["b"], verbose=0)


def test_what_cannot_be_measured_is_an_error_before_training(data):
    gan = gan_with(["kid"])
    other = ganzoo.data.Dataset(np.random.default_rng(0).normal(size=(24, 2)))
    with pytest.raises(ValueError, match="Received"):
        gan.fit(data["a"], batch_size=8, validation_data=other, verbose=0)
    assert gan.step == 0


def test_evaluate_prints_only_when_asked(data, capsys):
    gan = gan_with(["pairwise_distance"])
    quiet = gan.evaluate(data["a"], n=8)
    assert not capsys.readouterr().out
    assert gan.evaluate(data["a"], n=8, verbose=1) == quiet
    assert "distance" in capsys.readouterr().out
    with pytest.raises(TypeError, match=r"Received: \['steps'\]"):
        gan.evaluate(data["a"], steps=3)


def test_metrics_are_stored_with_the_model(data, tmp_path):
    gan = gan_with(["pairwise_distance"])
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert loaded.metric_settings.metrics == ["pairwise_distance"]
    assert loaded.evaluate(data["a"], n=8) == gan.evaluate(data["a"], n=8)
