"""Trains a small GAN on a ring of eight Gaussians, without and with each technique.

    python docs/figures/ring.py [--seeds 3]

writes docs/images/mode_maps.png, and the results of all runs to docs/figures/ring.json.
"""

import argparse
import json
from pathlib import Path

import keras
import style
from matplotlib import pyplot as plt

import ganzoo
from ganzoo import layers, losses, regularizers

STEPS, BATCH_SIZE, WIDTH, LATENT_DIM = 3000, 64, 64, 16
SAMPLES = 2500
RING = ganzoo.data.Mixture(ganzoo.data.load("toy:ring").centers, 0.05, count=20_000)


def build_networks(spectral_factor=None, minibatch=False, packing=1):
    """Returns two networks of three hidden layers; the discriminator's last is `features`."""
    generator, _ = ganzoo.architectures.build("mlp", (2,), latent_dim=LATENT_DIM, width=WIDTH)
    examples = keras.Input((2 * packing,))
    x = examples
    for i in range(3):
        dense = keras.layers.Dense(WIDTH, kernel_initializer="he_uniform")
        if spectral_factor is not None:
            dense = layers.SpectralNormalization(dense, factor=spectral_factor)
        x = keras.layers.ReLU(name="features" if i == 2 else f"relu_{i}")(dense(x))
    if minibatch:
        x = layers.MinibatchDiscrimination(
            num_kernels=8,
            kernel_dim=4,
            include_self=False,
            weight_normalization=True,
            use_bias=True,
            data_dependent=True,
        )(x)
    return generator, keras.Model(examples, keras.layers.Dense(1)(x))


# Technique -> (options of `build_networks`, settings of `GAN.compile`).
TECHNIQUES = {
    "no technique": ({}, {}),
    "minibatch discrimination": ({"minibatch": True}, {}),
    "packing of 3": ({"packing": 3}, {}),
    "feature matching": ({}, {"generator_loss": losses.FeatureMatching()}),
    "one-sided smoothing": ({}, {"loss": losses.NonSaturating(label_smoothing=0.1)}),
    "spectral, hinge": ({"spectral_factor": 1.0}, {"loss": "hinge"}),
    "spectral, factor 4, hinge": ({"spectral_factor": 4.0}, {"loss": "hinge"}),
    "WGAN, clipped to 0.1": (
        {},
        {
            "loss": "wasserstein",
            "regularizers": [regularizers.WeightClipping(0.1)],
            "discriminator_steps": 5,
        },
    ),
    "WGAN-GP": (
        {},
        {
            "loss": "wasserstein",
            "regularizers": [regularizers.GradientPenalty(weight=0.1)],
            "discriminator_steps": 5,
        },
    ),
    "gradient penalty": ({}, {"regularizers": [regularizers.GradientPenalty(weight=1.0)]}),
    "DRAGAN": ({}, {"regularizers": [regularizers.DRAGAN(weight=1.0)]}),
    "R1": ({}, {"regularizers": [regularizers.R1(gamma=0.1)]}),
    "relativistic, R1 + R2": (
        {},
        {
            "loss": "relativistic_pairing",
            "regularizers": [regularizers.R1(gamma=0.1), regularizers.R2(gamma=0.1)],
        },
    ),
    "historical averaging": ({}, {"regularizers": [regularizers.HistoricalAveraging(0.01)]}),
}


def train(technique, seed):
    """Returns a GAN that was trained on the ring with a technique."""
    keras.utils.set_random_seed(seed)
    network_options, settings = TECHNIQUES[technique]
    packing = network_options.get("packing", 1)
    gan = ganzoo.GAN(*build_networks(**network_options), packing=packing, seed=seed)
    gan.compile(
        g_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        ema_decay=0.99,
        **settings,
    )
    size = BATCH_SIZE // packing * packing * gan.discriminator_steps
    batches = RING.batches(size, seed=seed, steps_per_epoch=STEPS)
    gan.fit(batches, epochs=1, verbose=0)
    return gan


def measure(gan):
    """Returns samples and how they cover the modes."""
    points = gan.sample(SAMPLES, seed=0, batch_size=SAMPLES)
    return points, ganzoo.metrics.mixture_coverage(points, RING.centers, RING.deviation)


def draw(points, records, path):
    """Draws the samples of each technique's first seed."""
    figure, all_axes = plt.subplots(3, 5, figsize=(11, 7.6))
    real, *others = all_axes.flat
    real.set_title("the data\n")
    for axes, (technique, own) in zip(others, points.items(), strict=False):
        axes.scatter(*own.T, s=3, color=style.BLUE, alpha=0.5, linewidths=0)
        modes = ", ".join(f"{record['modes']:.0f}" for record in records[technique])
        axes.set_title(f"{technique}\nmodes: {modes}")
    for axes in all_axes.flat:
        axes.scatter(
            *RING.examples[:800].T, s=3, color=style.GRAY, alpha=0.4, linewidths=0, zorder=0
        )
        axes.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xticks=[], yticks=[], aspect="equal")
    style.save(figure, path)
    plt.close(figure)


def main(seeds):
    points, records = {}, {}
    for technique in TECHNIQUES:
        for seed in range(seeds):
            samples, coverage = measure(train(technique, seed))
            points.setdefault(technique, samples)
            rounded = {name: round(value, 4) for name, value in coverage.items()}
            records.setdefault(technique, []).append({"seed": seed, **rounded})
            print(technique, records[technique][-1], flush=True)
            keras.backend.clear_session()
        # Written after each technique, so that partial results can be viewed.
        draw(points, records, "mode_maps.png")
        Path(__file__).with_suffix(".json").write_text(json.dumps(records, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    main(parser.parse_args().seeds)
