"""Rematerialization: the same numbers in less memory."""

import itertools

import numpy as np
import pytest

from ganzoo.training.rematerialization import RematerializedNetwork, best_cuts
from training import memory_checks


@pytest.mark.parametrize("run_eagerly", [pytest.param(True, marks=pytest.mark.slow), False])
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


def test_long_networks_are_cut():
    network = memory_checks.deep_gan(remat=True).discriminator
    segments = RematerializedNetwork(network)._segments
    assert [len(segment.model.layers) - 1 for segment in segments] == [3, 3, 4]
