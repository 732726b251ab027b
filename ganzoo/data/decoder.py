"""Decodes the image files of a folder to one array, and collects the ones that cannot be used."""

import concurrent.futures
import warnings

import numpy as np

from ganzoo.data.checks import DARK
from ganzoo.data.deep_images import read_deep_image
from ganzoo.data.image_files import pillow_limit, printable, read_image

_MOST_BAD = 0.05
_AT_ONCE = 64


class Decoder:
    """Decodes files to images of one size, and finds out what they have in common.

    Args:
        options: An `ImageOptions`.
    """

    def __init__(self, options):
        self._options = options
        self._is_gray = True
        self._highest = 0  # Of pixels of more than 8 bits.
        self._damaged = []
        self._other_bits = []  # Bits in the files whose values are scaled.

    def all(self, files, on_bad, progress):
        """Returns the images, and a dictionary from unusable files to reasons."""
        images, kept = None, 0

        def keep(pixels):
            nonlocal images, kept
            if images is None:
                images = np.empty((len(files), *pixels.shape), pixels.dtype)
            images[kept] = pixels
            kept += 1

        bad = self.each(files, on_bad, progress, keep)
        if images is not None:
            images = images[:kept]
            if self._options.channels is None and self._is_gray:
                images = images[..., :1]
        return images, bad

    def each(self, files, on_bad, progress, keep):
        """Calls `keep` with the pixels of each file; returns unusable files with reasons."""
        bad, first = {}, None
        progress = progress or (lambda *state: None)
        with (
            pillow_limit(self._options.max_pixels),
            concurrent.futures.ThreadPoolExecutor() as pool,
        ):
            outcomes = self._outcomes(pool, files)
            for done, (file, (decoded, reason)) in enumerate(zip(files, outcomes, strict=True), 1):
                if reason is None and first is None:
                    first = decoded.pixels
                if reason is None and decoded.pixels.shape != first.shape:
                    reason = _misfit(decoded.pixels, first, self._options.crop)
                if reason is None:
                    keep(decoded.pixels)
                    self._note(file, decoded)
                elif on_bad == "error":
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise ValueError(
                        f"The image file {printable(file)!r} cannot be used: {reason}. Repair or "
                        "remove it, or pass on_bad='skip' to leave out up to 5% of the files"
                    )
                else:
                    bad[file] = reason
                progress("images", done, len(files))
        self._check_notes(len(files))
        return bad

    def _outcomes(self, pool, files):
        """Yields the outcome of each file; only the images of a few files are waiting."""
        for start in range(0, len(files), _AT_ONCE):
            yield from pool.map(self._outcome, files[start : start + _AT_ONCE])

    def find_bad(self, files):
        """Returns a dictionary from unusable files to reasons."""
        with (
            pillow_limit(self._options.max_pixels),
            concurrent.futures.ThreadPoolExecutor() as pool,
        ):
            outcomes = zip(files, pool.map(self._outcome, files), strict=True)
            return {file: reason for file, (_, reason) in outcomes if reason is not None}

    def _outcome(self, file):
        """Returns what `read_image` does, and why the file cannot be used or `None`."""
        # A decoder may raise any error for a damaged file.
        try:
            return self._read(file), None
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".replace(f" {str(file)!r}", " it")
            return None, reason

    def _read(self, file):
        one = self._options
        if not one.pixels.is_eight_bits:
            return read_deep_image(file, one)
        channels = one.channels or 3
        return read_image(file, one.size, channels, one.max_pixels, one.background, one.crop)

    def _note(self, file, image):
        self._is_gray &= image.is_gray
        self._highest = max(self._highest, image.highest)
        if image.is_damaged:
            self._damaged.append(file)
        if image.bits is not None:
            self._other_bits.append(image.bits)

    def _check_notes(self, count):
        if self._other_bits:
            found, wanted = self._other_bits[0], self._options.pixels.dtype
            better = "uint8" if found == 8 else "uint16"
            warnings.warn(
                f"{len(self._other_bits):,} of {count:,} image files have {found} bits, which "
                f"dtype={wanted!r} scales: {better!r} keeps them as they are.",
                stacklevel=7,
            )
        if self._damaged:
            warnings.warn(
                f"The metadata of {len(self._damaged):,} image files cannot be read, e.g. of "
                f"{printable(self._damaged[0])!r}: they are taken as they are stored, without a "
                "rotation.",
                stacklevel=7,
            )
        if not self._highest or self._highest > DARK:
            return
        problem = (
            f"The pixels of the files with more than 8 bits are at most {self._highest} of 65535, "
            "so that the images are nearly black"
        )
        if self._highest < 256:
            raise ValueError(
                f"{problem}: save the files with 8 bits, or multiply their pixels by 257. "
                f"Received: files of 16 bits with values up to {self._highest}"
            )
        warnings.warn(f"{problem}: scale their pixels to the range of 16 bits.", stacklevel=7)


def report(bad, count, folder):
    """Warns about the files that are left out, or raises if they are too many."""
    listed = "\n".join(f"  {printable(file)}: {reason}" for file, reason in bad.items())
    found = f"{len(bad):,} of {count:,} image files in {printable(folder)!r} cannot be used"
    if len(bad) > _MOST_BAD * count:
        raise ValueError(f"{found}, more than {_MOST_BAD:.0%}:\n{listed}")
    warnings.warn(f"{found} and are left out:\n{listed}", stacklevel=6)


def _misfit(image, first, crop):
    """Returns why an image is not of the shape of the first one."""
    if image.shape[:2] == first.shape[:2]:
        return (
            f"it has {image.shape[2]} channels and the first image {first.shape[2]}; pass "
            "`channels` to make them equal"
        )
    cure = "pass `size` to make them equal"
    if crop == "random":
        cure = "random crops are of images of one size, so resize the files, or pass another `crop`"
    sizes = [f"{shape[1]} x {shape[0]}" for shape in (image.shape, first.shape)]
    return f"it is {sizes[0]} pixels and the first image {sizes[1]}; {cure}"
