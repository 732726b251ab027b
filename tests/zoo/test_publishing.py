import dataclasses
import importlib
import json
import re
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import drawing, zoo
from ganzoo.data import Dataset, PixelFormat
from ganzoo.distribution.hardware import machine
from ganzoo.metrics import Protocol, Result, conditional_accuracy
from ganzoo.zoo import comparison, measure, publishing
from ganzoo.zoo import model_card as cards
from ganzoo.zoo.memorization import Pixels
from support import presets, published
from support.gans import pictures

PICTURES = {"samples.png", "interpolation.png", "neighbors.png", "curves.png", "directions.png"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A published model, its training run and its facts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        folder = tmp_path_factory.mktemp("models") / "fruit"
        training = published.training()
        facts = zoo.publish(training, folder, published.Brightness())
        return folder, training, facts


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_is_a_preset_with_pictures(model):
    folder, training, _ = model
    metadata = json.loads((folder / "metadata.json").read_text())
    assert {path.name for path in folder.iterdir()} == {
        *metadata["files"],
        "metadata.json",
        *PICTURES,
    }
    loaded = ganzoo.GAN.from_preset(folder)
    difference = loaded.sample(32).astype(int) - training.gan.sample(32)
    assert np.abs(difference).max() <= 1
    recipe = ganzoo.recipes.Recipe.from_json((folder / "recipe.json").read_text())
    assert recipe == training.recipe


def test_publishing_twice_gives_the_same_bytes(model, tmp_path):
    folder, training, _ = model
    zoo.publish(training, tmp_path / "models" / "fruit", published.Brightness())
    assert contents(tmp_path / "models" / "fruit") == contents(folder)


def test_the_stored_weights_are_measured(model):
    folder, training, facts = model
    loaded = ganzoo.GAN.from_preset(folder)
    extractor = published.Brightness()
    expected = ganzoo.metrics.evaluate(
        loaded.sample, training.test, ["fid"], extractor, n=len(training.test), cache=False
    )
    assert facts["figures"]["samples"]["fid"] == expected["fid"].to_dict()
    labels = np.arange(40) % 3
    samples = loaded.sample(40, labels=labels)
    accuracy = conditional_accuracy(extractor.probabilities(samples), labels)
    assert facts["figures"]["samples"]["conditional_accuracy"]["value"] == accuracy
    assert facts["figures"]["real"]["conditional_accuracy"]["value"] == 1.0
    real = Result.from_dict(facts["figures"]["real"]["fid"])
    assert real.protocol.samples == 40 and real.value < 0.1 * expected["fid"].value


def test_the_facts_describe_the_training_run(model):
    folder, training, facts = model
    assert json.loads((folder / "metrics.json").read_text()) == facts
    assert facts["training"]["seconds"] == 122.0
    assert facts["training"]["hardware"] == "2 cores of a processor"
    assert facts["data"]["class_names"] == ["apple", "pear", "plum"]
    assert facts["network"]["generator_parameters"] == training.gan.generator.count_params()
    assert facts["weights"]["dtype"] == "float16"
    assert facts["weights"]["generator_bytes"] == (folder / "generator.safetensors").stat().st_size


def test_the_card_says_what_was_measured(model):
    folder, _, facts = model
    card = (folder / "README.md").read_text()
    results_of = facts["figures"]
    for fact in (
        f"{results_of['samples']['fid']['value']:.4g}",
        f"{results_of['real']['fid']['value']:.4g}",
        f"{results_of['nearest']['spaces']['pixels']['samples']['median']:.3g}",
        "3: apple, pear, plum",
        "ganzoo train --model=sngan --data=fruit",
        "2 min on 2 cores of a processor",
        "40/40 fruit test",
        "only with values of the same extractor, number of samples and real images",
        "the right class in 100.00% of the test images",
        "0 steps of 4 planned steps",
        "for the 40 test images, which the model has not seen",
        "None of the 1,000 samples compared is identical to a training image, at 8 x 8 pixels.",
        "| batch | 64 images |",
        "| changed from the paper's recipe | `steps` 4 (instead of 100,000), `conditional` yes",
    ):
        assert fact in card
    assert set(re.findall(r"\((\w+\.png)\)", card)) == PICTURES
    for name, found in results_of["nearest"]["spaces"].items():
        ratio = found["samples"]["median"] / found["real"]["median"]
        assert f"{ratio:.2f} in {name}" in card
    drawn, real = (results_of[who]["recall"]["value"] for who in ("samples", "real"))
    assert f"Recall is {drawn:.2f}, and {real:.2f} for as many training images" in card


def test_the_card_shows_samples_of_the_stored_model(model):
    folder, _, _ = model
    gan = ganzoo.GAN.from_preset(folder)
    labels, columns = drawing.class_rows(64, 3)
    expected = drawing.image_grid(gan.sample(len(labels), labels=labels), columns)
    np.testing.assert_array_equal(np.asarray(Image.open(folder / "samples.png")), expected)
    assert expected.std() > 5


def test_the_card_follows_from_the_facts(model):
    folder, training, facts = model

    def card(**changes):
        other = json.loads(json.dumps(facts))
        for path, value in changes.items():
            *keys, last = path.split("__")
            place = other
            for key in keys:
                place = place[key]
            place[last] = value
        return cards.text(other, training.recipe, folder, {})

    near = "figures__nearest__"
    pixels = f"{near}spaces__pixels__"
    assert "10.00 in pixels and" in card(
        **{f"{pixels}samples__median": 50.0, f"{pixels}real__median": 5.0}
    )
    without = card(**{f"{pixels}real__median": 0.0})
    assert "in pixels and" not in without and "in brightness. None of" in without
    assert "At least one of the 1,000 samples" in card(**{f"{pixels}samples__least": 0.0})
    assert "40 random ones of the 10,000 test images" in card(**{f"{near}real_of": 10000})
    recalls = {"figures__samples__recall__value": 0.64, "figures__real__recall__value": 0.86}
    missed = "Recall is 0.64, and 0.86 for as many training images: the model misses some variety."
    assert missed in card(**recalls)
    recalls["figures__samples__recall__value"] = 0.9
    assert "misses some" not in card(**recalls)
    assert "only 3 real images" in card(figures__samples__fid__protocol__reference_samples=3)
    assert "2 min. ganzoo" in card(training__hardware=None)
    assert (
        "ratio" not in card(figures__real__conditional_accuracy__value=0.0).split("## Metrics")[1]
    )
    # Facts of earlier versions have no pixels.
    del facts["network"]["pixels"]
    assert card() == (folder / "README.md").read_text()
    for pixels, found in (
        (PixelFormat("uint16"), "uint16"),
        (PixelFormat("float32", -80, 0), "float32 in [-80, 0]"),
    ):
        text = card(network__pixels=pixels.to_dict())
        assert f"# {found}, (16, 8, 8, 3)" in text and f"| images | 8 x 8 x 3, {found} |" in text
        assert "Image.fromarray(gan.pixels.in_eight_bits(images[0]).squeeze())" in text


def test_the_card_gives_the_published_error_rate_for_as_many_labels(model):
    _, _, facts = model

    def sentence(source, labels):
        protocol = Protocol(
            "test error",
            reference=f"{source} test",
            reference_samples=10_000,
            settings={"labels": labels},
        )
        data = {**facts["data"], "source": source}
        return comparison.semi_supervised(
            Result("test error", 0.0123, None, protocol), {**facts, "data": data}
        )

    for source, labels, published_rate in (
        ("tfds:mnist", 100, "0.93%"),
        ("tfds:cifar10", 4000, "18.63%"),
        ("tfds:svhn_cropped", 1000, "8.11%"),
    ):
        assert "1.23% of 10,000 images" in sentence(source, labels)
        assert f"Published with as many labels: {published_rate} ± " in sentence(source, labels)
        assert "Published" not in sentence(source, labels + 1)


def test_real_images_are_drawn_at_random(tmp_path):
    # Sorted, as in folders: the first half is black.
    brightness = np.repeat([0, 200], 1100)
    rng = np.random.default_rng(0)
    images = brightness[:, None, None, None] + rng.integers(0, 50, (2200, 8, 8, 3))
    data = ganzoo.data.Dataset(images.astype("uint8"), name="sorted")
    gan = presets.image_gan()
    for test in (None, data):
        facts, _ = measure.measure(gan, data, test, n=20)
        assert facts["nearest"]["real_of"] == 2200
    shown = []

    class Spy(measure.Nearest):
        def measure(self):
            shown.extend([self.training[:1000], self.held_out])
            return {}, None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "Nearest", Spy)
        measure.measure(gan, data, data, n=20)
    for drawn in shown:
        assert len(drawn) == 1000 and 400 < (drawn[:, 0, 0, 0] > 100).sum() < 600


def test_the_machine_is_described_by_its_cores_and_accelerator(monkeypatch):
    module = importlib.import_module("ganzoo.distribution.hardware")
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(module, "_processor", lambda: "a Cray-1")
    monkeypatch.setattr(module, "accelerator", lambda: None)
    assert machine() == "3 cores of a Cray-1"
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(module, "accelerator", lambda: "an abacus")
    assert machine() == "an abacus, 1 core of a Cray-1"


def test_the_python_of_the_card_runs(model, tmp_path, monkeypatch):
    folder, _, _ = model
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    shapes, names = [], {}
    for block in blocks:
        exec(block.replace("path/to/this/folder", str(folder)), names)
        shapes.append(names["images"].shape)
    assert shapes == [(16, 8, 8, 3), (1, 8, 8, 3)]  # Samples, and one that is moved.
    assert (tmp_path / "sample.png").is_file()


def test_a_model_of_own_images_has_the_metrics_that_need_no_extractor(tmp_path):
    photos = tmp_path / "home" / "photos"
    training = published.training(pictures.gan(3, shape=(8, 8, 3)))
    recipe = dataclasses.replace(training.recipe, data=f"folder:{photos}")
    training = dataclasses.replace(training, test=None, recipe=recipe)
    facts = zoo.publish(training, tmp_path / "model", n=30, name="holiday", directions=None)
    assert set(facts["figures"]["samples"]) == {"pairwise_distance"}  # Too small for MS-SSIM.
    assert facts["figures"]["samples"]["pairwise_distance"]["protocol"]["samples"] == 30
    assert facts["figures"]["nearest"]["real_are_training"]
    assert facts["name"] == "holiday" and facts["data"]["source"] == "folder:photos"
    texts = [content for content in contents(tmp_path / "model").values() if b"home" in content]
    assert texts == []
    card = (tmp_path / "model" / "README.md").read_text()
    assert "there is no FID" in card and "not known to ganzoo" in card


def test_local_data_are_named_without_the_folders_above_them():
    data = ganzoo.data.Dataset(published.data().examples, name="folder:/home/me/photos")
    assert publishing._without_path(data).name == "folder:photos"
    assert data.name == "folder:/home/me/photos"
    assert publishing._without_path(published.data()).name == published.data().name
    assert publishing._without_path(None) is None


def test_a_semi_supervised_model_has_its_error_rate(tmp_path):
    data = published.data()
    gray = ganzoo.data.Dataset(
        data.examples[..., :1], data.labels, class_names=published.NAMES, name="mnist", split="test"
    )
    gan = presets.semi_supervised_gan()
    recipe = dataclasses.replace(ganzoo.recipes.get("semi_supervised_mnist"), steps=1)
    training = published.training(gan, recipe=recipe, data=gray, test=gray)
    facts = zoo.publish(training, tmp_path / "model", n=20, directions=None)
    wrong = np.mean(gan.classify(gray.examples) != gray.labels)
    assert abs(facts["figures"]["samples"]["test_error"]["value"] - wrong) <= 1 / 40
    card = (tmp_path / "model" / "README.md").read_text()
    assert "classes = classifier.classify(images)" in card
    assert "classifier of 3 classes from few labels" in card
    assert "it classifies apple, pear, plum" in card
    assert 'pipeline_tag: "image-classification"' in card
    assert card.index("it is wrong on") < card.index("## Its samples") < card.index("![Samples]")
    (tmp_path / "models").mkdir()
    (tmp_path / "model").rename(tmp_path / "models" / "model")
    table = zoo.tables(tmp_path / "models")
    error = facts["figures"]["samples"]["test_error"]["value"]
    assert table.startswith("**Classifiers from few labels**") and "FID" not in table
    assert f"| MNIST | 3 | 30 | {error:.2%} |  |" in table
    assert "trained with 30 labels, it is wrong on" in card and "of 40 images of mnist test" in card


def test_weights_outside_of_float16_are_float32_and_a_large_discriminator_is_left_out(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(publishing, "_LARGEST_DISCRIMINATOR", 100)
    latents, images = keras.Input((2,)), keras.Input((8, 8, 1))
    pixels = keras.layers.Dense(64, activation="tanh", use_bias=False)(latents)
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    gan = ganzoo.GAN(
        keras.Model(latents, keras.layers.Reshape((8, 8, 1))(pixels)), keras.Model(images, logits)
    )
    gan.inference_generator.weights[0].assign(np.full((2, 64), 1e6))  # Beyond float16.
    data = published.data()
    gray = ganzoo.data.Dataset(data.examples[..., :1], name="fruit")
    training = published.training(gan, data=gray, test=None)
    facts = zoo.publish(training, tmp_path / "model", n=20, directions=None)
    assert facts["weights"]["dtype"] == "float32"
    assert facts["weights"]["discriminator_bytes"] is None
    assert not (tmp_path / "model" / "discriminator.safetensors").exists()
    ganzoo.GAN.from_preset(tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text()
    assert "would change by more than" in card and "a loaded model has new weights" in card


def test_a_failure_leaves_the_old_model(model, tmp_path, monkeypatch):
    folder, training, _ = model
    copy = shutil.copytree(folder, tmp_path / "model")
    gan = pictures.gan(3, shape=(8, 8, 3))
    training = dataclasses.replace(training, gan=gan, test=None)
    with pytest.raises(ValueError, match=r"must be empty or not exist.*--replace.*Received: "):
        zoo.publish(training, copy)
    save = publishing.presets.save

    def fail(gan, folder, *arguments, **settings):
        if arguments:  # The first call only tries the weights.
            raise OSError("no space left")
        save(gan, folder, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(publishing.measure, "measure", lambda *_, **__: ({}, None))
        patch.setattr(publishing, "_facts", lambda *_: {})
        patch.setattr(publishing.model_card, "text", lambda *_: "# other")
        patch.setattr(publishing.pictures, "encoded", lambda picture: b"")
        with patch.context() as full, pytest.raises(OSError, match="no space left"):
            full.setattr(publishing.presets, "save", fail)
            zoo.publish(training, copy, replace=True)
        assert contents(copy) == contents(folder)
        zoo.publish(training, copy, replace=True, directions=None)
    assert contents(copy)["README.md"] == b"# other"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"must be empty or not exist"):
        zoo.publish(training, tmp_path / "notes", n=20, replace=True)


def test_vectors_are_refused(tmp_path):
    training = published.training(presets.mlp_gan(), data=ganzoo.data.Dataset(np.ones((4, 2))))
    with pytest.raises(ValueError, match=r"Published models generate images .*Received: Dataset"):
        zoo.publish(training, tmp_path / "model")


def test_the_card_says_which_real_images_were_compared(model):
    folder, training, facts = model

    def measured(test):
        other = dataclasses.replace(training, data=published.data(count=30), test=test)
        found, _ = measure.measure(training.gan, other.data, test, published.Brightness(), n=40)
        made = publishing._facts(other, training.recipe, "fruit")
        made |= {"weights": facts["weights"], "figures": found}
        return made["figures"], cards.text(made, training.recipe, folder, {})

    figures, card = measured(test=None)
    assert "the right class in 100.00% of the training images" in card
    assert "The real images are" not in card and "because there are no test images" in card
    assert figures["real"].keys() == {"conditional_accuracy"}

    _, card = measured(training.test)
    assert "The real images are 30 training images, measured in the same way" in card
    assert "No other model here has a lower FID" not in card


def test_images_that_are_not_square_are_compared_without_cropping():
    images = np.zeros((2, 20, 90, 1), "uint8")
    images[1, :, 85:] = 255
    pixels = Pixels()
    assert pixels.size_of(images) == (20, 90) and pixels.size_of(images[:, :, :40]) == (20, 40)
    assert pixels.size_of(np.zeros((1, 64, 96, 1), "uint8")) == (32, 48)
    first, second = pixels(images)
    assert np.linalg.norm(first - second) == pytest.approx(255 * np.sqrt(5 / 90))


def test_a_single_training_image_is_refused(tmp_path):
    training = published.training(pictures.gan(3, shape=(8, 8, 3)), data=published.data(count=1))
    with pytest.raises(ValueError, match="at least 2 training images"):
        zoo.publish(training, tmp_path / "model")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": Dataset(np.zeros((9, 8, 8, 2), "uint8"))}, "1, 3 or 4 channels.*8, 8, 2"),
        ({"data": Dataset(np.zeros((9, 4, 4, 3), "uint8"))}, r"a GAN of examples of shape \(8, 8"),
        ({"log": []}, "one row for each epoch"),
        ({}, r"other.metrics.json is damaged: publish"),
    ],
)
def test_what_cannot_be_published_is_refused_before_it_is_measured(
    changes, message, tmp_path, monkeypatch
):
    monkeypatch.setattr(publishing, "_store", pytest.fail)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/metadata.json").write_text("{}")
    (tmp_path / "other/metrics.json").write_text("{" if not changes else "{}")
    training = published.training(pictures.gan(3, shape=(8, 8, 3)), **changes)
    with pytest.raises(ValueError, match=message):
        zoo.publish(training, tmp_path / "mine")


def test_images_of_16_bits_with_alpha_are_published(tmp_path):
    images = np.random.default_rng(0).integers(0, 2**16, (9, 8, 8, 4), dtype="uint16")
    data, gan = Dataset(images), pictures.gan(shape=(8, 8, 4), pixels=PixelFormat("uint16"))
    training = published.training(gan, data=data, test=None)
    facts = zoo.publish(training, tmp_path / "model", n=20)
    assert facts["network"]["pixels"]["dtype"] == "uint16"
    assert "8 x 8 color with alpha" in facts["summary"] and facts["directions"]["shown"]
    shown = np.asarray(Image.open(tmp_path / "model/samples.png"))
    loaded = ganzoo.GAN.from_preset(tmp_path / "model")
    expected = drawing.image_grid(PixelFormat("uint16").in_eight_bits(loaded.sample(64)))
    np.testing.assert_array_equal(shown, expected)


def test_images_of_any_channels_are_described(model):
    facts = model[2]
    for channels, colors in ((1, "gray"), (4, "color with alpha"), (5, "of 5 channels")):
        of_others = {**facts, "data": {**facts["data"], "shape": [8, 9, channels]}}
        assert zoo.overview(of_others)["size"] == f"8 x 9 {colors}"
        assert f"8 x 9 {colors}: SNGAN" in cards.summary(of_others, model[1].recipe)


def test_values_that_are_not_finite_are_left_out_with_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(
        ganzoo.metrics.KernelDistance, "measure", lambda metric: {"KID": (np.nan, 0.1)}
    )
    training = published.training(pictures.gan(3, shape=(8, 8, 3)))

    class OddFeatures(published.Brightness):
        """Some of what is searched for copies has no features, and none of what is measured."""

        name, is_odd = "odd", False

        def __call__(self, images):
            return super().__call__(images) + (np.nan if self.is_odd else 0.0)

    extractor = OddFeatures()
    nearest = zoo.measure.Nearest.measure
    monkeypatch.setattr(
        zoo.measure.Nearest,
        "measure",
        lambda one: (setattr(extractor, "is_odd", True), nearest(one))[1],
    )
    with (
        pytest.warns(UserWarning, match=r"which are left out: .*Received: KID=nan ± 0.1"),
        pytest.warns(UserWarning, match=r"by odd are left out, .* features with NaN or inf"),
    ):
        facts = zoo.publish(training, tmp_path / "model", extractor, n=30, directions=None)
    assert "fid" in facts["figures"]["samples"] and "kid" not in facts["figures"]["samples"]
    assert list(facts["figures"]["nearest"]["spaces"]) == ["pixels"]
    assert zoo.read(tmp_path / "model") == facts
    assert "| FID |" in (tmp_path / "model" / "README.md").read_text()


def test_a_model_without_any_finite_value_is_published(tmp_path, monkeypatch):
    for kind in (ganzoo.metrics.PairwiseDistance, ganzoo.metrics.StructuralSimilarity):
        monkeypatch.setattr(kind, "measure", lambda metric: {"value": (np.inf, None)})
    training = published.training(pictures.gan(3, shape=(8, 8, 3)))
    with pytest.warns(UserWarning, match=r"Received: value=inf ± None"):
        facts = zoo.publish(training, tmp_path / "model", n=30, directions=None)
    assert facts["figures"]["samples"] == {}
