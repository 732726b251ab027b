"""Trains a GAN of dense networks on a table, and a classifier on its samples.

The table is scikit-learn's: 569 tumors with 30 measures each, malignant or benign. The classifier
that was trained on samples is tested on real rows that the GAN has not seen, next to a classifier
that was trained on real rows. It takes about a minute on two cores, without a network connection.
Run it with `python examples/table.py [STEPS]`, after `pip install scikit-learn`.
"""

import sys

import ganzoo
import keras
import numpy as np
from ganzoo.data import Dataset
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import QuantileTransformer

STEPS = 800
SAMPLES = 2000


def main(steps=STEPS):
    keras.utils.set_random_seed(0)
    table = load_breast_cancer()
    rows, tested_rows, labels, tested_labels = train_test_split(
        table.data, table.target, test_size=0.4, random_state=0, stratify=table.target
    )
    # Columns have very different ranges and long tails: each becomes a standard normal.
    scaler = QuantileTransformer(output_distribution="normal", n_quantiles=200).fit(rows)
    # The transformer puts values beyond the training rows at 5.2 standard deviations.
    scaled, tested = (
        np.clip(scaler.transform(part), -3, 3).astype("float32") for part in (rows, tested_rows)
    )
    data = Dataset(scaled, labels, class_names=list(table.target_names), name="tumors")

    networks = ganzoo.architectures.build(
        "mlp", data.example_shape, num_classes=2, width=128, latent_dim=32
    )
    gan = ganzoo.GAN(*networks, num_classes=2)
    gan.compile(
        loss="wasserstein",
        regularizers=["gradient_penalty"],
        discriminator_steps=3,
        steps_per_execution=20,
    )
    gan.fit(data, batch_size=64, steps=steps, verbose=0)

    # Classes are as frequent as in the table.
    drawn = np.random.default_rng(0).choice(labels, SAMPLES)
    samples = gan.sample(SAMPLES, labels=drawn)
    accuracies = {
        "trained on real rows": _accuracy(scaled, labels, tested, tested_labels),
        "trained on samples": _accuracy(samples, drawn, tested, tested_labels),
        "the most frequent class": max(np.mean(tested_labels), 1 - np.mean(tested_labels)),
    }
    for name, accuracy in accuracies.items():
        print(f"accuracy on new rows, {name}: {accuracy:.3f}")
    differences = {
        "new real rows": _difference(scaled, tested),
        "samples": _difference(scaled, samples),
        "shuffled columns": _difference(scaled, _shuffled(scaled)),
    }
    for name, difference in differences.items():
        print(f"mean difference of correlations, {name}: {difference:.3f}")
    return accuracies, differences


def _accuracy(rows, labels, tested_rows, tested_labels):
    classifier = LogisticRegression(max_iter=1000).fit(rows, labels)
    return classifier.score(tested_rows, tested_labels)


def _difference(rows, others):
    """Returns the mean absolute difference of the correlations of all pairs of columns."""
    return np.abs(np.corrcoef(rows, rowvar=False) - np.corrcoef(others, rowvar=False)).mean()


def _shuffled(rows):
    """Returns rows whose columns are right one by one, and do not belong together."""
    return np.random.default_rng(0).permuted(rows, axis=0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
