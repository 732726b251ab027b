"""Classifiers of `digits`, `mnist`, `fashion_mnist` and `cifar10`, trained in this repository."""

import hashlib
import io
import os
import pathlib

import keras
import numpy as np
from keras import ops

from ganzoo import json_files
from ganzoo.data.images import convert_array
from ganzoo.extractors.classifier_network import SIDE, classifier_network
from ganzoo.extractors.network_extractor import NetworkExtractor, float32, softmax
from ganzoo.files import user_path

WEIGHTS = pathlib.Path(__file__).parent / "weights"


def name_for(source: str | None) -> str | None:
    """Returns the name of the classifier that was trained on a data source, or `None`."""
    paths = sorted(WEIGHTS.glob("*.json"))
    cards = ((path.stem, json_files.read(path, "install ganzoo again")) for path in paths)
    return next((name for name, card in cards if card["training"]["data"] == source), None)


@keras.saving.register_keras_serializable(package="ganzoo")
class Classifier(NetworkExtractor):
    """A small classifier of one data set; its values can be compared only with each other.

    Images that are not 32 x 32 are cropped and resized as by `ganzoo.data.load(size=32)`, so that
    samples of 28 x 28 and of 32 x 32 pixels are measured in the same way.

    Args:
        data: `"digits"`, `"mnist"`, `"fashion_mnist"` or `"cifar10"`.
        output: What a call returns: `"features"`, 128 numbers of at least 0, for the Fréchet and
            kernel distances; or `"probabilities"`, float64, for the Inception score and the
            coverage of modes.
        batch_size: Number of images in a pass through the network.
        folder: Folder where `train_classifier` wrote the weights. Defaults to the package's own.

    Attributes:
        num_classes: Number of classes.
        class_names: Names of the classes in the order of their numbers, or `None`.

    Raises:
        FileNotFoundError: If there are no weights of this name.
        ValueError: If the hash of the weights differs from their card, or an argument is out of
            range.

    Example:

    >>> digits = ganzoo.data.load("digits", split="test")
    >>> classifier = ganzoo.extractors.get("digits")
    >>> classifier(digits.examples).shape
    (359, 128)
    >>> bool((classifier.classify(digits.examples) == digits.labels).mean() > 0.97)
    True
    """

    outputs = ("features", "probabilities")
    resize = f"Lanczos to {SIDE}x{SIDE}"

    def __init__(
        self,
        data: str,
        output: str = "features",
        batch_size: int = 100,
        folder: str | os.PathLike | None = None,
    ):
        super().__init__(output, batch_size)
        self.data = data
        self.folder = None if folder is None else str(folder)
        self.name = f"{data}-classifier"
        weights, card = _read(data, user_path(folder or WEIGHTS))
        self.sha256 = card["sha256"]
        self.num_classes = card["num_classes"]
        self.class_names = tuple(card["class_names"]) if "class_names" in card else None
        self._channels = card["channels"]
        with float32():
            self._network = classifier_network(
                self._channels, self.num_classes, card["training"]["widths"]
            )
        for variable in self._network.weights:
            variable.assign(weights[variable.path].astype(np.float32))

    def features(self, images) -> np.ndarray:
        """Returns the features of uint8 images, float32 `(batch, 128)`."""
        return self.run(images, "features")

    def probabilities(self, images) -> np.ndarray:
        """Returns the probabilities of the classes of uint8 images, `(batch, num_classes)`."""
        return softmax(self.run(images, "logits"))

    def classify(self, images) -> np.ndarray:
        """Returns the most likely class of each of the uint8 images, integers `(batch,)`."""
        return self.run(images, "logits").argmax(axis=1)

    def network(self, image_shape):
        return self._network

    def differentiable_features(self, images):
        """Returns the features of a float tensor of images in [0, 255], resized linearly."""
        resized = ops.image.resize(images, (SIDE, SIDE))
        return self._network(resized, training=False)["features"]

    def prepare(self, images):
        if images.shape[3] != self._channels:
            raise ValueError(
                f"`{self.name}` takes images of {self._channels} channel(s); "
                "`ganzoo.data.load(channels=...)` and `ganzoo.metrics.ModeCoverage` convert them. "
                f"Received: images of shape {images.shape}"
            )
        return convert_array(images, (SIDE, SIDE))


def _read(data, folder):
    """Returns the arrays of a classifier by name, and its card, after checking the hash."""
    path = folder / f"{data}.npz"
    if not path.exists():
        raise FileNotFoundError(
            "There are no weights of this classifier. Train it with `python -m "
            f"ganzoo.extractors.train_classifier {data} --folder={folder}`; without a GPU, "
            "cifar10 takes hours. "
            f"Received: data={data!r}, without {path}"
        )
    way_out = "install ganzoo again, or train the classifier again"
    with json_files.reading(path.with_suffix(".json"), way_out) as card:
        expected = card["sha256"]
        card["num_classes"], card["channels"], card["training"]["widths"]
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != expected:
        raise ValueError(
            f"{path} is not the file that was measured: {way_out}. Expected the SHA-256 "
            f"{expected}. Received: {sha256}"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays), card
