import dataclasses
import json
import re
import shutil

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo import publishing
from ganzoo.metrics import Result, conditional_accuracy
from ganzoo.publishing import publication
from support import presets, published

PICTURES = {"samples.png", "interpolation.png", "neighbours.png", "curves.png"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A published model, its training and its facts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        folder = tmp_path_factory.mktemp("models") / "fruit"
        training = published.training()
        facts = publishing.publish(training, folder, published.Brightness())
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


def test_it_is_the_same_whenever_it_is_made(model, tmp_path):
    folder, training, _ = model
    publishing.publish(training, tmp_path / "models" / "fruit", published.Brightness())
    assert contents(tmp_path / "models" / "fruit") == contents(folder)


def test_figures_are_those_of_the_weights_that_are_stored(model):
    folder, training, facts = model
    loaded = ganzoo.GAN.from_preset(folder)
    extractor = published.Brightness()
    expected = ganzoo.metrics.evaluate(
        loaded.sample, training.test, ["fid"], extractor, n=len(training.test), cache=False
    )
    assert facts["figures"]["samples"]["fid"] == json.loads(expected["fid"].to_json())
    labels = np.arange(40) % 3
    samples = loaded.sample(40, labels=labels)
    accuracy = conditional_accuracy(extractor.probabilities(samples), labels)
    assert facts["figures"]["samples"]["conditional_accuracy"]["value"] == accuracy
    assert facts["figures"]["real"]["conditional_accuracy"]["value"] == 1.0
    real = Result.from_json(json.dumps(facts["figures"]["real"]["fid"]))
    assert real.protocol.samples == 40 and real.value < 0.1 * expected["fid"].value


def test_the_facts_are_those_of_the_training(model):
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
    figures = facts["figures"]
    for fact in (
        f"{figures['samples']['fid']['value']:.4g}",
        f"{figures['real']['fid']['value']:.4g}",
        f"{figures['nearest']['spaces']['pixels']['samples']['median']:.3g}",
        "3: apple, pear, plum",
        "ganzoo train --model=sngan --data=fruit",
        "2 min on 2 cores of a processor",
        "40/40 fruit test",
        "nobody has published figures of this protocol",
        "the right one in 100.00% of the real test images",
        "0 steps of the 4 that were planned",
    ):
        assert fact in card
    assert set(re.findall(r"\((\w+\.png)\)", card)) == PICTURES


def test_the_python_of_the_card_runs(model, tmp_path, monkeypatch):
    folder, _, _ = model
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    exec(block.replace("path/to/this/folder", str(folder)), names := {})
    assert names["images"].shape == (16, 8, 8, 3)
    assert (tmp_path / "sample.png").is_file()


def test_a_model_of_own_images_has_the_figures_that_need_no_network(tmp_path):
    photos = tmp_path / "home" / "photos"
    training = published.training()
    recipe = dataclasses.replace(training.recipe, data=f"folder:{photos}")
    training = dataclasses.replace(training, test=None, recipe=recipe)
    facts = publishing.publish(training, tmp_path / "model", n=30, name="holiday")
    assert set(facts["figures"]["samples"]) == {"pairwise_distance"}  # 8 pixels: no similarity.
    assert facts["figures"]["samples"]["pairwise_distance"]["protocol"]["samples"] == 30
    assert facts["figures"]["nearest"]["real_are_training"]
    assert facts["name"] == "holiday" and facts["data"]["source"] == "folder:photos"
    texts = [content for content in contents(tmp_path / "model").values() if b"home" in content]
    assert texts == []
    card = (tmp_path / "model" / "README.md").read_text()
    assert "there is no FID" in card and "not known to ganzoo" in card


def test_a_semi_supervised_model_has_its_error_rate(tmp_path):
    data = published.data()
    grey = ganzoo.data.Dataset(
        data.examples[..., :1], data.labels, class_names=published.NAMES, name="mnist", split="test"
    )
    gan = presets.semi_supervised_gan()
    recipe = dataclasses.replace(ganzoo.recipes.get("semi_supervised_mnist"), steps=1)
    training = published.training(gan, recipe=recipe, data=grey, test=grey)
    facts = publishing.publish(training, tmp_path / "model", n=20)
    wrong = np.mean(gan.classify(grey.examples) != grey.labels)
    assert abs(facts["figures"]["samples"]["test_error"]["value"] - wrong) <= 1 / 40
    card = (tmp_path / "model" / "README.md").read_text()
    assert "trained with 30 labels, it is wrong on" in card and "of 40 images of mnist test" in card


def test_weights_that_need_float32_have_it_and_a_large_discriminator_is_left_out(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(publication, "_LARGEST_DISCRIMINATOR", 100)
    latents, images = keras.Input((2,)), keras.Input((8, 8, 1))
    pixels = keras.layers.Dense(64, activation="tanh", use_bias=False)(latents)
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    gan = ganzoo.GAN(
        keras.Model(latents, keras.layers.Reshape((8, 8, 1))(pixels)), keras.Model(images, logits)
    )
    gan.sampler.weights[0].assign(np.full((2, 64), 1e6))  # Beyond float16.
    data = published.data()
    grey = ganzoo.data.Dataset(data.examples[..., :1], name="fruit")
    training = published.training(gan, data=grey, test=None)
    facts = publishing.publish(training, tmp_path / "model", n=20)
    assert facts["weights"]["dtype"] == "float32"
    assert facts["weights"]["discriminator_bytes"] is None
    assert not (tmp_path / "model" / "discriminator.safetensors").exists()
    ganzoo.GAN.from_preset(tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text()
    assert "would have moved by more than" in card and "it begins with new weights" in card


def test_a_failure_leaves_what_was_there(model, tmp_path, monkeypatch):
    folder, training, _ = model
    copy = shutil.copytree(folder, tmp_path / "model")
    training = dataclasses.replace(training, test=None)
    with pytest.raises(ValueError, match=r"must be empty or not exist.*Received: "):
        publishing.publish(training, copy)
    save = publication.zoo.save

    def fail(gan, folder, *arguments, **settings):
        if arguments:  # Not where the weights are tried.
            raise OSError("no space left")
        save(gan, folder, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(publication.figures, "measure", lambda *_, **__: ({}, None))
        patch.setattr(publication, "_facts", lambda *_: {})
        patch.setattr(publication.card, "text", lambda *_: "")
        patch.setattr(publication.pictures, "encoded", lambda picture: b"")
        patch.setattr(publication.zoo, "save", fail)
        with pytest.raises(OSError, match="no space left"):
            publishing.publish(training, copy, n=20, replace=True)
    assert contents(copy) == contents(folder)
    publishing.publish(training, copy, n=20, name="other", replace=True)
    assert b"# other" in contents(copy)["README.md"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"must be empty or not exist"):
        publishing.publish(training, tmp_path / "notes", n=20, replace=True)


def test_vectors_are_refused(tmp_path):
    training = published.training(presets.mlp_gan(), data=ganzoo.data.Dataset(np.ones((4, 2))))
    with pytest.raises(ValueError, match=r"Published models make images. Received: Dataset"):
        publishing.publish(training, tmp_path / "model")
