"""Draws what three models of the zoo have learned: python docs/figures/what_did_it_learn.py

For each model: its directions, the training images that are nearest to samples, samples and metrics
at several truncations, and the coverage of each class. It needs TensorFlow Datasets on the disk.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import style
from matplotlib.figure import Figure

import ganzoo
from ganzoo import drawing
from ganzoo.zoo import pictures

MODELS = {
    "dcgan_digits": ("digits", {"size": 32}, "digits"),
    "sngan_projection_fashion_mnist": ("tfds:fashion_mnist", {}, "fashion_mnist"),
    "dcgan_cifar10": ("tfds:cifar10", {}, "cifar10"),
}
TRUNCATIONS = {"normal": [0.25, 0.5, 1.0, 2.0, None], "uniform": [0.25, 0.5, 0.75, None]}
COUNT = 2000  # Samples and test images, at most.
STEPS = 7
PUBLISHED = Path(__file__).resolve().parents[2] / "models"


def main(names):
    for name in names:
        source, settings, classifier = MODELS[name]
        gan = ganzoo.GAN.from_preset(name)
        test = ganzoo.data.load(source, split="test", **settings)
        real = test.examples[:COUNT], test.labels[:COUNT]
        extractor = ganzoo.extractors.get(classifier)
        directions(gan, name)
        shutil.copyfile(PUBLISHED / name / pictures.NEIGHBORS, picture(name, "neighbors"))
        truncation(gan, name, real[0], extractor)
        coverage(gan, name, real, test.class_names, extractor)


def picture(name, what):
    """Returns the path of a picture."""
    return style.IMAGES / f"learned_{what}_{name}.png"


def directions(gan, name):
    """Draws two samples, moved along four directions in closed form."""
    found = gan.directions("sefa", k=4)
    amounts = np.tile(np.linspace(-3, 3, STEPS), 2)
    latents = np.repeat(gan.latents_of([1, 6]), STEPS, axis=0)
    labels = None if gan.num_classes is None else np.repeat([1, 6], STEPS)
    rows = [gan.edit(latents, found, {number: amounts}, labels) for number in range(4)]
    grid = drawing.image_grid(np.concatenate(rows), columns=2 * STEPS, scale=1)
    drawing.save_picture(picture(name, "directions"), grid.repeat(2, axis=0).repeat(2, axis=1))


def truncation(gan, name, real, extractor):
    """Draws samples, distance, precision and recall at several truncations."""
    truncations = TRUNCATIONS[gan.latent]
    results = ganzoo.metrics.truncation_curve(
        gan, truncations, real, ["fid", "precision_recall"], extractor, n=COUNT
    )
    shown = {metric: results[metric] for metric in ("fid", "precision", "recall")}
    ganzoo.plot.truncation(gan, truncations, shown, range(12), path=picture(name, "truncation"))
    for metric, values in shown.items():
        print(name, metric, [round(value.value, 3) for value in values])


def coverage(gan, name, real, class_names, extractor):
    """Draws the share of the test images of each class that have a sample near them."""
    images, labels = real
    samples, features = extractor(gan.sample(COUNT)), extractor(images)
    classes = range(int(labels.max()) + 1)
    shares = [
        ganzoo.metrics.precision_recall(features[labels == label], samples)["coverage"]
        for label in classes
    ]
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.bar(classes, shares, color=style.BLUE)
    axes.set_xticks(classes, class_names or classes, rotation=30 if class_names else 0)
    axes.set_ylim(0, 1)
    axes.set_ylabel("coverage")
    axes.grid(axis="x", visible=False)
    figure.savefig(picture(name, "coverage"), dpi=110, facecolor="white")
    print(name, "coverage", [round(share, 2) for share in shares])


if __name__ == "__main__":
    main(sys.argv[1:] or MODELS)
