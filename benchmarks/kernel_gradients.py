"""Compares the forms of a convolution's gradient by its kernel on a CPU, in bfloat16.

    python benchmarks/kernel_gradients.py

For the convolutions of DCGAN and SN-GAN of width 64 at a batch of 64: TensorFlow's own gradient,
the forward convolution that ganzoo computes instead where it pays, and TensorFlow's gradient in
float32. A value is the processor time of one call, the median of interleaved blocks: it does not
depend on what else the machine does. `error` is the largest relative error where all numbers are 1.
"""

import statistics
import time

import numpy as np
import tensorflow as tf
from ganzoo.backend import tensorflow_gradients

BATCH = 64
BLOCKS = 5
# Side, inputs, outputs, kernel, stride.
SHAPES = [
    (32, 3, 64, 5, 2),
    (16, 64, 128, 5, 2),
    (8, 128, 256, 5, 2),
    (32, 3, 64, 3, 1),
    (32, 64, 64, 4, 2),
    (16, 64, 128, 3, 1),
    (16, 128, 128, 4, 2),
    (8, 128, 256, 3, 1),
    (8, 256, 256, 4, 2),
    (4, 256, 512, 3, 1),
]
HEADER = """\
| side, inputs, outputs, kernel, stride | TensorFlow's | error | forward form | error | in float32 |
|---|---|---|---|---|---|"""


def forms(kernel, stride, inputs, outputs):
    """Returns the functions of the convolution's inputs and of the gradient of its outputs."""

    def own(x, dy):
        return tf.raw_ops.Conv2DBackpropFilter(
            input=x,
            filter_sizes=[kernel, kernel, inputs, outputs],
            out_backprop=dy,
            strides=[1, stride, stride, 1],
            padding="SAME",
        )

    def forward(x, dy):
        shape = (kernel, kernel, inputs, outputs)
        return tensorflow_gradients.kernel_gradient(x, dy, shape, (1, stride, stride, 1), "SAME")

    def in_float32(x, dy):
        return tf.cast(own(tf.cast(x, "float32"), tf.cast(dy, "float32")), x.dtype)

    return {
        name: tf.function(function)
        for name, function in (("own", own), ("forward", forward), ("float32", in_float32))
    }


def main():
    print(HEADER)
    for side, inputs, outputs, kernel, stride in SHAPES:
        x = tf.ones((BATCH, side, side, inputs), tf.bfloat16)
        dy = tf.ones((BATCH, side // stride, side // stride, outputs), tf.bfloat16)
        functions = forms(kernel, stride, inputs, outputs)
        found = {
            name: np.asarray(function(x, dy), "float32") for name, function in functions.items()
        }
        times = {name: [] for name in functions}
        for _ in range(BLOCKS):
            for name, function in functions.items():
                start = time.process_time()
                function(x, dy)[0, 0, 0, 0].numpy()
                times[name].append(1000 * (time.process_time() - start))
        ms = {name: statistics.median(blocks) for name, blocks in times.items()}
        right = found["float32"]
        error = {name: np.max(np.abs(value / right - 1)) for name, value in found.items()}
        print(
            f"| {side}, {inputs}, {outputs}, {kernel}, {stride} | {ms['own']:.1f} | "
            f"{error['own']:.0%} | {ms['forward']:.1f} | {error['forward']:.0%} | "
            f"{ms['float32']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
