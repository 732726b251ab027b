"""Differentiable augmentation of all images that the discriminator sees, one policy per file."""

from ganzoo.augment.adaptive_augment import AdaptiveAugment
from ganzoo.augment.base import Augmentation, get, names
from ganzoo.augment.diff_augment import DiffAugment

__all__ = ["AdaptiveAugment", "Augmentation", "DiffAugment", "get", "names"]
