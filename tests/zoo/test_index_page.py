"""The page of all models, and the cards that depend on the other models."""

import dataclasses
import json
import shutil

import pytest

import ganzoo
from ganzoo import presets, zoo
from ganzoo.presets import PresetError
from ganzoo.presets import builtin as zoo_of
from ganzoo_cli.main import main
from support import published
from support.gans import pictures
from support.processes import ROOT

MODELS = [path.parent for path in sorted((ROOT / "models").glob("*/metrics.json"))]


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    models = tmp_path_factory.mktemp("originals") / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        training = published.training(pictures.gan(3, shape=(8, 8, 3)))
        for name in ("apples", "pears"):
            zoo.publish(training, models / name, published.Brightness(), n=30, directions=None)
    return models


@pytest.fixture
def two_models(originals, tmp_path):
    """Two models of one data set, the first of which was published before the second."""
    return shutil.copytree(originals, tmp_path / "models")


def test_the_committed_page_is_what_the_command_writes():
    page = (ROOT / "models" / "README.md").read_text()
    assert page == zoo.table(ROOT / "models"), "`ganzoo publish --table=models` writes it."


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_the_committed_cards_are_what_their_facts_make(folder):
    expected = zoo.card_of(folder, zoo.read_all(ROOT / "models"))
    assert (folder / "README.md").read_text() == expected, "`ganzoo publish --table=models`"


def test_the_command_would_change_nothing_in_the_committed_models(tmp_path, monkeypatch):
    models = shutil.copytree(
        ROOT / "models",
        tmp_path / "models",
        ignore=shutil.ignore_patterns("*.safetensors", "*.png"),
    )
    monkeypatch.setattr(zoo_of, "_FOLDERS", (models,))
    assert zoo.write(models) == [], "`ganzoo publish --table=models` writes them."


def test_all_generators_together_are_a_small_download():
    sizes = [(folder / "generator.safetensors").stat().st_size for folder in MODELS]
    assert sum(sizes) <= 60e6


def test_the_page_has_a_row_for_each_model(two_models):
    page = zoo.table(two_models)
    facts = json.loads((two_models / "pears" / "metrics.json").read_text())
    fid = facts["figures"]["samples"]["fid"]["value"]
    for fact in (f"{fid:.3g} (", "[apples](apples)", '<img src="pears/samples.png"'):
        assert fact in page
    assert page.count("\n|") == 4
    assert "\n\n**fruit**. All values: 30/40 fruit test" in page
    assert "| model | classes | parameters | size | FID (brightness) | precision, recall |" in page
    without = zoo.tables(two_models, pictures=False)
    assert "<img" not in without and "[apples](apples)" in without and "**fruit**" in without


def test_cards_are_updated_when_another_model_was_added(two_models):
    earlier, later = ((two_models / n / "README.md") for n in ("apples", "pears"))
    assert "[pears]" not in earlier.read_text() and "[apples](../apples)" in later.read_text()
    written = zoo.write(two_models)
    assert written == [earlier, two_models / "README.md"]
    assert "## Comparison with the other models of fruit" in earlier.read_text()
    assert "[pears](../pears)" in earlier.read_text()
    ganzoo.GAN.from_preset(two_models / "apples")  # The manifest has the hash of the new card.
    assert zoo.write(two_models) == []


def test_values_of_another_protocol_are_not_compared(two_models):
    path = two_models / "apples" / "metrics.json"
    facts = json.loads(path.read_text())
    facts["figures"]["samples"]["fid"]["protocol"]["samples"] = 31
    path.write_text(json.dumps(facts))
    card = zoo.card_of(two_models / "pears", zoo.read_all(two_models))
    (row,) = (line for line in card.splitlines() if line.startswith("| [apples]"))
    kid = row.split(" | ")[2]
    assert float(kid) == float(f"{facts['figures']['samples']['kid']['value']:.4g}")
    assert "| model | parameters | KID |" in card and "a lower FID" not in card


def test_each_data_set_has_a_table_without_values_of_other_protocols(two_models):
    shutil.copytree(two_models / "pears", two_models / "plums")
    shutil.copytree(two_models / "pears", two_models / "walnuts")
    for name in ("plums", "walnuts"):
        path = two_models / name / "metrics.json"
        facts = json.loads(path.read_text())
        if name == "plums":
            facts["figures"]["samples"]["fid"]["protocol"]["samples"] = 31
        else:
            facts["data"]["source"] = "nuts"
            facts["figures"]["samples"]["fid"]["protocol"]["extractor"] = "nutcracker"
        path.write_text(json.dumps(facts))
    fruit, nuts = zoo.table(two_models).split("**fruit**")[1].split("**nuts**")
    assert "[apples](apples)" in fruit and "[walnuts]" not in fruit
    assert "FID (nutcracker)" in nuts and "](walnuts)" in nuts
    rows = {
        line.split("](")[1].split(")")[0]: line.split(" | ")
        for line in fruit.splitlines()
        if line.startswith("| [")
    }
    assert rows["plums"][4] == "" and rows["plums"][5] == rows["pears"][5] != ""
    assert rows["pears"][4] != "" and rows["apples"][4] != ""


def test_a_table_has_no_column_that_was_never_measured(two_models):
    path = two_models / "pears" / "metrics.json"
    facts = json.loads(path.read_text())
    facts["data"]["source"] = "nuts"
    for name in ("fid", "precision", "recall"):
        del facts["figures"]["samples"][name]
    path.write_text(json.dumps(facts))
    fruit, nuts = zoo.table(two_models).split("**fruit**")[1].split("**nuts**.")
    assert "| FID (" in fruit and "| model | classes | parameters | size |  |\n" in nuts


def test_links_lead_to_the_folder_even_if_the_name_differs(two_models):
    (two_models / "pears").rename(two_models / "model")
    zoo.write(two_models)
    assert "[pears](model)" in (two_models / "README.md").read_text()
    assert "[pears](../model)" in (two_models / "apples" / "README.md").read_text()


def test_the_card_loads_by_name_only_a_model_of_the_zoo(two_models, monkeypatch):
    (two_models / "pears").rename(two_models / "sngan")  # The name of a recipe.
    models = zoo.read_all(two_models)
    for folders, expected in (((), "path/to/this/folder"), ((two_models,), "sngan")):
        monkeypatch.setattr(zoo_of, "_FOLDERS", folders)
        card = zoo.card_of(two_models / "sngan", models)
        assert f'from_preset("{expected}")' in card


def test_models_are_listed_with_their_facts(two_models, monkeypatch, capsys):
    monkeypatch.setattr(zoo_of, "_FOLDERS", (two_models,))
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Models (ganzoo sample NAME):"
    header, *rows = (line.split() for line in lines[1:4])
    assert header == ["model", "data", "size", "classes", "metric"]
    assert [row[:7] for row in rows] == [
        [name, "fruit", "8", "x", "8", "color", "3"] for name in ("apples", "pears")
    ]
    assert all(row[7] == "FID" and float(row[8]) > 0 for row in rows)


def test_an_interrupted_replacement_of_a_card_is_repaired(two_models):
    folder = sorted(path for path in two_models.iterdir() if path.is_dir())[0]
    zoo.write(two_models)
    (folder / "README.md").write_text("half")
    with pytest.raises(PresetError, match="damaged"):
        ganzoo.GAN.from_preset(folder)
    metadata = json.loads((folder / "metadata.json").read_text())
    card = zoo.card_of(folder, zoo.read_all(two_models))
    (folder / "README.md").write_text(card)
    metadata["files"]["README.md"]["sha256"] = "0" * 64
    (folder / "metadata.json").write_text(json.dumps(metadata))

    assert zoo.write(two_models) == [folder / "README.md"]
    assert ganzoo.GAN.from_preset(folder).sample(1).shape[0] == 1


def test_old_texts_are_replaced_and_the_hashes_agree(two_models):
    zoo.write(two_models)
    folder = two_models / "apples"
    presets.replace_texts(
        folder,
        dataclasses.replace(recipe_of(folder), source="an old source"),
        {**json.loads((folder / "metrics.json").read_text()), "summary": "fruit, 8 x 8 colour"},
    )
    ganzoo.GAN.from_preset(folder)

    assert zoo.write(two_models) == [folder / "metrics.json", folder / "README.md"]
    assert "fruit, 8 x 8 color" in (folder / "metrics.json").read_text()
    ganzoo.GAN.from_preset(folder)


def test_a_recipe_of_ganzoo_gets_its_current_source(two_models):
    folder = two_models / "apples"
    known = ganzoo.recipes.get("sngan")
    presets.replace_texts(folder, dataclasses.replace(known, source="an old source"))

    assert folder / "recipe.json" in zoo.write(two_models)
    assert recipe_of(folder) == known


def recipe_of(folder):
    return ganzoo.recipes.Recipe.from_json((folder / "recipe.json").read_text())


def test_models_of_data_with_one_stated_title_share_a_table(two_models):
    for name in ("apples", "pears"):
        zoo.write_card(two_models / name, {"title": "drawings of fruit"})
    assert zoo.table(two_models).count("**drawings of fruit**") == 1
    assert "other models of drawings of fruit" in (two_models / "apples/README.md").read_text()


def test_only_known_words_are_stated_about_data(two_models):
    with pytest.raises(ValueError, match=r"title, license, origin. Received: .*'licence'"):
        zoo.write_card(two_models / "apples", {"licence": "CC0"})


@pytest.mark.parametrize("about", [3, {"tag": "x"}, {"title": ["a"]}, {"origin": "two\nlines"}])
def test_words_about_data_in_a_damaged_model_are_refused(two_models, about):
    path = two_models / "apples" / "metrics.json"
    facts = json.loads(path.read_text())
    facts["data"]["about"] = about
    path.write_text(json.dumps(facts))
    with pytest.raises(ValueError, match="Received"):
        zoo.table(two_models)


def test_names_of_users_are_text_and_no_html(originals, tmp_path):
    models = shutil.copytree(originals, tmp_path / "models")
    facts = json.loads((models / "pears" / "metrics.json").read_text())
    facts["name"] = 'a" onerror="b|c'
    presets.replace_texts(models / "pears", metrics=facts)
    table = zoo.table(models)
    assert 'alt="samples of a&quot; onerror=&quot;b\\|c">' in table
    assert r'| [a" onerror="b\|c](pears) |' in table


def test_presets_that_are_no_published_models_do_not_break_the_page(two_models):
    page = zoo.table(two_models)
    facts = json.loads((two_models / "apples" / "metrics.json").read_text())
    gan = ganzoo.GAN.from_preset(two_models / "apples")
    gan.save_to_preset(two_models / "without_recipe", metrics=facts)
    recipe = ganzoo.recipes.get("sngan")
    other_facts = {"summary": "mine", "figures": {"fid": 3.0}}
    gan.save_to_preset(two_models / "other_facts", recipe=recipe, metrics=other_facts)
    zoo.write(two_models)
    assert zoo.table(two_models) == page
    for name in ("without_recipe", "other_facts"):
        for work in (zoo.write_card, lambda folder: zoo.card_of(folder, {})):
            with pytest.raises(ValueError, match=r"Expected the folder of a published model.*"):
                work(two_models / name)


def test_a_missing_or_damaged_recipe_is_named(two_models):
    recipe = two_models / "apples" / "recipe.json"
    recipe.write_text("{}")
    with pytest.raises(PresetError, match=r"recipe.json is damaged: publish .*Received: .*apples"):
        zoo.write(two_models)
    recipe.unlink()
    with pytest.raises(PresetError, match=r"publish .* again.*Received: no .*recipe.json"):
        zoo.write(two_models)
