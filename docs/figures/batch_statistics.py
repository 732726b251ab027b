"""Draws how layers depend on the batch: python docs/figures/batch_statistics.py

Left: minibatch discrimination and the minibatch standard deviation, for batches of equal mean that
go from copies of one example to the spread of the data. Right: the output for one example with
batch normalization and with virtual batch normalization, in 200 batches.
"""

import keras
import numpy as np
import style
from matplotlib import pyplot as plt

from ganzoo import layers

BATCH, FEATURES, REFERENCES = 16, 8, 64


def statistics(spread):
    """Returns the mean new feature of both layers for features with this standard deviation."""
    features = spread * np.random.default_rng(1).normal(size=(64, FEATURES)).astype("float32")
    keras.utils.set_random_seed(0)
    sums = layers.MinibatchDiscrimination(20, 5, kernel_initializer=keras.initializers.Orthogonal())
    o = np.asarray(sums(features))[:, FEATURES:] / len(features)
    deviations = layers.MinibatchStdDev(group_size=None)(features[:, None, None, :])
    return o.mean(), np.asarray(deviations)[0, 0, 0, FEATURES]


def outputs(normalization, training):
    """Returns one component of the output for one example, in batches with other examples."""
    random = np.random.default_rng(2)
    reference = random.normal(size=(REFERENCES, FEATURES)).astype("float32")
    example = np.full((1, FEATURES), 1.0, "float32")
    values = []
    for _ in range(200):
        others = random.normal(size=(BATCH - 1, FEATURES)).astype("float32")
        batch = np.concatenate([example, others])
        if isinstance(normalization, layers.VirtualBatchNormalization):
            batch = np.concatenate([reference, batch])
            values.append(np.asarray(normalization(batch, training=training))[REFERENCES, 0])
        else:
            values.append(np.asarray(normalization(batch, training=training))[0, 0])
    return values


def main():
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3))
    spreads = np.linspace(0, 1, 30)
    sums, deviations = np.array([statistics(spread) for spread in spreads]).T
    left.plot(spreads, sums, label="minibatch discrimination, o / n", color=style.BLUE)
    left.plot(spreads, deviations, label="minibatch standard deviation", color=style.ORANGE)
    left.set(title="feature that each example receives", xlabel="spread of the batch")
    left.legend()

    virtual = layers.VirtualBatchNormalization(REFERENCES, gamma_initializer="ones")
    both = {
        "batch normalization": (keras.layers.BatchNormalization(), style.RED),
        "virtual batch normalization": (virtual, style.BLUE),
    }
    for name, (layer, color) in both.items():
        values = outputs(layer, training=True)
        print(f"{name}: standard deviation {np.std(values):.4f}")
        right.plot(values, ".", markersize=3, label=name, color=color)
    right.set(title="output for the same example", xlabel="batch", ylim=(-0.4, 2.4))
    right.legend(loc="lower center")
    style.save(figure, "batch_statistics.png")


if __name__ == "__main__":
    main()
