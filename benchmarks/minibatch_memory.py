"""Measures memory and time of `MinibatchDiscrimination`, in blocks and at once.

Three functions are measured: the layer; its gradient with respect to the inputs; and the gradient
of the squared norm of that gradient with respect to inputs and kernel, as in a gradient penalty.
Each row runs in its own process. Memory is the growth of the resident memory from the start of the
calls to its peak. Time is that of the fastest call. Linux only, on the CPU.
"""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time

from processes import resident

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

DERIVATIVES = ("forward", "forward and backward", "second derivative")
FEATURES = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--num-kernels", type=int, default=300)
    parser.add_argument("--kernel-dim", type=int, default=50)
    parser.add_argument("--modes", nargs="+", choices=["graph", "xla", "eager"], default=["graph"])
    parser.add_argument("--calls", type=int, default=3)
    parser.add_argument(
        "--direct-limit",
        type=int,
        default=512,
        help="compare both forms up to this size of all differences, in MiB",
    )
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(**json.loads(options.measure))))
        return
    print("| n | B | C | mode | form | derivative | peak MB | ms | ms / direct form's |")
    print("|---|---|---|---|---|---|---|---|---|")
    for batch, mode, derivative in itertools.product(
        options.batch_sizes, options.modes, DERIVATIVES
    ):
        sizes = {"batch": batch, "kernels": options.num_kernels, "length": options.kernel_dim}
        megabytes = 4 * batch * batch * options.num_kernels * options.kernel_dim / 2**20
        forms = ["direct", "blocks"] if megabytes <= options.direct_limit else ["blocks"]
        direct = None
        for form in forms:
            row = measured_apart(
                **sizes, mode=mode, form=form, derivative=derivative, calls=options.calls
            )
            direct = row["ms"] if form == "direct" else direct
            ratio = f"{row['ms'] / direct:.2f}" if direct else "-"
            print(
                f"| {batch} | {options.num_kernels} | {options.kernel_dim} | {mode} | {form} | "
                f"{derivative} | {row['peak_mb']:.0f} | {row['ms']:.0f} | {ratio} |",
                flush=True,
            )


def measured_apart(**case):
    """Measures a case in a new process."""
    process = subprocess.run(
        [sys.executable, __file__, "--measure", json.dumps(case)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **os.environ,
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "",
        },
    )
    return json.loads(process.stdout.splitlines()[-1])


def measure(batch, kernels, length, mode, form, derivative, calls):
    """Returns the growth of the memory in MB and the milliseconds of the fastest call."""
    import numpy as np
    import tensorflow as tf
    from ganzoo.layers import MinibatchDiscrimination, pairwise

    pairwise._DIRECT_BYTES = 0 if form == "blocks" else sys.maxsize
    layer = MinibatchDiscrimination(kernels, length)
    layer.build((None, FEATURES))
    kernel = layer.kernel.value
    draws = np.random.default_rng(0).standard_normal((batch, FEATURES))
    inputs = tf.constant(draws.astype("float32"))
    tf.matmul(inputs, tf.reshape(kernel, (FEATURES, -1)))  # Loads the library for matrix products.

    def forward():
        return layer(inputs)

    def backward():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            cost = tf.reduce_sum(tf.sin(layer(inputs)))
        return tape.gradient(cost, inputs)

    def second():
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            penalty = tf.reduce_sum(tf.square(backward()))
        return tape.gradient(penalty, [inputs, kernel])

    function = dict(zip(DERIVATIVES, (forward, backward, second), strict=True))[derivative]
    if mode != "eager":
        function = tf.function(function, autograph=False, jit_compile=mode == "xla")
    seconds = []
    # Resets the peak that Linux reports as VmHWM.
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    for _ in range(calls + 1):
        start = time.perf_counter()
        results = tf.nest.flatten(function())
        results[0].numpy()
        seconds.append(time.perf_counter() - start)
    return {"peak_mb": resident("VmHWM") - before, "ms": 1000 * min(seconds[1:])}


if __name__ == "__main__":
    main()
