import json

import pytest

import ganzoo
from ganzoo import recipes
from ganzoo.cli import train
from ganzoo.cli.main import main
from ganzoo.cli.publish import training_command
from ganzoo.cli.training_plan import _changed


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
    assert main(["publish", str(run), f"--output={model}", "--n=150", "--hardware=a desk"]) == 0
    printed = capsys.readouterr().out
    facts = json.loads((model / "metrics.json").read_text())
    fid = facts["figures"]["samples"]["fid"]
    assert fid["protocol"]["extractor"] == "digits-classifier"
    assert (fid["protocol"]["samples"], fid["protocol"]["reference_samples"]) == (150, 359)
    assert f"{fid['value']:.4g}" in printed
    assert {"precision", "kid", "is", "conditional_accuracy"} < set(facts["figures"]["samples"])
    assert facts["training"]["hardware"] == "a desk" and facts["training"]["steps"] == 2
    assert facts["data"]["count"] == 1438
    assert ganzoo.GAN.from_preset(model).sample(1).shape == (1, 8, 8, 1)
    card = (model / "README.md").read_text()
    assert "CC BY 4.0" in card and "digits test" in card
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
        ["--model=dcgan", "--data=digits", "--latent_dim=8", "--ema_decay=0.9"],
        ["--model=wgan", "--data=digits", "--regularizers=none", "--generator_rate=0.001"],
        ["--model=sngan", "--data=folder:my photos", "--conditional", "--on_bad=skip"],
        ["--model=semi_supervised_mnist", "--labels_per_class=2", "--test_split=test"],
    ],
    ids=lambda flags: " ".join(flags),
)
def test_the_command_on_the_card_repeats_the_run(flags):
    import dataclasses
    import shlex

    options, _ = train.COMMAND.parse(flags)
    recipe = _changed(recipes.get(options.model), options)
    if options.steps:
        recipe = dataclasses.replace(recipe, steps=options.steps)
    command = training_command(recipe, options)
    name, verb, *arguments = shlex.split(command)
    again, _ = train.COMMAND.parse(arguments)
    assert (name, verb) == ("ganzoo", "train")
    repeated = _changed(recipes.get(again.model), again)
    if again.steps:
        repeated = dataclasses.replace(repeated, steps=again.steps)
    assert repeated == recipe
    for name in ("split", "size", "channels", "on_bad", "test_split", "seed", "precision"):
        assert getattr(again, name) == getattr(options, name)
    assert sorted(arguments) == sorted(flags)


def test_a_run_whose_data_have_changed_is_refused(run, tmp_path, capsys):
    changed = tmp_path / "run"
    changed.mkdir()
    for name in ("log.csv", "model.keras"):
        (changed / name).symlink_to(run / name)
    options = json.loads((run / "options.json").read_text())
    options["examples"]["crc32"] = "00000000"
    (changed / "options.json").write_text(json.dumps(options))
    assert main(["publish", str(changed), f"--output={tmp_path / 'model'}"]) == 2
    assert "no longer those that the run began with" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Expected the folder of one run. Received: none"),
        (["absent"], "a run's folder holds its options.json. Received:"),
        (["run", "--table=models"], "takes the folder of all models and no run"),
        (["run", "--n=0"], "positive integer"),
    ],
)
def test_what_cannot_be_published_is_named(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["publish", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
