"""Draws slopes of discriminators, and where penalties look: python docs/figures/slopes.py

Each discriminator is trained with 1,500 updates against a fixed generator of normal points.
"""

import keras
import numpy as np
import style
import tensorflow as tf
from matplotlib import pyplot as plt
from ring import RING, build_networks

from ganzoo import losses, regularizers
from ganzoo.random import Draws
from ganzoo.regularizers import Constraint, Penalty
from ganzoo.training import DiscriminatorOutputs

UPDATES, BATCH, SIDE = 1500, 256, 81
CASES = {
    "no penalty": ("non_saturating", None),
    "weights clipped to 0.1": ("wasserstein", regularizers.WeightClipping(0.1)),
    "gradient penalty, WGAN": ("wasserstein", regularizers.GradientPenalty(weight=1.0)),
    "R1, gamma 1": ("non_saturating", regularizers.R1(gamma=1.0)),
}


class RecordingDiscriminator:
    """A discriminator for penalties that records at which points they compute its gradient."""

    def __init__(self, network):
        self.network, self.places = network, []

    def __call__(self, examples):
        return self.network(examples)

    def outputs(self, examples):
        """Returns the `DiscriminatorOutputs` of examples."""
        return DiscriminatorOutputs(
            self.network(examples),
            examples=examples,
            input_gradient=lambda: self.gradient(examples),
        )

    def gradient(self, examples):
        examples = tf.convert_to_tensor(examples)
        self.places.append(examples.numpy() if tf.executing_eagerly() else None)
        with tf.GradientTape() as tape:
            tape.watch(examples)
            logits = self.network(examples)
        return tape.gradient(logits, examples)


def train(loss, part):
    keras.utils.set_random_seed(0)
    _, network = build_networks()
    optimizer, loss = keras.optimizers.Adam(1e-3, beta_1=0.5), losses.get(loss)
    optimizer.build(network.trainable_variables)

    @tf.function
    def update(real, fake, step):
        with tf.GradientTape() as tape:
            discriminator = RecordingDiscriminator(network)
            on_real, on_fake = discriminator.outputs(real), discriminator.outputs(fake)
            cost = loss.discriminator(on_real.logits, on_fake.logits)
            if isinstance(part, Penalty):
                draws = Draws(seed=0, step=step)
                cost += part.penalty(discriminator, on_real, on_fake, draws)
        optimizer.apply(tape.gradient(cost, [v.value for v in network.trainable_variables]))
        if isinstance(part, Constraint):
            part.constrain(network.trainable_variables)

    random = np.random.default_rng(0)
    for step in range(UPDATES):
        real = RING.examples[random.integers(len(RING.examples), size=BATCH)]
        fake = random.normal(scale=0.7, size=(BATCH, 2)).astype("float32")
        update(real, fake, tf.constant(step))
    return network


def draw_fields():
    side = np.linspace(-1.7, 1.7, SIDE, dtype="float32")
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    figure, all_axes = plt.subplots(1, 4, figsize=(11, 2.9))
    for axes, (name, (loss, part)) in zip(all_axes, CASES.items(), strict=True):
        discriminator = RecordingDiscriminator(train(loss, part))
        slopes = np.linalg.norm(discriminator.gradient(places), axis=1)
        field = axes.imshow(
            slopes.reshape(SIDE, SIDE),
            extent=(-1.7, 1.7, -1.7, 1.7),
            origin="lower",
            cmap="cividis",
        )
        axes.scatter(*RING.centers.T, s=14, facecolors="none", edgecolors="white")
        axes.set(title=f"{name}\nlargest slope {slopes.max():.2g}", xticks=[], yticks=[])
        axes.grid(False)
        figure.colorbar(field, ax=axes, shrink=0.85)
    style.save(figure, "slope_fields.png")


def draw_places():
    parts = {
        "GradientPenalty": regularizers.GradientPenalty(),
        "DRAGAN": regularizers.DRAGAN(),
        "R1": regularizers.R1(),
        "R2": regularizers.R2(),
    }
    _, network = build_networks()
    random = np.random.default_rng(1)
    real = RING.examples[:150]
    fake = (random.normal(size=(150, 2)) * 0.2 + np.array([0.3, 0.0])).astype("float32")
    figure, all_axes = plt.subplots(1, 4, figsize=(10, 2.8))
    for axes, (name, part) in zip(all_axes, parts.items(), strict=True):
        discriminator = RecordingDiscriminator(network)
        outputs = [discriminator.outputs(tf.constant(examples)) for examples in (real, fake)]
        part.penalty(discriminator, *outputs, Draws(seed=0, step=0))
        axes.scatter(*real.T, s=9, color=style.GRAY, linewidths=0, label="real")
        axes.scatter(*fake.T, s=9, color=style.ORANGE, alpha=0.6, linewidths=0, label="fake")
        places = np.concatenate(discriminator.places)
        axes.scatter(*places.T, s=12, marker="x", color=style.BLUE, linewidths=0.8, label="slope")
        axes.set(title=name, xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xticks=[], yticks=[])
        axes.set_aspect("equal")
    all_axes[0].legend(loc="lower left", fontsize=7, borderpad=0, handletextpad=0)
    style.save(figure, "penalty_places.png")


if __name__ == "__main__":
    draw_places()
    draw_fields()
