import contextlib
import csv
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile

import h5py
import keras
import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.runs import run_callbacks, run_folder, train_plan
from ganzoo_cli.main import main

ROOT = pathlib.Path(__file__).parents[2]
EPOCH = 2  # Steps: 1,438 digits in batches of 512.
SMALL = [
    "train",
    "--model=dcgan",
    "--data=digits",
    "--size=8",
    "--width=1",
    "--latent_dim=2",
    "--batch_size=512",
    "--ema_decay=0.9",
]


@pytest.fixture(autouse=True)
def policy():
    yield
    keras.config.set_dtype_policy("float32")


def variables(folder):
    """The variables of a model and of its optimizers, by their paths in the file."""
    found = {}
    with zipfile.ZipFile(folder / "model.keras") as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content) as file:
        file.visititems(
            lambda path, item: found.update({path: item[()]} if hasattr(item, "dtype") else {})
        )
    assert sum("optimizer" in path for path in found) > 10
    return found


def assert_same(first, second):
    first, second = variables(first), variables(second)
    assert first.keys() == second.keys()
    for path, array in first.items():
        np.testing.assert_array_equal(array, second[path])


def read_log(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A run of 2 epochs and a step."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert main([*SMALL, "--steps=5", f"--output={folder}"]) == 0
    return folder


@pytest.fixture(scope="module")
def first_step(tmp_path_factory):
    """A run of one step, and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main([*SMALL, "--steps=1", f"--output={folder}"]) == 0
    return folder, printed.getvalue()


@pytest.fixture
def short_run(first_step, tmp_path):
    """A copy of this run, to be continued."""
    return shutil.copytree(first_step[0], tmp_path / "run")


@pytest.mark.slow
def test_a_run_starts_from_a_preset_with_frozen_layers(tmp_path, capsys, whole_run):
    source = keras.saving.load_model(whole_run / "model.keras")
    source.save_to_preset(tmp_path / "source")
    start = [f"--init_from={tmp_path / 'source'}", "--freeze_discriminator=1"]
    folder = tmp_path / "run"
    straight, resumed = [*SMALL, *start, "--seed=1", "--steps=2"], ["train", "--resume"]
    assert main([*straight, f"--output={folder}"]) == 0
    out = capsys.readouterr().out
    assert "0 left as they were" in out and "the first 1 layers of the discriminator" in out
    gan = keras.saving.load_model(folder / "model.keras")
    first, *others = source.discriminator.weights
    np.testing.assert_array_equal(gan.discriminator.weights[0], first)
    assert not np.array_equal(gan.discriminator.weights[-2], others[-2])
    # It goes on with the weights of its checkpoint.
    assert main([*resumed, f"--output={folder}", "--steps=3"]) == 0
    assert "left as they were" not in capsys.readouterr().out
    longer = tmp_path / "longer"
    assert main([*straight, "--steps=3", f"--output={longer}"]) == 0
    assert_same(folder, longer)
    with pytest.raises(AssertionError):
        assert_same(folder, whole_run)


@pytest.fixture
def interrupt_at(monkeypatch):
    """Sends a signal to this process after a step, as Ctrl-C would."""
    original = run_callbacks.StopAtStep

    def arrange(step, number=signal.SIGINT):
        class Interrupting(original):
            def on_train_batch_end(self, batch, logs=None):
                super().on_train_batch_end(batch, logs)
                if self._epoch_start + batch + 1 == step:
                    signal.raise_signal(number)

        monkeypatch.setattr(run_callbacks, "StopAtStep", Interrupting)

    return arrange


def test_a_run_folder_is_complete(whole_run):
    assert sorted(path.name for path in whole_run.iterdir()) == [
        "checkpoints",
        "config.toml",
        "curves.png",
        "gan.json",
        "log.csv",
        "model.keras",
        "options.json",
        "samples",
    ]
    pictures = sorted(path.name for path in (whole_run / "samples").iterdir())
    steps = (0, EPOCH, 2 * EPOCH, 5)
    assert pictures == ["samples.gif", *(f"step_{step:08d}.png" for step in steps)]


def test_the_log_has_a_line_for_each_epoch(whole_run):
    rows = read_log(whole_run)

    assert [int(row["step"]) for row in rows] == [2, 4, 5]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert {"seconds", "d_loss", "g_loss", "d_real", "d_fake"} < set(rows[0])
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())


def test_the_options_hold_the_recipe_with_its_changes(whole_run):
    options = json.loads((whole_run / "options.json").read_text())
    recipe = ganzoo.recipes.Recipe.from_json(json.dumps(options["recipe"]))

    assert (recipe.architecture, recipe.width, recipe.latent_dim) == ("dcgan", 1, 2)
    assert (recipe.batch_size, recipe.steps, recipe.ema_decay) == (512, 5, 0.9)
    assert recipe.g_optimizer == ganzoo.recipes.get("dcgan").g_optimizer
    assert options["recipe"]["data"] == "digits" and options["examples"]["count"] == 1438


def test_the_model_has_all_its_steps(whole_run):
    assert keras.saving.load_model(whole_run / "model.keras").step == 5


def test_the_plan_is_printed_before_and_the_files_after(first_step):
    folder, printed = first_step

    plan, _, rest = printed.partition("\n\n")
    for fact in ("Radford et al. 2016", "1,438 uint8 images", "steps          1 of 512 examples"):
        assert fact in plan
    assert str(folder / "model.keras") in rest and "ganzoo sample" in rest


def test_a_dry_run_checks_and_writes_nothing(tmp_path, capsys):
    assert main([*SMALL, "--dry_run", f"--output={tmp_path / 'run'}"]) == 0

    assert "parameters" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_flags_change_the_recipe(tmp_path, capsys):
    flags = ["--loss=hinge", "--generator_rate=0.001", "--discriminator_rate=0.002"]
    flags += ["--regularizers=r1", "--precision=mixed_bfloat16", "--conditional", "--jit=true"]

    assert main([*SMALL, *flags, "--dry_run"]) == 0

    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line]
    plan = {name: fact for name, fact in lines}
    assert plan["loss"] == "hinge" and plan["regularizers"] == "r1"
    assert plan["classes"] == "10"
    assert plan["optimizers"].startswith("adam(0.001, 0.5, 0.999) for the generator, adam(0.002,")
    assert plan["precision"] == "mixed_bfloat16, XLA on, tensorflow"


def test_epochs_are_passes_over_the_data(capsys):
    assert main([*SMALL, "--epochs=7", "--dry_run"]) == 0

    assert f"{7 * EPOCH} of 512 examples, in 7 epochs of {EPOCH} steps" in capsys.readouterr().out


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model_and_another_seed_does_not(tmp_path, whole_run):
    assert main([*SMALL, "--steps=5", f"--output={tmp_path / 'again'}"]) == 0
    assert main([*SMALL, "--steps=5", "--seed=1", f"--output={tmp_path / 'other'}"]) == 0

    assert_same(whole_run, tmp_path / "again")
    with pytest.raises(AssertionError):
        assert_same(whole_run, tmp_path / "other")


@pytest.mark.parametrize(
    "number, code",
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)],
)
def test_an_interrupted_run_resumes_bit_for_bit(
    tmp_path, whole_run, interrupt_at, capsys, number, code
):
    folder = tmp_path / "run"
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    interrupt_at(3, number)

    assert main([*SMALL, "--steps=5", f"--output={folder}"]) == code

    printed = capsys.readouterr()
    assert f"ganzoo train --resume --output={folder}" in printed.out
    assert "Traceback" not in printed.out + printed.err
    assert keras.saving.load_model(folder / "model.keras").step == 3
    assert (folder / "samples" / "samples.gif").exists()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers

    interrupt_at(None)
    assert main(["train", "--resume", f"--output={folder}"]) == 0

    assert "resumed after step 3" in capsys.readouterr().out
    assert_same(whole_run, folder)
    without_time = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in read_log(run)]
        for run in (whole_run, folder)
    ]
    assert without_time[0] == without_time[1]


def test_a_complete_run_can_be_trained_further(short_run, whole_run, capsys):
    assert main(["train", "--resume", f"--output={short_run}"]) == 2
    assert "Received: --resume up to step 1, with 1 done" in capsys.readouterr().err
    assert main(["train", "--resume", f"--output={short_run}", "--steps=5"]) == 0

    assert_same(whole_run, short_run)


class Killed(BaseException):
    """Stands for the end of the process, after which no code of it runs."""


@pytest.fixture
def kill_in(monkeypatch):
    """Lets a run end in a method, as `kill -9` would."""

    def die(*arguments, **settings):
        raise Killed

    def train(owner, method, *arguments):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(owner, method, die)
            main(list(arguments))

    return train


@pytest.mark.parametrize(
    "steps, owner, method",
    [
        pytest.param(EPOCH, run_folder.RunFolder, "save_model", marks=pytest.mark.slow),
        # The checkpoint of an epoch that ends early is written before its line in the log.
        (1, run_callbacks.EpochLog, "on_epoch_end"),
    ],
)
def test_a_run_that_is_killed_before_its_model_is_written_is_completed(
    tmp_path, short_run, kill_in, capsys, steps, owner, method
):
    folder, whole = tmp_path / "killed", short_run
    if steps > 1:
        whole = tmp_path / "whole"
        assert main([*SMALL, f"--steps={steps}", f"--output={whole}"]) == 0
    kill_in(owner, method, *SMALL, f"--steps={steps}", f"--output={folder}")
    (folder / "samples" / "samples.gif").unlink(missing_ok=True)
    assert main(["sample", str(folder), f"--output={tmp_path / 'x.png'}"]) == 2
    assert "`ganzoo train --resume" in capsys.readouterr().err

    # A second kill at the same place changes nothing.
    kill_in(run_folder.RunFolder, "save_model", "train", "--resume", f"--output={folder}")
    assert main(["train", "--resume", f"--output={folder}"]) == 0

    printed = capsys.readouterr().out
    assert "only the files that the end of the run writes are missing" in printed
    assert_same(whole, folder)
    logs = [{**row, "seconds": None} for row in read_log(whole)]
    assert [{**row, "seconds": None} for row in read_log(folder)] == logs
    assert {path.name for path in folder.rglob("*")} == {path.name for path in whole.rglob("*")}
    assert main(["train", "--resume", f"--output={folder}"]) == 2
    assert "is complete" in capsys.readouterr().err
    # A model that is gone is written again.
    (folder / "model.keras").unlink()
    assert main(["train", "--resume", f"--output={folder}"]) == 0
    assert_same(whole, folder)


def test_a_run_that_is_killed_while_its_options_are_written_can_be_started_again(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".12345678.partial.options.json").write_text('{"half')
    (folder / ".lock").write_text("{}")

    assert main([*SMALL, "--steps=1", f"--output={folder}"]) == 0
    (folder / "notes").touch()
    assert main([*SMALL, "--steps=1", f"--output={folder}"]) == 2


def test_a_run_folder_has_one_writer(tmp_path, whole_run, capsys):
    options = (whole_run / "options.json").read_bytes()
    with run_folder.RunFolder(whole_run).lock():
        assert main(["train", "--resume", f"--output={whole_run}", "--steps=99"]) == 1
    assert "writes to this folder" in capsys.readouterr().err
    assert (whole_run / "options.json").read_bytes() == options


def test_a_run_keeps_its_number_of_threads(tmp_path, monkeypatch, capsys):
    wanted = []
    monkeypatch.setattr(train_plan.distribution, "set_threads", wanted.append)
    monkeypatch.setattr(train_plan.hardware, "threads", lambda: 3)
    folder = tmp_path / "run"
    assert main([*SMALL, "--steps=1", f"--output={folder}"]) == 0
    assert "threads        3" in capsys.readouterr().out and wanted == []
    config = folder / "config.toml"
    assert tomllib.loads(config.read_text())["threads"] == 3
    assert main(["train", f"--config={config}", f"--output={tmp_path / 'b'}", "--dry_run"]) == 0
    assert wanted == [3]
    wanted.clear()
    resume = ["train", "--resume", f"--output={folder}", "--steps=2", "--dry_run"]
    assert main(resume) == 0 and main([*resume, "--threads=5"]) == 0
    assert wanted == [3, 5]

    def refuse(count):
        raise RuntimeError("before anything is computed")

    monkeypatch.setattr(train_plan.distribution, "set_threads", refuse)
    assert main(resume) == 0 and main([*resume, "--threads=5"]) == 2
    assert "before anything is computed" in capsys.readouterr().err


def test_edited_options_are_refused_by_name_or_accepted(short_run, tmp_path, capsys):
    folder = short_run
    options = json.loads((folder / "options.json").read_text())
    options["seed"], options["recipe"]["loss"] = 7, "hinge"
    (folder / "options.json").write_text(json.dumps(options))
    more = ["train", "--resume", f"--output={folder}", "--steps=2"]

    assert main(more) == 1
    error = capsys.readouterr().err
    assert "another training run" in error and "seed=7 (0 in the checkpoint)" in error
    assert "loss.class='ganzoo>Hinge'" in error and "Traceback" not in error
    assert main([*more, "--accept_changes=seed,data"]) == 1
    assert "loss.class" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="other settings"):
        assert main([*more, "--accept_changes=all"]) == 0
    assert main([*SMALL, "--accept_changes=all", f"--output={tmp_path / 'new'}"]) == 2
    assert "for a run that is resumed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage",
    [
        *({name: value} for name in ("seed", "split", "size", "threads") for value in ([1], True)),
        *({name: None} for name in ("seed", "precision", "model", "metrics")),
        *("", "[1]", "{", 10_000 * "[", '{"recipe": NaN}'),
    ],
)
def test_damaged_options_are_one_line(tmp_path, whole_run, capsys, damage):
    text = damage
    if isinstance(damage, dict):
        text = json.dumps(json.loads((whole_run / "options.json").read_text()) | damage)
    (tmp_path / "options.json").write_text(text)

    assert main(["train", "--resume", f"--output={tmp_path}"]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "options.json is damaged" in lines[0]


def test_other_data_cannot_resume_a_run(tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (512, 8, 8, 1), "uint8")
    packed, folder = tmp_path / "x.npz", tmp_path / "run"
    ganzoo.data.pack(ganzoo.data.Dataset(images), packed)
    assert main([*SMALL, f"--data={packed}", "--epochs=1", f"--output={folder}"]) == 0
    images[0, 0, 0, 0] ^= 1
    ganzoo.data.pack(ganzoo.data.Dataset(images), packed)

    more = ["train", "--resume", f"--output={folder}", "--epochs=2"]
    assert main(more) == 2

    assert "have changed since the run started" in capsys.readouterr().err
    with pytest.warns(UserWarning, match=r"other settings.*data.examples"):
        assert main([*more, "--accept_changes=data"]) == 0
    # From then on the run is one of the new data.
    assert json.loads((folder / "options.json").read_text())["examples"]["crc32"] == (
        f"{ganzoo.data.load(str(packed)).checksum:08x}"
    )


def test_nan_ends_a_run_and_keeps_its_checkpoint(tmp_path, monkeypatch, capsys):
    class Poisoning(run_callbacks.StopAtStep):
        def on_train_batch_begin(self, batch, logs=None):
            if self._epoch_start + batch == 3:
                kernel = self.model.generator.trainable_weights[0]
                kernel.assign(np.full(kernel.shape, np.nan))

    monkeypatch.setattr(run_callbacks, "StopAtStep", Poisoning)

    assert main([*SMALL, "--steps=7", f"--output={tmp_path / 'run'}"]) == 1

    assert "in epoch 2, after step 4" in capsys.readouterr().err
    assert not (tmp_path / "run" / "model.keras").exists()
    monkeypatch.undo()
    assert main(["train", "--resume", f"--output={tmp_path / 'run'}", "--steps=3"]) == 0


def test_vectors_are_trained_too(tmp_path):
    flags = ["--model=mlp", "--data=toy:ring", "--width=4", "--batch_size=8", "--steps=1"]
    flags += ["--loss=hinge", "--regularizers=none"]

    assert main(["train", *flags, f"--output={tmp_path / 'run'}"]) == 0

    with Image.open(tmp_path / "run" / "samples" / "step_00000001.png") as image:
        assert image.size == (512, 512)


def test_a_conditional_run_draws_each_class(tmp_path):
    assert main([*SMALL, "--conditional", "--steps=1", f"--output={tmp_path / 'run'}"]) == 0

    with Image.open(tmp_path / "run" / "samples" / "step_00000001.png") as image:
        assert image.size == (6 * 66 + 2, 10 * 66 + 2)


@pytest.mark.process
def test_ctrl_c_ends_a_process_which_has_printed_its_own_lines_only(tmp_path):
    command = [sys.executable, str(ROOT / "train.py"), *SMALL[1:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    # The tests' own level of TensorFlow's messages.
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    process = subprocess.Popen(
        [*command, "--steps=1000000", f"--output={tmp_path / 'run'}"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if line.startswith("Epoch 2/"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)

    assert (process.returncode, err) == (130, "\nStopping after this step.\n")
    assert "--resume" in out
    assert (tmp_path / "run" / "model.keras").exists()
