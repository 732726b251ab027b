"""Measures the memory of a training step: plain, with `accumulate`, with `remat`, with both.

    KERAS_BACKEND=jax python benchmarks/memory.py

On JAX this is what XLA reserves for temporary values of the compiled step, so nothing is run. On
TensorFlow it is the growth of the resident memory from the start of the steps to its peak, in a new
process for each row (Linux only). Neither has the weights, the optimizer or the batch in it. The
seconds are of the fastest step, on TensorFlow alone.

The rows are added to `benchmarks/results/memory.json`, from which `python
docs/figures/performance.py` writes the table of the page Performance.
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

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks/results/memory.json"
# Name, side, width and rows of an update.
NETWORKS = {
    "r3gan": {"side": 64, "width": 32, "batch": 16},
    "resnet": {"side": 64, "width": 16, "batch": 16},
}
SETTINGS = ({}, {"accumulate": 4}, {"remat": True}, {"accumulate": 4, "remat": True})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(**json.loads(options.measure))))
        return
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for network, settings in itertools.product(options.networks, SETTINGS):
        case = {"network": network, "settings": settings}
        row = {**case, **NETWORKS[network], **measured_apart(**case)}
        print(row, flush=True)
        key = network, settings, row["backend"]
        rows = [r for r in rows if (r["network"], r["settings"], r["backend"]) != key] + [row]
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


def measured_apart(**case):
    """Measures a case in a new process. Returns `{"error": ...}` for what ganzoo refuses."""
    process = subprocess.run(
        [sys.executable, __file__, "--measure", json.dumps(case)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        # With freed memory returned at once, the peak is that of the step.
        env={"TF_CPP_MIN_LOG_LEVEL": "3", "MALLOC_MMAP_MAX_": "65536", **os.environ},
    )
    return json.loads(process.stdout.splitlines()[-1])


def measure(network, settings, steps=3):
    """Returns the backend and the megabytes of a step."""
    import ganzoo
    import keras
    import numpy as np

    side, width, batch = NETWORKS[network].values()
    shape = (side, side, 3)
    gan = ganzoo.GAN(*ganzoo.architectures.build(network, image_shape=shape, width=width))
    backend = {"backend": keras.backend.backend()}
    try:
        gan.compile(loss="hinge", regularizers=["r1"], **settings)
    except ValueError:
        # Examples of a batch are coupled.
        return {**backend, "megabytes": None}
    images = np.zeros((batch, *shape), "uint8")
    if keras.backend.backend() == "jax":
        import jax

        groups = gan.trainable_variables, gan.non_trainable_variables
        groups = *groups, gan.optimizer.variables, gan.metrics_variables
        state = tuple([variable.value for variable in group] for group in groups)
        compiled = jax.jit(gan.train_step, donate_argnums=0).lower(state, (images,)).compile()
        return {**backend, "megabytes": compiled.memory_analysis().temp_size_in_bytes / 2**20}
    import tensorflow as tf

    step = tf.function(lambda batch: gan.train_step(batch), autograph=False)
    images, seconds = tf.constant(images), []
    step.get_concrete_function(images)
    # Resets the peak that Linux reports as VmHWM.
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    for _ in range(steps):
        start = time.perf_counter()
        float(step(images)["d_loss"])
        seconds.append(time.perf_counter() - start)
    return {**backend, "megabytes": resident("VmHWM") - before, "seconds": min(seconds)}


if __name__ == "__main__":
    main()
