"""A metric declares its alias and its needs, and no generic module names a metric."""

import ast
import pathlib

import numpy as np
import pytest
from metric_cases import CASES, Projection, images, probabilities, streamed

import ganzoo
from ganzoo import extractors, metrics
from ganzoo.metrics import base
from ganzoo.metrics.features import Collection

ROOT = pathlib.Path(ganzoo.__file__).parent
KINDS = base.kinds()
NEEDS = {"features", "probabilities", "images", "reference", "mixture"}
# The modules that work with any metric.
GENERIC = [
    ROOT / "metrics/evaluation.py",
    ROOT / "metrics/base.py",
    ROOT / "callbacks/evaluate_samples.py",
    *sorted((ROOT / "zoo").glob("*.py")),
]
RING = ganzoo.data.load("toy:ring", count=200)
NOISE = ganzoo.data.Dataset(images(60, size=12), name="noise", split="test")


class Classes(Projection):
    """An extractor of features that knows classes too."""

    def probabilities(self, images):
        return probabilities(len(images), seed=int(images[0, 0, 0, 0]))


@pytest.mark.parametrize("name", KINDS)
def test_the_declared_words_are_known(name):
    kind = KINDS[name]
    assert kind.needs and set(kind.needs) <= NEEDS
    assert kind.card in ("features", "pixels", None)
    assert (kind.best in ("lowest", "highest")) == bool(kind.headline)
    assert set(kind.headline) <= set(streamed(name).measure())
    assert kind.is_meaningful((28, 28, 1), 10_000)


def test_aliases_are_unique_and_not_names_of_other_metrics():
    aliases = [kind.alias for kind in KINDS.values() if kind.alias]
    assert len(set(aliases)) == len(aliases) >= 4
    assert not set(aliases) & set(KINDS)


def test_the_table_of_the_documentation_lists_every_metric():
    page = (ROOT.parent / "docs/metrics.md").read_text()
    lines = page.partition("| alias | name |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    expected = []
    for name, kind in KINDS.items():
        keys = [base.key_of(value) for value in streamed(name).measure()]
        alias = f"`{kind.alias}`" if kind.alias else ""
        expected.append([alias, f"`{name}`", ", ".join(f"`{key}`" for key in keys)])
    assert [[alias, name, values] for alias, name, _, values in rows] == expected


@pytest.mark.parametrize("name", KINDS)
def test_an_alias_stands_for_the_same_class_as_the_name(name):
    kind = KINDS[name]
    assert metrics.find(name) is kind
    if kind.alias:
        assert metrics.find(kind.alias) is kind
        assert type(metrics.get(kind.alias, **CASES[name][0])) is kind


@pytest.mark.parametrize("path", GENERIC, ids=lambda path: path.stem)
def test_no_generic_module_names_a_metric(path):
    names = {*KINDS, *(kind.alias for kind in KINDS.values() if kind.alias)}
    classes = {kind.__name__ for kind in KINDS.values()}
    tree = ast.parse(path.read_text())
    defaults = {
        id(constant)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for default in node.args.defaults
        for constant in ast.walk(default)
    }
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in names and id(node) not in defaults
    ]
    found += [
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in classes
    ]
    assert found == []


def test_from_data_chooses_arguments_that_suit_the_data():
    projection = Classes()
    distance = metrics.KernelDistance.from_data(NOISE, projection, n=40)
    coverage = metrics.MixtureCoverage.from_data(RING)
    modes = metrics.ModeCoverage.from_data(NOISE, projection)

    assert (distance.subset_size, distance.extractor) == (20, projection)
    np.testing.assert_array_equal(coverage.centers, RING.centers)
    assert coverage.deviation == RING.deviation
    assert modes.channels == 1
    np.testing.assert_array_equal(
        modes.extractor(NOISE.examples), projection.probabilities(NOISE.examples)
    )


@pytest.mark.parametrize(
    ("kind", "data", "extractor", "message"),
    [
        (metrics.FrechetDistance, None, Projection(), r"`fid` compares.*give `data`"),
        (metrics.FrechetDistance, NOISE, None, r"`fid` of images needs an `extractor`"),
        (metrics.PairwiseDistance, NOISE, None, r"`pairwise_distance` of images needs"),
        (metrics.InceptionScore, NOISE, Projection(), r"needs a classifier.*Received: extractor="),
        (metrics.InceptionScore, RING, None, r"needs a classifier.*Received: extractor=None"),
        (metrics.StructuralSimilarity, RING, None, r"`ms_ssim` measures images.*Received: data="),
        (metrics.MixtureCoverage, NOISE, None, r"mixtures of Gaussians.*Received: data="),
        (metrics.MixtureCoverage, None, None, r"mixtures of Gaussians.*Received: data=None"),
    ],
)
def test_from_data_refuses_what_does_not_fit(kind, data, extractor, message):
    with pytest.raises(ValueError, match=message):
        kind.from_data(data, extractor)


def test_known_data_have_an_extractor_by_default():
    test = ganzoo.data.load("digits", split="test")
    evaluation = metrics.Evaluation(["fid", "is"], test)
    distance, score = evaluation.metrics

    assert distance.extractor.name == score.extractor.name == "digits-classifier"
    assert distance.extractor.output == "features"
    assert score.extractor.output == "probabilities"
    assert metrics.FrechetDistance.from_data(test).extractor.name == "digits-classifier"


def test_an_extractor_is_accepted_by_its_name():
    distance = metrics.FrechetDistance("digits")
    score = metrics.InceptionScore("digits")

    assert type(distance.extractor) is type(extractors.get("digits"))
    assert (distance.extractor.output, score.extractor.output) == ("features", "probabilities")
    with pytest.raises(ValueError, match=r"Unknown feature extractor.*Received: 'vgg'"):
        metrics.FrechetDistance("vgg")


def test_metrics_are_checked_without_data():
    metrics.check_metrics(["fid", "precision_recall", metrics.PairwiseDistance()])
    for wrong in ("fid", [], ["fod"], [3]):
        with pytest.raises(ValueError, match=r"Received"):
            metrics.check_metrics(wrong)


@pytest.fixture
def brightness(monkeypatch):
    monkeypatch.setattr(base.METRICS, "_entries", dict(base.METRICS._entries))

    @base.METRICS.register("brightness")
    class Brightness(metrics.SampleMetric):
        alias = "bright"
        accumulator = Collection

        def measure(self):
            return {"Brightness": (float(self.samples.array().mean()), None)}

    return Brightness


def test_a_new_metric_is_evaluated_without_other_changes(brightness):
    fake = images(30, size=12, seed=1)
    results = metrics.evaluate(fake, NOISE, ["bright"], Projection())

    expected = np.mean(np.asarray(Projection()(fake)))
    assert float(results["brightness"]) == pytest.approx(expected)
    assert isinstance(metrics.get("bright"), brightness)
