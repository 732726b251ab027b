"""The configs that presets, recipes and `.keras` files hold: they must stay as they are.

The values were written by the version that wrote every `get_config` by hand.
"""

import keras
import pytest

from ganzoo import augment, losses, regularizers, schedules
from ganzoo.augment.base import AUGMENTATIONS
from ganzoo.losses.base import LOSSES
from ganzoo.regularizers.base import REGULARIZERS

# What `AdaptiveAugment` had by default at first.
_FIRST_TRANSFORMS = ["flip", "rotate90", "translation", "brightness", "contrast", "luma_flip"]
_FIRST_TRANSFORMS += ["hue", "saturation"]
_CONTROLLER = {"target": 0.6, "interval": 4, "images_to_one": 500000.0, "initial": 0.0}

CONFIGS = [
    (augment.AdaptiveAugment(), {"transforms": "bgc", **_CONTROLLER}),
    (augment.AdaptivePseudoAugment(), _CONTROLLER),
    (augment.RandomTransforms("bgc", 0.5), {"transforms": "bgc", "probability": 0.5}),
    (regularizers.LeCam(), {"weight": 0.3, "decay": 0.9, "start": 1000}),
    (regularizers.PathLength(), {"weight": 2.0, "decay": 0.99, "batch_shrink": 2, "every": 4}),
    (
        losses.TopK(),
        {
            "loss": {
                "module": "ganzoo.losses.non_saturating",
                "class_name": "NonSaturating",
                "config": {"label_smoothing": 0.0},
                "registered_name": "ganzoo>NonSaturating",
            },
            "share": 0.5,
        },
    ),
    (losses.Hinge(), {}),
    (losses.LeastSquares(), {"label_smoothing": 0.0}),
    (losses.Minimax(), {"label_smoothing": 0.0}),
    (losses.NonSaturating(), {"label_smoothing": 0.0}),
    (losses.RelativisticAverage(), {}),
    (losses.RelativisticPairing(), {}),
    (losses.Wasserstein(), {}),
    (
        augment.AdaptiveAugment(_FIRST_TRANSFORMS),
        {
            "transforms": _FIRST_TRANSFORMS,
            "target": 0.6,
            "interval": 4,
            "images_to_one": 500000.0,
            "initial": 0.0,
        },
    ),
    (augment.DiffAugment(), {"policy": "color,translation,cutout"}),
    (
        regularizers.Consistency(),
        {
            "weight": 10.0,
            "fake_weight": 0.0,
            "transform": {
                "module": "ganzoo.augment.diff_augment",
                "class_name": "DiffAugment",
                "config": {"policy": "flip,translation"},
                "registered_name": "ganzoo>DiffAugment",
            },
            "every": 1,
        },
    ),
    (
        regularizers.DRAGAN(),
        {"weight": 10.0, "target": 1.0, "noise": "uniform", "variance": 10.0, "every": 1},
    ),
    (regularizers.GradientPenalty(), {"weight": 10.0, "target": 1.0, "every": 1}),
    (regularizers.HistoricalAveraging(), {"weight": 1.0, "player": "both", "every": 1}),
    (
        regularizers.Orthogonal(),
        {"weight": 0.0001, "off_diagonal": True, "player": "generator", "every": 1},
    ),
    (regularizers.R1(), {"gamma": 10.0, "every": 1}),
    (regularizers.R2(), {"gamma": 10.0, "every": 1}),
    (regularizers.WeightClipping(), {"limit": 0.01}),
    (
        losses.AuxiliaryClassifier(),
        {"discriminator_weight": 1.0, "generator_weight": 1.0, "classify_fakes": True},
    ),
    (
        losses.FeatureMatching(),
        {"layer": "features", "norm": "l2", "reduction": "sum", "adversarial_weight": 0.0},
    ),
    (losses.SemiSupervised(num_classes=10), {"num_classes": 10, "unlabeled_weight": 1.0}),
    (
        losses.AuxiliaryClassifier(0.5, 0.1, False),
        {"discriminator_weight": 0.5, "generator_weight": 0.1, "classify_fakes": False},
    ),
    (
        losses.FeatureMatching("dense", "l1", "mean", 2),
        {"layer": "dense", "norm": "l1", "reduction": "mean", "adversarial_weight": 2.0},
    ),
    (losses.SemiSupervised(3, 2), {"num_classes": 3, "unlabeled_weight": 2.0}),
    (losses.LeastSquares(0.1), {"label_smoothing": 0.1}),
    (losses.Minimax(0.1), {"label_smoothing": 0.1}),
    (losses.NonSaturating(0.2), {"label_smoothing": 0.2}),
    (
        augment.AdaptiveAugment(("flip", "hue"), 0.5, 8, 1000, 1),
        {
            "transforms": ["flip", "hue"],
            "target": 0.5,
            "interval": 8,
            "images_to_one": 1000.0,
            "initial": 1.0,
        },
    ),
    (augment.DiffAugment("color,flip"), {"policy": "color,flip"}),
    (
        regularizers.Consistency(5, 2, "diff_augment", 2),
        {
            "weight": 5.0,
            "fake_weight": 2.0,
            "transform": {
                "module": "ganzoo.augment.diff_augment",
                "class_name": "DiffAugment",
                "config": {"policy": "color,translation,cutout"},
                "registered_name": "ganzoo>DiffAugment",
            },
            "every": 2,
        },
    ),
    (
        regularizers.DRAGAN(5, 0, "normal", 0.1, 4),
        {"weight": 5.0, "target": 0.0, "noise": "normal", "variance": 0.1, "every": 4},
    ),
    (regularizers.GradientPenalty(5, 0, 4), {"weight": 5.0, "target": 0.0, "every": 4}),
    (
        regularizers.HistoricalAveraging(0.1, "generator", 2),
        {"weight": 0.1, "player": "generator", "every": 2},
    ),
    (
        regularizers.Orthogonal(1, "both", False, 2),
        {"weight": 1.0, "off_diagonal": False, "player": "both", "every": 2},
    ),
    (regularizers.R1(0.1, 16), {"gamma": 0.1, "every": 16}),
    (regularizers.R2(1, 8), {"gamma": 1.0, "every": 8}),
    (regularizers.WeightClipping(1), {"limit": 1.0}),
    (schedules.LinearDecay(1, 100, 0.5), {"rate": 1.0, "updates": 100, "start": 0.5}),
    (schedules.LinearDecay(0.1, 100), {"rate": 0.1, "updates": 100, "start": 0.0}),
]


@pytest.mark.parametrize(
    ("part", "config"),
    CONFIGS,
    ids=[f"{i}-{type(part).__name__}" for i, (part, _) in enumerate(CONFIGS)],
)
def test_a_part_has_the_config_that_files_hold(part, config):
    stored = keras.saving.serialize_keras_object(part)
    assert stored["registered_name"] == f"ganzoo>{type(part).__name__}"
    assert stored["config"] == config
    assert _types(stored["config"]) == _types(config)
    copy = keras.saving.deserialize_keras_object(stored)
    assert type(copy) is type(part) and copy.get_config() == config


def test_every_named_part_is_in_the_list():
    registries = (LOSSES, AUGMENTATIONS, REGULARIZERS)
    named = {registry[name] for registry in registries for name in registry.names()}
    assert named <= {type(part) for part, _ in CONFIGS}


def _types(value):
    if isinstance(value, dict):
        return {key: _types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_types(item) for item in value]
    return type(value)
