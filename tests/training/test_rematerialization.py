"""Rematerialization: the same numbers in less memory."""

import itertools

import numpy as np
import pytest

import ganzoo
from ganzoo.training.rematerialization import RematerializedNetwork, best_cuts
from training import memory_checks


@pytest.mark.parametrize("run_eagerly", [True, False])
def test_a_step_has_the_same_numbers(run_eagerly):
    memory_checks.check_rematerialization(run_eagerly=run_eagerly)


def test_cuts_need_the_least_memory():
    draws = np.random.default_rng(0)
    for _ in range(20):
        costs, kept = draws.integers(1, 20, (2, 7)).tolist()

        def memory(cuts, costs=costs, kept=kept):
            largest = max(sum(costs[a:b]) for a, b in itertools.pairwise(cuts))
            return largest + sum(kept[cut] for cut in cuts[1:-1])

        choices = (c for n in range(7) for c in itertools.combinations(range(1, 7), n))
        least = min(memory([0, *choice, 7]) for choice in choices)
        assert memory(best_cuts(costs, kept)) == least


def test_networks_whose_layers_share_an_input_are_cut():
    generator, _ = ganzoo.architectures.build("stylegan2", (32, 32, 1), latent_dim=4, width=16)
    network = RematerializedNetwork(generator)
    assert len(network._segments) > 1
    latents = np.ones((2, 4), "float32")
    images = network(latents, training=False)
    np.testing.assert_allclose(images, generator(latents), atol=1e-6)
