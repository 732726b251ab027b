"""The counter-based generator against its published vectors and its own promises."""

import json
import statistics

import keras
import numpy as np
import pytest
from keras import ops

from ganzoo import random
from ganzoo.random import (
    Draws,
    latents_from_seeds,
    split_seeds,
    threefry2x32,
    truncate_latents,
)
from support.processes import run_python


def words(*values):
    return tuple(ops.cast(np.uint32(value), "uint32") for value in values)


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_gives_the_known_answers_of_its_authors(key, counter, expected):
    assert tuple(int(word) for word in threefry2x32(words(*key), words(*counter))) == expected


def test_normals_have_the_moments_of_the_standard_normal():
    sample = ops.convert_to_numpy(Draws(1, 2).normal("latents", 2000, (101,))).ravel()
    tolerance = 5 / np.sqrt(sample.size)
    assert abs(sample.mean()) < tolerance
    assert abs(sample.std() - 1) < tolerance
    assert abs((sample**3).mean()) < tolerance * np.sqrt(15)
    assert abs((sample**4).mean() - 3) < tolerance * np.sqrt(96)


def test_uniforms_fill_their_open_interval():
    sample = ops.convert_to_numpy(Draws(1, 2).uniform("u", 2000, (50,), -1.0, 3.0)).ravel()
    assert sample.min() > -1 and sample.max() < 3
    counts, _ = np.histogram(sample, bins=20, range=(-1, 3))
    expected = sample.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 45  # chi-squared, 19 dof, p < 1e-3


def test_draws_differ_by_seed_step_purpose_scope_and_row():
    def first(draws, purpose="latents"):
        return ops.convert_to_numpy(draws.normal(purpose, 2, (3,)))

    base = first(Draws(0, 0))
    others = [
        first(Draws(1, 0)),
        first(Draws(2**32, 0)),
        first(Draws(0, 1)),
        first(Draws(0, 0), "other"),
        first(Draws(0, 0).scope("generator")),
        base[::-1],
    ]
    for other in others:
        assert np.abs(base - other).min() > 1e-6


def test_replicas_together_draw_what_one_would():
    whole = ops.convert_to_numpy(Draws(0, 5).normal("latents", 8, (3,)))
    parts = [Draws(0, 5, replica=i).normal("latents", 4, (3,)) for i in (0, 1)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_a_sampled_row_depends_on_its_seed_alone(distribution):
    seeds = np.array([5, -3, 2**40, 0])
    together = latents_from_seeds(split_seeds(seeds), 7, distribution)
    for i, seed in enumerate(seeds):
        alone = latents_from_seeds(split_seeds(seed), 7, distribution)
        np.testing.assert_allclose(together[i : i + 1], alone, atol=1e-6)
    assert np.abs(np.diff(np.array(together), axis=0)).min() > 0


def test_the_numbers_are_the_same_in_a_graph_under_xla_and_on_jax():
    import tensorflow as tf

    def draw(step):
        draws = Draws(7, step)
        latents = draws.normal("latents", 64, (128,))
        bounded = truncate_latents(latents, 1.5, "normal")
        return latents, draws.uniform("noise", 8, (3,)), bounded, draws.seeds(["a", "b"])

    step = tf.constant(11)
    eager = [np.array(numbers) for numbers in draw(step)]
    variants = [
        tf.function(draw, autograph=False)(step),
        tf.function(draw, jit_compile=True, autograph=False)(step),
    ]
    printed = run_python(
        "import json, numpy as np\n"
        "from ganzoo.random import Draws, truncate_latents\n"
        "draws = Draws(7, 11)\n"
        "latents = draws.normal('latents', 64, (128,))\n"
        "results = latents, draws.uniform('noise', 8, (3,))\n"
        "results = *results, truncate_latents(latents, 1.5, 'normal'), draws.seeds(['a', 'b'])\n"
        "print(json.dumps([np.asarray(result).tolist() for result in results]))",
        backend="jax",
    )
    variants.append(json.loads(printed.splitlines()[-1]))
    for variant in variants:
        for numbers, expected in zip(variant, eager, strict=True):
            np.testing.assert_allclose(np.array(numbers), expected, atol=2e-6)


def test_layers_get_the_seeds_of_their_numbers_from_one_encryption(monkeypatch):
    encryptions = []
    encrypt = random.threefry2x32
    monkeypatch.setattr(
        random, "threefry2x32", lambda *words: encryptions.append(words) or encrypt(*words)
    )
    states = [keras.random.SeedGenerator(0).state for _ in range(4)]
    random.reseed_layers([*states, keras.Variable(0.0)], Draws(2**63 + 5, 7, scope="s/"))
    assert [state.numpy().tolist() for state in states] == [
        [2545768019, 3439120892],
        [687968249, 737717289],
        [2293950840, 2401621373],
        [2823303402, 3734047559],
    ]
    assert len(encryptions) == 1
    random.reseed_layers(states[:1], Draws(3, 1))
    assert states[0].numpy().tolist() == [1053670305, 2969951553]
    random.reseed_layers([keras.Variable(0.0)], Draws(3, 1))


def test_truncated_latents_are_those_of_the_conditioned_distribution():
    z = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]], "float32")
    expected = [[-0.93775, -0.62201, 0.0, 0.62201, 0.93775]]
    np.testing.assert_allclose(truncate_latents(z, 1.0, "normal"), expected, atol=5e-6)
    # Every quantile, of which float32 gives 1 for the largest.
    normal, z = statistics.NormalDist(), np.linspace(-5.7, 5.7, 229, dtype="float32")
    for t, deviation in ((0.5, 0.28388), (1.0, 0.53956), (2.0, 0.87963), (4.0, None), (6.0, None)):
        bounded = np.array(truncate_latents(z, np.float32(t), "normal"))
        inside = 1.0 - 2.0 * normal.cdf(-t)
        lower = [normal.cdf(-t) + normal.cdf(-abs(float(x))) * inside for x in z]
        exact = np.sign(z) * -np.array([normal.inv_cdf(p) for p in lower])
        np.testing.assert_allclose(bounded, exact, rtol=2e-6, atol=2e-6)
        assert np.diff(bounded).min() > -2e-7 and np.abs(bounded).max() <= t
        if deviation is not None:
            latents = latents_from_seeds(split_seeds(np.arange(200)), 400, "normal")
            measured = np.std(truncate_latents(latents, t, "normal"))
            np.testing.assert_allclose(measured, deviation, rtol=5e-3)
    np.testing.assert_array_equal(truncate_latents(z, np.inf, "normal"), z)
    np.testing.assert_array_equal(truncate_latents(z, 0.0, "normal"), np.zeros_like(z))


def test_truncated_uniform_latents_are_a_smaller_cube():
    latents = latents_from_seeds(split_seeds(np.arange(4)), 5, "uniform")
    for t, factor in ((0.0, 0.0), (0.3, 0.3), (1.0, 1.0), (7.0, 1.0)):
        truncated = truncate_latents(latents, t, "uniform")
        np.testing.assert_array_equal(truncated, np.float32(factor) * np.array(latents))


def test_the_dtype_policy_does_not_change_the_draws():
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        assert keras.backend.standardize_dtype(Draws(0, 0).normal("z", 2, (3,)).dtype) == "float32"
    finally:
        keras.config.set_dtype_policy(policy)
