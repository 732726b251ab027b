import json
from types import SimpleNamespace

import pytest
from PIL import Image

import ganzoo
from ganzoo import data, recipes, zoo
from ganzoo.cli.publish import read_training
from ganzoo.distribution.hardware import machine
from ganzoo.runs import sources
from ganzoo.runs.recipe_flags import changed_recipe, training_command
from ganzoo.runs.sources import load_test_split
from ganzoo_cli.commands.train import COMMAND
from ganzoo_cli.errors import Failure
from ganzoo_cli.main import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two steps on digits."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    arguments = ["--size=8", "--width=1", "--latent_dim=2", "--batch_size=64", "--conditional"]
    arguments += ["--model=dcgan", "--data=digits", "--steps=2", f"--output={folder}"]
    assert main(["train", *arguments]) == 0
    return folder


def test_a_run_becomes_a_model(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    model = tmp_path / "models" / "small"
    flags = ["--n=40", "--hardware=a desk", "--data_origin=a drawer", "--data_title=drawings"]
    assert main(["publish", str(run), f"--output={model}", *flags]) == 0
    printed = capsys.readouterr().out
    facts = json.loads((model / "metrics.json").read_text())
    fid = facts["figures"]["samples"]["fid"]
    assert fid["protocol"]["extractor"] == "digits-classifier"
    assert (fid["protocol"]["samples"], fid["protocol"]["reference_samples"]) == (40, 359)
    assert f"{fid['value']:.4g}" in printed
    assert {"precision", "kid", "conditional_accuracy"} < set(facts["figures"]["samples"])
    assert facts["training"]["hardware"] == "a desk" and facts["training"]["steps"] == 2
    assert facts["data"]["count"] == 1438
    assert ganzoo.GAN.from_preset(model).sample(1).shape == (1, 8, 8, 1)
    card = (model / "README.md").read_text()
    assert "CC BY 4.0" in card and "digits test" in card
    assert "Drawings, train split" in card and "drawings" in facts["summary"]
    assert "License of the data: CC BY 4.0. Origin: a drawer." in card
    # What is said about the data can change afterwards, and nothing else does.
    words = ["--data_title=my digits", "--data_license=CC0", "--license=mit"]
    capsys.readouterr()
    assert main(["publish", str(model), *words]) == 0
    assert f"{model / 'README.md'}\n" in capsys.readouterr().out
    card = (model / "README.md").read_text()
    assert "My digits, train split: 1,438 images. License of the data: CC0. Origin: a dra" in card
    about = {"title": "my digits", "license": "CC0", "origin": "a drawer"}
    later = json.loads((model / "metrics.json").read_text())
    assert later["data"] == {**facts["data"], "about": about} and "my digits" in later["summary"]
    assert later["figures"] == facts["figures"]
    assert later["weights"] == {**facts["weights"], "license": "mit"} and 'license: "mit"' in card
    assert ganzoo.GAN.from_preset(model).sample(1).shape == (1, 8, 8, 1)
    # The page of all models, where this is the only one.
    assert main(["publish", f"--table={tmp_path / 'models'}"]) == 0
    assert "[small](small)" in (tmp_path / "models" / "README.md").read_text()
    assert main(["publish", str(run), f"--output={model}"]) == 2
    assert "must be empty or not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        ["--model=dcgan_mnist"],
        ["--model=sngan", "--data=digits", "--width=16", "--steps=7", "--seed=3", "--size=16"],
        ["--model=dcgan", "--data=digits", "--augment=color,cutout", "--regularizers=r1,dragan"],
        ["--model=dcgan", "--data=digits", "--regularizers=r1:gamma=0.1:every=16,orthogonal"],
        ["--model=dcgan", "--data=digits", "--latent_dim=8", "--ema_decay=0.9"],
        ["--model=dcgan", "--data=digits", "--loss=minimax:label_smoothing=0.1"],
        ["--model=wgan", "--data=digits", "--regularizers=none", "--generator_rate=0.001"],
        ["--model=sngan", "--data=folder:my photos", "--conditional", "--on_bad=skip"],
        ["--model=semi_supervised_mnist", "--labels_per_class=2", "--test_split=test"],
    ],
    ids=lambda flags: " ".join(flags),
)
def test_the_command_on_the_card_repeats_the_run(flags):
    import dataclasses
    import shlex

    options, _ = COMMAND.parse(flags)
    recipe = changed_recipe(recipes.get(options.model), options)
    if options.steps:
        recipe = dataclasses.replace(recipe, steps=options.steps)
    command = training_command(recipe, options)
    name, verb, *arguments = shlex.split(command)
    again, _ = COMMAND.parse(arguments)
    assert (name, verb) == ("ganzoo", "train")
    repeated = changed_recipe(recipes.get(again.model), again)
    if again.steps:
        repeated = dataclasses.replace(repeated, steps=again.steps)
    assert repeated == recipe
    for name in ("split", "size", "channels", "on_bad", "test_split", "seed", "precision"):
        assert getattr(again, name) == getattr(options, name)
    assert sorted(arguments) == sorted(flags)


def options_of(run, folder, **changes):
    """Makes a folder of a run with other options."""
    folder.mkdir()
    for name in ("log.csv", "model.keras"):
        (folder / name).symlink_to(run / name)
    options = {**json.loads((run / "options.json").read_text()), **changes}
    (folder / "options.json").write_text(json.dumps(options))
    return folder


def test_the_hardware_is_the_one_that_the_run_recorded(run, tmp_path):
    assert read_training(run).hardware == machine()
    other = options_of(run, tmp_path / "other", hardware="a Cray-1")
    assert read_training(other).hardware == "a Cray-1"
    assert read_training(other, "a desk").hardware == "a desk"
    older = options_of(run, tmp_path / "older")
    options = json.loads((older / "options.json").read_text())
    del options["hardware"]
    (older / "options.json").write_text(json.dumps(options))
    assert read_training(older).hardware is None


@pytest.mark.parametrize(
    ("split", "is_unseen"),
    [
        ("train", True),
        ("train[:50%]", True),
        ("train[10%:]", True),
        ("test", False),
        ("all", False),
        ("train+test", False),
        ("train[:50%]+test[:50%]", False),
        ("test[:50%]", False),
        ("training", False),
        (None, False),
    ],
)
def test_images_that_the_model_may_have_seen_are_not_test_images(split, is_unseen):
    options = SimpleNamespace(split=split, size=8, channels=None, on_bad=None)
    found = load_test_split("digits", split, options)
    assert (found is not None) == is_unseen


def test_a_test_split_that_is_broken_is_an_error(tmp_path):
    photos = tmp_path / "photos"
    for part in ("train", "test"):
        (photos / part).mkdir(parents=True)
    Image.new("L", (8, 8)).save(photos / "train" / "0.png")
    options = SimpleNamespace(split="train", size=8, channels=None, on_bad=None)
    (photos / "test" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.png"):
        load_test_split(f"folder:{photos}", "train", options)


@pytest.mark.parametrize("kind", ["folder", "split folder", "packed"])
def test_a_source_without_a_test_split_has_no_test_images(kind, tmp_path):
    part = tmp_path / "train" if kind == "split folder" else tmp_path
    part.mkdir(exist_ok=True)
    Image.new("L", (8, 8)).save(part / "0.png")
    source = f"folder:{tmp_path}"
    if kind == "packed":
        data.pack(data.load(source), tmp_path / "packed.npz")
        source = str(tmp_path / "packed.npz")
    options = SimpleNamespace(split="train", size=8, channels=None, on_bad=None)
    assert sources.load_source(source, options).split == "train"
    assert load_test_split(source, "train", options) is None


def test_an_error_after_the_checks_is_one_line(run, tmp_path, monkeypatch, capsys):
    def fail(*arguments, **settings):
        raise ValueError("The figures cannot be measured.")

    monkeypatch.setattr(zoo, "publish", fail)
    arguments = ["publish", str(run), f"--output={tmp_path / 'model'}"]
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("ganzoo publish: The figures cannot be measured.")
    with pytest.raises(Failure):
        main([*arguments, "--debug"])


def test_a_run_whose_data_have_changed_is_refused(run, tmp_path, capsys):
    changed = tmp_path / "run"
    changed.mkdir()
    for name in ("log.csv", "model.keras"):
        (changed / name).symlink_to(run / name)
    options = json.loads((run / "options.json").read_text())
    options["examples"]["crc32"] = "00000000"
    (changed / "options.json").write_text(json.dumps(options))
    assert main(["publish", str(changed), f"--output={tmp_path / 'model'}"]) == 2
    assert "have changed since the run started" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Expected the folder of one run. Received: none"),
        (["absent"], "which holds the file options.json. Received: absent"),
        (["run", "--table=models"], "takes the folder of all models, and nothing else"),
        (["run", "--n=0"], "positive integer"),
        (["run", "--data_license= "], "needs words in one line. Received: license=' '"),
        (["run", "--data_title=two\nlines"], "words in one line. Received: title='two\\nlines'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["publish", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [["--n=3"], ["--replace"], ["run"], ["--output=x"]])
def test_the_page_takes_no_other_flags(more, capsys):
    assert main(["publish", "--table=models", *more]) == 2
    assert "and nothing else" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("metadata.json", "{}", "is a model itself"),
        ("README.md", "# My project\n", "would be lost"),
        (None, None, "is not a folder"),
    ],
)
def test_the_page_does_not_replace_other_files(name, text, message, tmp_path, capsys):
    folder = tmp_path / "folder"
    if name:
        folder.mkdir()
        (folder / name).write_text(text)
    assert main(["publish", f"--table={folder}"]) == 2
    assert message in capsys.readouterr().err
    assert not name or [path.read_text() for path in folder.iterdir()] == [text]


def test_a_run_without_a_whole_epoch_is_not_published(run, tmp_path, capsys):
    (tmp_path / "begun").mkdir()
    for name in ("options.json", "model.keras"):
        (tmp_path / "begun" / name).symlink_to(run / name)
    assert main(["publish", str(tmp_path / "begun"), f"--output={tmp_path / 'm'}"]) == 2
    assert "after its first epoch" in capsys.readouterr().err
