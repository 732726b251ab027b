"""`ganzoo export`: a trained model for TF Serving, ONNX Runtime, LiteRT or a browser."""

import importlib
import json
import shlex
from pathlib import Path

from ganzoo import export
from ganzoo.cli import direction_flags
from ganzoo.cli.condition_flags import examples_of
from ganzoo.runs.progress import working
from ganzoo.runs.run_folder import load_model
from ganzoo_cli.errors import Failure

_TRY = {
    "onnx": "import onnxruntime; run = onnxruntime.InferenceSession({path}).run; "
    "print(run(None, {{{entries}}})[0].shape)",
    "litert": "from ai_edge_litert.interpreter import Interpreter; "
    "run = Interpreter({path}).get_signature_runner(); "
    'print(run(**{{{entries}}})["{examples}"].shape)',
}


def run(options, others):
    """Exports a model, and prints where it is."""
    model = others[0]
    path = Path(options.output or _default_output(Path(model), options.format or "saved_model"))
    settings = {
        "version": options.version,
        "format": options.format,
        "truncation": options.truncation,
        "discriminator": options.discriminator,
        "quantization": options.quantization,
        "runtime": options.runtime,
    }
    words = direction_flags.STORED, direction_flags.NONE
    directions = direction_flags.read(options.directions, *words)
    # Errors of the options and of missing packages come before the model is loaded, which is slow.
    kind = export.check_options(path, **settings)
    importlib.import_module(f"ganzoo.export.{kind}")
    gan = load_model(model, options.checkpoint)
    if directions == direction_flags.NONE:
        directions = False
    elif directions is not None:
        directions = direction_flags.of_model(directions, gan, model)
    conditions = examples_of(options.conditions, gan)
    try:
        with working(f"exporting {model}"):
            path = gan.export(path, **settings, directions=directions, conditions=conditions)
    except RuntimeError as error:  # The exported model gives other examples.
        raise Failure(str(error)) from error
    print(f"{model} in {path}")
    moved = gan.stored_directions if directions is None else directions
    if kind == "saved_model" and moved:
        print(f"Its signature `edit` moves samples along {', '.join(moved.names)}")
    print(f"Try it: {_command(gan, path, kind)}")
    if kind == "saved_model":
        print(f"{path / 'README.md'} says how to serve the model and how to send requests.")


def _default_output(model, kind):
    """Returns the path of an export, named after the preset, the run or the file."""
    if model.suffix == ".keras":
        # Every run has a model of this name, so that the folder gives the name.
        name = model.resolve().parent.name if model.name == "model.keras" else model.stem
    else:
        name = model.resolve().name
    if kind == "saved_model" and name.isdecimal():
        raise ValueError(
            "The name of a model must not be a number, because versions are numbers: give another "
            f"name, --output=saved_models/NAME. Received: {model}"
        )
    if kind == "saved_model":
        return f"saved_models/{name}"
    return f"{name}_web" if kind == "web" else f"{name}{export.SUFFIXES[kind]}"


def _command(gan, path, kind):
    """Returns a command line that runs the exported model, or shows its signatures."""
    if kind == "saved_model":
        return f"saved_model_cli show --all --dir {shlex.quote(str(path))}"
    if kind == "web":
        return f"python -m http.server --directory {shlex.quote(str(path))}"
    # The shell's quotes are single quotes, so that the code has double quotes.
    entries = f'"latents": numpy.random.randn(1, {gan.latent_dim}).astype("float32")'
    if gan.num_classes is not None:
        entries += ', "label": numpy.zeros(1, "int64")'
    if gan.condition_dim is not None:
        entries += f', "conditions": numpy.zeros((1, {gan.condition_dim}), "float32")'
    examples = "images" if len(gan.example_shape) == 3 else "examples"
    code = _TRY[kind].format(path=json.dumps(str(path)), entries=entries, examples=examples)
    return f"python -c {shlex.quote(f'import numpy; {code}')}"
