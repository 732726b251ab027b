"""A compiled GAN from a recipe."""

import keras

from ganzoo import recipes


def gan_from_recipe(recipe, example_shape, num_classes=None, seed=0, jit_compile="auto"):
    """Builds the networks of a recipe, and compiles the GAN that trains as the recipe says.

    What is left of the recipe is for `fit`: its `batch_size` and its `steps`. Initial weights are
    drawn by Keras: call `keras.utils.set_random_seed` before to have the same ones again.

    Args:
        recipe: A `ganzoo.recipes.Recipe`, or the name of one.
        example_shape: `(height, width, channels)` of the images, or `(d,)` of vectors.
        num_classes: Number of classes of a conditional GAN, or `None`; for a semi-supervised
            recipe the number of classes to tell apart.
        seed: Integer that all draws of the training follow from.
        jit_compile: Whether to compile with XLA, as in `GAN.compile`.

    Returns:
        A compiled `ganzoo.GAN`, or `ganzoo.SemiSupervisedGAN`.

    Raises:
        ValueError: If the recipe is unknown, or its networks cannot be built for the examples.

    Example:

    >>> digits = ganzoo.data.load("digits")
    >>> gan = ganzoo.gan_from_recipe("sngan", digits.example_shape)
    >>> history = gan.fit(digits, batch_size=64, epochs=10)
    """
    if isinstance(recipe, str):
        recipe = recipes.get(recipe)
    if recipe.conditional and num_classes is None:
        raise ValueError(
            "This recipe is conditional: `num_classes` must be the number of classes of the data. "
            "Received: num_classes=None"
        )
    networks = recipe.build_networks(example_shape, num_classes)
    kind = "GAN" if recipe.labels_per_class is None else "SemiSupervisedGAN"
    gan_class = keras.saving.get_registered_object(f"ganzoo>{kind}")
    if recipe.labels_per_class is None:
        gan = gan_class(
            *networks,
            latent=recipe.latent,
            num_classes=num_classes,
            packing=recipe.packing,
            seed=seed,
        )
    else:
        gan = gan_class(*networks, latent=recipe.latent, seed=seed)
    g_optimizer, d_optimizer = recipe.optimizers()
    gan.compile(
        g_optimizer=g_optimizer,
        d_optimizer=d_optimizer,
        loss=recipe.loss,
        generator_loss=recipe.build_generator_loss(),
        regularizers=recipe.build_regularizers(),
        augment=recipe.build_augment(),
        discriminator_steps=recipe.discriminator_steps,
        generator_steps=recipe.generator_steps,
        generator_batch_ratio=recipe.generator_batch_ratio,
        ema_decay=recipe.ema_decay,
        jit_compile=jit_compile,
    )
    return gan
