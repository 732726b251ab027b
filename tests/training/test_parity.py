"""One step gives the same weights eagerly, in a graph, under XLA and on JAX."""

import functools
import json

import numpy as np
import pytest

import ganzoo
from support.gans import tiny
from support.processes import run_python

CONFIGURATIONS = {
    "plain": {"architecture": "dcgan"},
    "gradient penalty": {
        "architecture": "small",
        "loss": "wasserstein",
        "regularizers": [{"name": "GradientPenalty", "config": {"weight": 10.0}}],
    },
    "relativistic, lazy penalties": {
        "architecture": "small",
        "loss": "relativistic_pairing",
        "latent": "uniform",
        "regularizers": [
            {"name": "R1", "config": {"gamma": 0.1, "every": 2}},
            {"name": "R2", "config": {"gamma": 0.1, "every": 2}},
        ],
    },
    # Adam's first step is the sign of a gradient: where one is close to 0, rounding decides it.
    "conditional, two discriminator steps": {
        "architecture": "small",
        "loss": "hinge",
        "num_classes": tiny.NUM_CLASSES,
        "discriminator_steps": 2,
        "generator_batch_ratio": 2,
        "g_optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.02}},
        "d_optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.02}},
    },
}

BATCH = 8
# XLA and JAX compile the other configurations in `make test-slow`.
COMPILED = ("relativistic, lazy penalties",)
compiled = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in COMPILED else pytest.mark.slow)
        for name in CONFIGURATIONS
    ],
)


def train_one_step(configuration, **compile_arguments):
    """Returns a small GAN after one step."""
    arguments = {**configuration, **compile_arguments}
    arguments["regularizers"] = [
        getattr(ganzoo.regularizers, part["name"])(**part["config"])
        for part in configuration.get("regularizers", [])
    ]
    gan = tiny.gan(**arguments)
    size = BATCH * gan.discriminator_steps
    gan.fit(tiny.images(size), tiny.labels(size), batch_size=BATCH, verbose=0)
    assert gan.step == 1
    return gan


def arrays(gan):
    """Returns all weights as NumPy arrays."""
    return [np.array(weight.numpy()) for weight in gan.weights]


def weights_of_a_process(folder, names, settings, **process):
    """Returns the weights of configurations after a step in a fresh process."""
    run_python(
        "import numpy as np\n"
        "from training.test_parity import *\n"
        f"for name in {list(names)}:\n"
        f"    gan = train_one_step(CONFIGURATIONS[name], **{settings})\n"
        f"    np.savez({json.dumps(str(folder))} + f'/{{name}}.npz', *arrays(gan))",
        **process,
    )
    loaded = {}
    for name in names:
        with np.load(folder / f"{name}.npz") as file:
            loaded[name] = list(file.values())
    return loaded


def names_that_need(fixture, request):
    """Returns the configurations whose tests in this session use a fixture."""
    tests = [item for item in request.session.items if fixture in item.fixturenames]
    return [item.callspec.params["name"] for item in tests]


@pytest.fixture(scope="module")
def weights_on_jax(request, tmp_path_factory):
    names = names_that_need("weights_on_jax", request)
    process = {"backend": "jax", "without_tensorflow": True}
    return weights_of_a_process(tmp_path_factory.mktemp("jax"), names, {}, **process)


@pytest.fixture(scope="module")
def weights_under_xla(request, tmp_path_factory):
    """In a process of its own: TensorFlow keeps what XLA compiled until the process ends."""
    names = names_that_need("weights_under_xla", request)
    return weights_of_a_process(tmp_path_factory.mktemp("xla"), names, {"jit_compile": True})


@pytest.fixture(scope="module")
def trained():
    """Function of a configuration and of arguments of `compile`: a GAN after one step."""
    return functools.cache(
        lambda name, **arguments: train_one_step(CONFIGURATIONS[name], **arguments)
    )


def assert_equal(weights, expected):
    for a, b in zip(weights, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_step_moves_every_trainable_weight(name, trained):
    configuration, gan = CONFIGURATIONS[name], trained(name, run_eagerly=True)
    fresh = tiny.gan(configuration["architecture"], configuration.get("num_classes"))
    pairs = zip(gan.trainable_weights, fresh.trainable_weights, strict=True)
    still = [w.path for w, before in pairs if np.array_equal(w.numpy(), before.numpy())]
    # A constant added to all logits changes none of these losses (the hinge: near 0).
    shifts = ("hinge", "wasserstein", "relativistic_pairing")
    expected = ["bias"] if configuration.get("loss") in shifts else []
    assert [path.rsplit("/", 1)[-1] for path in still] == expected


@pytest.mark.parametrize(
    "name",
    [pytest.param("plain", marks=pytest.mark.slow), *(n for n in CONFIGURATIONS if n != "plain")],
)
def test_eager_equals_graph(name, trained):
    assert_equal(arrays(trained(name, run_eagerly=True)), arrays(trained(name)))


@compiled
def test_xla_equals_graph(name, trained, weights_under_xla):
    assert_equal(weights_under_xla[name], arrays(trained(name)))


@compiled
def test_jax_equals_tensorflow(name, trained, weights_on_jax):
    assert_equal(weights_on_jax[name], arrays(trained(name)))
