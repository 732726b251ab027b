"""Every architecture gives the same examples in every format."""

import pytest
import trained_like
from format_parity import check_formats

from ganzoo import architectures

# What an architecture has besides its own layers, where it can be told in an example.
VARIANTS = {
    "dcgan": {"num_classes": 3, "image_shape": (11, 10, 1)},
    "infogan": {"num_classes": 3},
    "mlp": {"num_classes": 3},
    "resnet": {"num_classes": 3, "attention_size": 8, "image_shape": (16, 16, 3)},
    "sngan": {"generator_normalization": "virtual", "reference_size": 4, "packing": 2},
    "semi_supervised_cnn": {"image_shape": (9, 9, 3)},
}
# Their layers are in the other architectures too, or exported by the conformance suite.
ALIKE = ("dcgan", "infogan", "mlp", "r3gan", "resnet", "semi_supervised_mlp", "stylegan2")
OTHERS = [
    *((name, {}) for name in ("dcgan", "infogan", "mlp", "resnet")),
    ("sngan", {"num_classes": 3}),
    *(
        (name, {"generator_normalization": "virtual", "reference_size": 4})
        for name in ("dcgan", "infogan", "resnet")
    ),
]


@pytest.mark.parametrize(
    "architecture",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ())
        for name in (*architectures.names(), *architectures.semi_supervised_names())
    ],
)
def test_formats_agree_on_an_architecture(architecture, tmp_path):
    options = VARIANTS.get(architecture, {})
    check_formats(trained_like.gan(architecture, **options), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "options"), OTHERS)
def test_formats_agree_on_a_variant(architecture, options, tmp_path):
    check_formats(trained_like.gan(architecture, **options), tmp_path)
