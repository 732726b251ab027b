"""Every source refuses a split that it does not have with the same kind of error."""

import numpy as np
import pytest
from PIL import Image

from ganzoo import data
from ganzoo.data.sources import UnknownSplit


@pytest.fixture
def sources(tmp_path):
    data.pack(data.Dataset(np.zeros((4, 8, 8, 1), "uint8"), split="train"), tmp_path / "x.npz")
    for part in ("plain", "parts/train", "parts/test"):
        (tmp_path / part).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / part / "x.png")
    folders = [f"folder:{tmp_path / name}" for name in ("plain", "parts")]
    return ["digits", "toy:ring", "stacked_mnist", str(tmp_path / "x.npz"), *folders]


def test_an_unknown_split_is_an_error_of_its_own_kind(sources):
    for source in sources:
        with pytest.raises(UnknownSplit, match="Received: split='holdout'") as error:
            data.load(source, split="holdout")
        assert isinstance(error.value, ValueError)


def test_other_errors_are_not_of_this_kind(tmp_path):
    with pytest.raises(ValueError) as error:
        data.load(f"folder:{tmp_path}", split="train")
    assert not isinstance(error.value, UnknownSplit)
