"""Image files of different sizes, for metrics whose extractor resizes each image itself."""

import concurrent.futures
import hashlib
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from ganzoo.data.checks import RangeEvidence
from ganzoo.data.image_files import open_file, pillow_limit, printable, read_image
from ganzoo.data.image_options import MAX_PIXELS, WHITE
from ganzoo.data.label_columns import Targets


class MixedImages:
    """Images of different sizes, which stay in their files until they are measured.

    `ganzoo.data.load("folder:PATH", keep_sizes=True)` returns them where sizes differ. A GAN cannot
    be trained on them.

    Args:
        files: Paths of the image files.
        channels: 1 or 3.
        name: Origin of the data, for messages and records.
        split: Name of the part of the source.
        max_pixels: The largest number of pixels of a file that is decoded.
        background: (red, green, blue) that transparent pixels are laid over.
        targets: The labels or conditions of the images, as `label_columns.Targets`, or `None`.

    Attributes:
        example_shape: `(None, None, channels)`.
        labels, num_classes, class_names: As in a `Dataset`; `None` without labels.
        conditions, condition_names: As in a `Dataset`; `None` without conditions.
    """

    has_images = True

    def __init__(
        self,
        files: Sequence[pathlib.Path],
        channels: int,
        name: str = "files",
        split: str | None = None,
        max_pixels: int = MAX_PIXELS,
        background: tuple[int, int, int] = WHITE,
        targets: Targets | None = None,
    ):
        self.files = list(files)
        self.example_shape = (None, None, channels)
        self.name, self.split = name, split
        self.max_pixels, self.background = max_pixels, background
        targets = targets or Targets()
        self.labels, self.conditions = targets.labels, targets.conditions
        self.class_names = targets.class_names and tuple(targets.class_names)
        self.num_classes = self.class_names and len(self.class_names)
        self.condition_names = targets.condition_names and tuple(targets.condition_names)

    def __len__(self) -> int:
        return len(self.files)

    def blocks(self, rows: Sequence[int], size: int = 64) -> Iterator[list[np.ndarray]]:
        """Yields lists of up to `size` uint8 images `(height, width, channels)`.

        Args:
            rows: Numbers of files, in the order of the images.
            size: Number of images in a list.

        Raises:
            ValueError: If a file cannot be used; the message names it. At the end, if all images
                seem to be in {0, 1}.
        """
        evidence = RangeEvidence()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for start in range(0, len(rows), size):
                with pillow_limit(self.max_pixels):
                    images = list(pool.map(self._read, rows[start : start + size]))
                for image in images:
                    evidence.add(image[None])
                yield images
        # A single image, or a list of few, may be nearly black.
        evidence.check()

    def sha256(self) -> str:
        """Returns a hash of the contents of all files, the channels and the background."""
        background = "" if self.background == WHITE else str(self.background)
        result = hashlib.sha256(f"{self.example_shape}{background}".encode())
        for path in self.files:
            with open_file(path) as file:
                result.update(hashlib.file_digest(file, "sha256").digest())
        return result.hexdigest()

    def _read(self, row):
        path = self.files[row]
        try:
            channels = self.example_shape[2]
            return read_image(path, None, channels, self.max_pixels, self.background).pixels
        except Exception as error:  # Decoders raise any error for a damaged file.
            raise ValueError(
                f"The image file {printable(path)!r} cannot be used: {type(error).__name__}: "
                f"{error}. Repair or remove it"
            ) from error

    def __repr__(self):
        name = repr(self.name) if self.split is None else f"{self.name!r} {self.split}"
        channels = self.example_shape[2]
        return f"MixedImages({name}, {len(self):,} images of different sizes, {channels} channels)"
