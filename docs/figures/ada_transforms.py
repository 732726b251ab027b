"""Draws the transforms of ADA on images of CIFAR-10: python docs/figures/ada_transforms.py

It needs TensorFlow Datasets and the data: pip install ganzoo[tfds].
"""

from augmentation import COLUMNS, draw

import ganzoo
from ganzoo import augment
from ganzoo.random import Draws

TRANSFORMS = {
    "flip": ["flip"],
    "rotate90": ["rotate90"],
    "translation": ["translation"],
    "scale": ["scale"],
    "rotate": ["rotate"],
    "anisotropic scale": ["anisotropic_scale"],
    "fractional\ntranslation": ["fractional_translation"],
    "brightness": ["brightness"],
    "contrast": ["contrast"],
    "luma flip": ["luma_flip"],
    "hue": ["hue"],
    "saturation": ["saturation"],
    "filter": ["filter"],
    "noise": ["noise"],
    "cutout": ["cutout"],
}
PROBABILITIES = (0.2, 0.5, 0.8)


def main():
    examples = ganzoo.data.load("tfds:cifar10", split="test").examples[:COLUMNS]
    images = examples.astype("float32") / 127.5 - 1.0
    parts = {name: augment.RandomTransforms(chosen, 1.0) for name, chosen in TRANSFORMS.items()}
    for p in PROBABILITIES:
        parts[f"bgc, p = {p:g}"] = augment.RandomTransforms("bgc", probability=p)
    rows = {"the images": images}
    for step, (name, part) in enumerate(parts.items()):
        rows[name] = part(images, Draws(seed=0, step=step))
    draw(rows, "ada_transforms.png")


if __name__ == "__main__":
    main()
