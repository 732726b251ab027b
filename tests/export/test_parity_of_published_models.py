"""Every published model gives the same examples in every format."""

import pytest
from format_parity import check_formats

import ganzoo


@pytest.mark.parametrize("name", ganzoo.list_models())
def test_formats_agree_on_a_published_model(name, tmp_path):
    check_formats(ganzoo.GAN.from_preset(name), tmp_path)
