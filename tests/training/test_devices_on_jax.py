"""Training on several devices and in several processes on JAX equals training on one device."""

import os
import subprocess
import sys

import numpy as np
import pytest

from support.addresses import free_address
from support.processes import ROOT, TESTS, run_python

TRAIN = """
import numpy as np
import ganzoo

if address:
    ganzoo.distribution.join(address, process, 2)

import keras
from support.gans import tiny

def gan(steps_per_execution=1):
    networks = tiny.networks("mlp", image_shape=(6,), width=8)
    model = ganzoo.GAN(*networks)
    model.compile(
        g_optimizer=keras.optimizers.SGD(0.2, momentum=0.9),
        d_optimizer=keras.optimizers.SGD(0.2, momentum=0.9),
        loss="hinge",
        regularizers=[ganzoo.regularizers.R1(0.1)],
        steps_per_execution=steps_per_execution,
    )
    return model

examples = np.random.default_rng(0).standard_normal((96, 6)).astype("float32")

def run(devices, name, steps_per_execution=1):
    scope = ganzoo.distribution.scope(devices)
    with scope:
        model = gan(steps_per_execution)
        history = model.fit(examples, batch_size=16, epochs=2, verbose=0).history
    assert model.step == 12
    if ganzoo.distribution.process_index() == 0:
        state = tiny.state(model)
        samples = model.sample(5, seed=3)
        model.save(f"{folder}/{name}.keras")
        np.savez(f"{folder}/{name}.npz", samples=samples, **history, **state)
"""

TWO_DEVICES = """
run(1, "one")
if "two_devices" in names:
    run("all", "two_devices")
run("all", "two_devices_in_blocks", 4)

import pytest
with pytest.raises(ValueError, match=r"from 1 to 2, .*cpu:1. Received: devices=3"):
    ganzoo.distribution.scope(3)
scope = ganzoo.distribution.scope(2)
with scope:
    model = gan()
    with pytest.raises(ValueError, match="Received: 15 examples in an update, with 2 replicas"):
        model.fit(examples, batch_size=15, verbose=0)

    # One layer that starts from the examples: a fit of a whole architecture takes 20 s.
    vectors = keras.Input((6,))
    dense = ganzoo.layers.WeightNormalization(keras.layers.Dense(4), data_dependent=True)
    features = keras.layers.Identity(name="features")(dense(vectors))
    critic = keras.Model(vectors, keras.layers.Dense(tiny.NUM_CLASSES)(features))
    classifier = ganzoo.SemiSupervisedGAN(tiny.networks("mlp", (6,), width=4)[0], critic)
    classifier.compile(g_optimizer="sgd", d_optimizer="sgd")
    data = ganzoo.data.Dataset(examples[:27], tiny.labels(27), tiny.NUM_CLASSES)
    history = classifier.fit(data, 2, batch_size=8, validation_data=data, verbose=0).history
    error = classifier.evaluate(data, verbose=0)["error"]
wrong = np.mean(classifier.classify(data.examples) != data.labels)
np.testing.assert_allclose([error, *history["val_error"]], wrong, atol=1e-6)
"""

TWO_PROCESSES = """
run("all", "two_processes")
if "two_processes_in_blocks" in names:
    run("all", "two_processes_in_blocks", 4)
assert ganzoo.distribution.gather(5 + process) == [5, 6]
"""


def trainings(code, folder, names, process=0, address=""):
    """Returns code with the trainings of these names."""
    variables = {"folder": str(folder), "names": names, "process": process, "address": address}
    lines = [f"{name} = {value!r}\n" for name, value in variables.items()]
    return "".join(lines) + TRAIN + code


def start(code):
    """Starts a process that runs code on JAX."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)]),
        },
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory, request):
    """What one device, two devices and two processes have made of the same training."""
    folder = tmp_path_factory.mktemp("jax")
    address = free_address()
    items = [item for item in request.session.items if item.path == request.path]
    names = [item.callspec.params["name"] for item in items if hasattr(item, "callspec")]
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=2"
    processes = []
    if any("two_processes" in name for name in names):
        codes = [trainings(TWO_PROCESSES, folder, names, i, address) for i in range(2)]
        processes = [start(code) for code in codes]
    try:
        code = trainings(TWO_DEVICES, folder, names)
        run_python(code, backend="jax", without_tensorflow=True, XLA_FLAGS=flags)
        for process in processes:
            out, _ = process.communicate(timeout=400)
            assert process.returncode == 0, out[-6000:]
    finally:
        for process in processes:
            process.kill()
    found = {}
    for path in folder.glob("*.npz"):
        with np.load(path) as file:
            found[path.stem] = {name.split(" ")[0]: file[name] for name in file.files}
    return found


@pytest.mark.parametrize(
    "name",
    [
        "two_devices_in_blocks",
        pytest.param("two_processes", marks=pytest.mark.slow),
        pytest.param("two_devices", marks=pytest.mark.slow),
        pytest.param("two_processes_in_blocks", marks=pytest.mark.slow),
    ],
)
def test_the_training_is_that_of_one_device(name, results):
    one, several = results["one"], results[name]

    assert one.keys() == several.keys()
    for key, value in one.items():
        difference = np.abs(value.astype("float64") - several[key].astype("float64"))
        assert difference.max(initial=0.0) < 1e-5, key
    assert np.ptp(one["d_loss"]) > 1e-3
