"""What people write with ganzoo, for the type checker. It is checked and never run."""

from pathlib import Path

import keras
import numpy as np

import ganzoo


def trains_from_a_recipe() -> np.ndarray:
    data = ganzoo.data.load("digits")
    recipe = ganzoo.recipes.get("dcgan_digits")
    gan = ganzoo.GAN.from_recipe(recipe, data)
    history = gan.fit(data, **recipe.fit_arguments)
    print(history.history["d_loss"])
    return gan.sample(16, seed=None)


def trains_own_networks(images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    generator, discriminator = ganzoo.architectures.build("sngan", image_shape=(32, 32, 1))
    gan = ganzoo.GAN(generator, discriminator, num_classes=None, seed=3)
    gan.compile(
        g_optimizer=keras.optimizers.Adam(1e-4),
        d_optimizer="adam",
        loss=ganzoo.losses.Hinge(),
        regularizers=[ganzoo.regularizers.R1(gamma=0.1, every=16), "gradient_penalty"],
        augment="color,translation",
        metrics=["fid"],
        ema_decay=None,
    )
    checkpoint = ganzoo.callbacks.AtomicCheckpoint("checkpoints")
    gan.fit(images, labels, batch_size=64, epochs=2, callbacks=[checkpoint])
    steps: int = gan.step
    print(steps)
    return gan.evaluate(images, metrics=["fid"], extractor="digits", n=100)


def uses_a_preset() -> Path:
    gan = ganzoo.GAN.from_preset("dcgan_digits")
    images = gan.generate(gan.latents_of([3, 17]), labels=[1, 2])
    path = gan.interpolate([0, 1], steps=4, loop=True)
    found = gan.project(images)
    print(found.errors, path.shape)
    network: keras.Model = gan.inference_generator
    network.summary()
    gan.save_to_preset(Path("models/mine"), recipe=ganzoo.recipes.get("dcgan_digits"))
    return gan.export("saved_models/digits", version=1)


class SmallLogits(ganzoo.regularizers.Penalty):
    """A penalty of one's own."""

    name = "small_logits"

    def penalty(self, discriminator, real, fake, draws):  # type: ignore[no-untyped-def]
        return keras.ops.mean(keras.ops.square(real.logits))
