"""Writes goldens of the present version, once: each later version must read what this one wrote.

python tests/golden/make_goldens.py NAME ...: the names are at the end of the file.
"""

import pathlib
import shutil
import sys

import golden_models as models
import keras
import numpy as np

import ganzoo

HERE = pathlib.Path(__file__).parent
FORMAT = 1


def main(names):
    for name in names:
        keras.utils.set_random_seed(1)
        MAKERS[name]()


def preset():
    """The whole of an architecture, with the recipe, metrics and card of a published model."""
    networks = ganzoo.architectures.build(
        "sngan", (8, 8, 3), latent_dim=4, width=2, num_classes=models.CLASSES
    )
    gan = ganzoo.GAN(*networks, num_classes=models.CLASSES, latent="uniform", seed=5)
    gan.compile(
        g_optimizer=keras.optimizers.Adam(0.01),
        d_optimizer=keras.optimizers.Adam(0.01),
        ema_decay=0.5,
        jit_compile=False,
    )
    images = models.images(48, 3)
    gan.fit(images, models.labels(48), batch_size=16, epochs=10, verbose=0)
    folder, recipe = HERE / f"format_{FORMAT}", ganzoo.recipes.get("sngan")
    gan.save_to_preset(folder / "preset", recipe, metrics={"fid": 1.5}, card="# Golden\n")
    latents = np.random.default_rng(0).uniform(-1, 1, (models.ROWS, 4)).astype("float32")
    _write_samples(folder, gan, latents, images)


def layers():
    """Each layer of ganzoo, and stock layers with state."""
    gan = models.layers_gan()
    gan.compile(
        g_optimizer=keras.optimizers.Adam(0.01),
        d_optimizer=keras.optimizers.Adam(0.01),
        ema_decay=0.5,
        jit_compile=False,
    )
    images = models.images(48, 3)
    gan.fit(images, models.labels(48), batch_size=16, epochs=4, verbose=0)
    folder = HERE / f"layers_format_{FORMAT}"
    gan.save_to_preset(folder / "preset")
    _write_samples(folder, gan, models.latents(), images)


def style_layers():
    """The layers of StyleGAN2."""
    networks = ganzoo.architectures.build(
        "stylegan2",
        (8, 8, 3),
        latent_dim=4,
        width=2,
        mapping_layers=2,
        group_size=2,
        num_classes=models.CLASSES,
    )
    _write_layers("styles", ganzoo.GAN(*networks, num_classes=models.CLASSES, seed=5))


def r3gan_layers():
    """The layers of R3GAN's generator, and a SAN head with classes."""
    settings = {"num_classes": models.CLASSES, "width": 4}
    generator, _ = ganzoo.architectures.build(
        "r3gan", (8, 8, 3), latent_dim=4, blocks=1, group_channels=2, **settings
    )
    _, discriminator = ganzoo.architectures.build("sngan", (8, 8, 3), head="san", **settings)
    gan = ganzoo.GAN(generator, discriminator, num_classes=models.CLASSES, seed=5)
    _write_layers("r3gan", gan)


def condition_layers():
    """The layers that take vectors of conditions."""
    networks = ganzoo.architectures.build(
        "sngan", (8, 8, 3), latent_dim=4, width=2, condition_dim=models.CLASSES
    )
    _write_layers("conditions", ganzoo.GAN(*networks, seed=5), models.conditions)


def _write_layers(name, gan, labels=models.labels):
    gan.compile(
        g_optimizer=keras.optimizers.Adam(0.01),
        d_optimizer=keras.optimizers.Adam(0.01),
        ema_decay=0.5,
        jit_compile=False,
    )
    images = models.images(48, 3)
    gan.fit(images, labels(48), batch_size=16, epochs=4, verbose=0)
    folder = HERE / f"layers_format_{FORMAT}_{name}"
    gan.save_to_preset(folder / "preset")
    _write_samples(folder, gan, models.latents(), images, labels)


def _write_samples(folder, gan, latents, images, labels=models.labels):
    labels = labels(models.ROWS)
    conditions = {} if gan.condition_dim is None else {"conditions": labels}
    reals = images[: models.ROWS]
    np.savez_compressed(
        folder / "samples.npz",
        latents=latents,
        labels=labels,
        floats=keras.ops.convert_to_numpy(gan([latents, labels])),
        images=gan.sample(models.ROWS, seed=0, **conditions),
        logits=keras.ops.convert_to_numpy(gan.discriminator([reals, labels])),
        reals=reals,
    )


def checkpoint():
    """A checkpoint in the middle of an epoch, and the end of the run without a stop."""
    folder = HERE / "checkpoint_format_1"
    gan = models.adaptive_gan()
    history = gan.fit(
        models.adaptive_data(),
        batch_size=models.BATCH_SIZE,
        epochs=models.CHECKPOINT_EPOCHS,
        verbose=0,
        callbacks=models.checkpoint_callbacks(folder),
    )
    for path in folder.iterdir():
        if path.name != f"step_{models.CHECKPOINT_STEP:08d}":
            shutil.rmtree(path)
    logs = {f"history/{name}": np.array(values) for name, values in history.history.items()}
    np.savez_compressed(
        folder / "expected.npz",
        **models.numbered("continued", models.state(gan)),
        **logs,
        samples=gan.sample(models.ROWS, seed=0),
    )


def keras_gan():
    gan, data = models.adaptive_gan(), models.adaptive_data()
    settings = {"batch_size": models.BATCH_SIZE, "verbose": 0}
    _write_keras_file("keras_gan", gan, data, settings)


def keras_semi_supervised():
    gan, data = models.semi_supervised_gan(), models.semi_supervised_data()
    settings = {"labels_per_class": 4, "batch_size": models.BATCH_SIZE, "verbose": 0}
    _write_keras_file("keras_semi_supervised", gan, data, settings)


def _write_keras_file(name, gan, data, settings):
    """Writes a `.keras` file after two epochs, and the state then and after a third one."""
    folder = HERE / name
    folder.mkdir()
    gan.fit(data, epochs=2, **settings)
    gan.save(folder / "gan.keras")
    expected = models.numbered("loaded", models.state(gan))
    expected["samples"] = gan.sample(models.ROWS, seed=0)
    gan.fit(data, epochs=3, initial_epoch=2, **settings)
    expected |= models.numbered("continued", models.state(gan))
    np.savez_compressed(folder / "expected.npz", **expected)


MAKERS = {
    "preset": preset,
    "layers": layers,
    "style_layers": style_layers,
    "r3gan_layers": r3gan_layers,
    "condition_layers": condition_layers,
    "checkpoint": checkpoint,
    "keras_gan": keras_gan,
    "keras_semi_supervised": keras_semi_supervised,
}


if __name__ == "__main__":
    main(sys.argv[1:])
