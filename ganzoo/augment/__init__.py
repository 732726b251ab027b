"""Differentiable augmentation of all images that the discriminator sees, one policy per file."""

import itertools
from typing import Any

from ganzoo.augment.adaptive_augment import AdaptiveAugment
from ganzoo.augment.adaptive_pseudo_augment import AdaptivePseudoAugment
from ganzoo.augment.base import AUGMENTATIONS, Augmentation
from ganzoo.augment.chain import Chain
from ganzoo.augment.diff_augment import POLICY_PARTS, DiffAugment
from ganzoo.augment.pipeline import POLICIES
from ganzoo.augment.random_transforms import RandomTransforms
from ganzoo.validation import describe, did_you_mean

__all__ = [
    "AdaptiveAugment",
    "AdaptivePseudoAugment",
    "Augmentation",
    "Chain",
    "DiffAugment",
    "RandomTransforms",
    "get",
    "names",
]


def get(identifier: Any, /, **arguments: Any) -> Augmentation | None:
    """Returns the augmentation that `identifier` stands for, or `None` for `None`.

    Args:
        identifier: `None`; a name of `ganzoo.augment.names()`, which gives the paper's settings; a
            policy of `DiffAugment`, such as `"color"` or `"color,translation"`; a policy of
            `AdaptiveAugment`, such as `"bgc"`; the dictionary that
            `keras.saving.serialize_keras_object` made of an augmentation; an augmentation, which is
            returned; or a list of these, which are applied one after the other.
        **arguments: Arguments of the augmentation that a name stands for.

    Raises:
        ValueError: If `identifier` is none of these, or an argument is unknown or out of its range.

    Example:

    >>> from ganzoo import augment
    >>> augment.get("diff_augment")
    DiffAugment(policy='color,translation,cutout')
    >>> augment.get("color,translation")
    DiffAugment(policy='color,translation')
    >>> augment.get("bgc").transforms
    'bgc'
    """
    if identifier is None:
        return None
    if isinstance(identifier, (list, tuple)) and identifier and not arguments:
        parts = [get(part) for part in identifier]
        return parts[0] if len(parts) == 1 else Chain(parts)
    is_policy = isinstance(identifier, str) and identifier not in names()
    if is_policy and ("," in identifier or identifier in POLICY_PARTS):
        identifier, arguments = "diff_augment", {"policy": identifier, **arguments}
    if isinstance(identifier, str) and identifier in POLICIES:
        identifier, arguments = "adaptive_augment", {"transforms": identifier, **arguments}
    if isinstance(identifier, str) and identifier not in names():
        choices = names(), POLICY_PARTS, tuple(POLICIES)
        augmentations, transforms, policies = map(", ".join, choices)
        raise ValueError(
            f"Unknown augmentation.{did_you_mean(identifier, itertools.chain(*choices))} Expected "
            f"transforms of DiffAugment between commas: {transforms}; a policy of adaptive "
            f"augmentation: {policies}; or a name: {augmentations}. "
            f"Received: {describe(identifier)}"
        )
    return AUGMENTATIONS.instance(identifier, Augmentation, arguments)


def names() -> list[str]:
    """Returns the names of all augmentations in alphabetical order."""
    return AUGMENTATIONS.names()
