"""An exported GAN as a LiteRT file (TensorFlow Lite's `.tflite`)."""

import tempfile
from pathlib import Path

import tensorflow as tf

from ganzoo.export import archive
from ganzoo.export.portable_network import check_examples, portable_generation
from ganzoo.export.signatures import examples_name
from ganzoo.file_names import check_file_name
from ganzoo.files import new_file

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError as error:
    raise ImportError(
        f"An export to LiteRT needs ai-edge-litert: `pip install 'ganzoo[litert]'`. {error}"
    ) from error

SIGNATURE = "serving_default"
# Root mean square of the differences of LiteRT's examples, which reach from -1 to 1.
TOLERANCES = {None: 1e-3, "float16": 5e-3, "dynamic_range": 0.1}


def export_litert(gan, path, quantization=None):
    """Writes a GAN's inference as a LiteRT file of built-in operations only.

    The signature `serving_default` has the inputs and the output of an ONNX export, see
    `ganzoo.export.onnx`. The batch size is open: the runner of a signature takes the size of its
    inputs, an interpreter the size given to `resize_tensor_input`. A label that is no class makes
    the interpreter raise an error. The weights are the ones of `gan.sample`.

    The file appears complete or not at all, and only if the examples of the interpreter are within
    the tolerance.

    Args:
        gan: A `ganzoo.GAN` on the TensorFlow backend.
        path: Path of the file, which ends in `.tflite` and must not exist.
        quantization: `None`; `"float16"` stores the weights in half the space and computes in
            float32. `"dynamic_range"` stores large kernels in 8 bits, and computes with activations
            in 8 bits where LiteRT can.

    Returns:
        The path.

    Raises:
        FileExistsError: If there is such a file.
        ValueError: If the generator cannot be converted.
        RuntimeError: If the differences of a batch have a root mean square above
            `TOLERANCES[quantization]`: 1e-3, in `"float16"` 5e-3, in `"dynamic_range"` 0.1.

    Example:

    >>> export_litert(gan, "dcgan_mnist.tflite", quantization="float16")
    >>> run = Interpreter("dcgan_mnist.tflite").get_signature_runner()
    >>> images = run(latents=latents)["images"]
    """
    check_file_name("path", path, (".tflite",))
    function, network, specs = portable_generation(gan)
    content = _converted(network, function, specs, quantization)
    run = Interpreter(model_content=content).get_signature_runner(SIGNATURE)
    check_examples(
        gan, network, lambda inputs: run(**inputs)[examples_name(gan)], TOLERANCES[quantization]
    )
    with new_file(path) as partial:
        partial.write_bytes(content)
    return Path(path)


def _converted(network, function, specs, quantization):
    """Returns the content of a LiteRT file."""
    with tempfile.TemporaryDirectory() as folder:
        # The converter takes the names of inputs and outputs from a SavedModel only.
        archive.write(folder, {SIGNATURE: (function, specs)}, network.variables)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        if quantization is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantization == "float16":
            converter.target_spec.supported_types = [tf.float16]
        try:
            return converter.convert()
        except Exception as error:  # The converter's own class of errors is not public.
            raise ValueError(
                "LiteRT's built-in operations do not suffice for this generator. "
                f"Received: {str(error).splitlines()[0]}"
            ) from error
