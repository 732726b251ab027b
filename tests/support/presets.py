"""Presets to save and to damage: small GANs, and manifests that are made to fit."""

import hashlib
import io
import json
import zipfile

import keras
import numpy as np

import ganzoo
from support.gans import tiny


def mlp_gan(seed=0):
    """Returns the smallest GAN of vectors."""
    keras.utils.set_random_seed(seed)
    latents, vectors = keras.Input((3,)), keras.Input((2,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(4, activation="relu")(latents))
    x = keras.layers.Dense(2)(x)
    logits = ganzoo.layers.SpectralNormalization(keras.layers.Dense(1))(vectors)
    return ganzoo.GAN(keras.Model(latents, x), keras.Model(vectors, logits), seed=seed)


def image_gan(conditional=False, architecture="sngan"):
    """Returns a GAN of images whose weights, and whose states, are not those it began with.

    With the architecture `"small"` of `support.gans.tiny` it is built, loaded and exported in a
    fraction of the time.
    """
    settings = {"latent_dim": 4, "width": 4, "num_classes": 3 if conditional else None}
    build = tiny.networks if architecture == "small" else ganzoo.architectures.build
    networks = build(architecture, (8, 8, 3), **settings)
    gan = ganzoo.GAN(*networks, num_classes=settings["num_classes"], seed=7)
    scramble(gan)
    return gan


def virtual_batch_gan():
    """Returns a GAN whose generator has virtual batch normalization."""
    latents = keras.Input((4,))
    x = keras.layers.Dense(8 * 8)(latents)
    x = ganzoo.layers.VirtualBatchNormalization(reference_size=4)(x)
    images = keras.layers.Reshape((8, 8, 1))(keras.layers.Activation("tanh")(x))
    inputs = keras.Input((8, 8, 1))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(inputs))
    gan = ganzoo.GAN(keras.Model(latents, images), keras.Model(inputs, logits), seed=3)
    scramble(gan)
    return gan


def semi_supervised_gan(architecture="semi_supervised_mlp"):
    """Returns a GAN whose discriminator classifies; with `"small"`, one of two layers."""
    if architecture == "small":
        networks = _small_semi_supervised()
    else:
        networks = ganzoo.architectures.build_semi_supervised(
            architecture, (8, 8, 1), 3, latent_dim=4, width=4, generator_width=4
        )
    gan = ganzoo.SemiSupervisedGAN(*networks)
    scramble(gan)
    return gan


def _small_semi_supervised():
    latents, inputs = keras.Input((4,)), keras.Input((8, 8, 1))
    images = keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64, "tanh")(latents))
    normalized = ganzoo.layers.WeightNormalization
    features = normalized(keras.layers.Dense(8, "relu"))(keras.layers.Flatten()(inputs))
    logits = normalized(keras.layers.Dense(3))(features)
    return keras.Model(latents, images), keras.Model(inputs, logits)


def scramble(gan):
    """Gives all weights of the networks other values, as training would."""
    rng = np.random.default_rng(0)
    for network in (gan.ema_generator, getattr(gan, "ema_discriminator", None), gan.discriminator):
        for weight in network.weights if network is not None else ():
            if keras.backend.is_float_dtype(weight.dtype):
                noise = rng.normal(1.0, 0.2, weight.shape)
                weight.assign(weight * noise + 0.05 * np.abs(noise))


def weights_of(gan):
    """Returns the weights that sample and judge."""
    networks = gan.preset_networks().values()
    return [weight for network in networks for weight in network.get_weights()]


def rewrite(folder, name, content):
    """Replaces a file of a preset, and makes the manifest fit, as its author could."""
    (folder / name).write_bytes(content)
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["files"][name] = {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (folder / "metadata.json").write_text(json.dumps(metadata))


def edit_config(folder, edit):
    """Changes the config of a preset in place, and makes the manifest fit."""
    config = json.loads((folder / "config.json").read_text())
    edit(config)
    rewrite(folder, "config.json", json.dumps(config).encode())


def zipped(folder, prefix="preset/"):
    """Returns a zip of a preset's folder, and its hash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{prefix}{path.name}")
    return buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest()
