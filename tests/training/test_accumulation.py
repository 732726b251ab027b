"""Gradient accumulation: the gradient of the whole batch, or an error."""

import keras
import numpy as np
import pytest

import ganzoo
from conformance.parts import PARTS
from ganzoo.training import accumulation
from support.gans import dense, linear
from support.processes import run_python
from training import memory_checks


def test_parts_have_the_gradient_of_the_batch():
    memory_checks.check_accumulation(run_eagerly=True)


@pytest.mark.slow
def test_jax():
    run_python(
        """
from training import memory_checks
# XLA computes the float32 noise of parts and of the whole in other vectors.
memory_checks.check_accumulation(1e-7, remat=True)
""",
        backend="jax",
        without_tensorflow=True,
        JAX_ENABLE_X64="1",
    )


@pytest.mark.slow
def test_parts_need_less_memory():
    run_python(
        """
import jax, numpy as np
from training import memory_checks

def temporary_bytes(**settings):
    gan = memory_checks.deep_gan(**settings)
    groups = gan.trainable_variables, gan.non_trainable_variables
    groups = *groups, gan.optimizer.variables, gan.metrics_variables
    state = tuple([v.value for v in group] for group in groups)
    batch = (np.zeros((64, 16, 16, 3), "uint8"),)
    compiled = jax.jit(gan.train_step).lower(state, batch).compile()
    return compiled.memory_analysis().temp_size_in_bytes

whole, parts = temporary_bytes(), temporary_bytes(accumulate=8)
assert parts < 0.3 * whole, (whole, parts)
""",
        backend="jax",
        without_tensorflow=True,
        JAX_DISABLE_MOST_OPTIMIZATIONS="0",
    )


@pytest.mark.graph
def test_blocks_of_steps_on_two_replicas(two_replicas):
    def trained(**settings):
        networks = small_networks()
        gan = ganzoo.GAN(*networks, packing=2)
        gan.compile(g_optimizer="sgd", d_optimizer="sgd", loss="hinge", **settings)
        gan.fit(linear.vectors(16), batch_size=8, verbose=0)
        return [np.array(v) for v in (*networks[0].weights, *networks[1].weights)]

    whole = trained(run_eagerly=True)
    with two_replicas.scope():
        parts = trained(accumulate=2, steps_per_execution=2)
    for first, second in zip(whole, parts, strict=True):
        np.testing.assert_allclose(first, second, 1e-5, 1e-6)


def small_networks():
    keras.utils.set_random_seed(1)
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    return generator, keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


def test_semi_supervised():
    def weights(accumulate):
        keras.utils.set_random_seed(1)
        networks = [
            keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]),
            keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]),
        ]
        gan = ganzoo.SemiSupervisedGAN(*networks)
        gan.compile(generator_loss=None, accumulate=accumulate, run_eagerly=True)
        draws = np.random.default_rng(0)
        streams = ("labeled", "unlabeled", "matching")
        batch = {name: draws.standard_normal((6, 3)).astype("float32") for name in streams}
        logs = gan.train_on_batch(batch, draws.integers(0, 4, 6), return_dict=True)
        return [float(logs["train_error"]), *map(np.array, gan.weights)]

    for first, second in zip(weights(1), weights(3), strict=True):
        np.testing.assert_allclose(first, second, 1e-4, 1e-6)


def test_each_part_has_noise_of_its_own():
    """Also in the layers of Keras, which know nothing of parts."""
    seen = []

    class Watch(ganzoo.regularizers.Penalty):
        def penalty(self, discriminator, real, fake, draws):
            seen.append(np.array(real.logits))
            return keras.ops.zeros(())

    generator, _ = small_networks()
    layers = [keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    gan = ganzoo.GAN(generator, keras.Sequential([keras.Input((2,)), *layers]))
    gan.compile(regularizers=[Watch()], accumulate=2, run_eagerly=True)
    gan.train_on_batch(np.ones((32, 2), "float32"))
    first, second = seen
    assert len(np.unique(first)) > 2 and (first != second).any()


COUPLED = [part for part in PARTS if part.batch_coupled and "architecture" not in part.kind]


@pytest.mark.parametrize("part", COUPLED, ids=str)
def test_coupled_parts_say_so(part):
    made = part.make()
    layers = made._flatten_layers() if isinstance(made, keras.layers.Layer) else []
    if layers:
        assert any(map(accumulation.is_coupled, layers))
    else:
        assert accumulation.couples_examples(made)


def test_coupled_examples_are_refused():
    gan = dense.build()
    with pytest.raises(ValueError, match="accumulate=2") as error:
        gan.compile(loss="relativistic_average", regularizers=["lecam"], accumulate=2)
    for words in ("RelativisticAverage()", "LeCam(", "generator's layer", "(BatchNormalization)"):
        assert words in str(error.value)
    assert gan.accumulate == 1
    frozen = [type(layer) is keras.layers.BatchNormalization for layer in gan.generator.layers]
    gan.generator.layers[frozen.index(True)].trainable = False
    gan.compile(accumulate=2)
    with pytest.raises(ValueError, match="accumulate=2 parts of equally many rows"):
        gan.train_on_batch(dense.images(5))


def test_the_setting_is_saved():
    gan = linear.gan(accumulate=2, remat=True)
    config = gan.get_compile_config()
    assert (config["accumulate"], config["remat"]) == (2, True)
    again = ganzoo.GAN.from_config(gan.get_config())
    again.compile_from_config(config)
    assert (again.accumulate, again.remat) == (2, True)
