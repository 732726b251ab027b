"""`ganzoo export`: a trained model for TF Serving, ONNX Runtime, LiteRT or a browser."""

from ganzoo_cli.command import Command
from ganzoo_cli.models import only_model
from ganzoo_cli.shared_flags import MODEL, add_checkpoint_flag, add_debug_flag

FORMATS = ("saved_model", "onnx", "litert", "web")
QUANTIZATIONS = ("float16", "dynamic_range")


def _check(options, others):
    only_model(others)


COMMAND = Command(
    "export",
    "Export a trained model for TF Serving, ONNX Runtime, LiteRT or a browser.",
    "MODEL [flags]",
    description=f"""{MODEL} The export has the weights that samples are drawn with. A SavedModel
        maps seeds or latents to images; an ONNX or LiteRT file maps latents to images. The format
        `web` is the folder of a page that draws samples in the browser, from any web server.""",
    examples=(
        "ganzoo export dcgan_mnist",
        "ganzoo export runs/sngan-digits --output=saved_models/digits --version=7 --truncation",
        "ganzoo export model.keras --output=generator.onnx",
        "ganzoo export dcgan_mnist --format=litert --quantization=float16",
        "ganzoo export sngan_projection_fashion_mnist --format=web",
    ),
    check=_check,
)
COMMAND.group("Format")
COMMAND.choice(
    "format",
    FORMATS,
    "What to write. By default what the suffix of --output says, and a SavedModel without one.",
)
COMMAND.choice(
    "quantization",
    QUANTIZATIONS,
    """For a LiteRT file: all weights in 16 bits, or the weights of large kernels in 8 bits. By
    default all weights are in 32 bits.""",
)
COMMAND.group("Files")
COMMAND.path(
    "output",
    "PATH",
    """The folder of the model, which holds a folder for each version; an .onnx or .tflite file; or
    the folder of a page. Default: saved_models/NAME, NAME.onnx, NAME.tflite or NAME_web, where NAME
    is the preset or the run.""",
)
COMMAND.path(
    "directions",
    "FILE",
    """The .npz file of directions that `ganzoo directions --save` wrote: a SavedModel gets the
    signature `edit`, and a page gets sliders. By default the ones that are stored with the model;
    without any, a page has 6 in closed form. none leaves them out.""",
)
COMMAND.group("For a SavedModel")
COMMAND.positive_integer("version", "Number of the version. By default the next one.")
COMMAND.switch("truncation", "Let requests choose a truncation.")
COMMAND.switch("discriminator", "Export the discriminator too.")
COMMAND.group("For a page")
COMMAND.path(
    "runtime",
    "PATH",
    """A folder or the .tgz file of the npm package onnxruntime-web, whose files are copied into the
    page. By default browsers read them from a CDN, and check their hashes.""",
)
COMMAND.path(
    "conditions",
    "VECTOR",
    """For a model of vectors of conditions: what the page shows first, as for `ganzoo sample`; or a
    .npy file of several vectors, as for `ganzoo explore`.""",
)
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
