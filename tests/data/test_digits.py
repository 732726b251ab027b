"""The digits equal the stored ones of the UCI repository, byte for byte."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import ganzoo
import ganzoo_cli
from ganzoo import data


@pytest.mark.parametrize(
    ("split", "size", "digest"),
    [
        ("train", 8, "bf3ba93ed37e7b64b2e4750b56975c63eae1a108d443ef90b40672ba64c3d038"),
        ("train", None, "c7a507a9679c156b94675c05777ee5efeba69cde25c29dfdcf61cd242274fef0"),
        ("train", 16, "62b22d107b9ec1103af50f8db70a22aedbd7aca4eb33bdec4c10ee52cbd6ee30"),
        ("test", 8, "15dca60fdb10f1e51c06f469b6ced3f297ecfeaac80927ad9ab4cd38dacc07f3"),
        ("test", None, "1a8432d364624d6db90648637732532dcc3e8dbc15cbe9352f23464665d9658c"),
        ("test", 64, "035e84542e76e740dbe2113ac2387964cb2d5764587e5426299d16f23ed5a280"),
    ],
)
def test_the_digits_and_their_enlargements_never_change(split, size, digest):
    digits = data.load("digits", split=split, size=size)
    content = digits.examples.tobytes() + digits.labels.tobytes()
    assert hashlib.sha256(content).hexdigest() == digest


def test_the_splits_are_two_parts_of_all():
    train, test, everything = (
        data.load("digits", split=split, size=8) for split in ("train", "test", "all")
    )
    assert (len(train), len(test), len(everything)) == (1438, 359, 1797)
    rows = np.concatenate([train.examples, test.examples]).reshape(1797, -1)
    np.testing.assert_array_equal(
        np.unique(rows, axis=0), np.unique(everything.examples.reshape(1797, -1), axis=0)
    )
    assert everything.class_names == tuple("0123456789")


def test_scikit_learn_is_for_directions_alone():
    for package in (ganzoo, ganzoo_cli):
        for path in Path(package.__file__).parent.rglob("*.py"):
            # There it is imported when it is needed, and an error names the extra.
            if path.name != "direction_methods.py":
                assert "sklearn" not in path.read_text(), path


def test_the_license_comes_with_the_digits():
    text = Path(data.__file__).with_name("digits_license.txt").read_text()
    assert "CC BY\n4.0" in text and "E. Alpaydin and C. Kaynak, 1998" in text
    assert "10.24432/C50P49" in text
