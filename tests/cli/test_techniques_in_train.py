"""`ganzoo train` with techniques, and with semi-supervised models."""

import json

import numpy as np
import pytest

from ganzoo.runs.run_folder import RunFolder, load_model
from ganzoo_cli.main import main

DIGITS = ["train", "--data=digits", "--size=8"]
SEMI_SUPERVISED = [
    *DIGITS,
    "--model=semi_supervised_mnist",
    "--labels_per_class=3",
    "--width=8",
    "--test_split=test",
    "--batch_size=512",
    "--seed=1",
]


@pytest.mark.slow
def test_a_semi_supervised_model_is_trained_tested_and_resumed_exactly(tmp_path, capsys):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert main([*SEMI_SUPERVISED, "--epochs=2", f"--output={whole}"]) == 0
    printed = capsys.readouterr().out
    assert "3 of each class" in printed and "'digits' test, 359" in printed
    assert main([*SEMI_SUPERVISED, "--epochs=1", f"--output={resumed}"]) == 0
    assert main(["train", "--resume", "--epochs=2", f"--output={resumed}"]) == 0
    logs = [RunFolder(folder).read_log() for folder in (whole, resumed)]
    for row, other in zip(*logs, strict=True):
        row.pop("seconds"), other.pop("seconds")
        assert row == other
        assert 0 <= float(row["val_error"]) <= 1
    first, second = (load_model(folder) for folder in (whole, resumed))
    # Without the seeds of noise layers, which each step sets.
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)


def test_flags_change_the_parts_of_a_run(tmp_path, capsys):
    flags = [
        *(*DIGITS, "--model=dcgan", "--width=1", "--latent_dim=2", "--steps=2"),
        *("--augment=color,cutout", "--packing=2", "--normalization=layer"),
        *("--regularizers=historical_averaging", f"--output={tmp_path / 'run'}"),
    ]
    assert main(flags) == 0
    printed = capsys.readouterr().out
    assert "augmentation   color,cutout" in printed and "packing        2" in printed
    recipe = json.loads((tmp_path / "run" / "options.json").read_text())["recipe"]
    assert (recipe["augment"], recipe["packing"]) == ("color,cutout", 2)
    gan = load_model(tmp_path / "run")
    assert gan.packing == 2 and gan.augment.policy == "color,cutout"
    assert "g_historical_averaging" in RunFolder(tmp_path / "run").read_log()[0]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model=dcgan", "--test_split=test"], "--test_split=test --model=dcgan"),
        (["--model=semi_supervised_mnist", "--conditional"], "leave `conditional` out"),
        (["--model=dcgan", "--augment=sharpen"], "sharpen"),
        (["--model=dcgan", "--packing=2", "--conditional"], "packing=2 with num_classes=10"),
        (["--model=dcgan", "--packing=3", "--batch_size=64"], "packing=3, batch_size=64"),
    ],
)
def test_flags_that_do_not_fit_are_refused(flags, message, tmp_path, capsys):
    assert main([*DIGITS, *flags, "--steps=1", f"--output={tmp_path / 'run'}"]) == 2
    assert message in capsys.readouterr().err
