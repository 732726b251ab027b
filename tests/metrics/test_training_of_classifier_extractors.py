"""The script that trains the classifiers: its augmentation and its files."""

import dataclasses

import numpy as np
import pytest

from ganzoo import data, extractors
from ganzoo.extractors import train_classifier


def shifts_of(image, original, limit):
    """Returns all shifts (down, right) from `original` to `image`, mirrored at the border."""
    padded = np.pad(original, ((limit, limit), (limit, limit), (0, 0)), mode="reflect")
    side = len(original)
    return [
        (top, left)
        for top in range(2 * limit + 1)
        for left in range(2 * limit + 1)
        if np.array_equal(padded[top : top + side, left : left + side], image)
    ]


def test_augmentation_shifts_and_flips_and_is_a_function_of_the_step():
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    batches = data.Dataset(images, np.arange(40) % 10).batches(40)
    training = train_classifier.Training("arrays", epochs=1, shift=2, flip=True)
    originals, _ = batches.batch(3)
    found, labels = train_classifier.augmented(batches, training, 3)
    again, _ = train_classifier.augmented(batches, training, 3)
    np.testing.assert_array_equal(found, again)
    straight = [shifts_of(a, b, 2) for a, b in zip(found, originals, strict=True)]
    mirrored = [shifts_of(a[:, ::-1], b, 2) for a, b in zip(found, originals, strict=True)]
    assert all(len(a) + len(b) == 1 for a, b in zip(straight, mirrored, strict=True))
    assert 10 < sum(map(len, mirrored)) < 30
    # All 25 shifts are possible, and most of them occur.
    assert len({shift for (shift,) in filter(None, straight + mirrored)}) > 12
    assert (labels == batches.batch(3)[1]).all()


@pytest.mark.slow
def test_the_written_files_are_read_with_their_accuracy(tmp_path, monkeypatch, capsys):
    quick = dataclasses.replace(
        train_classifier.TRAININGS["digits"], epochs=2, widths=(8, 8, 16), average=0.9
    )
    monkeypatch.setitem(train_classifier.TRAININGS, "digits", quick)
    monkeypatch.setattr(train_classifier, "_STATISTICS_BATCHES", 400)
    train_classifier.main(["digits", f"--folder={tmp_path}"])
    digits = data.load("digits", split="test")
    classifier = extractors.get("digits", folder=tmp_path)
    accuracy = (classifier.classify(digits.examples) == digits.labels).mean()
    assert accuracy > 0.7
    assert f"digits: {accuracy:.2%} of 359 test images" in capsys.readouterr().out
    assert classifier.sha256 != extractors.get("digits").sha256
