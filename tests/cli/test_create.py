import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import ganzoo
from ganzoo.cli import create_defaults
from ganzoo.cli.collapse import signs_of_collapse
from ganzoo.runs import train_plan
from ganzoo.runs.progress import RunBar, duration
from ganzoo.runs.run_folder import RunFolder
from ganzoo_cli.commands.create import COMMAND
from ganzoo_cli.main import main
from support.gans import linear

MODES = ("L", "RGB", "RGBA", "P", "LA", "1")
SMALL = ["--size=8", "--width=1", "--batch_size=16"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Pictures of several sizes, modes and formats."""
    folder = tmp_path_factory.mktemp("own") / "my photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(34):
        width, height = rng.integers(9, 80, 2)
        pixels = rng.integers(0, 256, (height, width, 3), dtype="uint8")
        mode = MODES[index % len(MODES)]
        suffix = "jpg" if mode in ("L", "RGB") else "png"
        Image.fromarray(pixels).convert(mode).save(folder / f"{index}.{suffix}")
    return folder


@pytest.fixture(scope="module")
def created(photos, tmp_path_factory):
    output = tmp_path_factory.mktemp("created") / "out"
    assert main(["create", str(photos), f"--output={output}", "--steps=1", *SMALL]) == 0
    return output


def modified(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_folder_of_pictures_becomes_a_model(created):
    run = json.loads((created / "run" / "options.json").read_text())
    assert (run["recipe"]["loss"], run["recipe"]["architecture"]) == ("hinge", "sngan")
    assert run["recipe"]["augment"] == "color,translation,cutout"
    assert run["recipe"]["ema_decay"] == 0.999 and run["examples"]["count"] == 34
    gan = ganzoo.GAN.from_preset(created / "model")
    assert gan.sample(2).shape == (2, 8, 8, 3)
    card = (created / "model" / "README.md").read_text()
    assert card.count("my photos") >= 1 and "# my_photos" in card and "there is no FID" in card
    assert str(created.parent) not in card
    assert (created / "export" / "my_photos" / "1" / "saved_model.pb").is_file()


def test_a_second_call_changes_nothing(created, photos, capsys):
    before = modified(created)
    assert main(["create", str(photos), f"--output={created}", "--steps=1", *SMALL]) == 0
    assert modified(created) == before
    assert "has ended" in capsys.readouterr().out


def test_more_steps_train_further_and_missing_parts_are_made(created, photos):
    before = RunFolder(created / "run").read_log()[-1]
    for path in (created / "model").iterdir():
        path.unlink()
    assert main(["create", str(photos), f"--output={created}", "--steps=2"]) == 0
    # The seconds of the epoch include both of its parts.
    row = RunFolder(created / "run").read_log()[-1]
    assert row["step"] == "2" and float(row["seconds"]) > float(before["seconds"])
    facts = json.loads((created / "model" / "metrics.json").read_text())
    assert facts["training"]["steps"] == 2
    assert (created / "export" / "my_photos" / "2" / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--width=2", "--width=1. Received: --width=2"),
        ("--augment=none", "Received: --augment=none"),
        ("--conditional", "or no --conditional. Received: --conditional\n"),
        ("--name=other", "--name=my_photos. Received: --name=other"),
        ("--extractor=inception", "--extractor=none. Received: --extractor=inception"),
    ],
)
def test_flags_that_differ_from_the_run_are_refused(created, photos, flag, message, capsys):
    assert main(["create", str(photos), f"--output={created}", flag]) == 2
    error = capsys.readouterr().err
    assert "has other options" in error and message in error


def test_images_that_differ_from_the_run_are_refused(created, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    assert main(["create", str(tmp_path / "other"), f"--output={created}"]) == 2
    assert "the images of folder:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--name=a/b c", "Received: --name=a/b c"),
        ("--name=..", "Received: --name=.."),
        ("--extractor=absent", "Received: extractor='absent'"),
    ],
)
def test_invalid_names_are_refused(photos, tmp_path, flag, message, capsys):
    assert main(["create", str(photos), f"--output={tmp_path / 'out'}", flag, *SMALL]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flags", [[], ["--dry_run"]])
def test_a_few_images_are_refused_at_the_start(tmp_path, flags, capsys):
    for index in range(9):
        Image.new("RGB", (9, 9)).save(tmp_path / f"{index}.png")
    (tmp_path / "9.png").write_bytes(b"no picture")
    assert main(["create", str(tmp_path), f"--output={tmp_path / 'out'}", *flags]) == 2
    assert "at least 10 image files that can be read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_page_of_models_lists_the_created_model(created):
    assert main(["publish", f"--table={created}"]) == 0
    assert "[my_photos](model)" in (created / "README.md").read_text()


@pytest.mark.parametrize(
    ("sides", "expected"),
    [([9] * 5, 32), ([20, 60, 131], 32), ([64, 64, 900], 64), ([3000] * 3, 64)],
)
def test_the_size_depends_on_the_images(sides, expected, monkeypatch, tmp_path):
    monkeypatch.setattr(create_defaults, "_shorter_sides", lambda *_: sides)
    arguments, reasons = create_defaults.training_arguments(tmp_path, COMMAND.parse([])[0])
    assert f"--size={expected}" in arguments
    assert reasons[0].startswith(f"size {expected}: the shorter sides of the {len(sides)} images")


@pytest.mark.parametrize(
    ("sides", "warnings"),
    [
        ([6] + [40] * 200, ["1 of 201 images are much smaller than 32 pixels, the smallest has 6"]),
        ([24] * 20 + [40] * 79, ["with 99 images the samples will mostly be copies"]),
        ([40] * 100, []),
    ],
)
def test_few_and_small_images_are_named(sides, warnings, monkeypatch, tmp_path):
    monkeypatch.setattr(create_defaults, "_shorter_sides", lambda *_: sides)
    _, reasons = create_defaults.training_arguments(tmp_path, COMMAND.parse([])[0])
    found = [reason for reason in reasons if reason.startswith("warning: ")]
    assert len(found) == len(warnings)
    assert all(text in line for text, line in zip(warnings, found, strict=True))


def test_samples_that_are_all_alike_are_told():
    gan = linear.gan()
    data = ganzoo.data.Dataset(gan.sample(300, seed=1000))
    assert signs_of_collapse(gan, data) is None
    affine = gan.inference_generator.layers[-1]
    affine.kernel.assign(0.01 * affine.kernel)
    assert "their mean distance is 1% of" in signs_of_collapse(gan, data)


def test_the_bar_of_a_run_counts_all_steps():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    bar = RunBar(4, console)
    linear.gan().fit(linear.vectors(16), batch_size=8, epochs=2, verbose=0, callbacks=[bar])
    printed = console.file.getvalue()
    assert "4/4" in printed and "compiling" in printed and "training" in printed
    assert printed.count("what the players minimize") == 1
    _, _, bars = printed.rpartition("training")
    assert "d_fake" in bars and " left " in bars and "Epoch" not in printed


def test_durations_are_in_words():
    found = [duration(seconds) for seconds in (0.25, 80, 5000, 30_000, 200_000)]
    assert found == ["0.25 seconds", "80 seconds", "83 minutes", "8.3 hours", "2.3 days"]


def test_a_damaged_record_of_a_run_is_named(created, photos, tmp_path, capsys):
    output = tmp_path / "out"
    shutil.copytree(created, output)
    (output / "create.json").write_text("{")
    assert main(["create", str(photos), f"--output={output}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "create.json is damaged" in line


def test_many_images_are_not_augmented(monkeypatch, tmp_path):
    options, _ = COMMAND.parse([])
    for count, augmented in ((10_000, True), (10_001, False)):
        monkeypatch.setattr(create_defaults, "_shorter_sides", lambda *_, count=count: [64] * count)
        arguments, reasons = create_defaults.training_arguments(tmp_path, options)
        assert ("--augment=color,translation,cutout" in arguments) == augmented
        assert any("2006.10738" in reason for reason in reasons) == augmented


def test_few_images_are_trained_in_small_batches(monkeypatch, tmp_path):
    monkeypatch.setattr(create_defaults, "_shorter_sides", lambda *_: [64] * 45)
    arguments, _ = create_defaults.training_arguments(tmp_path, COMMAND.parse([])[0])
    assert "--batch_size=32" in arguments


@pytest.fixture
def quick_estimate(monkeypatch):
    """An estimate of the time from one step."""
    monkeypatch.setattr(train_plan, "_TIMED_STEPS", 1)


def test_a_dry_run_writes_nothing(quick_estimate, photos, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(["create", str(photos), f"--output={output}", "--dry_run", *SMALL]) == 0
    printed = capsys.readouterr().out
    assert "on this machine, for 10,000 steps of" in printed
    assert "ganzoo train --model=sngan" in printed and "Nothing was trained or written" in printed
    assert not output.exists()


def test_a_damaged_image_is_named_or_skipped(quick_estimate, photos, tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in photos.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "broken.png").write_bytes(b"no picture")
    arguments = ["create", str(folder), f"--output={tmp_path / 'out'}", "--dry_run", *SMALL]
    assert main(arguments) == 2
    assert "broken.png" in capsys.readouterr().err
    with pytest.warns(UserWarning, match=r"broken\.png"):
        assert main([*arguments, "--on_bad=skip"]) == 0


def test_a_missing_folder_is_refused(tmp_path, capsys):
    assert main(["create", str(tmp_path / "absent")]) == 2
    assert "Expected the folder of your images. Received:" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["", "deeper/run"])
def test_the_run_may_not_lie_among_the_images(photos, output, capsys):
    before = modified(photos)
    assert main(["create", str(photos), f"--output={photos / output}", *SMALL]) == 2
    assert "must lie outside the folder of the images" in capsys.readouterr().err
    assert modified(photos) == before


def test_what_follows_the_training_is_checked_before_it(photos, tmp_path, monkeypatch, capsys):
    def absent(*arguments):
        raise ImportError("Reading the weights needs PyTorch")

    def forbidden(*arguments):
        raise AssertionError("The training must not be planned")

    monkeypatch.setattr("ganzoo.cli.create_plan.TrainPlan", forbidden)
    arguments = ["create", str(photos), *SMALL, f"--output={tmp_path / 'out'}"]
    with monkeypatch.context() as patch:
        patch.setattr("ganzoo.extractors.get", absent)
        assert main([*arguments, "--extractor=inception"]) == 2
    assert "needs PyTorch" in capsys.readouterr().err
    (tmp_path / "out" / "model").mkdir(parents=True)
    (tmp_path / "out" / "model" / "notes.txt").touch()
    assert main(arguments) == 2
    assert "must be empty or not exist" in capsys.readouterr().err


def test_a_run_may_not_lie_among_images_in_the_home(photos, monkeypatch):
    monkeypatch.setenv("HOME", str(photos.parent))
    with pytest.raises(ValueError, match="must lie outside the folder of the images"):
        RunFolder(photos / "run").check_apart(f"folder:~/{photos.name}")


def test_the_images_suffice_for_all_updates_of_a_step(monkeypatch, tmp_path):
    monkeypatch.setattr(create_defaults, "_shorter_sides", lambda *_: [40] * 20)
    options, _ = COMMAND.parse(["--model=wgan_gp"])
    flags, _ = create_defaults.training_arguments(tmp_path, options)
    assert "--batch_size=4" in flags


def test_a_model_of_the_zoo_gives_the_recipe_and_the_size(photos, tmp_path, monkeypatch):
    read, others = COMMAND.parse([str(photos), "--init_from=dcgan_digits", "--seed=3"])
    COMMAND.check(read, others)
    arguments, reasons = create_defaults.training_arguments(photos, read)
    wanted = {"--model=dcgan_digits", "--size=32", "--channels=1", "--init_from=dcgan_digits"}
    assert wanted <= set(arguments) and not any("--width" in one for one in arguments)
    assert not any(reason.startswith("size") for reason in reasons)
    read, _ = COMMAND.parse([str(photos), f"--init_from={tmp_path}"])
    with pytest.raises(ValueError, match=r"needs the recipe.*: --model. Received"):
        create_defaults.training_arguments(photos, read)
    read, _ = COMMAND.parse([str(photos), "--init_from=dcgan_digit"])
    with pytest.raises(FileNotFoundError, match=r"no such model. Did you mean dcgan_digits\?"):
        create_defaults.training_arguments(photos, read)
    read, others = COMMAND.parse([str(photos), "--freeze_discriminator=2"])
    with pytest.raises(ValueError, match=r"give --init_from too. Received"):
        COMMAND.check(read, others)


def test_the_flags_of_a_folder_reach_the_run(quick_estimate, tmp_path, capsys):
    folder = tmp_path / "scans"
    for number in range(12):
        path = folder / "sub" / str(number % 3) / f"{number}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.full((9, 12 + number), number * 5000, "uint16"))
    rows = [f"{number},{'owl' if number % 2 else 'emu'}" for number in range(12)]
    (folder / "labels.csv").write_text("\n".join(["file,bird", *rows]))
    flags = ["--labels=labels.csv", "--dtype=uint16", "--crop=pad", "--conditional"]
    size = ["--size=8x12", "--width=1"]
    create = ["create", str(folder), f"--output={tmp_path / 'out'}", "--dry_run"]
    assert main([*create, *flags, *size]) == 0
    printed = capsys.readouterr().out
    assert "12 uint16 images of shape (8, 12, 1), 2 classes" in printed
    assert all(flag in printed for flag in flags) and "--size=8x12" in printed
    assert main([*create, *flags, "--label_columns=wings", *size]) == 2
    assert "wings" in capsys.readouterr().err


@pytest.mark.slow
def test_a_folder_with_conditions_becomes_a_model(tmp_path, monkeypatch, capsys):
    folder, rows = tmp_path / "private" / "discs", ["file,hue,size"]
    folder.mkdir(parents=True)
    for number in range(24):
        Image.new("L", (32, 32), 10 * number).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{number / 24:.3f},{number % 3}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    flags = ["--labels=table.csv", "--labels_as=conditions", "--conditional", "--extractor=digits"]
    create = ["create", "private/discs", "--output=out", "--steps=3", "--width=1", *flags]
    assert main([*create, "--batch_size=8"]) == 0
    printed = capsys.readouterr().out
    assert "conditions     hue, size" in printed
    assert printed.rstrip().endswith("ganzoo sample out/model --conditions=VECTOR")
    model = tmp_path / "out" / "model"
    card = (model / "README.md").read_text()
    assert "vectors of 2 conditions: hue, size" in card and "| FID |" in card
    assert str(tmp_path) not in card + (model / "metrics.json").read_text()
    assert (tmp_path / "out" / "export" / "discs" / "1" / "saved_model.pb").is_file()
    assert main(["sample", "out/model", "--conditions=hue=0.5,size=1", "--n=4"]) == 0

    # From another folder, and with another path of the same table.
    monkeypatch.chdir(folder)
    again = [word for word in create if not word.startswith(("private", "--output", "--labels="))]
    again += ["../discs", "--output=../../out", "--labels=../../table.csv"]
    assert main(again) == 0 and "has ended" in capsys.readouterr().out
