"""A compiled GAN from a recipe."""

import keras

from ganzoo import recipes
from ganzoo.data import Dataset
from ganzoo.data.gathering import is_stream
from ganzoo.validation import describe


def build_gan(
    recipe,
    data,
    num_classes=None,
    seed=0,
    jit_compile="auto",
    frozen_layers=0,
    steps_per_execution="auto",
    accumulate=1,
    remat=False,
):
    """Builds and compiles a GAN; it has the arguments of `ganzoo.GAN.from_recipe`."""
    if isinstance(recipe, str):
        recipe = recipes.get(recipe)
    is_semi_supervised = recipe.labels_per_class is not None
    takes_classes = recipe.conditional or is_semi_supervised
    example_shape, class_names, condition_dim, condition_names = data, None, None, None
    pixels = None
    if is_stream(data):
        raise ValueError(
            "A GAN is built for a `ganzoo.data.Dataset`, which `ganzoo.data.gather(data)` returns "
            "of batches, or for the shape of an example, such as (32, 32, 3). "
            f"Received: data={describe(data)}"
        )
    if isinstance(data, Dataset):
        if num_classes is not None:
            raise ValueError(
                "A `Dataset` knows its classes: leave `num_classes` out. "
                f"Received: num_classes={num_classes} with {data!r}"
            )
        example_shape, num_classes = data.example_shape, data.num_classes
        condition_dim = data.condition_dim if takes_classes else None
        class_names = data.class_names if takes_classes else None
        condition_names = data.condition_names if takes_classes else None
        pixels = data.pixels
    elif num_classes is not None and not takes_classes:
        raise ValueError(
            "The recipe is for images without classes: leave `num_classes` out, or take "
            f"`dataclasses.replace(recipe, conditional=True)`. Received: num_classes={num_classes}"
        )
    if not takes_classes:
        num_classes = None
    elif num_classes is None and (condition_dim is None or is_semi_supervised):
        raise ValueError(
            "The recipe needs the number of classes: give a `ganzoo.data.Dataset` with labels, or "
            f"`num_classes`. Received: data={data!r} with num_classes=None"
        )
    networks = recipe.build_networks(example_shape, num_classes, condition_dim)
    settings = {"latent": recipe.latent, "seed": seed, "class_names": class_names}
    settings["pixels"] = pixels
    if not is_semi_supervised:
        settings |= {"num_classes": num_classes, "packing": recipe.packing}
        settings["condition_names"] = condition_names
    # The classes of `ganzoo.training` lie above this room, which knows them by name only.
    name = "SemiSupervisedGAN" if is_semi_supervised else "GAN"
    gan = keras.saving.get_registered_object(f"ganzoo>{name}")(*networks, **settings)
    gan.freeze_discriminator(frozen_layers)
    g_optimizer, d_optimizer = recipe.optimizers()
    gan.compile(
        g_optimizer=g_optimizer,
        d_optimizer=d_optimizer,
        loss=recipe.build_loss(num_classes),
        generator_loss=recipe.build_generator_loss(),
        regularizers=recipe.build_regularizers(),
        augment=recipe.build_augment(),
        discriminator_steps=recipe.discriminator_steps,
        generator_steps=recipe.generator_steps,
        generator_batch_ratio=recipe.generator_batch_ratio,
        accumulate=accumulate,
        remat=remat,
        ema_decay=recipe.ema_decay,
        ema_half_life=recipe.ema_half_life,
        steps_per_execution=steps_per_execution,
        jit_compile=jit_compile,
    )
    return gan
