"""The directions of published models: which are found, stored, shown, and left out."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import zoo
from ganzoo.generation import Directions
from ganzoo.presets import PresetError
from ganzoo.zoo import directions as of_models
from ganzoo.zoo import measure, pictures
from ganzoo_cli.main import main
from support import presets, published
from support.gans import pictures as of_pictures


@pytest.fixture(scope="module")
def gan():
    return presets.image_gan()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        folder = tmp_path_factory.mktemp("models") / "fruit"
        zoo.publish(published.training(), folder, published.Brightness(), n=30)
    return folder


def test_a_published_model_has_directions_and_shows_them(model):
    gan = ganzoo.GAN.from_preset(model)
    facts = json.loads((model / "metrics.json").read_text())["directions"]
    names = [row["name"] for row in facts["shown"]]
    assert gan.stored_directions.names == tuple(names) and names[0] == "sefa-0"
    # It takes the classes, so that latents have directions in closed form only.
    assert {row["method"] for row in facts["shown"]} == {"sefa"}
    closed_form = gan.directions("sefa", k=4)
    chosen = [int(name.removeprefix("sefa-")) for name in names]
    expected = ganzoo.generation.score(
        gan, closed_form.select(chosen), published.Brightness(), samples=facts["samples"]
    )
    np.testing.assert_allclose(
        [row["gray_levels"] for row in facts["shown"]], expected.changes, rtol=1e-3
    )
    card = (model / "README.md").read_text()
    row = facts["shown"][0]
    assert (
        f"| sefa-0 | [SeFa](https://arxiv.org/abs/2007.06600) | {row['gray_levels']:.0f} | " in card
    )
    assert f'{{"{names[-1]}": 2.0}}, labels=0)' in card
    assert "![Directions](directions.png)" in card
    assert row["most"][1:] in published.NAMES
    with Image.open(model / "directions.png") as picture:
        drawn = pictures.directions(gan, gan.stored_directions)
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), drawn)


def test_directions_of_another_model_are_refused_before_anything_is_measured(
    gan, tmp_path, monkeypatch
):
    monkeypatch.setattr(measure, "measure", None)
    training = published.training(of_pictures.gan(3, shape=(8, 8, 3)))
    given = [(gan.directions("sefa", k=1), "another generator"), ("some", "must be a `ganzoo")]
    for directions, message in given:
        with pytest.raises(ValueError, match=message):
            zoo.publish(
                training, tmp_path / "x", published.Brightness(), n=30, directions=directions
            )


class Sides:
    """A classifier that tells the samples of a GAN that are brighter than others."""

    name, sha256, resize, num_classes = "sides", "none", None, 2

    def __init__(self, gan, *class_names):
        self.class_names = class_names
        self.middle = np.median(gan.sample(200).reshape(200, -1).mean(axis=1))

    def probabilities(self, images):
        means = images.reshape(len(images), -1).mean(axis=1)
        bright = 1 / (1 + np.exp(-(means - self.middle) / 4.0))
        return np.stack([1 - bright, bright], axis=1)


def test_classes_of_the_data_are_directions_with_names(gan):
    pytest.importorskip("sklearn")
    found, facts = of_models.find(gan, ("dark", "7"), Sides(gan, "dark", "7"))
    assert {"dark", "class-7"} <= set(found.names) and found.method == "sefa and classes"
    assert [row["name"] for row in facts["shown"]] == list(found.names)
    rows = {row["name"]: row for row in facts["shown"]}
    assert rows["dark"]["method"] == "classes" and rows["dark"]["most"] in ("+dark", "-7")
    moved = gan.edit(gan.latents_of(range(64)), found, {"dark": 3.0})
    is_dark = Sides(gan, "dark", "7").probabilities(moved).argmax(axis=1) == 0
    assert rows["dark"]["arrives"] == is_dark.mean() >= 0.5
    # A classifier of other classes is not asked.
    _, facts = of_models.find(gan, ("left", "right"), Sides(gan, "dark", "bright"))
    assert facts["classifier"] is None and "most" not in facts["shown"][0]


def test_what_shows_nothing_is_left_out(gan, monkeypatch):
    strong, weak = gan.directions("sefa", k=2).select([0, 0], ["strong", "weak"]), 1e-3
    units = np.array([1.0, weak])
    both = Directions(strong.vectors, strong.values, units, names=strong.names, model=strong.model)
    monkeypatch.setattr(gan, "directions", lambda *arguments, **settings: both)
    found, facts = of_models.find(gan)
    assert found.names == ("sefa-0",)
    (left_out,) = facts["left_out"]
    assert left_out.startswith("sefa-1, which changes 0.")
    monkeypatch.setattr(of_models, "_LEAST_CHANGE", 1e3)
    found, facts = of_models.find(gan)
    assert found is None and facts["shown"] == [] and len(facts["left_out"]) == 2
    assert of_models.section({"directions": facts}, "mine") is None


def test_directions_of_a_class_must_lead_to_it(gan, monkeypatch):
    pytest.importorskip("sklearn")
    original = gan.directions

    def swapped(method="sefa", **settings):
        found = original(method, **settings)
        return found.select([1, 0], found.names) if method == "classes" else found

    monkeypatch.setattr(gan, "directions", swapped)
    found, facts = of_models.find(gan, ("dark", "bright"), Sides(gan, "dark", "bright"))
    assert not {"dark", "bright"} & set(found.names)
    assert any(
        text.startswith("dark, which only ") and text.endswith("% of the samples become")
        for text in facts["left_out"]
    )


@pytest.mark.slow
def test_the_command_stores_a_choice_and_all_others_find_theirs(model, tmp_path, capsys):
    folder = tmp_path / "models" / "fruit"
    shutil.copytree(model, folder)
    gan = ganzoo.GAN.from_preset(folder)
    gan.stored_directions.select([0], ["ripe"]).save(tmp_path / "mine.npz")
    assert main(["publish", str(folder), f"--directions={tmp_path / 'mine.npz'}"]) == 0
    assert "ripe" in capsys.readouterr().out
    card = (folder / "README.md").read_text()
    assert "| ripe | " in card and "sefa-0" not in card
    assert ganzoo.GAN.from_preset(folder).stored_directions.names == ("ripe",)
    assert main(["publish", str(folder), "--directions=none"]) == 0
    assert "## Directions" not in (folder / "README.md").read_text()
    assert not list(folder.glob("directions.*"))
    assert main(["publish", f"--table={folder.parent}", "--directions=find"]) == 0
    assert "directions of fruit: sefa-0" in capsys.readouterr().out
    assert "## Directions" in (folder / "README.md").read_text()
    # Models that have some are left as they are.
    assert main(["publish", f"--table={folder.parent}", "--directions=find"]) == 0
    assert capsys.readouterr().out == "Everything is up to date.\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["{model}"], "give --push=hf://user/name, --directions, --license, or words"),
        (["{model}", "--directions=find", "--n=5"], "is not measured again: give --license"),
        (["{model}", "--directions=no.npz"], "no.npz"),
        (["{model}", "--directions={other}"], "found with another generator"),
        (["--table={models}", "--directions=none"], "nothing else but --directions=find"),
    ],
)
def test_mistakes_of_the_command(model, gan, tmp_path, arguments, message, capsys):
    other = tmp_path / "other.npz"
    gan.directions("sefa", k=1).save(other)
    names = {"model": model, "models": model.parent, "other": other}
    assert main(["publish", *(argument.format(**names) for argument in arguments)]) != 0
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_samples_of_conditions_get_theirs_from_the_data(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    networks = ganzoo.architectures.build("sngan", (8, 8, 3), 4, 2, condition_dim=2)
    gan = ganzoo.GAN(*networks)
    presets.scramble(gan)
    rows = np.random.default_rng(0).standard_normal((40, 2)).astype("float32")
    data = ganzoo.data.Dataset(published.data().examples, conditions=rows, name="fruit")
    training = published.training(gan, data=data, test=None)
    facts = zoo.publish(training, tmp_path / "models" / "mine", n=20)
    assert facts["directions"]["shown"]
    folder = tmp_path / "models" / "mine"
    assert ganzoo.GAN.from_preset(folder).stored_directions is not None
    assert "2.0}, conditions=[0.0] * 2)" in (folder / "README.md").read_text()
    with pytest.raises(ValueError, match=r"publish its run again. Received: .*condition_dim=2"):
        zoo.store_directions(folder)


def test_directions_are_stored_with_published_models_only(gan, tmp_path):
    with pytest.raises(PresetError):
        zoo.store_directions(tmp_path)
    gan.save_to_preset(tmp_path / "preset")
    with pytest.raises(ValueError, match=r"with a published model.*Received: .*preset"):
        zoo.store_directions(tmp_path / "preset")
