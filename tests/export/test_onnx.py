"""ONNX files describe themselves, refuse wrong inputs, and appear complete or not at all."""

import importlib
import json
import sys

import keras
import numpy as np
import pytest
import trained_like

from support.processes import run_python

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")

from ganzoo.export import onnx as onnx_export  # noqa: E402 (It needs what is asked for above.)


@pytest.fixture(scope="module")
def conditional():
    return trained_like.gan("dcgan", num_classes=3)


@pytest.fixture(scope="module")
def path(conditional, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "made" / "flowers.onnx"
    assert onnx_export.export_onnx(conditional, path) == path
    return path


def test_inputs_and_outputs_have_names_types_and_sizes(path):
    session = ort.InferenceSession(path)
    described = [
        [(value.name, value.type, value.shape) for value in values]
        for values in (session.get_inputs(), session.get_outputs())
    ]
    assert described == [
        [
            ("latents", "tensor(float)", ["batch", trained_like.LATENT_DIM]),
            ("label", "tensor(int64)", ["batch"]),
        ],
        [("images", "tensor(float)", ["batch", 8, 8, 3])],
    ]


def test_file_has_the_fixed_opset_and_describes_itself(path, conditional):
    model = onnx.load(path)
    assert ("", 17) in [(opset.domain, opset.version) for opset in model.opset_import]
    assert {node.domain for node in model.graph.node} == {""}
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert properties["name"] == "flowers"
    assert properties["range"] == "-1 to 1"
    assert properties["num_classes"] == "3"
    assert properties["latent_dim"] == str(conditional.latent_dim)
    assert json.loads(properties["example_shape"]) == [8, 8, 3]
    assert {"ganzoo", "generator_sha256"} <= set(properties)


@pytest.mark.parametrize("label", [-1, -3, 3, 2**32, -(2**32)])
def test_label_that_is_no_class_is_an_error(path, label):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(path, options)
    inputs = trained_like.inputs(trained_like_shape(), 4)
    inputs["label"][2] = label
    with pytest.raises(Exception, match=r"INVALID_ARGUMENT"):
        session.run(None, inputs)


@pytest.mark.parametrize("rows", [(3, 1), (1, 3), (3, 2), (0, 1)])
def test_different_numbers_of_rows_are_an_error(path, rows):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(path, options)
    latents = np.zeros((rows[0], trained_like.LATENT_DIM), "float32")
    with pytest.raises(Exception, match=r"Reshape"):
        session.run(None, {"latents": latents, "label": np.zeros(rows[1], "int64")})


def trained_like_shape():
    """Returns what `trained_like.inputs` reads of a GAN."""
    return type("Shape", (), {"latent_dim": trained_like.LATENT_DIM, "num_classes": 3})


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_any_precision_is_exported_in_single_precision(precision, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        gan = trained_like.gan("sngan", num_classes=3)
    finally:
        keras.config.set_dtype_policy(before)
    weights = gan.inference_generator.get_weights()
    onnx_export.export_onnx(gan, tmp_path / "gan.onnx")
    inputs = trained_like.inputs(gan, 7)
    (images,) = ort.InferenceSession(tmp_path / "gan.onnx").run(None, inputs)
    # The same weights in a network that was built in float32.
    single = trained_like.gan("sngan", num_classes=3)
    single.inference_generator.set_weights(weights)
    np.testing.assert_allclose(
        images, trained_like.examples(single.inference_generator, inputs), atol=1e-5
    )
    assert gan.inference_generator.compute_dtype != "float32"


def test_existing_file_is_kept(conditional, tmp_path):
    (tmp_path / "gan.onnx").write_text("mine")
    with pytest.raises(FileExistsError):
        onnx_export.export_onnx(conditional, tmp_path / "gan.onnx")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("wrong", [0.1, np.nan])
def test_conversion_that_gives_other_examples_writes_nothing(
    wrong, conditional, tmp_path, monkeypatch
):
    class Session(ort.InferenceSession):
        def run(self, *arguments):
            return [array + wrong for array in super().run(*arguments)]

    monkeypatch.setattr(onnx_export.onnxruntime, "InferenceSession", Session)
    with pytest.raises(RuntimeError, match=r"other examples.*Received: (0.1|nan)"):
        onnx_export.export_onnx(conditional, tmp_path / "gan.onnx")
    assert list(tmp_path.iterdir()) == []


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    monkeypatch.delitem(sys.modules, "ganzoo.export.onnx")
    with pytest.raises(ImportError, match=r"pip install 'ganzoo\[onnx\]'"):
        importlib.import_module("ganzoo.export.onnx")


def test_file_runs_without_tensorflow(path):
    code = f"""
import numpy, onnxruntime, sys
session = onnxruntime.InferenceSession({str(path)!r})
latents = numpy.zeros((2, {trained_like.LATENT_DIM}), "float32")
print(session.run(None, dict(latents=latents, label=numpy.array([0, 2])))[0].shape)
"""
    assert run_python(code, without_tensorflow=True) == "(2, 8, 8, 3)\n"
