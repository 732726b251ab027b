"""The images of a folder: in memory, in the shards of a cache, or files of different sizes."""

import contextlib
import dataclasses
import functools
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from ganzoo.data.checks import RangeEvidence
from ganzoo.data.dataset import Dataset
from ganzoo.data.decoder import Decoder, report
from ganzoo.data.folder_cache import SHARD_BYTES, cached
from ganzoo.data.image_files import kind_of, pillow_limit, printable
from ganzoo.data.image_options import ImageOptions
from ganzoo.data.label_columns import Targets
from ganzoo.data.mixed_images import MixedImages
from ganzoo.data.shards import ShardedDataset, ShardWriter


@dataclasses.dataclass(frozen=True)
class FolderImages:
    """The image files of one split of a folder, and how they are decoded.

    Attributes:
        folder: Path of the folder, as it was given.
        split: Name of the split.
        files: The files, in order.
        targets: Their labels or conditions.
        options: The `ImageOptions`.
        on_bad: `"error"` or `"skip"`, for files that cannot be used.
        progress: Function of a name, the number of decoded files and the number of all, or `None`.
    """

    folder: pathlib.Path | str
    split: str
    files: Sequence[pathlib.Path]
    targets: Targets
    options: ImageOptions
    on_bad: str
    progress: Callable[[str, int, int], None] | None

    def in_memory(self) -> Dataset:
        """Decodes all files to one array."""
        images, bad = Decoder(self.options).all(self.files, self.on_bad, self.progress)
        kept = self._without(bad)
        pixels = self.options.pixels
        return Dataset(
            images,
            kept.labels,
            class_names=kept.class_names,
            name=self._name,
            split=self.split,
            conditions=kept.conditions,
            condition_names=kept.condition_names,
            value_range=(pixels.low, pixels.high) if pixels.dtype == "float32" else None,
        )

    @property
    def have_different_sizes(self) -> bool:
        """Whether the files hold images of 8 bits that would keep their different sizes."""
        options = self.options
        keeps = options.size is None and options.crop != "random" and options.pixels.is_eight_bits
        return keeps and len({kind[:2] for kind in self._kinds}) > 1

    def in_own_sizes(self) -> MixedImages:
        """Returns the images as they are, which are decoded when they are needed."""
        options, files, targets = self._with_channels(), self.files, self.targets
        if self.on_bad == "skip":
            bad = Decoder(options).find_bad(files)
            targets = self._without(bad)
            files = [file for file in files if file not in bad]
        return MixedImages(
            files,
            options.channels,
            self._name,
            self.split,
            options.max_pixels,
            options.background,
            targets,
        )

    def in_cache(self, cache: pathlib.Path | str | bool) -> ShardedDataset:
        """Returns the images from shards, to which they are decoded if they are not there yet.

        Args:
            cache: As for `ganzoo.data.folder_cache.cached`.
        """
        facts = {
            "name": self._name,
            "split": self.split,
            "on_bad": self.on_bad,
            "targets": self.targets.facts(),
            "options": dataclasses.asdict(self.options),
        }
        return cached(cache, self.files, facts, self._write)

    def _write(self, folder):
        """Decodes all files to shards in an empty folder."""
        options = self._with_channels() if self.options.pixels.is_eight_bits else self.options
        height, width = options.size or (self._kinds[0][:2] if self._kinds else (1, 1))
        row = height * width * (options.channels or 3) * options.pixels.bytes
        count = len(self.files)
        writer = ShardWriter(folder, count, 1 + count * row // SHARD_BYTES)
        evidence = RangeEvidence()

        def keep(pixels):
            image = options.pixels.to_signed(pixels)[None]
            if options.pixels.dtype != "float32":
                evidence.add(image)
            writer.add(image)

        bad = Decoder(options).each(self.files, self.on_bad, self.progress, keep)
        kept = self._without(bad)
        if evidence.count:
            evidence.check()
        facts = {
            "name": self._name,
            "split": self.split,
            "num_classes": None if kept.class_names is None else len(kept.class_names),
            "class_names": kept.class_names,
            "condition_names": kept.condition_names,
            "pixels": options.pixels.to_dict(),
            "left_out": len(bad),
        }
        writer.close(facts, labels=kept.labels, conditions=kept.conditions)

    @property
    def _name(self):
        return f"folder:{printable(self.folder)}"

    @functools.cached_property
    def _kinds(self):
        """(width, height, whether it is gray) of each file that can be opened."""
        kinds = []
        with pillow_limit(self.options.max_pixels):
            for file in self.files:
                with contextlib.suppress(Exception):  # What is wrong is found when it is decoded.
                    kinds.append(kind_of(file))
        return kinds

    def _with_channels(self):
        """Returns the options with the number of channels that fits all files."""
        if self.options.channels is not None:
            return self.options
        channels = 1 if all(gray for *_, gray in self._kinds) else 3
        return dataclasses.replace(self.options, channels=channels)

    def _without(self, bad):
        """Returns the targets without unusable files, which are reported."""
        if bad:
            report(bad, len(self.files), self.folder)
        return self.targets.take(np.array([file not in bad for file in self.files]))
