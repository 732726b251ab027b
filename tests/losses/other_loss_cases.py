"""Losses that are not adversarial, as functions of arrays, for all backends."""

import numpy as np

from ganzoo import losses

CLASSES = 3
LABELS = np.array([0, 2, 1, 1], "int32")

_rng = np.random.default_rng(0)
LABELED, UNLABELED = (3 * _rng.standard_normal((4, CLASSES)) for _ in range(2))
FAKE = 3 * _rng.standard_normal((6, CLASSES))
FAKE_LABELS = np.array([2, 2, 0, 1, 0, 1], "int32")
REAL_MAPS, FAKE_MAPS = _rng.standard_normal((5, 2, 2, 3)), _rng.standard_normal((4, 2, 2, 3))

_semi_supervised = losses.SemiSupervised(CLASSES, unlabeled_weight=0.7)
_auxiliary = losses.AuxiliaryClassifier(discriminator_weight=0.5, generator_weight=0.1)

# Name: (function, its float arguments).
OTHERS = {
    **{
        f"feature matching, {norm}, {reduction}": (
            losses.FeatureMatching(norm=norm, reduction=reduction),
            (REAL_MAPS, FAKE_MAPS),
        )
        for norm in ("l2", "l1")
        for reduction in ("sum", "mean")
    },
    "semi-supervised discriminator": (
        lambda labeled, unlabeled, fake: _semi_supervised.discriminator(
            labeled, LABELS, unlabeled, fake
        ),
        (LABELED, UNLABELED, FAKE),
    ),
    "semi-supervised generator": (
        lambda fake: _semi_supervised.generator(_semi_supervised.real_logits(fake)),
        (FAKE,),
    ),
    "auxiliary classifier, discriminator": (
        lambda real, fake: _auxiliary.discriminator(real, LABELS, fake, FAKE_LABELS),
        (LABELED, FAKE),
    ),
    "auxiliary classifier, generator": (
        lambda fake: _auxiliary.generator(fake, FAKE_LABELS),
        (FAKE,),
    ),
}
