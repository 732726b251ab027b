"""Times single layers as LiteRT files, in float32 and with dynamic-range quantization.

    python benchmarks/litert_kernels.py

A value is the processor time of one call with a batch of 16 in one thread, in milliseconds.
"""

import statistics
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers

BATCH = 16
CALLS = 9
LAYERS = {
    "dense, 512 to 2048": (layers.Dense(2048), (512,)),
    "convolution 3 x 3, 64 to 64 channels, 8 x 8": (
        layers.Conv2D(64, 3, padding="same"),
        (8, 8, 64),
    ),
    "transposed convolution 4 x 4, 64 to 64 channels, 8 x 8 to 16 x 16": (
        layers.Conv2DTranspose(64, 4, 2, padding="same"),
        (8, 8, 64),
    ),
}


def converted(layer, shape, quantized):
    """Returns the bytes of a LiteRT file of one layer."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer(inputs))
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantized:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return converter.convert()


def milliseconds(content, shape):
    """Returns the median processor time of a call."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, (BATCH, *shape))
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, np.ones((BATCH, *shape), "float32"))
    interpreter.invoke()
    times = []
    for _ in range(CALLS):
        start = time.process_time()
        interpreter.invoke()
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


def main():
    print("| layer | float32 | dynamic range |\n|---|---|---|")
    for name, (layer, shape) in LAYERS.items():
        plain, quantized = (
            milliseconds(converted(layer, shape, quantized), shape) for quantized in (False, True)
        )
        print(f"| {name} | {plain:.2f} | {quantized:.2f} |")


if __name__ == "__main__":
    main()
