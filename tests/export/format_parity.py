"""The examples of one GAN in every format."""

import numpy as np
import pytest
import tensorflow as tf
import trained_like

pytest.importorskip("tf2onnx")
onnxruntime = pytest.importorskip("onnxruntime")
interpreter = pytest.importorskip("ai_edge_litert.interpreter")

# Other runtimes add thousands of float32 products in another order. A gray level is 7.8e-3.
TOLERANCES = {"saved_model": 1e-5, "onnx": 5e-5, "litert": 5e-5}
BATCHES = (1, 7, 64)


def check_formats(gan, folder):
    """Compares the examples of all formats with those of Keras, at several sizes of batches."""
    gan.export(folder / "saved_model")
    gan.export(folder / "gan.onnx", format="onnx")
    gan.export(folder / "gan.tflite", format="litert")
    loaded = tf.saved_model.load(folder / "saved_model" / "1")  # A signature does not keep it.
    saved_model = loaded.signatures["serving_default"]
    session = onnxruntime.InferenceSession(folder / "gan.onnx")
    litert = interpreter.Interpreter(str(folder / "gan.tflite")).get_signature_runner()
    formats = {
        "saved_model": lambda inputs: saved_model(
            **{name: tf.constant(array) for name, array in inputs.items()}
        ),
        "onnx": lambda inputs: {
            output.name: array
            for output, array in zip(session.get_outputs(), session.run(None, inputs), strict=True)
        },
        "litert": lambda inputs: litert(**inputs),
    }
    name = "images" if len(gan.example_shape) == 3 else "examples"
    for rows in BATCHES:
        inputs = trained_like.inputs(gan, rows)
        expected = trained_like.examples(gan.inference_generator, inputs)
        assert rows == 1 or expected.std(axis=0).mean() > 0.01
        for kind, run in formats.items():
            outputs = {key: np.asarray(value) for key, value in run(inputs).items()}
            assert set(outputs) == {name}, kind
            np.testing.assert_allclose(
                outputs[name], expected, rtol=0, atol=TOLERANCES[kind], err_msg=kind
            )
            assert outputs[name].dtype == np.float32
