"""`ganzoo export` writes what the other programs read, and refuses what it cannot write."""

import pathlib
import shlex
import subprocess
import sys

import numpy as np
import pytest

import ganzoo
from ganzoo.cli import export
from ganzoo_cli.main import main
from support.gans import pictures
from support.processes import run_python

PACKAGES = {"onnx": "tf2onnx", "litert": "ai_edge_litert"}


def save_run(folder, steps=1):
    """Writes the model of a run."""
    gan = pictures.gan(num_classes=3)
    gan._step.assign(steps)
    folder.mkdir(parents=True)
    gan.save(folder / "model.keras")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "flowers"
    save_run(folder)
    return folder


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written():
    return sorted(str(path) for path in pathlib.Path().rglob("*") if path.is_file())


def test_a_saved_model_is_the_next_version_and_the_output_names_it(trained, capsys):
    pathlib.Path("saved_models/flowers/4").mkdir(parents=True)
    assert main(["export", str(trained), "--truncation"]) == 0
    output = capsys.readouterr().out
    folder = "saved_models/flowers/5"
    assert f"{folder}/saved_model.pb" in written()
    assert f"saved_model_cli show --all --dir {folder}" in output
    assert pathlib.Path(folder, "README.md").is_file() and f"{folder}/README.md" in output
    from tensorflow import saved_model

    inputs = saved_model.load(folder).signatures["sample"].structured_input_signature[1]
    assert set(inputs) == {"seed", "label", "truncation"}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [(["--format=onnx"], "flowers.onnx"), (["--format=litert"], "flowers.tflite")],
)
def test_printed_command_runs_the_file(arguments, path, trained, capsys):
    pytest.importorskip(PACKAGES[arguments[0].split("=")[1]])
    # A model in its run's folder has the run's name too.
    assert main(["export", str(trained / "model.keras"), *arguments]) == 0
    assert written() == [path]
    (line,) = (x for x in capsys.readouterr().out.splitlines() if x.startswith("Try it: "))
    python, *rest = shlex.split(line.removeprefix("Try it: "))
    assert python == "python"
    shown = subprocess.run([sys.executable, *rest], capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("(1, 8, 8, 1)\n")


def test_quantization_and_output_reach_the_file(trained):
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    # The suffix says the format.
    flags = ["--output=a/half.tflite", "--quantization=float16"]
    assert main(["export", str(trained), *flags]) == 0
    assert written() == ["a/half.tflite"]
    tensors = litert.Interpreter("a/half.tflite").get_tensor_details()
    assert any(tensor["dtype"] == np.float16 for tensor in tensors)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Expected one model"),
        (["model.keras", "other.keras"], "Expected one model"),
        (["model.keras", "--format=coreml"], "--format must be one of saved_model, onnx"),
        (["model.keras", "--version=0"], "--version must be a positive integer"),
        (["model.keras", "--quantization=int4", "--format=litert"], "must be one of float16"),
        (["model.keras", "--quantization=float16"], "is for the format 'litert'"),
        (["model.keras", "--quantization=float16", "--format=onnx"], "is for the format 'litert'"),
        (["model.keras", "--version=2", "--format=onnx"], "version=2"),
        (["model.keras", "--truncation", "--format=litert"], "truncation=True"),
        (["model.keras", "--discriminator", "--format=onnx"], "discriminator=True"),
        (["taken.keras", "--format=onnx"], "'taken.onnx'"),
        (["taken.keras", "--version=1"], "There is such a version already"),
        (["taken.keras", "--output=taken.onnx"], "There is such a file already"),
        (["taken.keras", "--output=taken"], "must be a folder"),
        (["taken.keras", "--output=x.onnx", "--truncation"], "truncation=True"),
        (["taken.keras", "--output=x.onnx", "--format=litert"], "must end in .tflite"),
        (["taken.keras", "--output=x.onnx", "--format=saved_model"], "path is a folder"),
        (["taken.keras", "--output=x", "--format=onnx"], "must end in .onnx"),
        (["taken.keras", "--output=x.keras"], "path is a folder"),
    ],
)
def test_mistakes_are_reported_before_the_model_is_loaded(arguments, message, monkeypatch, capsys):
    def load_model(path):
        raise AssertionError("The model was loaded.")

    monkeypatch.setattr(export, "load_model", load_model)
    for name in ("model.keras", "other.keras", "taken.keras", "taken.onnx", "taken"):
        pathlib.Path(name).touch()
    pathlib.Path("saved_models/taken/1").mkdir(parents=True)
    assert main(["export", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ganzoo export: ") and message in line


def test_an_export_that_differs_is_told_in_one_line(trained, monkeypatch, capsys):
    def differ(*arguments, **settings):
        raise RuntimeError("The exported GAN gives other examples.")

    monkeypatch.setattr(ganzoo.GAN, "export", differ)
    assert main(["export", str(trained)]) == 1
    assert capsys.readouterr().err == "ganzoo export: The exported GAN gives other examples.\n"


def test_models_that_cannot_be_exported_are_refused(tmp_path, capsys):
    save_run(tmp_path / "fresh", steps=0)
    assert main(["export", "fresh"]) == 2
    assert "Only a trained GAN is exported" in capsys.readouterr().err
    assert main(["export", "nothing"]) == 2
    assert "There is no such model" in capsys.readouterr().err
    assert written() == ["fresh/model.keras"]


@pytest.mark.slow
def test_jax_process_exports_the_same(trained):
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    code = "from ganzoo_cli.main import main; print(main({}))"
    arguments = ["export", str(trained), "--format=onnx"]
    folder = pathlib.Path().resolve()
    run_python(code.format([*arguments, f"--output={folder}/jax.onnx"]), backend="jax")
    assert main([*arguments, "--output=tensorflow.onnx"]) == 0
    models = [onnx.load(f"{backend}.onnx") for backend in ("jax", "tensorflow")]
    hashes = [
        entry.value
        for model in models
        for entry in model.metadata_props
        if entry.key == "generator_sha256"
    ]
    assert len(hashes) == 2 and len(set(hashes)) == 1
