"""LiteRT files: sizes and accuracy; they refuse wrong inputs and appear complete or not at all."""

import importlib
import sys

import keras
import numpy as np
import pytest
import trained_like

import ganzoo

pytest.importorskip("ai_edge_litert")

from ganzoo.export import litert

# Bounds of the largest difference.
LARGEST = {None: 1e-5, "float16": 0.02, "dynamic_range": 0.5}


@pytest.fixture(scope="module")
def gan():
    return trained_like.gan("infogan", num_classes=3, width=8)


@pytest.fixture(scope="module")
def files(gan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("litert") / "made"
    files = {kind: folder / f"{kind}.tflite" for kind in LARGEST}
    for kind, path in files.items():
        assert litert.export_litert(gan, path, kind) == path
    return files


@pytest.mark.parametrize("kind", LARGEST)
def test_examples_are_within_the_tolerances(kind, gan, files):
    inputs = trained_like.inputs(gan, 64)
    run = litert.Interpreter(str(files[kind])).get_signature_runner()
    difference = run(**inputs)["images"] - trained_like.examples(gan.inference_generator, inputs)
    assert np.abs(difference).max() <= LARGEST[kind]
    assert np.sqrt(np.mean(difference**2)) <= litert.TOLERANCES[kind]
    # A file in another precision must differ, or it is none.
    assert kind is None or np.abs(difference).max() > 1e-4


def test_quantized_files_are_smaller(files):
    full, half, quarter = (files[kind].stat().st_size for kind in LARGEST)
    assert quarter < half < 0.7 * full


def test_signature_has_the_names_of_the_other_formats(files):
    interpreter = litert.Interpreter(str(files[None]))
    signature = {"inputs": ["label", "latents"], "outputs": ["images"]}
    assert interpreter.get_signature_list() == {"serving_default": signature}


def test_interpreter_without_signatures_takes_any_batch(gan, files):
    interpreter = litert.Interpreter(str(files[None]))
    inputs = trained_like.inputs(gan, 5)
    details = interpreter.get_input_details()
    assert all(detail["shape_signature"][0] == -1 for detail in details)
    arrays = [inputs[next(name for name in inputs if name in x["name"])] for x in details]
    for detail, array in zip(details, arrays, strict=True):
        interpreter.resize_tensor_input(detail["index"], array.shape)
    interpreter.allocate_tensors()
    for detail, array in zip(details, arrays, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    images = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(
        images, trained_like.examples(gan.inference_generator, inputs), atol=1e-5
    )


@pytest.mark.parametrize("label", [-1, 3, 2**32])
def test_label_that_is_no_class_is_an_error(label, gan, files):
    inputs = trained_like.inputs(gan, 4)
    inputs["label"][2] = label
    run = litert.Interpreter(str(files[None])).get_signature_runner()
    with pytest.raises(RuntimeError, match=r"gather index out of bounds"):
        run(**inputs)


@pytest.mark.parametrize("rows", [(3, 1), (1, 3), (3, 2), (0, 1)])
def test_different_numbers_of_rows_are_an_error(rows, files):
    run = litert.Interpreter(str(files[None])).get_signature_runner()
    latents = np.zeros((rows[0], trained_like.LATENT_DIM), "float32")
    with pytest.raises(RuntimeError, match=r"num_input_elements != num_output_elements"):
        run(latents=latents, label=np.zeros(rows[1], "int64"))


def test_generator_beyond_the_built_in_operations_is_refused(tmp_path):
    latents, images = keras.Input((4,)), keras.Input((2,))
    inverse = keras.ops.inv(keras.layers.Reshape((2, 2))(latents))
    vectors = keras.layers.Dense(2)(keras.layers.Flatten()(inverse))
    gan = ganzoo.GAN(
        keras.Model(latents, vectors), keras.Model(images, keras.layers.Dense(1)(images))
    )
    with pytest.raises(ValueError, match=r"built-in operations do not suffice"):
        litert.export_litert(gan, tmp_path / "gan.tflite")
    assert list(tmp_path.iterdir()) == []


def test_conversion_that_gives_other_examples_writes_nothing(gan, tmp_path, monkeypatch):
    monkeypatch.setitem(litert.TOLERANCES, "dynamic_range", 1e-6)
    with pytest.raises(RuntimeError, match=r"other examples"):
        litert.export_litert(gan, tmp_path / "gan.tflite", "dynamic_range")
    assert list(tmp_path.iterdir()) == []


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.delitem(sys.modules, "ganzoo.export.litert")
    with pytest.raises(ImportError, match=r"pip install 'ganzoo\[litert\]'"):
        importlib.import_module("ganzoo.export.litert")
