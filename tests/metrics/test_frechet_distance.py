"""The Fréchet distance equals its closed form, for regular and for singular covariances."""

import warnings

import numpy as np
import pytest
from metric_cases import Projection, features, images, stream

from ganzoo import metrics
from ganzoo.metrics import FrechetDistance, Gaussian, frechet_distance, gaussian_distance


def by_eigenvalues(real, fake):
    """The distance from the eigenvalues of the product of the covariances, in float64."""
    s, t = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = np.sqrt(np.linalg.eigvals(s @ t).astype(complex)).real.sum()
    shift = real.mean(0) - fake.mean(0)
    return shift @ shift + np.trace(s) + np.trace(t) - 2 * root


def by_rows(real, fake):
    """The distance from the nuclear norm of the rows' own products, exact for few rows."""
    x, y = real - real.mean(0), fake - fake.mean(0)
    x, y = x / np.sqrt(len(x) - 1), y / np.sqrt(len(y) - 1)
    shift = real.mean(0) - fake.mean(0)
    return shift @ shift + (x**2).sum() + (y**2).sum() - 2 * np.linalg.norm(x @ y.T, "nuc")


def rotated(variances, seed=0):
    size = len(variances)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))
    return rotation @ np.diag(variances) @ rotation.T


def test_the_distance_equals_the_eigenvalues_on_well_conditioned_features():
    for seed in range(3):
        real = features(400, 32, seed)
        fake = features(300, 32, seed + 10, shift=0.2) @ rotated(np.linspace(0.5, 2, 32), seed)
        np.testing.assert_allclose(
            frechet_distance(real, fake), by_eigenvalues(real, fake), rtol=1e-9
        )


def test_the_distance_equals_the_closed_form_of_two_gaussians():
    # Covariances that commute: |m|² + sum (sqrt a - sqrt b)².
    draws = np.random.default_rng(0)
    a, b, mean = draws.uniform(0.1, 4, 20), draws.uniform(0.1, 4, 20), draws.normal(size=20)
    distance = gaussian_distance(Gaussian(mean, rotated(a)), Gaussian(0 * mean, rotated(b)))
    expected = mean @ mean + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    np.testing.assert_allclose(distance, expected, rtol=1e-12)
    # Covariances that do not commute: tr sqrt(S T) = sqrt(tr(S T) + 2 sqrt(det(S T))).
    s, t = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([[1.0, -0.8], [-0.8, 3.0]])
    root = np.sqrt(np.trace(s @ t) + 2 * np.sqrt(np.linalg.det(s @ t)))
    distance = gaussian_distance(Gaussian(np.zeros(2), s), Gaussian(np.zeros(2), t))
    np.testing.assert_allclose(distance, np.trace(s) + np.trace(t) - 2 * root, rtol=1e-12)


@pytest.mark.parametrize("count", [2, 20, 64, 65, 500])
def test_a_set_has_distance_zero_to_itself(count):
    x = 10 * features(count, 64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert 0 <= frechet_distance(x, x) < 1e-9 * np.trace(np.cov(x, rowvar=False))


@pytest.mark.parametrize("counts", [(20, 30), (64, 40), (20, 500)])
def test_fewer_samples_than_dimensions_are_measured_exactly_with_a_warning(counts):
    real, fake = features(counts[0], 64), features(counts[1], 64, seed=1, shift=0.1)
    with pytest.warns(UserWarning, match=r"singular.*Take at least 65 examples"):
        distance = frechet_distance(real, fake)
    np.testing.assert_allclose(distance, by_rows(real, fake), rtol=1e-7)


def test_the_warning_names_the_set_and_ends_at_dimensions_plus_one():
    enough, few = features(9, 8), features(8, 8, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frechet_distance(enough, enough)
    for real, fake, name in ((few, enough, "real"), (enough, few, "fake")):
        with pytest.warns(UserWarning, match=rf"8 {name} examples in 8 dimensions"):
            frechet_distance(real, fake)


def test_constant_features_give_finite_values():
    constant, varied = np.full((50, 8), 3.0), features(50, 8)
    assert frechet_distance(constant, constant) == 0.0
    expected = ((varied.mean(0) - 3) ** 2).sum() + np.trace(np.cov(varied, rowvar=False))
    np.testing.assert_allclose(frechet_distance(varied, constant), expected, rtol=1e-12)


def test_a_large_offset_loses_no_digits():
    real, fake = features(200, 8), features(200, 8, seed=1)
    metric = stream(FrechetDistance(), fake + 1e6, real + 1e6, batch_size=7)
    np.testing.assert_allclose(metric.result(), frechet_distance(real, fake), rtol=1e-6)


def test_batches_are_merged_into_the_covariance_of_all_samples():
    x = features(100, 8)
    moments = metrics.gaussian.Moments()
    for part in np.split(x, [1, 2, 30, 31, 90]):
        moments.update(part)
    gaussian = moments.gaussian()
    np.testing.assert_allclose(gaussian.mean, x.mean(0), rtol=1e-13)
    np.testing.assert_allclose(gaussian.covariance, np.cov(x, rowvar=False), rtol=1e-12)
    assert gaussian.count == 100


def test_one_sample_has_no_covariance():
    with pytest.raises(ValueError, match=r"at least 2.*Received"):
        frechet_distance(features(1), features(10))
    with pytest.raises(ValueError, match=r"at least 2 examples. Received: 1 of them"):
        stream(FrechetDistance(), features(1), features(10)).result()


def test_a_reference_can_be_written_and_read(tmp_path):
    extractor, fake, real = Projection(), images(40), images(50, seed=1)
    streamed = stream(FrechetDistance(extractor), fake, real)
    path = tmp_path / "new" / "statistics.npz"
    streamed.reference_gaussian.save(path)
    metric = FrechetDistance(extractor, reference=path)
    assert metric.get_config()["reference"] == str(path)
    metric.update_state(fake)
    assert metric.result() == streamed.result()
    assert metric.report()[0].protocol == streamed.report()[0].protocol
    metric.reset_state()
    metric.update_state(fake)
    assert metric.result() == streamed.result()
    with pytest.raises(ValueError, match=r"read from a file.*Received"):
        metric.update_reference(real)
    assert [file.name for file in path.parent.iterdir()] == ["statistics.npz"]


def test_statistics_of_another_extractor_are_refused(tmp_path):
    path = tmp_path / "statistics.npz"
    metric = stream(FrechetDistance(Projection()), images(40), images(50))
    metric.reference_gaussian.save(path)
    with pytest.raises(ValueError, match=r"same extractor.*'0a1b'.*Received.*'ffff'"):
        FrechetDistance(Projection(sha256="ffff"), reference=path)
    other = Gaussian.of(features(20, 4))
    gaussian_distance(metric.reference_gaussian, other)
    with pytest.raises(ValueError, match=r"same extractor"):
        gaussian_distance(
            metric.reference_gaussian,
            Gaussian(other.mean, other.covariance, 20, "inception", "0a1b"),
        )


def test_statistics_of_other_programs_can_be_read(tmp_path):
    x = features(50, 6)
    mu, sigma = x.mean(0).astype("float32"), np.cov(x, rowvar=False).astype("float32")
    np.savez(tmp_path / "theirs.npz", mu=mu, sigma=sigma)
    metric = FrechetDistance(reference=str(tmp_path / "theirs.npz"))
    metric.update_state(x)
    assert metric.result() < 1e-6
    assert metric.report()[0].protocol.reference_samples is None


def test_unusable_files_are_refused_by_name(tmp_path):
    good = tmp_path / "good.npz"
    Gaussian.of(features(20, 4)).save(good)
    content = good.read_bytes()
    unit = {"mu": np.zeros(3), "sigma": np.eye(3)}
    cases = {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "text": b"<html>404</html>",
        "lacks sigma": {"mu": np.zeros(3)},
        "wide": unit | {"mu": np.zeros(4)},
        "nan": unit | {"mu": np.full(3, np.nan)},
        "asymmetric": unit | {"sigma": np.triu(np.ones((3, 3)))},
        "pickled": unit | {"sigma": np.array([[object()]])},
    }
    for name, case in cases.items():
        path = tmp_path / f"{name}.npz"
        if isinstance(case, bytes):
            path.write_bytes(case)
        else:
            np.savez(path, **case)
        with pytest.raises(ValueError, match=rf"{name}.npz.*`mu` and `sigma`"):
            Gaussian.load(path)
    with pytest.raises(FileNotFoundError, match=r"Received: path=.*absent.npz"):
        FrechetDistance(reference=tmp_path / "absent.npz")
    with pytest.raises(ValueError, match=r"must end in \.npz. Received"):
        Gaussian.of(features(20, 4)).save(tmp_path / "statistics.npy")


def test_a_covariance_with_negative_eigenvalues_is_refused():
    bad = Gaussian(np.zeros(2), np.diag([1.0, -0.5]))
    with pytest.raises(ValueError, match=r"negative eigenvalues. Received: an eigenvalue of -0.5"):
        gaussian_distance(bad, Gaussian(np.zeros(2), np.eye(2)))
