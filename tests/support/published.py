"""A small published model, and what it is made of."""

import dataclasses

import numpy as np

import ganzoo
from ganzoo import zoo
from support import presets

LOG = [
    {"epoch": "1", "step": "2", "seconds": "61.5", "d_loss": "1.2", "g_loss": "0.7", "d_real": "1"},
    {"epoch": "2", "step": "4", "seconds": "60.5", "d_loss": "1.1", "g_loss": "0.9", "d_real": "2"},
]
NAMES = ("apple", "pear", "plum")


class Brightness:
    """An extractor that tells three classes by how bright an image is."""

    name, sha256, resize, num_classes = "brightness", "none", None, 3

    def __call__(self, images):
        rows = images.reshape(len(images), 4, -1).mean(axis=2)
        return rows.astype("float32")

    def probabilities(self, images):
        means = images.reshape(len(images), -1).mean(axis=1)
        return np.eye(3)[np.digitize(means, (100, 150))]


def data(split="train", count=40, seed=0):
    """Returns a labeled data set of noise, each class of a brightness of its own."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 100, (count, 8, 8, 3)) + 60 * labels[:, None, None, None]
    return ganzoo.data.Dataset(
        images.astype("uint8"), labels, class_names=NAMES, name="fruit", split=split
    )


def training(gan=None, **changes):
    """Returns a `ganzoo.zoo.Training` of a conditional GAN."""
    recipe = {"data": "fruit", "conditional": True, "steps": 4}
    arguments = {
        "gan": presets.image_gan(conditional=True) if gan is None else gan,
        "recipe": dataclasses.replace(ganzoo.recipes.get("sngan"), **recipe),
        "data": data(),
        "test": data("test", seed=1),
        "log": LOG,
        "command": "ganzoo train --model=sngan --data=fruit",
        "seed": 0,
        "hardware": "2 cores of a processor",
    }
    return zoo.Training(**{**arguments, **changes})
