"""Folders and arrays of samples: any order, any sizes, and no guessed range."""

import numpy as np
import pytest
from metric_cases import Corners
from PIL import Image

import ganzoo
from ganzoo import metrics
from ganzoo.metrics import Result
from ganzoo.metrics.evaluation import Evaluation, evaluate

RNG = np.random.default_rng(0)


class Pixels:
    """Features and classes of a few pixels, of images of one size."""

    name, sha256, resize = "pixels", "ab", None

    def __call__(self, images):
        return images.reshape(len(images), -1)[:, :3].astype("float32")

    def probabilities(self, images):
        scores = self(images) / 16
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


class Means(Pixels):
    """Features of images of any size and number of channels."""

    name, resize = "means", "mean of halves"

    def __call__(self, images):
        gray = images.mean(axis=3)
        half = gray.shape[1] // 2
        top, bottom = gray[:, :half].mean(axis=(1, 2)), gray[:, half:].mean(axis=(1, 2))
        return np.stack([top, bottom, top - bottom], axis=1).astype("float32")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))


def pictures(count, height=8, width=8, channels=1, seed=0):
    draws = np.random.default_rng(seed)
    return draws.integers(0, 256, (count, height, width, channels), dtype="uint8")


def sorted_by_class(count=300):
    """Images of which one of the first three pixels is bright: first all of class 0, and so on."""
    images = pictures(count)
    images[:, 0, :3, 0] = 0
    images[np.arange(count), 0, np.arange(count) * 3 // count, 0] = 255
    return images


def value(*arguments, **options):
    (result,) = evaluate(*arguments, **options).values()
    return result


def test_values_do_not_depend_on_the_order_of_given_samples():
    ordered = sorted_by_class()
    shuffled = ordered[RNG.permutation(len(ordered))]
    real = ganzoo.data.Dataset(sorted_by_class(), name="real")
    for name, tolerance in (("is", 0.1), ("fid", 800)):
        few = [value(one, real, [name], Pixels(), n=150) for one in (ordered, shuffled)]
        assert abs(few[0].value - few[1].value) < tolerance
    scores = [value(one, real, ["is"], Pixels()).value for one in (ordered, shuffled)]
    assert min(scores) > 2.5
    # The first of sorted samples would be of one class.
    first = value(lambda n, seed: ordered[:n], real, ["fid"], Pixels(), n=150)
    assert first.value > 5 * few[0].value


def test_the_seed_of_the_order_is_recorded():
    real = ganzoo.data.Dataset(pictures(60))
    results = [
        value(pictures(90, seed=1), real, ["fid"], Pixels(), n=50, seed=s) for s in (0, 0, 1)
    ]
    assert results[0] == results[1] and results[0].value != results[2].value
    assert "order seed 1" in str(results[2])
    with pytest.raises(ValueError, match="order_seed 0 and 1"):
        _ = results[0] < results[2]
    assert Result.from_dict(results[2].to_dict()) == results[2]


def test_other_sizes_are_left_to_an_extractor_that_resizes():
    real, fake = ganzoo.data.Dataset(pictures(60, 8, 12, 3)), pictures(50, 16, 16, seed=1)
    result = value(fake, real, ["fid"], Means())
    expected = metrics.frechet_distance(Means()(real.examples), Means()(fake))
    assert result.value == pytest.approx(expected, rel=1e-9)
    assert (result.protocol.example_shape, result.protocol.reference_shape) == (
        (16, 16, 1),
        (8, 12, 3),
    )
    assert "mean of halves from 16x16 in gray and 12x8 in color" in str(result)
    assert Result.from_dict(result.to_dict()) == result
    with pytest.raises(ValueError, match="same shape, unless the extractor resizes"):
        evaluate(fake, real, ["fid"], Pixels())
    same = value(pictures(50, 8, 12, 3, seed=1), real, ["fid"], Means())
    assert same.protocol.reference_shape is None and " from " not in str(same)


@pytest.fixture
def mixed(tmp_path):
    """A folder of images of three sizes, and its images."""
    images = [pictures(1, side, 8, seed=side + i)[0] for i in range(10) for side in (8, 12, 16)]
    (tmp_path / "mixed").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / "mixed" / f"{number}.png")
    return tmp_path / "mixed", images


def test_a_folder_of_mixed_sizes_is_measured_image_by_image(mixed):
    folder, images = mixed
    data = ganzoo.data.load(f"folder:{folder}", keep_sizes=True)
    assert isinstance(data, ganzoo.data.MixedImages)
    assert (len(data), data.example_shape) == (30, (None, None, 1))
    features = np.concatenate([Means()(image[None]) for image in images])
    other = pictures(40, seed=5)
    names = ["fid", "is", "kid", "precision_recall", "pairwise_distance"]
    for samples, real, expected in (
        (data, ganzoo.data.Dataset(other), (Means()(other), features)),
        (other, data, (features, Means()(other))),
    ):
        results = evaluate(samples, real, names, Means())
        found = {name: result.value for name, result in results.items()}
        assert found["fid"] == pytest.approx(metrics.frechet_distance(*expected), rel=1e-6)
        assert found["precision"] == metrics.precision_recall(*expected)["precision"]
        assert "mixed sizes in gray" in str(results["fid"])
        # The second time, the features of the real images come from the disk.
        assert evaluate(samples, real, names, Means()) == results


def test_equal_sizes_are_a_data_set(mixed):
    folder, _ = mixed
    for path in folder.glob("*.png"):
        Image.open(path).crop((0, 0, 8, 8)).save(path)
    assert isinstance(ganzoo.data.load(f"folder:{folder}", keep_sizes=True), ganzoo.data.Dataset)


@pytest.mark.parametrize("metric, extractor", [("fid", Pixels()), ("ms_ssim", Means())])
def test_mixed_sizes_need_features_of_an_extractor_that_resizes(mixed, metric, extractor):
    data = ganzoo.data.load(f"folder:{mixed[0]}", keep_sizes=True)
    real = ganzoo.data.Dataset(pictures(40))
    with pytest.raises(ValueError, match=r"images of one size.*Received: MixedImages\('folder:"):
        evaluate(data, real, [metric], extractor)


def test_a_damaged_file_of_mixed_sizes_is_named_or_skipped(mixed):
    (mixed[0] / "bad.png").write_bytes(b"")
    data = ganzoo.data.load(f"folder:{mixed[0]}", keep_sizes=True)
    with pytest.raises(ValueError, match=r"bad\.png.*cannot be used"):
        evaluate(data, ganzoo.data.Dataset(pictures(40)), ["fid"], Means())
    with pytest.warns(UserWarning, match="1 of 31 image files"):
        assert len(ganzoo.data.load(f"folder:{mixed[0]}", keep_sizes=True, on_bad="skip")) == 30


def test_ganzoos_extractors_take_lists_of_images(mixed):
    classifier = ganzoo.extractors.get("digits")
    images = mixed[1][:6]
    alone = np.concatenate([classifier(image[None]) for image in images])
    np.testing.assert_allclose(classifier(images), alone, atol=1e-5)
    result = value(
        ganzoo.data.load(f"folder:{mixed[0]}", keep_sizes=True),
        ganzoo.data.load("digits", split="test"),
        ["kid"],
    )
    assert "Lanczos to 32x32 from mixed sizes in gray and 32x32 in gray" in str(result)


BINARY = (pictures(40) > 128).astype("uint8")


@pytest.mark.parametrize(
    "use",
    [
        lambda: evaluate(BINARY, pictures(40), ["fid"], Pixels()),
        lambda: metrics.FrechetDistance(Pixels()).update_state(BINARY),
        lambda: metrics.FrechetDistance(Pixels()).update_reference(BINARY),
        lambda: metrics.ModeCoverage(Pixels()).update_state(BINARY),
        lambda: metrics.StructuralSimilarity().update_state(np.repeat(BINARY, 2, axis=1)),
        lambda: metrics.structural_similarity(BINARY, BINARY),
        lambda: ganzoo.extractors.get("digits")(BINARY),
        lambda: ganzoo.extractors.get("digits").classify(BINARY),
        lambda: ganzoo.data.Dataset(BINARY),
    ],
)
def test_images_of_zeros_and_ones_are_refused_at_every_door(use):
    with pytest.raises(ValueError, match=r"must be in \[0, 255\].*multiply them by 255"):
        use()


def test_dark_images_are_measured_if_others_show_the_range():
    metric = metrics.FrechetDistance(Pixels())
    metric.update_state(pictures(40))
    metric.update_state(BINARY)
    metric.reset_samples()
    metric.update_state(np.zeros_like(BINARY))
    with pytest.raises(ValueError, match="multiply them by 255"):
        metric.update_state(BINARY)


def test_a_dark_image_among_others_of_other_sizes_is_measured(mixed):
    folder, images = mixed
    dark = np.eye(9, dtype="uint8")
    assert Corners()([images[0], dark[..., None]]).shape == (2, 4)
    with pytest.raises(ValueError, match="multiply them by 255"):
        Corners()([dark[..., None]])
    Image.fromarray(dark).save(folder / "dark.png")
    data = ganzoo.data.load(f"folder:{folder}", keep_sizes=True)
    # The dark one is alone in the last block.
    data.files = [folder / f"{row % 30}.png" for row in range(64)] + [folder / "dark.png"]
    for samples, real in ((data, pictures(40)), (pictures(40), data)):
        assert value(samples, real, ["fid"], Corners()).value > 0
    data.files = data.files[-1:] * 9
    for samples, real in ((data, pictures(40)), (pictures(40), data)):
        with pytest.raises(ValueError, match="multiply them by 255"):
            evaluate(samples, real, ["fid"], Corners())


def test_a_generator_may_draw_nothing_but_black():
    real = ganzoo.data.Dataset(pictures(40))
    results = Evaluation(["fid", "is"], real, Pixels(), n=40).measure(lambda n, seed: BINARY[:n])
    assert results["fid"].value > 0
    dark = np.repeat(np.repeat(BINARY, 2, axis=1), 2, axis=2)
    assert value(lambda n, seed: dark[:n], None, ["ms_ssim"], n=40).value < 1
