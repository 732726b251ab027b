"""Runs that measure their samples, and keep the best checkpoint."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from ganzoo import GAN, recipes
from ganzoo.callbacks import EvaluateSamples, checkpoint_files, training_state
from ganzoo.runs import RunFolder, load_model, run_checkpoints
from ganzoo_cli.main import main

SMALL = [
    *("train", "--model=dcgan", "--data=digits", "--size=8", "--width=1", "--latent_dim=2"),
    *("--batch_size=512", "--ema_decay=0.9"),
]
EPOCH = 2  # Steps.
MEASURED = [
    *(*SMALL, "--metrics=fid,precision_recall", "--metric_samples=80"),
    *("--keep_best=fid", "--keep=1", "--every=2"),
]


@pytest.fixture(autouse=True)
def keras_home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.getbasetemp() / "keras"))


@pytest.fixture
def scaled(monkeypatch):
    """Lets each measurement find another FID."""
    original = EvaluateSamples._take

    def arrange(fids):
        def take(self, step, results):
            original(self, step, results)
            self._values["fid"] = fids[step]

        monkeypatch.setattr(EvaluateSamples, "_take", take)

    return arrange


@pytest.mark.slow
def test_the_best_checkpoint_is_kept_and_survives_a_stop(tmp_path, scaled, capsys):
    # The value of step 0 belongs to no checkpoint, and an epoch without a measurement to no value.
    scaled({0: 0.1, 4: 5.0, 8: 7.0, 12: 6.0})
    folder = tmp_path / "run"
    assert main([*MEASURED, "--epochs=4", f"--output={folder}"]) == 0
    printed = capsys.readouterr().out
    assert "fid, precision_recall of 80 samples, compared with Dataset('digits' test" in printed
    assert "fid 5 at step 4: --checkpoint=best" in printed
    assert [path.name for path in checkpoint_files.every(folder / "checkpoints")] == [
        "step_00000004",
        "step_00000008",
    ]
    assert main(["train", "--resume", f"--output={folder}", "--epochs=6"]) == 0
    assert "fid 5 at step 4" in capsys.readouterr().out
    assert run_checkpoints.best_of(RunFolder(folder)) == (4, 5.0)
    rows = RunFolder(folder).read_log()
    assert [float(row["fid"]) for row in rows] == [0.1, 5.0, 5.0, 7.0, 7.0, 6.0]
    assert {"recall", "coverage", "collapse/diversity"} < set(rows[0])
    with Image.open(folder / "curves.png") as image:
        assert image.height > 4 * 220

    # A checkpoint is the whole GAN at its step, without the model of the end.
    best = load_model(folder, "best")
    assert best.step == 4 and load_model(folder, "newest").step == 12 == load_model(folder).step
    assert main([*MEASURED, "--epochs=2", f"--output={tmp_path / 'short'}"]) == 0
    (folder / "model.keras").unlink()
    straight = training_state.values(load_model(tmp_path / "short"))
    for a, b in zip(training_state.values(best), straight, strict=True):
        np.testing.assert_array_equal(a, b)
    capsys.readouterr()

    shown = tmp_path / "best.png"
    assert main(["sample", str(folder), "--checkpoint=best", "--n=4", f"--output={shown}"]) == 0
    assert main(["sample", str(folder), "--n=4", f"--output={tmp_path / 'x.png'}"]) == 2
    assert "--checkpoint=newest" in capsys.readouterr().err
    for wrong, message in (("worst", "best or newest"), ("2", "one of the steps 4, 12")):
        assert main(["sample", str(folder), f"--checkpoint={wrong}"]) == 2
        assert message in capsys.readouterr().err
    published = tmp_path / "model"
    words = ["publish", str(folder), "--checkpoint=best", "--n=60", f"--output={published}"]
    assert main(words) == 0
    facts = json.loads((published / "metrics.json").read_text())
    assert facts["training"]["steps"] == 4 and "--keep_best=fid" in facts["training"]["command"]

    # Runs of earlier versions have no config of the GAN.
    (folder / "gan.json").unlink()
    assert main(["sample", str(folder), "--checkpoint=best"]) == 2
    assert "without gan.json and model.keras" in capsys.readouterr().err
    shutil.copy(tmp_path / "short" / "model.keras", folder / "model.keras")
    assert load_model(folder, "newest").step == 12


def test_a_run_without_a_best_checkpoint(tmp_path, capsys):
    folder = tmp_path / "run"
    plain = [*SMALL, "--steps=3", "--checkpoint_every=2", "--monitors=none"]
    assert main([*plain, f"--output={folder}"]) == 0
    assert "monitors       none" in capsys.readouterr().out
    found = checkpoint_files.every(folder / "checkpoints")
    steps = [checkpoint_files.step_of(path) for path in found]
    assert steps == [3] and "collapse/diversity" not in RunFolder(folder).read_log()[0]
    assert main(["evaluate", str(folder), "--checkpoint=best"]) == 2
    assert "--keep_best" in capsys.readouterr().err
    assert main(["sample", str(folder / "model.keras"), "--checkpoint=best"]) == 2
    assert "Only the folder of a run has checkpoints" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--metrics=fud"], "'fud'"),
        (["--metrics="], "--metrics="),
        (["--metrics=fid", "--keep_best=kid"], "--keep_best=kid with --metrics=fid"),
        (["--keep_best=fid"], "--keep_best=fid with --metrics=none"),
        (["--metrics=pairwise_distance", "--keep_best=pairwise_distance"], "--keep_best=pairwise"),
        (["--metric_samples=100"], "--metric_samples without --metrics"),
        (["--every=2", "--extractor=mnist"], "--every, --extractor without --metrics"),
        (["--metrics=fid", "--metric_samples=0"], "--metric_samples=0"),
        (["--metrics=fid", "--extractor=vgg"], "'vgg'"),
        (["--metrics=fid", "--extractor=cifar10"], "images of 3 channel(s)"),
        (["--metrics=fid", "--metric_samples=1"], "at least 2 examples. Received: 1"),
        (["--metrics=ms_ssim"], "Received: images of 8 x 8"),
        (["--metrics=mixture_coverage"], "mixtures of Gaussians"),
        (["--monitors=nan"], "'nan'"),
        (["--monitors=spectral"], "--monitors=spectral cannot watch this model"),
        (["--monitors=collapse,collapse"], "--monitors=collapse,collapse"),
        (["--checkpoint_every=0"], "--checkpoint_every=0"),
        (["--keep=0"], "--keep=0"),
    ],
)
def test_wrong_flags_are_refused_before_training(tmp_path, capsys, flags, message):
    assert main([*SMALL, *flags, f"--output={tmp_path / 'run'}"]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error and not (tmp_path / "run").exists()


def test_metrics_of_images_without_a_classifier_name_the_choices(tmp_path, capsys):
    for index in range(12):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8), "uint8")
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    words = ["train", "--model=dcgan", f"--data=folder:{tmp_path}", "--batch_size=4", "--width=1"]
    words.append(f"--output={tmp_path.with_name('other')}")
    assert main([*words, "--metrics=fid"]) == 2
    error = capsys.readouterr().err
    assert "need --extractor, one of cifar10, digits" in error and "--metrics=fid" in error


@pytest.mark.parametrize(
    ("name", "shape", "changes"),
    [
        ("stylegan2_small", (8, 8, 3), {"augment": "bgc", "width": 1}),
        ("sngan", (8, 8, 1), {"ema_half_life": 100.0, "conditional": True, "width": 1}),
        ("semi_supervised_mnist", (8, 8, 1), {"width": 4}),
    ],
)
def test_a_checkpoint_of_any_gan_is_loaded_without_its_data(tmp_path, name, shape, changes):
    recipe = dataclasses.replace(recipes.get(name), **changes)
    has_classes = recipe.conditional or recipe.labels_per_class is not None
    gan = GAN.from_recipe(recipe, shape, 3 if has_classes else None)
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    run_checkpoints.write_config(folder, gan)
    arrays, state = training_state.collect(gan)
    arrays = {key: one + 1 if one.dtype.kind == "f" else one for key, one in arrays.items()}
    checkpoint_files.write(folder.checkpoints, 5, arrays, state)
    loaded = run_checkpoints.load_checkpoint(folder, "5")
    for a, b in zip(training_state.values(loaded), training_state.values(gan), strict=True):
        np.testing.assert_array_equal(a, b + 1 if b.dtype.kind == "f" else b)
    folder.config.write_text("{")
    with pytest.raises(ValueError, match=r"gan\.json is damaged: `ganzoo train --resume"):
        run_checkpoints.load_checkpoint(folder, "5")
