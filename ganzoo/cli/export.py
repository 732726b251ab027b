"""`ganzoo export`: a trained model for TF Serving, ONNX Runtime or LiteRT."""

import json
import shlex

from ganzoo.cli.command import Command

_FORMATS = ("saved_model", "onnx", "litert")
_SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}
_RUN = {
    "onnx": "import onnxruntime; run = onnxruntime.InferenceSession({path}).run; "
    "print(run(None, {{{entries}}})[0].shape)",
    "litert": "from ai_edge_litert.interpreter import Interpreter; "
    "run = Interpreter({path}).get_signature_runner(); "
    'print(run(**{{{entries}}})["{examples}"].shape)',
}


def run(options, others):
    import importlib
    from pathlib import Path

    from ganzoo.cli.run_folder import load_model, only_model

    model, kind = only_model(others), options.format
    from ganzoo import export

    path = Path(options.output or _default_output(Path(model), kind))
    settings = {
        "version": options.version,
        "format": kind,
        "truncation": options.truncation,
        "discriminator": options.discriminator,
        "quantization": options.quantization,
    }
    # What is wrong is said before the model is loaded, which takes longest.
    export.check_options(path, **settings)
    importlib.import_module(f"ganzoo.export.{kind}")
    gan = load_model(model)
    path = gan.export(path, **settings)
    print(f"{model} in {path}")
    print(f"Try it: {_command(gan, path, kind)}")
    if kind == "saved_model":
        print(f"{path / 'README.md'} says how to serve it and how to ask it.")


def _default_output(model, kind):
    """Returns the path of an export, named as the preset, the run or the file is."""
    if model.suffix == ".keras":
        # In its folder, each run's model has the same name.
        name = model.resolve().parent.name if model.name == "model.keras" else model.stem
    else:
        name = model.resolve().name
    if kind == "saved_model" and name.isdecimal():
        raise ValueError(
            "A number is no name of a model, but that of a version: give one, "
            f"--output=saved_models/NAME. Received: {model}"
        )
    return f"saved_models/{name}" if kind == "saved_model" else f"{name}{_SUFFIXES[kind]}"


def _command(gan, path, kind):
    """Returns a command line that runs what was exported, or shows what it is made of."""
    if kind == "saved_model":
        return f"saved_model_cli show --all --dir {shlex.quote(str(path))}"
    # Double quotes within, as the shell's are single ones.
    entries = f'"latents": numpy.random.randn(1, {gan.latent_dim}).astype("float32")'
    if gan.num_classes is not None:
        entries += ', "label": numpy.zeros(1, "int64")'
    examples = "images" if len(gan.example_shape) == 3 else "examples"
    code = _RUN[kind].format(path=json.dumps(str(path)), entries=entries, examples=examples)
    return f"python -c {shlex.quote(f'import numpy; {code}')}"


COMMAND = Command(
    "export",
    "Export a trained model for TF Serving, ONNX Runtime or LiteRT.",
    "MODEL [flags]",
    run,
    description="""MODEL is a preset, a `.keras` file, or the folder of a run. The weights exported
        are those that sample. A SavedModel maps seeds or latents to images; an ONNX or LiteRT file
        maps latents to images.""",
    examples=(
        "ganzoo export dcgan_mnist",
        "ganzoo export runs/sngan-digits --output=saved_models/digits --version=7 --truncation",
        "ganzoo export model.keras --format=onnx --output=generator.onnx",
        "ganzoo export dcgan_mnist --format=litert --quantization=float16",
    ),
)
COMMAND.group("Format")
COMMAND.choice("format", _FORMATS, "What to write.", default="saved_model")
COMMAND.choice(
    "quantization",
    ("float16", "dynamic_range"),
    """Of a LiteRT file: weights in 16 bits, or those of large kernels in 8; by default all are in
    32.""",
)
COMMAND.group("Files")
COMMAND.text(
    "output",
    "PATH",
    """The folder of the model, in which each version has its own; or the ONNX or LiteRT file.
    Default: saved_models/NAME, NAME.onnx or NAME.tflite, with the preset's or the run's name.""",
)
COMMAND.group("Of a SavedModel")
COMMAND.positive_integer("version", "Number of the version. By default the next one.")
COMMAND.switch("truncation", "Let requests give a factor of the latents, in [0, 1].")
COMMAND.switch("discriminator", "Export what the discriminator says of images, too.")
COMMAND.group("Other")
COMMAND.switch("debug", "Show where an error comes from.")
