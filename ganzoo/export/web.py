"""An exported GAN as a page that runs in the browser alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf

from ganzoo.export.onnx import converted, onnx, properties, session_of
from ganzoo.export.portable_network import check_examples, portable_generation
from ganzoo.export.saved_model import describe
from ganzoo.export.web_runtime import write_runtime
from ganzoo.files import new_folder
from ganzoo.generation.pages import (
    check_gan_of_page,
    condition_controls,
    few_in_closed_form,
    most_truncation,
)
from ganzoo.generation.truncation import truncating_layer
from ganzoo.layers import split_at_styles

_PAGE = Path(__file__).with_name("web_page")
# Root mean square of the differences of examples in [-1, 1], as for ONNX files.
_TOLERANCE = 1e-3
# Weights in 16 bits may move a pixel by less than half a gray level: rounding then gives a gray
# level at most.
_MOST_GRAY_LEVELS = 0.4
_COMPARED = 256
_SMALLEST_TENSOR = 64


def export_web(gan, path, directions=None, runtime=None, conditions=None):
    """Writes a folder with a page that draws samples in the browser.

    The folder holds the page, `generator.onnx` and `model.json`, the metadata of a SavedModel with
    the directions and the files of onnxruntime-web. Weights are stored in 16 bits if no pixel of
    256 samples changes by more than 0.4 gray levels. The page draws the images of `gan.sample` for
    the same seeds, within a gray level.

    Args:
        gan: A `ganzoo.GAN` of images on the TensorFlow backend.
        path: Path of the folder.
        directions: The `Directions` of the sliders; by default 6 in closed form, if there are any;
            `False` for none.
        runtime: Where a copy of onnxruntime-web is; by default the page reads it from its CDN.
        conditions: Vectors of conditions to start from, as for `ganzoo.explore.Explorer`.

    Returns:
        The path.

    Raises:
        ValueError: If the GAN has no images of 1, 3 or 4 channels, or the conditions do not fit.
        RuntimeError: If ONNX Runtime gives other images than the GAN.
    """
    check_gan_of_page(gan)
    controls = condition_controls(gan, conditions)
    directions = _closed_form(gan) if directions is None else directions or None
    styles = truncating_layer(gan.inference_generator)
    content, weights = _generator(gan, styles is not None, controls)
    with new_folder(path) as partial:
        for file in _PAGE.iterdir():
            shutil.copyfile(file, partial / file.name)
        (partial / "generator.onnx").write_bytes(content)
        model = describe(gan, Path(path).name)
        model |= {"weights": weights, "runtime": write_runtime(partial, runtime)}
        model |= {"directions": None if directions is None else _described(directions)}
        model["most_truncation"] = most_truncation(gan)
        if styles is not None:
            _, *model["styles_shape"] = styles.output.shape
        if controls is not None:
            model["conditions"] = _described_controls(controls)
        (partial / "model.json").write_text(json.dumps(model, indent=1) + "\n")
    return Path(path)


def _closed_form(gan):
    """Returns directions in closed form, or `None` if there are none."""
    try:
        return few_in_closed_form(gan)
    except ValueError as error:  # The latents reach no layer directly.
        print(f"The page has no directions. {error}")
        return None


def _described(directions):
    return {
        "names": list(directions.names),
        "space": directions.space,
        "rows": directions.rows,
        "units": [float(unit) for unit in directions.units],
        "vectors": [[float(f"{x:.8g}") for x in vector] for vector in directions.vectors],
    }


def _described_controls(controls):
    return {
        "names": list(controls.names),
        "kinds": list(controls.kinds),
        "ranges": [list(ends) for ends in controls.ranges],
        "examples": [[float(f"{x:.8g}") for x in row] for row in controls.examples],
    }


def _generator(gan, has_styles, controls):
    """Returns the ONNX file, and the precision in which its weights are stored."""
    function, network, specs = portable_generation(gan)
    still = {}
    if has_styles:
        function, specs, still = _with_changed_styles(network, specs)
    model = converted(function, specs, gan.example_shape)
    onnx.helper.set_model_props(model, properties(gan, "generator"))
    session = session_of(model)

    def run(inputs, session=session):
        rows = len(inputs["latents"])
        return session.run(
            ["images"], inputs | {name: np.repeat(x, rows, axis=0) for name, x in still.items()}
        )[0]

    check_examples(gan, network, run, _TOLERANCE)
    small = onnx.ModelProto()
    small.CopyFrom(model)
    _store_in_16_bits(small)
    small_session = session_of(small)
    inputs = {"latents": gan.latents_of(range(_COMPARED))}
    if gan.num_classes is not None:
        inputs["label"] = np.arange(_COMPARED, dtype="int64") % gan.num_classes
    if controls is not None:
        inputs["conditions"] = np.resize(controls.examples, (_COMPARED, gan.condition_dim))
    difference = np.abs(run(inputs, small_session) - run(inputs)).max()
    if difference * 127.5 <= _MOST_GRAY_LEVELS:
        return small.SerializeToString(), "float16"
    return model.SerializeToString(), "float32"


def _with_changed_styles(network, specs):
    """Returns a function with inputs for the truncation of styles, and for what is added to them.

    It also returns the specs, and the values of these inputs that change nothing.
    """
    mapping, rest = split_at_styles(network)
    _, rows, dimensions = mapping.output.shape
    more = [
        tf.TensorSpec((None, 1), "float32", name="truncation"),
        tf.TensorSpec((None, rows, dimensions), "float32", name="style_offsets"),
    ]

    def generate(latents, *others):
        *condition, truncation, style_offsets = others
        inputs = latents
        if condition:
            (condition,) = condition
            is_label = condition.dtype.is_integer
            inputs = [latents, tf.cast(condition, "int32") if is_label else condition]
        styles = mapping.truncate(mapping(inputs, training=False), truncation) + style_offsets
        (images,) = tf.nest.flatten(rest(styles, training=False))
        return {"images": tf.cast(images, "float32")}

    still = {
        "truncation": np.ones((1, 1), "float32"),
        "style_offsets": np.zeros((1, rows, dimensions), "float32"),
    }
    return generate, [*specs, *more], still


def _store_in_16_bits(model):
    """Stores the large weights of an ONNX model in 16 bits; it computes with them in 32 bits."""
    for tensor in list(model.graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        half = values.astype("float16") if values.dtype == "float32" else None
        if half is None or values.size < _SMALLEST_TENSOR or not np.isfinite(half).all():
            continue
        name, stored = tensor.name, f"{tensor.name}/float16"
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, stored))
        cast = onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT)
        model.graph.node.insert(0, cast)
