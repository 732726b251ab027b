"""Draws augmented images: python docs/figures/augmentation.py

Each image is made of three handwritten digits, one per color channel.
"""

import numpy as np
import style
from matplotlib import pyplot as plt

import ganzoo
from ganzoo import augment
from ganzoo.random import Draws

COLUMNS = 8
POLICIES = {
    "color": "color",
    "translation": "translation",
    "cutout": "cutout",
    "flip": "flip",
    "the first three": "color,translation,cutout",
}


def colored_digits():
    """Returns images in [-1, 1], shape (columns, 32, 32, 3)."""
    digits = ganzoo.data.load("digits").examples[: 3 * COLUMNS, ..., 0]
    channels = digits.reshape(COLUMNS, 3, 32, 32).transpose(0, 2, 3, 1)
    return channels.astype("float32") / 127.5 - 1.0


def strip(images):
    rows = np.clip((np.asarray(images) + 1) / 2, 0, 1)
    padded = np.pad(rows, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=1)
    return np.concatenate(list(padded), axis=1)


def draw(rows, path):
    figure, all_axes = plt.subplots(len(rows), 1, figsize=(7, 0.92 * len(rows)))
    for axes, (name, images) in zip(all_axes, rows.items(), strict=True):
        axes.imshow(strip(images), interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
    style.save(figure, path)


def main():
    images, draws = colored_digits(), Draws(seed=0, step=0)
    rows = {"the images": images}
    for name, policy in POLICIES.items():
        rows[name] = augment.DiffAugment(policy)(images, draws)
    draw(rows, "diff_augment.png")


if __name__ == "__main__":
    main()
