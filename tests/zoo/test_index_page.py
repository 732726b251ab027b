import json
import shutil

import pytest

import ganzoo
from ganzoo import zoo
from ganzoo.cli.main import main
from ganzoo.presets import PresetError
from ganzoo.presets import builtin as zoo_of
from support import published
from support.processes import ROOT

MODELS = [path.parent for path in sorted((ROOT / "models").glob("*/metrics.json"))]


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    models = tmp_path_factory.mktemp("originals") / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        for name in ("apples", "pears"):
            zoo.publish(published.training(), models / name, published.Brightness(), n=30)
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
    assert "\n\n**fruit**. FID, precision and recall are by `brightness`, 30/40 fruit test" in page
    without = zoo.tables(two_models, pictures=False)
    assert "<img" not in without and "[apples](apples)" in without and "**fruit**" in without


def test_cards_are_made_anew_where_another_model_has_come(two_models):
    earlier, later = ((two_models / n / "README.md") for n in ("apples", "pears"))
    assert "[pears]" not in earlier.read_text() and "[apples](../apples)" in later.read_text()
    written = zoo.write(two_models)
    assert written == [earlier, two_models / "README.md"]
    assert "## Beside the other models of fruit" in earlier.read_text()
    assert "[pears](../pears)" in earlier.read_text()
    ganzoo.GAN.from_preset(two_models / "apples")  # The hash of the card was entered.
    assert zoo.write(two_models) == []


def test_figures_of_another_protocol_are_not_compared(two_models):
    path = two_models / "apples" / "metrics.json"
    facts = json.loads(path.read_text())
    facts["figures"]["samples"]["fid"]["protocol"]["samples"] = 31
    path.write_text(json.dumps(facts))
    card = zoo.card_of(two_models / "pears", zoo.read_all(two_models))
    (row,) = (line for line in card.splitlines() if line.startswith("| [apples]"))
    fid, kid = row.split(" | ")[2:4]
    assert fid == "" and float(kid) == float(f"{facts['figures']['samples']['kid']['value']:.4g}")


def test_each_data_set_has_a_table_and_a_figure_of_another_protocol_is_left_out(two_models):
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
    assert "`nutcracker`" in nuts and "](walnuts)" in nuts
    rows = {
        line.split("](")[1].split(")")[0]: line.split(" | ")
        for line in fruit.splitlines()
        if line.startswith("| [")
    }
    assert rows["plums"][4] == "" and rows["plums"][5] == rows["pears"][5] != ""
    assert rows["pears"][4] != "" and rows["apples"][4] != ""


def test_links_go_to_the_folder_whatever_the_name_is(two_models):
    (two_models / "pears").rename(two_models / "model")
    zoo.write(two_models)
    assert "[pears](model)" in (two_models / "README.md").read_text()
    assert "[pears](../model)" in (two_models / "apples" / "README.md").read_text()


def test_the_card_has_the_name_only_of_a_model_that_is_found_by_it(two_models, monkeypatch):
    (two_models / "pears").rename(two_models / "sngan")  # As a recipe is named.
    models = zoo.read_all(two_models)
    for folders, expected in (((), "path/to/this/folder"), ((two_models,), "sngan")):
        monkeypatch.setattr(zoo_of, "_FOLDERS", folders)
        card = zoo.card_of(two_models / "sngan", models)
        assert f'from_preset("{expected}")' in card


def test_models_are_listed_with_what_they_are(two_models, monkeypatch, capsys):
    monkeypatch.setattr(zoo_of, "_FOLDERS", (two_models,))
    assert main(["list"]) == 0
    assert "fruit, 8 x 8 color: SNGAN, hinge loss, 3 classes" in capsys.readouterr().out


def test_a_card_that_was_half_replaced_is_mended(two_models):
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
