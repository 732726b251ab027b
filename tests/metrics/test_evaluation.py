"""Samples are measured as by the metrics themselves, and each image is processed once."""

import numpy as np
import pytest
from metric_cases import Corners, images

import ganzoo
from ganzoo import metrics
from ganzoo.metrics.evaluation import Evaluation, evaluate
from ganzoo.metrics.feature_cache import FeatureCache


class Pixels:
    """Features and classes of a few pixels; counts the processed images."""

    def __init__(self, sha256="ab"):
        self.name, self.sha256, self.resize = "pixels", sha256, "none"
        self.features_of = self.probabilities_of = 0

    def __call__(self, images):
        self.features_of += len(images)
        return images.reshape(len(images), -1)[:, :5].astype("float32")

    def probabilities(self, images):
        self.probabilities_of += len(images)
        scores = images.reshape(len(images), -1)[:, :5] / 64.0
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


REAL = ganzoo.data.Dataset(images(60, size=6), name="noise", split="test")
# More samples than one batch.
FAKE = images(1100, size=6, seed=1) // 2


def sampler(n, seed):
    """Like `gan.sample`: row i depends only on `seed + i`."""
    return np.resize(FAKE, (2000, 6, 6, 1))[seed : seed + n]


@pytest.fixture
def extractor():
    return Pixels()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "ganzoo"


def floats(results):
    return {name: float(result) for name, result in results.items()}


def test_the_values_agree_with_the_metrics(extractor):
    names = ["fid", "kid", "is", "precision_recall", "pairwise_distance"]
    found = floats(evaluate(sampler, REAL, names, extractor, n=1100))

    real, fake = extractor(REAL.examples), extractor(FAKE)
    expected = {
        "fid": metrics.frechet_distance(real, fake),
        # Half of the smaller set, so that subsets differ.
        "kid": metrics.kernel_distance(real, fake, subset_size=30)[0],
        "is": metrics.inception_score(extractor.probabilities(FAKE))[0],
        **metrics.precision_recall(real, fake),
        "pairwise_distance": metrics.pairwise_distance(fake),
    }
    assert found == pytest.approx(expected, rel=1e-9)
    assert list(found) == list(expected)


def test_each_image_is_processed_once_for_all_metrics(extractor):
    evaluation = Evaluation(["fid", "kid", "precision_recall", "is"], REAL, extractor, n=1100)

    evaluation.measure(sampler)
    assert (extractor.features_of, extractor.probabilities_of) == (60 + 1100, 1100)

    evaluation.measure(sampler)
    assert (extractor.features_of, extractor.probabilities_of) == (60 + 2 * 1100, 2 * 1100)


def test_features_and_classes_come_from_one_pass():
    network = Corners()
    evaluation = Evaluation(["fid", "is"], REAL, network, n=1100, cache=False)
    evaluation.prepare()
    network.passes = 0
    found = floats(evaluation.measure(sampler))
    assert network.passes == 12  # Of 100 images at most, in batches of 1024 and of 76 samples.
    assert found["is"] == metrics.inception_score(network.probabilities(FAKE))[0]

    # Elsewhere, an array may be changed between two calls.
    image = FAKE[:1].copy()
    before = network(image)
    image[:] = 255 - image
    assert not np.array_equal(network(image), before)


@pytest.mark.parametrize("n, calls", [(40, [(40, 7)]), (1100, [(1024, 7), (76, 1031)])])
def test_samples_are_drawn_from_consecutive_seeds(extractor, n, calls):
    asked = []

    def sample(n, seed):
        asked.append((n, seed))
        return sampler(n, seed)

    results = evaluate(sample, REAL, ["fid"], extractor, n=n, seed=7)

    assert asked == calls
    direct = evaluate(sampler(n, 7), REAL, ["fid"], extractor)
    assert floats(results) == pytest.approx(floats(direct), rel=1e-9)
    seeds = [(r["fid"].protocol.seed, r["fid"].protocol.order_seed) for r in (results, direct)]
    assert seeds == [(7, None), (None, 0)]


def test_few_remaining_samples_are_drawn_in_a_batch_of_the_usual_size(extractor):
    asked = []
    evaluate(
        lambda n, seed: asked.append(n) or sampler(n, seed), REAL, ["fid"], extractor, n=1024 + 9
    )

    assert asked == [1024, 64]


def test_a_second_evaluation_reads_the_features_of_the_real_images(extractor, home):
    first = evaluate(sampler, REAL, ["fid", "kid"], extractor, n=100)
    assert len(list(home.iterdir())) == 1

    again = Pixels()
    second = evaluate(sampler, REAL, ["fid", "kid"], again, n=100)

    assert again.features_of == 100
    assert floats(second) == floats(first)


@pytest.mark.parametrize(
    "change",
    [
        lambda data, extractor: (data, Pixels(sha256="cd")),
        lambda data, extractor: (ganzoo.data.Dataset(data.examples[:50]), extractor),
        lambda data, extractor: (ganzoo.data.Dataset(data.examples[::-1]), extractor),
    ],
)
def test_other_images_or_weights_have_their_own_features(extractor, home, change):
    evaluate(sampler, REAL, ["fid"], extractor, n=100)
    data, other = change(REAL, Pixels())

    evaluate(sampler, data, ["fid"], other, n=100)

    assert other.features_of == len(data) + 100
    assert len(list(home.iterdir())) == 2


def cut(path):
    path.write_bytes(path.read_bytes()[:-300])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        flip,
        lambda path: path.write_bytes(b""),
        lambda path: np.savez(path, features=np.eye(3)),
    ],
)
def test_damaged_features_are_extracted_again(extractor, home, damage):
    first = evaluate(sampler, REAL, ["fid"], extractor, n=100)
    (path,) = home.iterdir()
    whole = path.read_bytes()
    damage(path)

    with pytest.warns(UserWarning, match=r"features-.* are damaged, and are extracted again"):
        second = evaluate(sampler, REAL, ["fid"], extractor, n=100)

    assert floats(second) == floats(first)
    assert path.read_bytes() == whole
    assert list(home.iterdir()) == [path]


def test_the_cache_can_be_another_folder_or_off(extractor, home, tmp_path):
    evaluate(sampler, REAL, ["fid"], extractor, n=100, cache=False)
    evaluate(sampler, REAL, ["fid"], extractor, n=100, cache=tmp_path / "here")

    assert len(list((tmp_path / "here").iterdir())) == 1
    assert not home.exists()


def test_a_cache_that_cannot_be_written_gives_a_warning(extractor, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.warns(UserWarning, match=r"cannot be kept in"):
        results = evaluate(sampler, REAL, ["fid"], extractor, n=100, cache=tmp_path / "file")

    assert results["fid"].value > 0


def test_values_have_their_own_name_or_the_name_of_their_metric(extractor):
    chosen = [
        metrics.FrechetDistance(extractor),
        metrics.FrechetDistance(extractor, name="fid_again"),
        metrics.PrecisionRecall(extractor, name="wide"),
        metrics.ModeCoverage(Classes(), channels=1, num_classes=5),
        metrics.StructuralSimilarity(pairs=3),
    ]
    fake = images(100, size=12, seed=1)
    data = ganzoo.data.Dataset(images(60))

    found = evaluate(fake, data, chosen)

    ours = ["wide_precision", "wide_recall", "wide_density", "wide_coverage"]
    assert list(found) == ["fid", "fid_again", *ours, "modes", "mode_kl", "ms_ssim"]
    assert all(metric.extractor is not None for metric in chosen[:4])
    with pytest.raises(ValueError, match=r"another `name`. Received: 'fid' twice"):
        evaluate(fake, data, [chosen[0], metrics.FrechetDistance(extractor)])


class Classes(Pixels):
    def __call__(self, images):
        return self.probabilities(images)


def test_the_protocol_says_what_was_compared(extractor, tmp_path):
    results = evaluate(sampler, REAL, ["fid", "is"], extractor, n=100)

    fid, score = results["fid"].protocol, results["is"].protocol
    assert (fid.reference, fid.reference_samples, fid.samples) == ("noise test", 60, 100)
    assert (fid.extractor, fid.extractor_sha256, fid.resize) == ("pixels", "ab", "none")
    assert (score.reference, score.reference_samples) == (None, None)
    assert (score.extractor, score.extractor_sha256, score.resize) == ("pixels", "ab", "none")


def test_a_metric_keeps_the_reference_that_it_has(extractor, tmp_path):
    extracted = extractor(REAL.examples)
    metrics.Gaussian.of(extracted).save(tmp_path / "statistics.npz")
    from_file = metrics.FrechetDistance(extractor, reference=tmp_path / "statistics.npz")
    streamed = metrics.FrechetDistance(extractor)
    streamed.update_reference(REAL.examples)

    expected = metrics.frechet_distance(extracted, extractor(FAKE[:100]))
    other = ganzoo.data.Dataset(255 - REAL.examples)
    for metric, data in ((from_file, other), (from_file, None), (streamed, None)):
        result = evaluate(sampler, data, [metric], n=100)["fid"]
        assert float(result) == pytest.approx(expected, rel=1e-9)
        assert result.protocol.reference is None


def test_statistics_of_another_width_are_refused_before_samples_are_drawn(extractor, tmp_path):
    metrics.Gaussian.of(np.random.default_rng(0).normal(size=(9, 4))).save(tmp_path / "other.npz")
    metric = metrics.FrechetDistance(extractor, reference=tmp_path / "other.npz")
    drawn = []

    def sample(n, seed):
        drawn.append(n)
        return sampler(n, seed)

    for samples in (sample, FAKE):
        with pytest.raises(ValueError, match=r"dimensions of the real examples, here 4. Received"):
            evaluate(samples, REAL, ["kid", metric], extractor, n=1000)
    assert drawn == [64] and extractor.features_of == 2


def test_vectors_are_their_own_features():
    ring = ganzoo.data.load("toy:ring", count=200)

    found = floats(evaluate(ring, ring, ["mixture_coverage", "fid", "kid"]))

    assert found["modes"] == 8 and found["good"] > 0.95 and found["fid"] == pytest.approx(0)


def test_the_channels_of_the_data_set_the_modes(extractor):
    found = evaluate(sampler, REAL, [metrics.ModeCoverage(Classes(), 5, 1)], n=100)
    named = Evaluation(["mode_coverage"], REAL, extractor, n=100).metrics[0]

    assert found["modes"].value == 5
    assert named.channels == 1


def test_progress_is_reported(extractor):
    seen = []
    Evaluation(["fid"], REAL, extractor, n=1100).measure(
        sampler, progress=lambda *state: seen.append(state)
    )

    assert seen == [("real", 60, 60), ("samples", 1024, 1100), ("samples", 1100, 1100)]


def test_metrics_keep_their_extractors_through_an_error(extractor):
    metric = metrics.FrechetDistance(extractor)
    with pytest.raises(ValueError, match=r"uint8 images"):
        evaluate(FAKE / 255.0, REAL, [metric])

    assert metric.extractor is extractor


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"metrics": "fid"}, r"a list of metrics.*Received: metrics='fid'"),
        ({"metrics": []}, r"Received: metrics=\[\]"),
        ({"metrics": ["fod"]}, r"Expected one of: fid, .*Received: 'fod'"),
        ({"metrics": ["fid"], "extractor": None}, r"needs an `extractor`: one of 'cifar10'"),
        ({"metrics": ["fid"], "extractor": "vgg"}, r"Unknown feature extractor.*'vgg'"),
        ({"metrics": ["mixture_coverage"]}, r"mixtures of Gaussians.*Received: data="),
        ({"n": 0}, r"`n` must be a positive integer"),
        ({"data": None}, r"`n`, the number of samples, must be given"),
        ({"data": None, "n": 9}, r"compares with real examples: give `data`"),
    ],
)
def test_wrong_arguments_are_refused_before_samples_are_drawn(extractor, arguments, message):
    arguments = {"metrics": ["fid"], "data": REAL, "extractor": extractor} | arguments

    with pytest.raises(ValueError, match=message):
        Evaluation(**arguments)


def test_the_inception_score_needs_a_classifier(extractor):
    class Features:
        name, sha256 = "bare", "00"

        def __call__(self, images):
            return extractor(images)

    with pytest.raises(ValueError, match=r"the method `probabilities`.*Received: extractor="):
        Evaluation(["is"], REAL, Features())


def test_samples_of_another_shape_are_refused_before_real_images_are_processed(extractor):
    with pytest.raises(
        ValueError, match=r"the same shape.*Received: samples of shape \(12, 12, 1\)"
    ):
        evaluate(images(100), REAL, ["fid"], extractor)

    assert extractor.features_of == 0


def test_more_samples_than_exist_cannot_be_measured(extractor):
    with pytest.raises(ValueError, match=r"Received: n=1101 with 1100"):
        evaluate(FAKE, REAL, ["fid"], extractor, n=1101)


def test_the_cache_of_another_backend_is_not_used(extractor, monkeypatch):
    cache = FeatureCache()
    ours = cache.path(REAL.examples, extractor)
    monkeypatch.setattr("keras.backend.backend", lambda: "other")

    assert cache.path(REAL.examples, extractor) != ours
