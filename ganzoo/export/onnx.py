"""An exported GAN as an ONNX file."""

import json
from pathlib import Path

import tensorflow as tf

from ganzoo.export.portable_network import check_examples, portable_generation
from ganzoo.export.saved_model import describe
from ganzoo.export.signatures import examples_name, has_images
from ganzoo.file_names import check_file_name
from ganzoo.files import new_file

try:
    import onnx
    import onnxruntime
    import tf2onnx
except ImportError as error:
    raise ImportError(
        "An export to ONNX needs onnx, onnxruntime and tf2onnx: `pip install 'ganzoo[onnx]'`. "
        f"{error}"
    ) from error

# Version of ONNX's operators. ONNX Runtime has it since 1.12.
OPSET = 17
# Root mean square of the differences of ONNX Runtime's examples, which reach from -1 to 1. The
# rounding of float32 usually gives less than 1e-6. Large attention scores, for example, give more.
TOLERANCE = 1e-3


def export_onnx(gan, path):
    """Writes a GAN's inference as an ONNX file, in float32.

    Inputs are `latents` `(batch, latent_dim)` and, of a conditional GAN, `label` `(batch,)` int64.
    The output is `images` `(batch, height, width, channels)` in [-1, 1]; of a GAN of vectors,
    `examples` `(batch, d)`. The batch size is open. A label that is no class makes ONNX Runtime
    raise an error. The weights are the ones of `gan.sample`. The file's `metadata_props` hold the
    content of a SavedModel's `assets.extra/ganzoo.json`, and the `range` of the images.

    The file appears complete or not at all, and only if ONNX Runtime gives the GAN's examples.

    Args:
        gan: A `ganzoo.GAN` on the TensorFlow backend.
        path: Path of the file, which ends in `.onnx` and must not exist.

    Returns:
        The path.

    Raises:
        FileExistsError: If there is such a file.
        RuntimeError: If the differences of a batch have a root mean square above `TOLERANCE`.

    Example:

    >>> export_onnx(gan, "dcgan_mnist.onnx")
    >>> session = onnxruntime.InferenceSession("dcgan_mnist.onnx")
    >>> (images,) = session.run(None, {"latents": latents})
    """
    path = Path(path)
    check_file_name("path", path, (".onnx",))
    function, network, specs = portable_generation(gan)
    model = converted(function, specs, gan.example_shape)
    model.graph.name = path.stem
    onnx.helper.set_model_props(model, properties(gan, path.stem))
    session = session_of(model)
    check_examples(
        gan, network, lambda inputs: session.run([examples_name(gan)], inputs)[0], TOLERANCE
    )
    with new_file(path) as partial:
        partial.write_bytes(model.SerializeToString())
    return path


def converted(function, specs, example_shape):
    """Returns the ONNX model of a function from tensors to examples."""
    function = tf.function(function, input_signature=specs)
    model, _ = tf2onnx.convert.from_function(function, input_signature=specs, opset=OPSET)
    _name_batches(model, example_shape)
    return model


def session_of(model):
    """Checks an ONNX model, and returns an `onnxruntime.InferenceSession` that computes it."""
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def _name_batches(model, example_shape):
    """Names the open axis of inputs and outputs, and sets the known size of the output."""
    # The shapes of inner tensors still have the converter's name of the axis.
    del model.graph.value_info[:]
    (output,) = model.graph.output
    for value in (*model.graph.input, output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    sides = output.type.tensor_type.shape.dim[1:]
    for side, size in zip(sides, example_shape, strict=True):
        side.dim_value = size


def properties(gan, name):
    """Returns the metadata of the file, as texts."""
    properties = describe(gan, name)
    if has_images(gan):
        properties["range"] = "-1 to 1"
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in properties.items()
        if value is not None
    }
