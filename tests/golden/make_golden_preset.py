"""Writes the golden preset of the present format, once: a later version must load what it wrote.

python tests/golden/make_golden_preset.py
"""

import pathlib

import keras
import numpy as np

import ganzoo
from ganzoo.presets import manifest

FOLDER = pathlib.Path(__file__).parent / f"format_{manifest.FORMAT}"
CLASSES, COUNT = 3, 6


def main():
    keras.utils.set_random_seed(1)
    networks = ganzoo.architectures.build(
        "sngan", (8, 8, 3), latent_dim=4, width=2, num_classes=CLASSES
    )
    gan = ganzoo.GAN(*networks, num_classes=CLASSES, latent="uniform", seed=5)
    gan.compile(
        g_optimizer=keras.optimizers.Adam(0.01),
        d_optimizer=keras.optimizers.Adam(0.01),
        ema_decay=0.5,
        jit_compile=False,
    )
    images = np.random.default_rng(0).integers(0, 256, (48, 8, 8, 3), "uint8")
    gan.fit(images, np.arange(48) % CLASSES, batch_size=16, epochs=10, verbose=0)
    recipe = ganzoo.recipes.get("sngan")
    gan.save_to_preset(FOLDER / "preset", recipe, metrics={"fid": 1.5}, card="# Golden\n")
    latents = np.random.default_rng(0).uniform(-1, 1, (COUNT, 4)).astype("float32")
    labels = (np.arange(COUNT) % CLASSES).astype("int32")
    np.savez_compressed(
        FOLDER / "samples.npz",
        latents=latents,
        labels=labels,
        floats=keras.ops.convert_to_numpy(gan([latents, labels])),
        images=gan.sample(COUNT, seed=0),
        logits=keras.ops.convert_to_numpy(gan.discriminator([images[:COUNT], labels])),
        reals=images[:COUNT],
    )


if __name__ == "__main__":
    main()
