import csv
import json

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.callbacks import EvaluateSamples
from ganzoo.metrics import Result
from ganzoo.metrics.evaluation import evaluate
from support.gans import dense

REAL = ganzoo.data.Dataset(dense.images(40, seed=1), name="noise", split="test")


class Pixels:
    name, sha256 = "pixels", "ab"

    def __call__(self, images):
        return images[:, :2, :2].reshape(len(images), -1).astype("float32")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))


def callback(metrics=("fid", "precision_recall"), **arguments):
    return EvaluateSamples(metrics, REAL, Pixels(), **arguments)


def fit(gan, *callbacks, epochs=4):
    return gan.fit(
        dense.dataset(), batch_size=16, epochs=epochs, callbacks=list(callbacks), verbose=0
    ).history


def test_the_logs_hold_the_values_of_the_last_evaluation(gan):
    ours = callback(every=2, seed=5)
    history = fit(gan, ours)

    assert [step for step, _ in ours.records] == [0, 6, 12]
    first, middle, last = ({n: float(r) for n, r in results.items()} for _, results in ours.records)
    assert set(first) == {"fid", "precision", "recall", "density", "coverage"}
    for name in first:
        assert history[name] == [first[name], middle[name], middle[name], last[name]]
    assert len({first["fid"], middle["fid"], last["fid"]}) == 3
    by_hand = evaluate(gan.sample(40, seed=5), REAL, ["fid"], Pixels())["fid"]
    assert last["fid"] == float(by_hand)
    protocol = ours.records[-1][1]["fid"].protocol
    assert (protocol.samples, protocol.reference, protocol.seed) == (40, "noise test", 5)


def test_a_value_that_is_not_finite_does_not_end_the_run(gan, monkeypatch):
    measured = iter([1.0, np.nan, 3.0])
    monkeypatch.setattr(
        ganzoo.metrics.FrechetDistance, "measure", lambda metric: {"FID": (next(measured), None)}
    )
    with pytest.warns(UserWarning, match=r"left out: .*Received: FID=nan ± None"):
        history = fit(gan, callback(["fid"]), epochs=2)
    np.testing.assert_array_equal(history["fid"], [np.nan, 3.0])


def test_the_last_step_is_measured(gan):
    ours = callback(["fid"], every=2)
    fit(gan, ours, epochs=3)

    assert [step for step, _ in ours.records] == [0, 6, 9]


def test_keras_callbacks_read_the_values(gan, tmp_path, monkeypatch):
    # The samples of the second epoch are the best.
    scales = iter([9, 8, 1, 3, 5])
    monkeypatch.setattr(gan, "sample", lambda n, seed: dense.images(n, seed) // next(scales))
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "epoch_{epoch}.keras", monitor="fid", mode="min", save_best_only=True
    )
    stopping = keras.callbacks.EarlyStopping(monitor="fid", mode="min", patience=2)
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")

    history = fit(gan, callback(["fid"]), best, stopping, log, epochs=9)

    assert len(history["fid"]) == 4 and np.argmin(history["fid"]) == 1
    saved = sorted(path.name for path in tmp_path.glob("*.keras"))
    assert saved == ["epoch_1.keras", "epoch_2.keras"]
    with open(tmp_path / "log.csv", newline="") as file:
        assert [float(row["fid"]) for row in csv.DictReader(file)] == history["fid"]


@pytest.mark.parametrize(
    "reader, message",
    [
        (lambda path: keras.callbacks.ModelCheckpoint(path / "x.keras", "fid", mode="min"), "fid"),
        (lambda path: keras.callbacks.EarlyStopping("recall", mode="max"), "monitors 'recall'"),
        (lambda path: keras.callbacks.CSVLogger(path / "x.csv"), "`CSVLogger`, which writes"),
    ],
)
def test_a_reader_that_is_listed_first_is_refused(gan, tmp_path, reader, message):
    with pytest.raises(ValueError, match=rf"`EvaluateSamples` must be listed before .*{message}"):
        fit(gan, reader(tmp_path), callback())

    assert gan.step == 0


def test_callbacks_that_read_other_values_may_be_listed_first(gan):
    early = keras.callbacks.EarlyStopping("g_loss", mode="min")
    assert np.isfinite(fit(gan, early, callback(["fid"]), epochs=1)["fid"][0])


def test_evaluating_does_not_change_training(gan):
    start = dense.state(gan)
    fit(gan, epochs=2)
    without = dense.state(gan)
    dense.restore(gan, start)
    fit(gan, callback(), epochs=2)

    assert dense.largest_difference(dense.state(gan), without) == 0.0


def test_sampling_is_compiled_once(gan):
    fit(gan, callback(["fid"], n=70), epochs=1)
    compiled = gan._sampling_function.experimental_get_tracing_count()
    fit(gan, callback(["fid"], n=130), epochs=1)

    assert gan._sampling_function.experimental_get_tracing_count() == compiled


def test_a_folder_keeps_the_values_with_their_protocols(gan, tmp_path):
    ours = callback(folder=tmp_path / "run", every=2)
    fit(gan, ours, epochs=2)

    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    assert [line["step"] for line in lines] == [0, 6]
    for line, (_, results) in zip(lines, ours.records, strict=True):
        read = {name: Result.from_dict(one) for name, one in line["results"].items()}
        assert read == results


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"metrics": ["precision_recall"], "n": 2}, r"more examples than neighbors"),
        ({"metrics": ["is"], "n": 5}, r"needs a classifier"),
        ({"every": 0}, r"every=0"),
        ({"seed": -1}, r"seed=-1"),
    ],
)
def test_samples_that_cannot_be_measured_are_an_error_before_the_first_step(
    gan, arguments, message
):
    with pytest.raises(ValueError, match=message):
        fit(gan, callback(**arguments))

    assert gan.step == 0


def test_a_model_that_is_not_a_gan_is_refused():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")

    with pytest.raises(
        ValueError, match=r"`EvaluateSamples` works in the `fit` of a `ganzoo\.GAN`"
    ):
        model.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0, callbacks=[callback()])


def test_vectors_are_measured_by_their_modes():
    ring = ganzoo.data.load("toy:ring", count=100)
    ours = EvaluateSamples(["mixture_coverage"], ring)

    class Points:
        step = 0

        def sampler_for(self, data):
            return lambda n, seed: ring.examples[:n]

    ours.set_model(Points())
    ours._measure()

    assert ours._values["modes"] == 8


def test_evaluate_prints_results_if_asked_and_returns_floats(gan, capsys):
    metrics = ["fid", "precision_recall"]
    settings = {"metrics": metrics, "extractor": Pixels(), "n": 30, "seed": 2}
    found = gan.evaluate(REAL, verbose=1, **settings)

    expected = evaluate(gan.sample(30, seed=2), REAL, metrics, Pixels())
    # Samples of an array are measured in another order.
    floats = {name: float(result) for name, result in expected.items()}
    assert found == pytest.approx(floats, rel=1e-9)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("FID@pixels ") and "(30/40 noise test, seed 2)" in lines[0]
    assert gan.evaluate(REAL, **settings) == found and not capsys.readouterr().out
