"""The kernel distance is unbiased, and its subsets are drawn as stated."""

import itertools

import numpy as np
import pytest
from metric_cases import features

from ganzoo.metrics import KernelDistance, kernel_distance, polynomial_mmd


def written_out(x, y, degree):
    def kernel(a, b):
        return (a @ b / len(a) + 1) ** degree

    def within(z):
        return np.mean([kernel(a, b) for a, b in itertools.permutations(z, 2)])

    return within(x) + within(y) - 2 * np.mean([kernel(a, b) for a in x for b in y])


@pytest.mark.parametrize("degree", [1, 3])
def test_the_distance_equals_the_equation_for_sets_of_different_size(degree):
    x, y = features(9, 5), features(7, 5, seed=1, shift=0.5)
    expected = written_out(x, y, degree)
    np.testing.assert_allclose(polynomial_mmd(x, y, degree), expected, rtol=1e-12)


def test_the_distance_is_unbiased():
    # The mean over draws of one distribution is 0 for any number of samples.
    draws = np.random.default_rng(0)
    values = [polynomial_mmd(*draws.normal(size=(2, 5, 3))) for _ in range(2000)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0


def test_subsets_of_all_samples_give_the_same_value():
    x, y = features(40), features(40, seed=1, shift=0.3)
    mean, spread = kernel_distance(x, y, subsets=3, subset_size=40)
    np.testing.assert_allclose(mean, polynomial_mmd(x, y), rtol=1e-12)
    assert spread < 1e-12


def test_subsets_differ_and_depend_on_the_seed():
    x, y = features(200), features(100, seed=1, shift=0.3)
    mean, spread = kernel_distance(x, y, subsets=20, subset_size=50)
    assert spread > 0 and abs(mean - polynomial_mmd(x, y)) < 3 * spread
    assert kernel_distance(x, y, subsets=20, subset_size=50) == (mean, spread)
    assert kernel_distance(x, y, subsets=20, subset_size=50, seed=1) != (mean, spread)


@pytest.mark.parametrize("counts", [(50, 101), (101, 50)])
def test_a_subset_larger_than_a_set_is_refused(counts):
    with pytest.raises(ValueError, match=r"subset_size=100, .*50"):
        kernel_distance(features(counts[0]), features(counts[1]), subset_size=100)


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match=r"`fake` must have at least 2 rows. Received"):
        polynomial_mmd(features(5), features(1))


def test_constant_features_give_finite_values():
    ones = np.ones((50, 4))
    assert kernel_distance(ones, ones, subsets=2, subset_size=50) == (0.0, 0.0)


@pytest.mark.parametrize("argument", ["subsets", "subset_size", "degree"])
def test_bad_arguments_are_refused(argument):
    with pytest.raises(ValueError, match=rf"`{argument}`.*Received: {argument}=0"):
        KernelDistance(**{argument: 0})
