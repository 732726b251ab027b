"""A seed decides every bit, in any process, and the order of the steps' execution decides none."""

import os

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from ganzoo.random import Draws
from support.gans import linear, tiny
from support.processes import run_python

TRAIN = """
import hashlib, keras
from support.gans import tiny
for seed in {seeds}:
    keras.utils.set_random_seed(seed)
    gan = tiny.gan(seed=seed)
    gan.fit(tiny.images(40), batch_size=8, verbose=0)
    assert gan.step == 5
    weights = hashlib.sha256(b"".join(v.numpy().tobytes() for v in gan.weights)).hexdigest()
    samples = hashlib.sha256(gan.sample(8, seed=1).tobytes()).hexdigest()
    print(weights, samples)
"""


def digests(seeds, backend):
    code = TRAIN.format(seeds=seeds)
    printed = run_python(
        code,
        backend=backend,
        without_tensorflow=backend == "jax",
        # Each process compiles by itself.
        JAX_ENABLE_COMPILATION_CACHE="false",
    )
    return printed.splitlines()[-len(seeds) :]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_processes_with_one_seed_end_with_the_same_bits(backend):
    (first,), (second, other) = digests([1], backend), digests([1, 2], backend)
    assert first == second
    assert first.split()[0] != other.split()[0]


def dropout_gan():
    keras.utils.set_random_seed(0)
    examples, latents = keras.Input((4,)), keras.Input((3,))
    hidden = layers.Dropout(0.5)(layers.Dense(16, activation="relu")(examples))
    gan = ganzoo.GAN(
        keras.Model(latents, layers.Dense(4)(latents)),
        keras.Model(examples, layers.Dense(1)(hidden)),
    )
    gan.compile(g_optimizer="sgd", d_optimizer="sgd")
    return gan


def test_the_noise_of_stock_layers_survives_a_restart(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((16, 4)).astype("float32")
    whole, resumed = dropout_gan(), dropout_gan()

    def save(epoch, logs):
        if epoch == 0:
            whole.save_weights(tmp_path / "gan.weights.h5")

    saves = keras.callbacks.LambdaCallback(on_epoch_end=save)
    whole.fit(vectors, batch_size=8, epochs=2, verbose=0, callbacks=[saves])
    resumed.load_weights(tmp_path / "gan.weights.h5")
    resumed.fit(vectors, batch_size=8, epochs=2, initial_epoch=1, verbose=0)
    assert tiny.largest_difference(tiny.state(whole), tiny.state(resumed))[0] == 0.0


def test_the_noise_of_stock_layers_changes_with_the_step_and_the_seed():
    seeds = {tuple(np.array(Draws(*key).seed("dropout"))) for key in ((0, 0), (0, 1), (1, 0))}
    assert len(seeds) == 3


ON_SOME_CORES = """
import hashlib, os
os.environ.pop("TF_NUM_INTRAOP_THREADS", None)
os.sched_setaffinity(0, {cores})
import ganzoo
ganzoo.distribution.set_threads(2)
import keras
from support.gans import tiny
keras.utils.set_random_seed(0)
gan = tiny.gan(run_eagerly=True)
gan.fit(tiny.images(256), batch_size=256, verbose=0)
print(hashlib.sha256(b"".join(v.numpy().tobytes() for v in gan.weights)).hexdigest())
ganzoo.distribution.set_threads(2)
try:
    ganzoo.distribution.set_threads(3)
except RuntimeError as error:
    print("before anything is computed" in str(error))
"""


@pytest.mark.slow
@pytest.mark.process
def test_a_fixed_number_of_threads_gives_the_same_bits_on_any_number_of_cores():
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        pytest.skip("there is one core")
    few, many = (run_python(ON_SOME_CORES.format(cores=chosen)) for chosen in (cores[:1], cores))
    assert few == many and few.endswith("True\n")


def test_steps_are_counted_beyond_31_bits():
    gan = linear.gan(run_eagerly=True, regularizers=[ganzoo.regularizers.R1(every=2)])
    gan._step.assign(2**31 - 2)
    gan.fit(linear.vectors(32), batch_size=8, verbose=0)

    assert gan.step == 2**31 + 2
    assert np.isfinite(gan.history.history["r1"]).all()
    counted, given = (Draws(0, step).normal("noise", 3) for step in (gan._step.value, 2**31 + 2))
    np.testing.assert_array_equal(counted, given)
