"""The front end answers what needs no model, and it does so without importing Keras."""

import os
import pathlib
import re
import subprocess
import sys
import warnings

import pytest

import ganzoo
from ganzoo import data, export, extractors, interpolation, metrics
from ganzoo.architectures.base import NORMALIZATIONS
from ganzoo.data import shard_formats
from ganzoo_cli import package
from ganzoo_cli.command import Command
from ganzoo_cli.commands import evaluate, generate, interpolate, train
from ganzoo_cli.commands import export as export_command
from ganzoo_cli.main import COMMANDS, command, main
from support.processes import ROOT

# Runs command lines in one process, and prints their exit codes and the slow modules it imported.
RUN = """
import sys
from ganzoo_cli.main import main
codes = [main(line.split()) for line in sys.argv[1:]]
slow = {"ganzoo", "keras", "tensorflow", "jax", "numpy"} & set(sys.modules)
print("codes", codes, "slow", sorted(slow))
"""


def run(*arguments):
    """Runs Python with the checkout on its path, outside of the checkout's folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, *arguments], cwd="/", env=environment, capture_output=True, text=True
    )
    return result.returncode, result.stdout, result.stderr


@pytest.mark.process
def test_answers_without_a_model_do_not_import_keras():
    lines = {
        **{f"{name} --help": 0 for name in COMMANDS},
        **{"": 2, "--help": 0, "--version": 0, "trian": 2, "train --bath-size=3": 2},
        **{"train --batch_size=many": 2, "train --epochs=1 --steps=1 --model=sngan": 2},
        **{"sample dcgan_mnsit": 2, "export nowhere.keras": 2, "evaluate a b": 2},
        **{"data": 2, "publish": 2, "create nowhere": 2, "list of models": 2},
    }

    code, out, err = run("-c", RUN, *lines)

    assert code == 0 and "Traceback" not in err
    assert out.splitlines()[-1] == f"codes {list(lines.values())} slow []"


@pytest.mark.process
@pytest.mark.parametrize(
    "start_line", [["-m", "ganzoo_cli"], [str(ROOT / "train.py")]], ids=["module", "train.py"]
)
def test_the_module_and_train_py_are_the_command(start_line):
    code, out, _ = run(*start_line, "--help")
    assert code == 0 and out.startswith("usage: ganzoo")


@pytest.mark.slow
@pytest.mark.process
def test_python_m_ganzoo_is_the_command():
    assert run("-m", "ganzoo", "--version")[:2] == (0, f"ganzoo {ganzoo.__version__}\n")


def test_the_version_and_the_presets_are_the_package_s(capsys):
    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"ganzoo {ganzoo.__version__}\n"
    assert package.preset_names() == ganzoo.list_models()


def test_the_help_lists_every_command(capsys):
    assert main(["--help"]) == 0

    printed = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in printed
    files = pathlib.Path(ROOT, "ganzoo_cli", "commands").glob("[!_]*.py")
    assert sorted(path.stem for path in files) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_explains_each_flag(name, capsys):
    assert main([name, "--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"usage: ganzoo {name}")
    assert all(len(line) <= 100 for line in lines)
    flags = [line for line in lines if line.startswith("  --")]
    assert flags and len(flags) == len({flag.split("=")[0].split()[0] for flag in flags})


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_in_the_help_can_be_parsed(name):
    lines = re.findall(r"^  ganzoo (\w+) (.*)$", command(name).help(), re.MULTILINE)
    assert lines or name in ("list", "info")
    for verb, arguments in lines:
        assert verb == name
        command(name).parse(arguments.split())


# Mistyped words.


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        (["trian"], "train"),
        (["Sample"], "sample"),
        (["train", "--bath-size=3"], "--batch_size"),
        (["train", "--epoch", "3"], "--epochs"),
        (["sample", "dcgan_mnsit"], "dcgan_mnist"),
        (["evaluate", "sngan_fashion"], "sngan_fashion_mnist"),
        (["interpolate", "dcgan-digits"], "dcgan_digits"),
        (["export", "dcgan_digit"], "dcgan_digits"),
    ],
)
def test_mistyped_words_are_answered_with_a_suggestion(line, suggestion, capsys):
    assert main(line) == 2

    (error,) = capsys.readouterr().err.splitlines()
    assert f" Did you mean {suggestion}?" in error
    assert error.partition("Received: ")[2].split()[0] in line


def test_words_like_no_other_get_no_suggestion(capsys):
    for line in (["zzz"], ["train", "--zzz"], ["sample", "zzz"]):
        assert main(line) == 2
        assert "Did you mean" not in capsys.readouterr().err


def test_an_unknown_model_is_answered_with_the_presets(capsys):
    assert main(["sample", "nosuch"]) == 2

    error = capsys.readouterr().err
    assert all(name in error for name in ganzoo.list_models())


# Parsing.


@pytest.fixture
def sample_command():
    command = Command("draw", "Draws.", "MODEL")
    command.group("All")
    command.positive_integer("batch_size", "Size.", default=4)
    command.text("output", "FILE", "File.")
    command.switch("dry_run", "Only check.")
    return command


@pytest.mark.parametrize(
    "words",
    [
        "--batch_size=3 --dry_run model",
        "model --batch-size=3 --dry-run",
        "--batch-size 3 model -dry_run=true",
        "-batch_size 3 --dry_run -- model",
        "--batch_size=8 --batch_size=3 --dry-run model",
    ],
)
def test_flags_may_have_hyphens_underscores_and_any_place(sample_command, words):
    options, others = sample_command.parse(words.split())

    assert (options.batch_size, options.dry_run, options.output) == (3, True, None)
    assert options.given == {"batch_size", "dry_run"}
    assert others == ["model"]


def test_defaults_are_not_given_and_values_are_not_kept(sample_command):
    sample_command.parse(["--batch_size=3"])
    options, others = sample_command.parse(["a", "--output=--x"])

    assert (options.batch_size, options.dry_run, options.output) == (4, False, "--x")
    assert options.given == {"output"} and others == ["a"]
    assert sample_command.parse(["--", "--dry_run"])[1] == ["--dry_run"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--output", "--output needs a value: --output=VALUE. Received: --output"),
        ("--output --dry_run", "--output needs a value"),
        ("--dry_run=maybe", "--dry_run must be one of true, false. Received: --dry_run=maybe"),
        ("--batch-size=0", "must be a positive integer. Received: --batch_size=0"),
        ("--undefok=x --x=1", "Unknown flag"),
        ("--flagfile=x", "Unknown flag"),
        ("--nodry_run", "Unknown flag. Did you mean --dry_run?"),
    ],
)
def test_flags_without_a_valid_value_are_refused(sample_command, words, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sample_command.parse(words.split())


# The choices that the front end repeats, because it does not import the parts.


def test_the_choices_of_the_front_end_are_those_of_the_parts():
    assert {metrics.find(name) for name in evaluate.METRICS} == {
        metrics.find(name) for name in metrics.names()
    }
    assert set(evaluate.EXTRACTORS) == set(extractors.names())
    assert interpolate.INTERPOLATIONS == interpolation.INTERPOLATIONS
    assert export_command.FORMATS == export.FORMATS
    assert tuple(shard_formats.FORMATS) == generate.FORMATS
    assert export_command.QUANTIZATIONS == export.QUANTIZATIONS
    assert set(train.NORMALIZATIONS) == set(NORMALIZATIONS)
    assert "pack" not in data.names()  # `ganzoo data pack` is not a source.


# Output that its reader closes.


@pytest.mark.process
@pytest.mark.parametrize("unbuffered", [[], ["-u"]], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", ["train --help", "trian"])
def test_a_reader_that_closes_the_output_ends_the_command_quietly(unbuffered, words, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    err = tmp_path / "err"
    with open(err, "w") as file:
        code = subprocess.run(
            [sys.executable, *unbuffered, "-m", "ganzoo_cli", *words.split()],
            cwd=ROOT,
            stdout=writer,
            stderr=writer if words == "trian" else file,
        ).returncode
    os.close(writer)

    assert code == 141 and err.read_text() == ""


@pytest.mark.process
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="The system has no /dev/full.")
def test_an_output_that_cannot_be_written_is_told_in_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo_cli", "--help"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    (line,) = done.stderr.splitlines()
    assert line.startswith("ganzoo: The output cannot be written") and done.returncode == 1


def test_another_broken_pipe_is_not_hidden(monkeypatch):
    def broken(arguments):
        raise BrokenPipeError("A child process has ended.")

    monkeypatch.setattr("ganzoo_cli.main._answer", broken)
    with pytest.raises(BrokenPipeError, match="A child process"):
        main(["list"])


def test_warnings_appear_as_their_text(monkeypatch, capsys):
    shown = []

    def answer(options, others):
        for kind in (UserWarning, DeprecationWarning):
            shown.append(warnings.formatwarning("2 files are left out.", kind, "a.py", 7, "load()"))
        return ""

    monkeypatch.setattr(command("list"), "answer", answer)
    before = warnings.formatwarning
    assert main(["list"]) == 0 and warnings.formatwarning is before
    plain, python = shown
    assert plain == "warning: 2 files are left out.\n" and "a.py:7: Deprecation" in python
    assert main(["list", "--debug"]) == 0 and "a.py:7: UserWarning" in shown[2]
