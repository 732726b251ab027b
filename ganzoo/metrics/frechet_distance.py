"""The Fréchet distance between Gaussians, known as FID."""

import os
import warnings

import keras
import numpy as np

from ganzoo.metrics.base import METRICS, ReferenceMetric
from ganzoo.metrics.features import check_pair
from ganzoo.metrics.gaussian import Gaussian, Moments


def gaussian_distance(real: Gaussian, fake: Gaussian) -> float:
    """Returns the squared Fréchet distance of two Gaussians, a float.

        |m_r - m_f|² + tr(S_r + S_f - 2 (S_r S_f)^½)

    The trace of the square root is the sum of the roots of the eigenvalues of Lᵀ S_f L, where
    S_r = L Lᵀ is the Cholesky decomposition. This matrix is symmetric, and only its eigenvalues are
    needed. If a covariance is singular, or so close to it that rounding could change the distance
    by 1e-8 of the traces, the trace is computed as the sum of the singular values of A_rᵀ A_f,
    where S = A Aᵀ follows from the eigenvectors of S. This takes several times as long, but it
    takes no root of a difference, so no digits are lost. Eigenvalues below the rounding error
    count as 0 there.

    Args:
        real, fake: Two `Gaussian` of the same dimensions.

    Raises:
        ValueError: If the dimensions or the extractors differ.

    Warns:
        UserWarning: If one was estimated from fewer than dimensions + 1 examples. Its covariance
            is then singular, and the distance is far too large.
    """
    if real.mean.shape != fake.mean.shape:
        raise ValueError(
            "Both Gaussians must have the same dimensions. "
            f"Received: real of {len(real.mean)}, fake of {len(fake.mean)} dimensions"
        )
    real.check_extractor(fake.extractor, fake.extractor_sha256)
    for name, gaussian in (("real", real), ("fake", fake)):
        if gaussian.count is not None and gaussian.count <= len(gaussian.mean):
            warnings.warn(
                f"The covariance of {gaussian.count} {name} examples in {len(gaussian.mean)} "
                "dimensions is singular: the Fréchet distance is far too large. Take at least "
                f"{len(gaussian.mean) + 1} examples.",
                stacklevel=2,
            )
    traces = np.trace(real.covariance) + np.trace(fake.covariance)
    root = _root_by_cholesky(real.covariance, fake.covariance, tolerance=1e-8 * traces)
    if root is None:
        root = np.linalg.svd(_factor(real).T @ _factor(fake), compute_uv=False).sum()
    shift = real.mean - fake.mean
    distance = shift @ shift + traces - 2 * root
    # Rounding can make the distance of equal Gaussians negative.
    return max(float(distance), 0.0)


def frechet_distance(real, fake) -> float:
    """Returns the squared Fréchet distance of the Gaussians of two sets of features, a float.

    Args:
        real, fake: Features, `(count, dimensions)`; the counts may differ.

    Raises:
        ValueError: If features are not floating, not finite, fewer than 2, or have different
            dimensions.

    Example:

    >>> features = np.random.default_rng(0).normal(size=(1000, 8))
    >>> round(ganzoo.metrics.frechet_distance(features, features + 0.5), 6)
    2.0
    """
    real, fake = check_pair(real, fake, minimum=2)
    return gaussian_distance(Gaussian.of(real), Gaussian.of(fake))


@METRICS.register("frechet_distance")
@keras.saving.register_keras_serializable(package="ganzoo")
class FrechetDistance(ReferenceMetric):
    """Distance between the Gaussians that fit the features of real and of generated images.

    The metric stores two matrices `(dimensions, dimensions)`. The estimate is too large by an
    amount that depends on the model and shrinks with the number of samples: compare models by the
    same number of samples.

    Args:
        extractor: Extractor of features of uint8 images, or its name; or `None`, see
            `ganzoo.metrics`.
        reference: Path of an `.npz` file with `mu` and `sigma` of the real features; with `None`,
            `update_reference` takes real samples.
        name: Name in logs.

    Raises:
        ValueError: If the file is damaged or belongs to another extractor.
        FileNotFoundError: If there is no such file.

    Example:

    >>> metric = ganzoo.metrics.FrechetDistance()
    >>> draws = np.random.default_rng(0)
    >>> for _ in range(10):
    ...     metric.update_reference(draws.normal(size=(100, 8)))
    ...     metric.update_state(draws.normal(size=(100, 8)) + 0.5)
    >>> 1.9 < metric.result() < 2.3
    True

    Reference:
        [GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium](
        https://arxiv.org/abs/1706.08500), equation 6.
    """

    alias = "fid"
    card = "features"
    headline = ("FID",)
    best = "lowest"
    lower_is_better = ("fid",)
    accumulator = Moments

    def __init__(
        self,
        extractor=None,
        reference: str | os.PathLike | None = None,
        name: str | None = None,
    ):
        super().__init__(extractor, name)
        self.reference = None if reference is None else str(reference)
        self._loaded = None
        if reference is not None:
            self._loaded = Gaussian.load(reference)
            self._loaded.check_extractor(
                getattr(extractor, "name", None), getattr(extractor, "sha256", None)
            )

    def update_reference(self, samples):
        if self._loaded is not None:
            raise ValueError(
                "The reference of this metric was read from a file. To stream another one, create "
                f"a metric without `reference`. Received: reference={self.reference!r}"
            )
        super().update_reference(samples)

    @property
    def takes_reference(self):
        return self._loaded is None

    def reference_width(self):
        return super().reference_width() if self._loaded is None else len(self._loaded.mean)

    @property
    def reference_gaussian(self) -> Gaussian:
        """The `Gaussian` of the real features; its `save` writes it to a file."""
        if self._loaded is not None:
            return self._loaded
        return self.reference_samples.gaussian(self.extractor)

    @property
    def reference_count(self):
        return super().reference_count if self._loaded is None else self._loaded.count

    def measure(self):
        fake = self.samples.gaussian(self.extractor)
        return {"FID": (gaussian_distance(self.reference_gaussian, fake), None)}


def _root_by_cholesky(real, fake, tolerance):
    """Returns the trace of the root of a product; `None` if the error may exceed `tolerance`."""
    try:
        lower = np.linalg.cholesky(real)
    except np.linalg.LinAlgError:
        return None
    eigenvalues = np.linalg.eigvalsh(lower.T @ fake @ lower)
    # Each is rounded by about `error`, which changes its root by error / (2 root).
    error = np.finfo(np.float64).eps * eigenvalues[-1]
    if eigenvalues[0] <= len(eigenvalues) * error:
        return None
    roots = np.sqrt(eigenvalues)
    return roots.sum() if (error / roots).sum() < tolerance else None


def _factor(gaussian):
    """Returns A with A Aᵀ = the covariance, without the columns that are 0."""
    eigenvalues, eigenvectors = np.linalg.eigh(gaussian.covariance)
    smallest = len(eigenvalues) * np.finfo(np.float64).eps * np.abs(eigenvalues).max()
    if eigenvalues[0] < -max(1e-6 * np.abs(eigenvalues).max(), smallest):
        raise ValueError(
            "A covariance must not have negative eigenvalues. "
            f"Received: an eigenvalue of {eigenvalues[0]:.3g}"
        )
    kept = eigenvalues > smallest
    return eigenvectors[:, kept] * np.sqrt(eigenvalues[kept])
