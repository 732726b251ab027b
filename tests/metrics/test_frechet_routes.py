"""The Fréchet distance uses the fast method only where it is exact."""

import numpy as np
import pytest
from metric_cases import features

from ganzoo.metrics import Gaussian, frechet_distance, gaussian_distance


def test_ordinary_features_use_the_fast_method(monkeypatch):
    real, fake = features(400, 32), features(300, 32, seed=1)
    expected = frechet_distance(real, fake)
    monkeypatch.setattr(np.linalg, "svd", None)
    assert frechet_distance(real, fake) == expected > 0


@pytest.mark.parametrize("smallest", [1e-4, 1e-8, 1e-12, 1e-16])
def test_nearly_singular_covariances_lose_no_digits(smallest):
    draws = np.random.default_rng(0)
    rotation, _ = np.linalg.qr(draws.normal(size=(64, 64)))
    a, b = (draws.permutation(np.geomspace(smallest, 1, 64)) for _ in range(2))
    covariances = ((rotation * variances) @ rotation.T for variances in (a, b))
    distance = gaussian_distance(
        *(Gaussian(np.zeros(64), covariance) for covariance in covariances)
    )
    np.testing.assert_allclose(distance, ((np.sqrt(a) - np.sqrt(b)) ** 2).sum(), rtol=1e-7)
