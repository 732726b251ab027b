"""torch-fidelity 0.4 gives the same values for the same features."""

import numpy as np
import pytest
import torch_fidelity_metrics
from metric_cases import features, probabilities

from ganzoo import metrics
from support import lazy

torch = lazy.oracle("torch")
isc, fid, kid, prc = map(
    torch_fidelity_metrics.module, ("metric_isc", "metric_fid", "metric_kid", "metric_prc")
)

REAL, FAKE = features(600, 24), features(500, 24, seed=1, shift=0.2)


@pytest.mark.parametrize("splits", [1, 7])
def test_inception_score(splits):
    p = probabilities(500)
    theirs = isc.isc_features_to_metric(torch.from_numpy(np.log(p)), splits, shuffle=False)
    np.testing.assert_allclose(
        metrics.inception_score(p, splits), tuple(theirs.values()), rtol=1e-9, atol=1e-12
    )


def test_frechet_distance():
    statistics = [fid.fid_features_to_statistics(torch.from_numpy(x)) for x in (REAL, FAKE)]
    (theirs,) = fid.fid_statistics_to_metric(*statistics, verbose=False).values()
    np.testing.assert_allclose(metrics.frechet_distance(REAL, FAKE), theirs, rtol=1e-9)


def test_kernel_distance():
    real, fake = torch.from_numpy(REAL[:500]), torch.from_numpy(FAKE)
    # One subset of all samples, because each library draws its own subsets.
    arguments = {"kid_subsets": 1, "kid_subset_size": 500, "verbose": False}
    theirs = kid.kid_features_to_metric(fake, real, **arguments)[kid.KEY_METRIC_KID_MEAN]
    np.testing.assert_allclose(metrics.polynomial_mmd(REAL[:500], FAKE), theirs, rtol=1e-9)
    arguments = {"kid_subsets": 50, "kid_subset_size": 100, "verbose": False}
    theirs = kid.kid_features_to_metric(fake, real, **arguments)
    mean, spread = metrics.kernel_distance(REAL[:500], FAKE, subsets=50, subset_size=100)
    error = spread / np.sqrt(50) + theirs[kid.KEY_METRIC_KID_STD] / np.sqrt(50)
    assert abs(mean - theirs[kid.KEY_METRIC_KID_MEAN]) < 3 * error
    assert spread == pytest.approx(theirs[kid.KEY_METRIC_KID_STD], rel=0.5)


@pytest.mark.parametrize("k", [3, 5])
def test_precision_and_recall(k):
    theirs = prc.prc_features_to_metric(
        torch.from_numpy(FAKE), torch.from_numpy(REAL), prc_neighborhood=k, verbose=False
    )
    ours = metrics.precision_recall(REAL, FAKE, k=k)
    for name in ("precision", "recall"):
        assert 0 < ours[name] < 1
        # torch-fidelity computes means in float32.
        assert ours[name] == pytest.approx(theirs[name], rel=1e-6)
