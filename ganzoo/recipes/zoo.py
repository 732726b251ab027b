"""The recipes of the models in `models/`, by name, each with its training data.

They are the recipes of the papers. Some are narrower and shorter, so that they run without an
accelerator: the recipes of MNIST and Fashion-MNIST take up to an hour on two cores.
"""

import dataclasses

from ganzoo.recipes.papers import RECIPES
from ganzoo.recipes.recipe import OptimizerSettings

_TEN_EPOCHS = 9_370  # Of 60,000 examples, 64 in a step.

_FALLING_RATE = "linear/2e-4/1e-5/5622-11244steps"
_R3GAN_OPTIMIZER = OptimizerSettings(
    "cosine/5e-4/1e-4/1e5images", beta_1=0.0, beta_2="cosine/0.9/0.99/1e5images"
)


def _enter(name, paper, changes, **settings):
    """Enters a paper's recipe with changes. Its source names them."""
    recipe = RECIPES[paper]
    source = f"{recipe.source}; here {changes}"
    RECIPES.register(name)(dataclasses.replace(recipe, source=source, **settings))


_enter(
    "dcgan_digits",
    "dcgan",
    "with classes, spectral normalization, 64 latents, rates of 4e-4 and 8e-4, at half the width",
    data="digits",
    conditional=True,
    g_optimizer=OptimizerSettings(4e-4, beta_1=0.5),
    d_optimizer=OptimizerSettings(8e-4, beta_1=0.5),
    normalization="spectral",
    latent_dim=64,
    width=32,
    batch_size=64,
    steps=6_000,
    ema_decay=0.999,
)
_enter(
    "dcgan_mnist",
    "dcgan",
    "with classes and spectral normalization, at half the width",
    data="tfds:mnist",
    conditional=True,
    normalization="spectral",
    width=32,
    batch_size=64,
    steps=_TEN_EPOCHS,
    ema_decay=0.999,
)
_enter(
    "dcgan_fashion_mnist",
    "dcgan",
    "at half the width",
    data="tfds:fashion_mnist",
    width=32,
    batch_size=64,
    steps=_TEN_EPOCHS,
    ema_decay=0.999,
)
_enter(
    "dcgan_projection_fashion_mnist",
    "dcgan",
    "with classes (projection, Miyato and Koyama 2018), at three quarters of the width, for 12 "
    "epochs, with rates that fall over the second half",
    data="tfds:fashion_mnist",
    conditional=True,
    width=48,
    batch_size=64,
    g_optimizer=OptimizerSettings(_FALLING_RATE, beta_1=0.5),
    d_optimizer=OptimizerSettings(_FALLING_RATE, beta_1=0.5),
    steps=11_244,
    ema_decay=0.999,
)
_enter(
    "sngan_fashion_mnist",
    "sngan",
    "at half the width",
    data="tfds:fashion_mnist",
    width=32,
    steps=_TEN_EPOCHS,
    ema_decay=0.999,
)
_enter(
    "sngan_san_fashion_mnist",
    "sngan",
    "with the head of a slicing adversarial network (Takida et al. 2024), at half the width",
    data="tfds:fashion_mnist",
    width=32,
    steps=_TEN_EPOCHS,
    ema_decay=0.999,
    network_options={"head": "san"},
)
_enter(
    "sngan_projection_fashion_mnist",
    "sngan",
    "with classes (projection, Miyato and Koyama 2018), at half the width",
    data="tfds:fashion_mnist",
    conditional=True,
    width=32,
    steps=_TEN_EPOCHS,
    ema_decay=0.999,
)
_enter(
    "stylegan2_small_fashion_mnist",
    "stylegan2_small",
    "with classes, 16 channels at the full size, style mixing, a lower rate of the generator, "
    "rates that fall over the second half, R1's gamma from 5 to 0.5, for 12 epochs",
    data="tfds:fashion_mnist",
    conditional=True,
    width=16,
    steps=11_244,
    g_optimizer=OptimizerSettings("linear/1e-3/1e-4/5622-11244steps", beta_1=0.0, beta_2=0.99),
    d_optimizer=OptimizerSettings("linear/2.5e-3/2.5e-4/5622-11244steps", beta_1=0.0, beta_2=0.99),
    regularizers={"r1": {"gamma": "cosine/5/0.5/7.2e5images", "every": 16}},
    network_options={
        **RECIPES["stylegan2_small"].network_options,
        "max_channels": 128,
        "style_mixing": 0.5,
    },
    ema_half_life=20_000.0,
)
_enter(
    "r3gan_fashion_mnist",
    "r3gan",
    "with half the width at each larger size, one block in each stage, in float32, without "
    "augmentation, with schedules over 100 thousand images, for 115 thousand images",
    data="tfds:fashion_mnist",
    width=128,
    batch_size=32,
    steps=3_600,
    network_options={"blocks": 1, "uniform_stages": 1},
    g_optimizer=_R3GAN_OPTIMIZER,
    d_optimizer=_R3GAN_OPTIMIZER,
    regularizers={
        "r1": {"gamma": "cosine/0.5/0.05/1e5images"},
        "r2": {"gamma": "cosine/0.5/0.05/1e5images"},
    },
    augment=None,
    ema_half_life="cosine/0/5e3/1e5images",
)
_enter(
    "infogan_ns_fashion_mnist",
    "infogan_ns",
    "for 10 epochs",
    data="tfds:fashion_mnist",
    steps=_TEN_EPOCHS,
    ema_decay=0.999,
)
_enter(
    "dcgan_cifar10",
    "dcgan",
    "for 100 epochs of CIFAR-10",
    data="tfds:cifar10",
    steps=39_000,
    ema_decay=0.999,
)
_enter("sngan_cifar10", "sngan", "with an average", data="tfds:cifar10", ema_decay=0.999)
_enter(
    "stylegan2_small_cifar10",
    "stylegan2_small",
    "for CIFAR-10",
    data="tfds:cifar10",
)
_enter(
    "sngan_resnet_cifar10",
    "sngan_resnet",
    "with an average",
    data="tfds:cifar10",
    ema_decay=0.9999,
)
_enter(
    "sngan_projection_cifar10",
    "sngan_resnet",
    "with classes (projection, Miyato and Koyama 2018) and an average",
    data="tfds:cifar10",
    conditional=True,
    ema_decay=0.9999,
)
