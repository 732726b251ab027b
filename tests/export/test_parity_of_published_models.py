"""Every published model gives the same examples in every format."""

import pytest
from format_parity import check_formats

import ganzoo

# The others have the same architectures and classes of layers, which `test_parity_of_formats` has
# too; they take minutes.
FAST = ("dcgan_digits",)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in FAST else [pytest.mark.slow])
        for name in ganzoo.list_models()
    ],
)
def test_formats_agree_on_a_published_model(name, tmp_path):
    check_formats(ganzoo.GAN.from_preset(name), tmp_path)
