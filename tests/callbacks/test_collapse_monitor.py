import csv
import warnings

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.callbacks import CollapseMonitor
from ganzoo.callbacks.score_lead import ScoreLead
from ganzoo.training.step_logs import StepLogs
from support.gans import dense, linear

DATA = ganzoo.data.Dataset(dense.images(200))
LOGS = {"d_loss": 1.0, "g_loss": 1.0, "d_real": 0.3, "d_fake": -0.2}


def healthy(n, seed=0):
    """Other images of the same distribution as the data."""
    return dense.images(n, seed=9)


def collapsed(n, seed=0):
    """One image with a little noise."""
    noise = np.random.default_rng(seed).integers(0, 9, (n, 8, 8, 1), "uint8")
    return dense.images(1) // 2 + noise


def two_modes(n, seed=0):
    """Two images that differ as much as the data do, each many times."""
    return np.resize(dense.images(2), (n, 8, 8, 1))


def run(gan, monkeypatch, *samples, logs=(LOGS,), **arguments):
    """Runs the monitor over epochs with given samples and logs; returns it and the new logs."""
    monitor = CollapseMonitor(DATA, n=100, **arguments)
    monitor.set_model(gan)
    monitor.on_train_begin()
    written = []
    for epoch in range(max(len(samples), len(logs))):
        sample = samples[min(epoch, len(samples) - 1)]
        monkeypatch.setattr(gan, "sample", sample)
        written.append(dict(logs[min(epoch, len(logs) - 1)]))
        monitor.on_epoch_end(epoch, written[-1])
    return monitor, written


@pytest.fixture
def warned():
    """Returns a function that returns the warnings so far, including repeated ones."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield lambda: [str(one.message) for one in caught]


def test_there_is_no_warning_of_a_healthy_generator(gan, monkeypatch, warned):
    _, logs = run(gan, monkeypatch, *[healthy] * 12)

    assert warned() == []
    assert logs[-1]["collapse/diversity"] == pytest.approx(1, abs=0.05)
    assert logs[-1]["collapse/duplicates"] == 0.0
    assert logs[-1]["collapse/score_gap"] == pytest.approx(0.5)
    assert logs[-1]["collapse/oscillation"] == pytest.approx(0)


def test_the_diversity_is_the_ratio_of_mean_distances(gan, monkeypatch):
    _, logs = run(gan, monkeypatch, lambda n, seed: DATA.examples[:n] // 4, seed=3)

    def mean_distance(images):
        rows = images.reshape(len(images), -1).astype("float64")
        squares = ((rows[:, None] - rows[None]) ** 2).sum(axis=2)
        return np.sqrt(squares).sum() / (len(rows) * (len(rows) - 1))

    # Any 100 images of noise are about as far apart as any other 100.
    expected = mean_distance(DATA.examples[:100] // 4) / mean_distance(DATA.examples)
    assert logs[0]["collapse/diversity"] == pytest.approx(expected, rel=0.02)


def test_there_is_one_warning_of_a_collapsed_generator_with_numbers_and_advice(
    gan, monkeypatch, warned
):
    _, logs = run(gan, monkeypatch, *[collapsed] * 8)

    alike, copies = sorted(warned(), reverse=True)
    value = logs[-1]["collapse/diversity"]
    assert value < 0.1 and logs[-1]["collapse/duplicates"] == 1.0
    assert f"between two samples is {value:.2g} of" in alike and "MinibatchDiscrimination" in alike
    assert "100% of the samples have a near copy among 100" in copies and "packing" in copies


def test_duplicates_reveal_a_generator_of_two_images(gan, monkeypatch, warned):
    _, logs = run(gan, monkeypatch, *[two_modes] * 8, min_diversity=0.2)

    assert logs[-1]["collapse/duplicates"] == 1.0
    (warning,) = warned()
    assert warning.startswith("100% of the samples")


def test_there_is_no_warning_while_the_diversity_rises(gan, monkeypatch, warned):
    def at(scale):
        return lambda n, seed: (dense.images(n, seed=9) * scale).astype("uint8")

    _, logs = run(gan, monkeypatch, *[at(0.22 + 0.02 * epoch) for epoch in range(12)])

    assert logs[-1]["collapse/diversity"] < 0.5
    assert warned() == []


def test_a_sign_that_comes_back_is_warned_of_again(gan, monkeypatch, warned):
    run(gan, monkeypatch, *[collapsed] * 5, *[healthy] * 4, *[collapsed] * 5)

    kinds = [warning[:4] for warning in warned()]
    assert kinds.count("The ") == 2 and kinds.count("100%") == 2


def test_the_monitor_can_stop_training(gan, monkeypatch, warned):
    run(gan, monkeypatch, *[collapsed] * 3)
    assert not gan.stop_training

    run(gan, monkeypatch, *[collapsed] * 2, stop=True)
    assert not gan.stop_training

    run(gan, monkeypatch, *[collapsed] * 4, stop=True)
    assert gan.stop_training


@pytest.mark.parametrize("loss, warns", [("hinge", True), ("wasserstein", False)])
def test_a_lead_of_the_discriminator_is_warned_of_if_scores_have_a_scale(
    gan, monkeypatch, warned, loss, warns
):
    monkeypatch.setattr(gan, "adversarial_loss", ganzoo.losses.get(loss))
    _, logs = run(gan, monkeypatch, healthy, logs=[{**LOGS, "d_real": 9.0, "d_fake": -3.5}] * 3)

    assert logs[0]["collapse/score_gap"] == 12.5
    assert ["12.5 logits ahead" in warning for warning in warned()] == [True] * warns


def test_the_lead_is_too_large_from_the_step_after_the_last_one_within_the_limit():
    gaps = np.array([5, 1, 4, 2, 3, 6, 7.0])
    for limit, since in ((0, 1), (1.5, 3), (4.5, 6), (7, None)):
        single, blocks = ScoreLead(limit), ScoreLead(limit)
        for step, gap in enumerate(gaps, start=1):
            single.see(step, {"d_real": gap, "d_fake": 0.0})
        for start, stop in ((0, 3), (3, 6), (6, 7)):
            # The last rows of a block that made fewer steps repeat.
            rows = np.minimum(np.arange(start, start + 3), stop - 1)
            table = np.stack([np.ones(3), 1 - gaps[rows]], axis=1)
            blocks.see(start + 1, StepLogs(("d_real", "d_fake"), table))
        blocks.read()
        assert single.since == blocks.since == since


def test_the_warning_names_a_step_of_a_block(warned):
    data, gaps = linear.vectors(24), []

    def fit(per_call, steps, *callbacks):
        keras.utils.set_random_seed(3)
        gan = linear.gan(
            g_optimizer=keras.optimizers.SGD(0.0),
            d_optimizer=keras.optimizers.SGD(0.3),
            run_eagerly=True,
            steps_per_execution=per_call,
        )
        gan.fit(data, batch_size=4, steps_per_epoch=steps, verbose=0, callbacks=list(callbacks))

    def note(batch, logs):
        gaps.append(logs["d_real"] - logs["d_fake"])

    fit(1, 6, keras.callbacks.LambdaCallback(on_train_batch_end=note))
    before = int(np.argmax(np.diff(gaps)))
    last = before + 2
    for per_call in (1, 4):
        limit = float(np.mean(gaps[before:last]))
        fit(per_call, last, CollapseMonitor(data, n=24, max_score_gap=limit))
        *_, warning = [text for text in warned() if "logits ahead" in text]
        assert f" since step {last}: " in warning
        assert warning.endswith(f"Measured after step {last}.")


def test_there_is_a_warning_of_losses_that_oscillate_and_none_of_losses_that_settle(
    gan, monkeypatch, warned
):
    epochs = np.arange(15)
    settling = [{**LOGS, "d_loss": v, "g_loss": 2 - v} for v in 0.5 + np.exp(-epochs / 3)]
    _, logs = run(gan, monkeypatch, healthy, logs=settling)
    assert logs[-1]["collapse/oscillation"] < 0.1 and warned() == []

    oscillating = [
        {**LOGS, "d_loss": 1 + np.sin(phase), "g_loss": 1 + np.cos(phase)}
        for phase in 2 * np.pi * epochs / 5
    ]
    _, logs = run(gan, monkeypatch, healthy, logs=oscillating)
    assert logs[-1]["collapse/oscillation"] > 0.5
    (warning,) = warned()
    assert warning.startswith("The losses oscillate by 6") and "HistoricalAveraging" in warning


def test_the_oscillation_is_the_deviation_from_a_parabola(gan, monkeypatch):
    losses = [1.0, 2.0, 0.5, 3.0, 1.0, 2.5]
    logs = [{**LOGS, "d_loss": value, "g_loss": -4.0} for value in losses]
    _, written = run(gan, monkeypatch, healthy, logs=logs)

    x = np.stack([np.ones(6), np.arange(6), np.arange(6) ** 2], axis=1)
    residual = losses - x @ np.linalg.lstsq(x, np.array(losses), rcond=None)[0]
    expected = residual.std() / (np.mean(losses) + 4.0)
    assert [row["collapse/oscillation"] for row in written[:4]] == [0.0] * 4
    assert written[-1]["collapse/oscillation"] == pytest.approx(expected)


def test_features_can_replace_pixels(gan, monkeypatch):
    class Corner:
        name, sha256 = "corner", "ab"

        def __call__(self, images):
            return images[:, :2, 0, 0].astype("float32")

    def same_corner(n, seed):
        images = healthy(n)
        images[:, :2, 0] = 7
        return images

    _, by_pixels = run(gan, monkeypatch, same_corner)
    _, by_corner = run(gan, monkeypatch, same_corner, extractor=Corner())

    assert by_pixels[0]["collapse/diversity"] > 0.9
    assert by_corner[0]["collapse/diversity"] == 0.0 and by_corner[0]["collapse/duplicates"] == 1.0


def test_in_fit_it_fills_the_logs_and_changes_nothing(gan, tmp_path):
    def fit(*callbacks):
        return gan.fit(
            dense.dataset(), batch_size=16, epochs=3, callbacks=list(callbacks), verbose=0
        ).history

    start = dense.state(gan)
    fit()
    without = dense.state(gan)
    dense.restore(gan, start)
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    history = fit(CollapseMonitor(DATA, n=50, every=2), log)

    assert dense.largest_difference(dense.state(gan), without) == 0.0
    # The diversity is measured after the first and the second epoch, the gap after each one.
    first, second, third = history["collapse/diversity"]
    assert first != second == third
    gaps = np.subtract(history["d_real"], history["d_fake"])
    np.testing.assert_allclose(history["collapse/score_gap"], gaps, rtol=1e-6)
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("diversity", "duplicates", "score_gap", "oscillation")
    for name in names:
        assert [float(row[f"collapse/{name}"]) for row in rows] == history[f"collapse/{name}"]


def test_a_reader_that_is_listed_first_is_refused(gan):
    reader = keras.callbacks.EarlyStopping("collapse/diversity", mode="max")

    with pytest.raises(ValueError, match=r"`CollapseMonitor` must be listed .*`EarlyStopping`"):
        gan.fit(DATA, callbacks=[reader, CollapseMonitor(DATA, n=50)], verbose=0)
    assert gan.step == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n": 201}, r"Received: n=201"),
        ({"n": 1}, r"Received: n=1 "),
        ({"min_diversity": 1.5}, r"min_diversity=1.5"),
        ({"patience": 0}, r"patience=0"),
        ({"data": np.zeros((300, 8, 8, 1), "uint8")}, r"must vary"),
        ({"data": np.zeros((300, 9, 9, 1), "uint8")}, r"shape of the samples"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(gan, arguments, message):
    with pytest.raises(ValueError, match=message):
        monitor = CollapseMonitor(**{"data": DATA, "n": 50} | arguments)
        monitor.set_model(gan)
        monitor.on_train_begin()
