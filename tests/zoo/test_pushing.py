"""Published models on a Hugging Face Hub, and their cards as the Hub reads them."""

import json

import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

import ganzoo
from ganzoo import recipes, zoo
from ganzoo.zoo.front_matter import front_matter
from ganzoo_cli.main import main
from support import fake_hub
from support.processes import ROOT

ADDRESS = "hf://me/digits"
FOLDER = ROOT / "models/dcgan_digits"


@pytest.fixture
def server(tmp_path, monkeypatch):
    with fake_hub.running(monkeypatch, tmp_path / "cache") as server:
        yield server


def test_a_pushed_model_loads_with_a_card_of_its_own(server):
    before = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    server.commit("me/digits", {"discriminator.safetensors": b"old", "notes.md": b"kept"})

    address, sha256 = zoo.push(FOLDER, ADDRESS, license="cc-by-4.0")

    commit, files = server.files("model", "me/digits")
    assert address == f"{ADDRESS}@{commit}"
    assert files.keys() == {*before, "notes.md"}
    changed = {name for name in before if files[name] != before[name]}
    assert changed == {"README.md", "metrics.json", "metadata.json"}
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == before
    loaded = ganzoo.GAN.from_preset(address, sha256)
    np.testing.assert_array_equal(loaded.sample(3), ganzoo.GAN.from_preset(FOLDER).sample(3))
    card = files["README.md"].decode()
    assert f'from_preset("{ADDRESS}")' in card and f"ganzoo sample {ADDRESS} " in card
    assert "| license of the weights | cc-by-4.0 |" in card
    data = ModelCard(card).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("cc-by-4.0", "ganzoo", None)
    assert data.tags == ["gan", "image-generation", "keras", "dcgan", "class-conditional"]
    assert data.datasets is None and data.model_name == "dcgan_digits"
    facts = json.loads((FOLDER / "metrics.json").read_text())
    expected = [result["value"] for result in facts["figures"]["samples"].values()]
    assert [result.metric_value for result in data.eval_results] == expected


def test_the_command_pushes_a_published_model(server, capsys):
    assert main(["publish", str(FOLDER), f"--push={ADDRESS}", "--private"]) == 0
    commit, _ = server.files("model", "me/digits")
    assert f"pushed                {ADDRESS}@{commit}\n" in capsys.readouterr().out
    for flags, message in (
        ([], "give --push=hf://user/name"),
        ([f"--push={ADDRESS}", "--n=5"], "is not measured again: give --license"),
        ([f"--push={ADDRESS}", "--license=MIT License"], "must be spelled as model hubs"),
        (["--push=me/digits"], "Expected a repository of the Hugging Face Hub"),
        (["--private"], "--private is for --push"),
    ):
        assert main(["publish", str(FOLDER), *flags]) == 2
        assert message in capsys.readouterr().err


def test_only_published_models_are_pushed(tmp_path, server):
    ganzoo.GAN.from_preset(FOLDER).save_to_preset(tmp_path / "plain")
    with pytest.raises(ValueError, match=r"Expected the folder of a published model.*plain"):
        zoo.push(tmp_path / "plain", ADDRESS)
    assert not server.requests


@pytest.mark.parametrize("extractor", ["digits-classifier", "inception-2015-12-05", None])
def test_only_features_of_inception_make_an_fid(extractor):
    facts = json.loads((FOLDER / "metrics.json").read_text())
    for result in facts["figures"]["samples"].values():
        result["protocol"]["extractor"] = extractor
    text = front_matter(facts, recipes.get("dcgan"))
    (entry,) = yaml.safe_load(text.strip("-"))["model-index"]
    (results,) = entry["results"]
    found = {metric["type"]: metric["name"] for metric in results["metrics"]}
    if extractor == "inception-2015-12-05":
        assert found["fid"] == f"FID ({extractor})"
    else:
        words = " ".join([*found, *found.values()]).lower()
        assert "frechet_distance" in words and "fid" not in words.split()
        assert "inception" not in words.replace("not by inception", "")


def test_the_cards_of_the_zoo_are_cards_of_the_hub():
    for path in ROOT.glob("models/*/README.md"):
        check_card(path)


def check_card(path):
    data = ModelCard(path.read_text()).data
    plain = yaml.safe_load(path.read_text().split("---\n")[1])
    assert (data.library_name, data.license) == ("ganzoo", "apache-2.0")
    assert data.pipeline_tag in ("unconditional-image-generation", "image-classification", None)
    name, results = model_index_to_eval_results(plain["model-index"])
    assert name == path.parent.name
    facts = json.loads((path.parent / "metrics.json").read_text())
    expected = [result["value"] for result in facts["figures"]["samples"].values()]
    assert [result.metric_value for result in results] == expected
    assert all("fid" not in result.metric_type for result in results)
