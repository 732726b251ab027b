"""Real data: sources, packed files, and batches in an order that follows from seed and step.

Images stay uint8 arrays in [0, 255] until they are on the device.
"""

from ganzoo.data import (
    arrays,
    digits,
    folder,
    generated,
    huggingface,
    packed,
    stacked_mnist,
    tfds,
    toy,
)
from ganzoo.data.batches import Batches
from ganzoo.data.dataset import Dataset
from ganzoo.data.gathering import gather
from ganzoo.data.mirrored import MirroredBatches
from ganzoo.data.mixed_images import MixedImages
from ganzoo.data.packed import pack
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.data.semi_supervised import SemiSupervisedBatches
from ganzoo.data.shards import pack_shards
from ganzoo.data.sources import SOURCES, load, names
from ganzoo.data.toy import Mixture

__all__ = [
    "SOURCES",
    "Batches",
    "Dataset",
    "MirroredBatches",
    "MixedImages",
    "Mixture",
    "PixelFormat",
    "SemiSupervisedBatches",
    "arrays",
    "digits",
    "folder",
    "gather",
    "generated",
    "huggingface",
    "load",
    "names",
    "pack",
    "pack_shards",
    "packed",
    "stacked_mnist",
    "tfds",
    "toy",
]
