"""Trains the small classifiers that are used as extractors, on the training split only.

    python -m ganzoo.extractors.train_classifier mnist

writes the weights to `mnist.npz`, and their hash, accuracy and recipe to `mnist.json`, in
`--folder`. By default this is the folder of the package that the extractors read.
"""

import argparse
import dataclasses
import hashlib
import json
import pathlib

import keras
import numpy as np

from ganzoo.data import load
from ganzoo.extractors.classifier import WEIGHTS, Classifier
from ganzoo.extractors.classifier_network import SIDE, classifier_network
from ganzoo.extractors.classifier_training import fit_classifier, shifted_and_flipped


@dataclasses.dataclass(frozen=True)
class Training:
    """How one classifier is trained.

    Attributes:
        data: Name of the data, for `ganzoo.data.load`.
        epochs: Passes over the training split.
        widths: Channels of the three blocks.
        shift: Images are shifted by up to this many pixels in each direction, mirrored at the
            border.
        flip: Whether images are randomly mirrored left to right.
        batch_size: Images per update.
        learning_rate: Learning rate of AdamW; it falls to 0 along half a cosine.
        weight_decay: Weight decay of AdamW.
        average: Decay of the moving average of the weights. The average is stored.
        seed: Seed of the initial weights, the order and the augmentation.
    """

    data: str
    epochs: int
    widths: tuple = (24, 48, 96)
    shift: int = 2
    flip: bool = False
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    average: float = 0.998
    seed: int = 0


TRAININGS = {
    "digits": Training("digits", epochs=60, batch_size=32, average=0.99),
    "mnist": Training("tfds:mnist", epochs=10),
    "fashion_mnist": Training("tfds:fashion_mnist", epochs=18, shift=2, flip=True),
    "cifar10": Training("tfds:cifar10", epochs=60, widths=(40, 80, 160), shift=4, flip=True),
}
# Number of batches that update the statistics of batch normalization for the averaged weights.
_STATISTICS_BATCHES = 500


def augmented(batches, training, step):
    """Returns the shifted and flipped images and the labels of a step, a function of the step."""
    images, labels = batches.batch(step)
    rng = np.random.default_rng((training.seed, step))
    return shifted_and_flipped(images, training.shift, training.flip, rng), labels


def train(training):
    """Returns the trained network, with averaged weights."""
    keras.utils.set_random_seed(training.seed)
    data = load(training.data, split="train", size=SIDE)
    batches = data.batches(training.batch_size, seed=training.seed)
    steps = batches.steps_per_pass * training.epochs
    network = classifier_network(data.image_shape[2], data.num_classes, training.widths)
    fit_classifier(
        network,
        lambda step: augmented(batches, training, step),
        steps,
        training.learning_rate,
        training.weight_decay,
        training.average,
        epochs=training.epochs,
        verbose=2,
    )
    for step in range(_STATISTICS_BATCHES):
        network(augmented(batches, training, steps + step)[0], training=True)
    return network


def save(network, path):
    """Writes the weights as a `.npz`, kernels in float16, and returns the file's SHA-256."""
    arrays = {}
    for variable in network.weights:
        value = keras.ops.convert_to_numpy(variable)
        # Vectors are small, and variances may be below the range of float16.
        arrays[variable.path] = value.astype(np.float32 if value.ndim == 1 else np.float16)
    np.savez(path, **arrays)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments=None):
    """Trains the classifier that the command line names, and writes its files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=sorted(TRAININGS))
    parser.add_argument("--folder", type=pathlib.Path, default=WEIGHTS, help="folder to write to")
    options = parser.parse_args(arguments)
    training = TRAININGS[options.name]
    network = train(training)
    test = load(training.data, split="test")
    options.folder.mkdir(parents=True, exist_ok=True)
    card = {
        "sha256": save(network, options.folder / f"{options.name}.npz"),
        "channels": network.input.shape[-1],
        "num_classes": network.output["logits"].shape[-1],
        "class_names": list(test.class_names),
        "training": dataclasses.asdict(training),
    }
    path = options.folder / f"{options.name}.json"
    path.write_text(json.dumps(card, indent=2) + "\n")
    # Measured by the extractor, with the stored weights.
    predicted = Classifier(options.name, folder=options.folder).classify(test.examples)
    card["test_accuracy"] = round(float((predicted == test.labels).mean()), 4)
    card["test_images"] = len(test)
    path.write_text(json.dumps(card, indent=2) + "\n")
    print(f"{options.name}: {card['test_accuracy']:.2%} of {len(test):,} test images")


if __name__ == "__main__":
    main()
