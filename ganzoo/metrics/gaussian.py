"""Mean and covariance of features: accumulated, written to a file, and read again."""

import dataclasses
import os

import numpy as np

from ganzoo.array_files import DAMAGE, open_arrays
from ganzoo.file_names import check_file_name
from ganzoo.files import new_file, user_path
from ganzoo.metrics.features import check_features, check_same_width

_NAMES = ("mu", "sigma")


@dataclasses.dataclass(frozen=True, eq=False)
class Gaussian:
    """Mean and covariance of features.

    Args:
        mean: `(dimensions,)`, float64.
        covariance: `(dimensions, dimensions)`, float64, symmetric, with the divisor count - 1.
        count: Number of examples that they were estimated from, or `None` if unknown.
        extractor: Name of the extractor, or `None` if unknown.
        extractor_sha256: Hash of its weights, or `None` if unknown.

    Raises:
        ValueError: If the shapes do not agree, or values are not finite or not symmetric.

    Example:

    >>> from ganzoo.metrics import Gaussian
    >>> features = np.random.default_rng(0).normal(size=(100, 4))
    >>> gaussian = Gaussian.of(features)
    >>> gaussian.save("statistics.npz")
    >>> bool((Gaussian.load("statistics.npz").mean == features.mean(axis=0)).all())
    True
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int | None = None
    extractor: str | None = None
    extractor_sha256: str | None = None

    def __post_init__(self):
        mean = np.asarray(self.mean, np.float64)
        covariance = np.asarray(self.covariance, np.float64)
        if mean.ndim != 1 or not mean.size or covariance.shape != mean.shape * 2:
            raise ValueError(
                "A mean must be of shape (dimensions,) and its covariance of shape (dimensions, "
                f"dimensions). Received: mean of shape {mean.shape}, covariance of shape "
                f"{covariance.shape}"
            )
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise ValueError("Mean and covariance must be finite. Received: NaN or inf")
        asymmetry = np.abs(covariance - covariance.T).max()
        if asymmetry > 1e-6 * np.abs(covariance).max():
            raise ValueError(
                f"A covariance must be symmetric. Received: elements that differ by {asymmetry:.3g}"
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    @classmethod
    def of(cls, features) -> "Gaussian":
        """Returns the mean and covariance of at least 2 features, `(count, dimensions)`."""
        moments = Moments()
        moments.update(check_features("features", features, minimum=2))
        return moments.gaussian()

    def check_extractor(self, name: str | None, sha256: str | None) -> None:
        """Raises `ValueError` if the features are known to come from another extractor."""
        for expected, held in ((name, self.extractor), (sha256, self.extractor_sha256)):
            if None not in (expected, held) and expected != held:
                raise ValueError(
                    "Statistics can be compared only with features of the same extractor, here "
                    f"{self.extractor!r} with sha256 {self.extractor_sha256!r}. "
                    f"Received: extractor {name!r} with sha256 {sha256!r}"
                )

    def save(self, path: str | os.PathLike) -> None:
        """Writes an `.npz` file with `mu`, `sigma` and the other known attributes.

        The file appears complete or not at all.

        Raises:
            ValueError: If the name does not end in `.npz`.
        """
        path = user_path(path)
        check_file_name("path", path, (".npz",))
        known = {name: getattr(self, name) for name in ("count", "extractor", "extractor_sha256")}
        known = {name: value for name, value in known.items() if value is not None}
        with new_file(path, replace=True) as unfinished, open(unfinished, "wb") as file:
            np.savez(file, mu=self.mean, sigma=self.covariance, **known)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Gaussian":
        """Returns the content of a file of `save`, or of any `.npz` file with `mu` and `sigma`.

        No pickled data are read.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is damaged or has another content.
        """
        path = user_path(path)
        if not path.is_file():
            raise FileNotFoundError(f"There is no such file. Received: path={str(path)!r}")
        try:
            with open_arrays(path) as archive:
                mean, covariance = (archive[name] for name in _NAMES)
                count = int(archive["count"]) if "count" in archive else None
                names = ("extractor", "extractor_sha256")
                known = {name: str(archive[name]) for name in names if name in archive}
            return cls(mean, covariance, count, **known)
        except DAMAGE as error:
            raise ValueError(
                f"The file {str(path)!r} does not hold the arrays `mu` and `sigma` of the features "
                f"of an extractor, or is damaged. {type(error).__name__}: {error}"
            ) from error


class Moments:
    """Mean and covariance, accumulated batch by batch in float64.

    The memory is one matrix `(dimensions, dimensions)`. Batches are merged relative to their means,
    which keeps digits that sums of squares would lose.

    Reference:
        Chan, Golub and LeVeque, Algorithms for computing the sample variance, 1983, equation 2.1.
    """

    def __init__(self):
        self.count = 0
        self.mean = self._scatter = None

    @property
    def width(self):
        """Number of dimensions, or `None` without features."""
        return None if self.mean is None else len(self.mean)

    def update(self, features):
        """Adds features of shape `(batch, dimensions)`."""
        check_same_width(features, self.width)
        features = features.astype(np.float64)
        count, mean = len(features), features.mean(axis=0)
        features -= mean
        scatter = features.T @ features
        if self.mean is None:
            self.count, self.mean, self._scatter = count, mean, scatter
            return
        total, shift = self.count + count, mean - self.mean
        self._scatter += scatter
        self._scatter += np.outer(shift, shift * (self.count * count / total))
        self.mean += shift * (count / total)
        self.count = total

    def gaussian(self, extractor=None):
        """Returns the `Gaussian` of all examples so far; there must be at least 2."""
        if self.count < 2:
            raise ValueError(
                f"A covariance needs at least 2 examples. Received: {self.count} of them"
            )
        return Gaussian(
            self.mean.copy(),
            self._scatter / (self.count - 1),
            self.count,
            getattr(extractor, "name", None),
            getattr(extractor, "sha256", None),
        )
