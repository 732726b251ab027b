"""Whether a model copies: how near its samples are to the images that it was trained on.

This distance is compared with the distance of real images that the model was not trained on. They
come from the test split. Without one, each training image is compared with the others.
"""

import dataclasses
import hashlib
import warnings

import numpy as np

from ganzoo import drawing
from ganzoo.data.images import convert_array
from ganzoo.metrics.neighbors import Neighbors

_SHOWN = 8
# Pixels of the shorter side of compared images: more would only cost time.
_SIDE = 32


class Pixels:
    """An extractor of the pixels themselves.

    The distance of two images is the root mean square of their differences, in gray levels.
    """

    name, sha256 = "pixels", "none"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns the pixels of uint8 images as float32 rows."""
        rows = convert_array(images, self.size_of(images)).reshape(len(images), -1)
        return rows.astype(np.float32) / np.float32(np.sqrt(rows.shape[1]))

    def size_of(self, images: np.ndarray) -> tuple[int, int]:
        """Returns the height and the width at which images are compared, without cropping."""
        height, width = images.shape[1:3]
        scale = min(1.0, _SIDE / min(height, width))
        return round(height * scale), round(width * scale)


@dataclasses.dataclass(frozen=True)
class Nearest:
    """Samples and held-out images, and the training images nearest to them.

    Args:
        samples: uint8 images.
        training: All training images, in a random order.
        held_out: Real images that are not among them. With `None`, the first training images take
            their place, and each is compared with the others.
        extractors: Dictionary from the names of spaces to extractors. The first one decides which
            images the picture shows.
    """

    samples: np.ndarray
    training: np.ndarray
    held_out: np.ndarray | None
    extractors: dict

    def measure(self) -> tuple[dict, np.ndarray]:
        """Returns the facts for the card, and the picture, a uint8 array."""
        # The nearest training image to a training image is that image.
        rank = 1 if self._alone else 0
        real_images = self.training[: len(self.samples)] if self._alone else self.held_out
        facts, panels = {}, {}
        distinct = _distinct(self.training)
        for space, extractor in self.extractors.items():
            training, samples = extractor(self.training), extractor(self.samples)
            real = training[: len(samples)] if self._alone else extractor(self.held_out)
            if not all(np.isfinite(rows).all() for rows in (training, samples, real)):
                # The pixels, which come first, are always finite.
                warnings.warn(
                    f"The nearest training images by {space} are left out, because not all of its "
                    "features are finite: check the extractor. Received: features with NaN or inf",
                    stacklevel=2,
                )
                continue
            of_samples, near_samples = _nearest(samples, training)
            of_real, near_real = _nearest(real, training, rank)
            facts[space] = {"samples": _summary(of_samples), "real": _summary(of_real)}
            if not panels:
                first = np.arange(min(_SHOWN, len(samples)))
                alike = _most_alike(training, distinct, of_samples, near_samples)
                real_alike = _most_alike(training, distinct, of_real, near_real)
                panels = {
                    "first samples": [self.samples[first]],
                    "nearest samples": [self.samples[alike]],
                    "nearest real": [real_images[real_alike]],
                }
            panels["first samples"].append(self.training[near_samples[first]])
            panels["nearest samples"].append(self.training[near_samples[alike]])
            panels["nearest real"].append(self.training[near_real[real_alike]])
        counts = {
            "samples": len(self.samples),
            "real": len(real_images),
            "training": len(self.training),
            "real_are_training": self._alone,
            "size": [*Pixels().size_of(self.training)],
        }
        return {**counts, "spaces": facts}, _picture(panels)

    @property
    def _alone(self):
        return self.held_out is None


def _nearest(rows, columns, rank=0):
    """Returns each row's distance to its nearest column, and the index of that column.

    Args:
        rows: Features, `(count, dimensions)`.
        columns: Likewise.
        rank: 0 for the nearest column, 1 for the second nearest.
    """
    neighbors = Neighbors(rows, columns)
    squares = neighbors.radii(1 + rank)[0]
    # All columns that are as near; the farthest of them is the wanted one.
    limits = squares * (1 + 1e-6) + 1e-12
    indices = np.zeros(len(rows), int)
    for i, j, distances in neighbors.pairs(limits[None], np.zeros((1, len(columns)))):
        near = distances <= limits[i]
        i, j, distances = i[near], j[near], distances[near]
        order = np.argsort(distances, kind="stable")
        # Where a row occurs several times, the last assignment counts.
        indices[i[order]] = j[order]
    return np.sqrt(squares), indices


def _distinct(images):
    """Returns the index of the first image of each group of identical images."""
    first = {}
    for index, image in enumerate(images):
        first.setdefault(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), index)
    return np.array(list(first.values()))


def _most_alike(training, distinct, distances, indices):
    """Returns the rows to look at first: the ones that are nearest to a training image.

    The distance is divided by the distance from that training image to the next different one.
    Otherwise all chosen rows would be of the simplest kind, such as the ones among digits, which
    all look alike.

    Args:
        training: Features of the training images.
        distinct: Indices of the training images without repetitions.
        distances: Distance of each row to the nearest training image.
        indices: Index of that training image, for each row.
    """
    usual = np.ones(len(indices))
    if len(distinct) > 1:
        usual = np.sqrt(Neighbors(training[indices], training[distinct]).radii(2)[0])
    return np.argsort(distances / np.maximum(usual, 1e-6), kind="stable")[:_SHOWN]


def _summary(distances):
    return {
        "median": float(np.median(distances)),
        "nearest_hundredth": float(np.percentile(distances, 1)),
        "least": float(distances.min()),
    }


def _picture(panels):
    """Draws each image, with its nearest training images to the right of it."""
    grids = {}
    for title, columns in panels.items():
        images = np.stack(columns, axis=1).reshape(-1, *columns[0].shape[1:])
        grids[title] = drawing.image_grid(images, columns=len(columns))
    return drawing.side_by_side(grids)
