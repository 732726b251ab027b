"""The settings of the papers, by name."""

from ganzoo.recipes.recipe import OptimizerSettings, Recipe
from ganzoo.registry import Registry

RECIPES = Registry("recipe")

# The classes of transforms of the official code, with their shares of the probability.
_R3GAN_TRANSFORMS = {"blit": 1.0, "geom": 1.0, "color": 0.5, "cutout": 1.0}


def _enter(name, *, optimizer, **settings):
    """Enters a recipe. Both players have the same optimizer, as in all these papers."""
    RECIPES.register(name)(Recipe(g_optimizer=optimizer, d_optimizer=optimizer, **settings))


_enter(
    "dcgan",
    source="Radford et al. 2016, section 4 (5 epochs of LSUN's 3 million bedrooms)",
    architecture="dcgan",
    loss="non_saturating",
    optimizer=OptimizerSettings(2e-4, beta_1=0.5, beta_2=0.999),
    batch_size=128,
    steps=118_000,
    latent="uniform",
)
_enter(
    "sngan",
    source="Miyato et al. 2018, table 2 (SN-GAN with the hinge loss), setting C of table 1",
    architecture="sngan",
    loss="hinge",
    optimizer=OptimizerSettings(2e-4, beta_1=0.5, beta_2=0.999),
    batch_size=64,
    steps=100_000,
)
_enter(
    "sngan_ns",
    source="Miyato et al. 2018, table 2 (SN-GAN with the standard loss), setting C of table 1",
    architecture="sngan",
    loss="non_saturating",
    optimizer=OptimizerSettings(2e-4, beta_1=0.5, beta_2=0.999),
    batch_size=64,
    steps=100_000,
)
_enter(
    "sngan_resnet",
    source="Miyato et al. 2018, table 2 (ResNet with SN and hinge), appendix B.3",
    architecture="resnet",
    loss="hinge",
    optimizer=OptimizerSettings(2e-4, beta_1=0.0, beta_2=0.9, decay_start=0.0),
    batch_size=64,
    steps=100_000,
    discriminator_steps=5,
    generator_batch_ratio=2,
)
_enter(
    "infogan_ns",
    source="InfoGAN's architecture without its mutual-information term, non-saturating loss: Lucic "
    "et al. 2018 (NS GAN, 20 epochs), with the rates of PA-GAN (Zhang et al. 2019)",
    architecture="infogan",
    loss="non_saturating",
    optimizer=OptimizerSettings(2e-4, beta_1=0.5, beta_2=0.999),
    batch_size=64,
    steps=18_740,
    latent="uniform",
)
_enter(
    "wgan",
    source="Arjovsky et al. 2017, algorithm 1, on DCGAN; the number of steps is not the paper's",
    architecture="dcgan",
    loss="wasserstein",
    optimizer=OptimizerSettings(5e-5, beta_1=0.0, beta_2=0.99, kind="rmsprop"),
    batch_size=64,
    steps=100_000,
    discriminator_steps=5,
    regularizers={"weight_clipping": {"limit": 0.01}},
)
_enter(
    "wgan_gp",
    source="Gulrajani et al. 2017, section 5.4 (CIFAR-10), on SN-GAN's ResNet without SN",
    architecture="resnet",
    loss="wasserstein",
    optimizer=OptimizerSettings(2e-4, beta_1=0.0, beta_2=0.9, decay_start=0.0),
    batch_size=64,
    steps=100_000,
    discriminator_steps=5,
    generator_batch_ratio=2,
    normalization="none",
    regularizers={"gradient_penalty": {"weight": 10.0}},
)
_enter(
    "r3gan",
    source="Huang et al. 2024 (R3GAN), the official code for CIFAR-10",
    architecture="r3gan",
    loss="relativistic_pairing",
    optimizer=OptimizerSettings(
        "cosine/2e-4/5e-5/2e7images", beta_1=0.0, beta_2="cosine/0.9/0.99/2e7images"
    ),
    batch_size=512,
    steps=488_281,
    network_options={"bfloat16_stages": 3},
    regularizers={
        "r1": {"gamma": "cosine/0.05/0.005/2e7images"},
        "r2": {"gamma": "cosine/0.05/0.005/2e7images"},
    },
    augment={
        "random_transforms": {
            "transforms": _R3GAN_TRANSFORMS,
            "probability": "cosine/0/0.55/2e7images",
        }
    },
    ema_half_life="cosine/0/5e6/2e7images",
)
_enter(
    "r3gan_64",
    source="Huang et al. 2024 (R3GAN), the official code for FFHQ-64; the length of 100 "
    "million images is ours",
    architecture="r3gan",
    loss="relativistic_pairing",
    optimizer=OptimizerSettings(
        "cosine/2e-4/5e-5/2e7images", beta_1=0.0, beta_2="cosine/0.9/0.99/2e7images"
    ),
    batch_size=256,
    steps=390_625,
    network_options={"bfloat16_stages": 4},
    regularizers={
        "r1": {"gamma": "cosine/2/0.2/2e7images"},
        "r2": {"gamma": "cosine/2/0.2/2e7images"},
    },
    augment={
        "random_transforms": {
            "transforms": _R3GAN_TRANSFORMS,
            "probability": "cosine/0/0.3/2e7images",
        }
    },
    ema_half_life="cosine/0/5e5/2e7images",
)
_enter(
    "r3gan_stacked_mnist",
    data="stacked_mnist",
    source="Huang et al. 2024 (R3GAN), section 3.3 (stacked MNIST). The paper gives no settings: "
    "these are our reconstruction, with the schedules of the official code over 2 million images",
    architecture="r3gan",
    loss="relativistic_pairing",
    optimizer=OptimizerSettings(
        "cosine/2e-4/5e-5/2e6images", beta_1=0.0, beta_2="cosine/0.9/0.99/2e6images"
    ),
    batch_size=128,
    steps=15_625,
    width=128,
    network_options={"blocks": 1},
    regularizers={
        "r1": {"gamma": "cosine/1/0.1/2e6images"},
        "r2": {"gamma": "cosine/1/0.1/2e6images"},
    },
    ema_half_life="cosine/0/5e4/2e6images",
)
_enter(
    "mlp",
    source="Gulrajani et al. 2017, the toy data of figure 1, with the official code's settings",
    architecture="mlp",
    loss="wasserstein",
    optimizer=OptimizerSettings(1e-4, beta_1=0.5, beta_2=0.9),
    batch_size=256,
    steps=100_000,
    discriminator_steps=5,
    regularizers={"gradient_penalty": {"weight": 0.1}},
)
_STYLEGAN2 = {
    "architecture": "stylegan2",
    "loss": "non_saturating",
    # A penalty is part of the update that is due, and no update of its own: the rate and `beta_2`
    # need no correction for it.
    "optimizer": OptimizerSettings(2.5e-3, beta_1=0.0, beta_2=0.99),
}
_enter(
    "stylegan2",
    source="Karras et al. 2020 (StyleGAN2-ADA), the official code's settings for CIFAR-10, without "
    "augmentation",
    batch_size=64,
    steps=1_562_500,
    latent_dim=512,
    width=512,
    regularizers={"r1": {"gamma": 0.01, "every": 16}},
    network_options={
        "max_channels": 512,
        "mapping_layers": 2,
        "style_mixing": 0.0,
        "blocks": "plain",
        "group_size": 32,
    },
    ema_half_life=500_000.0,
    **_STYLEGAN2,
)
_enter(
    "stylegan2_small",
    source="StyleGAN2-ADA's settings for CIFAR-10 with a quarter of the weights; the sizes and the "
    "average are this package's own",
    batch_size=64,
    steps=100_000,
    latent_dim=128,
    width=256,
    regularizers={"r1": {"gamma": 0.01, "every": 16}},
    network_options={
        "max_channels": 256,
        "mapping_layers": 2,
        "style_mixing": 0.0,
        "blocks": "plain",
        "group_size": 8,
    },
    ema_half_life=50_000.0,
    **_STYLEGAN2,
)
_enter(
    "stylegan2_small_64",
    source="StyleGAN2-ADA's settings for 64 pixels on one GPU with a quarter of the weights; the "
    "sizes, R1's gamma and the average are this package's own",
    batch_size=32,
    steps=200_000,
    latent_dim=256,
    width=128,
    regularizers={"r1": {"gamma": 0.1, "every": 16}, "path_length": {"weight": 2.0, "every": 4}},
    network_options={
        "max_channels": 256,
        "mapping_layers": 2,
        "style_mixing": 0.9,
        "group_size": 8,
    },
    ema_half_life=20_000.0,
    **_STYLEGAN2,
)
_enter(
    "semi_supervised_mnist",
    data="tfds:mnist",
    source="Salimans et al. 2016, table 1 (100 labels, feature matching), the official code",
    architecture="semi_supervised_mlp",
    loss="semi_supervised",
    optimizer=OptimizerSettings(3e-3, beta_1=0.5, kind="adam_under_root"),
    batch_size=100,
    steps=180_000,
    latent="uniform",
    generator_loss={"norm": "l2", "reduction": "mean"},
    labels_per_class=10,
    ema_decay=0.9999,
)
_enter(
    "semi_supervised_mnist_minibatch",
    data="tfds:mnist",
    source="Salimans et al. 2016, section 5.1 (MNIST with minibatch discrimination). No code is "
    "published: these are the settings of feature matching, with the layer and the three updates "
    "of the generator of the official code for CIFAR-10",
    architecture="semi_supervised_mlp",
    loss="semi_supervised",
    optimizer=OptimizerSettings(3e-3, beta_1=0.5, kind="adam_under_root"),
    batch_size=100,
    steps=180_000,
    generator_steps=3,
    latent="uniform",
    network_options={"minibatch_features": "discrimination"},
    labels_per_class=10,
    ema_decay=0.9999,
)
_enter(
    "semi_supervised_cifar10",
    data="tfds:cifar10",
    source="Salimans et al. 2016, table 2 (4000 labels, feature matching), the official code",
    architecture="semi_supervised_cnn",
    loss="semi_supervised",
    optimizer=OptimizerSettings(3e-4, beta_1=0.5, decay_start=2 / 3, kind="adam_under_root"),
    batch_size=100,
    steps=600_000,
    latent="uniform",
    generator_loss={"norm": "l1", "reduction": "mean"},
    labels_per_class=400,
    ema_decay=0.9999,
)
_enter(
    "semi_supervised_cifar10_minibatch",
    data="tfds:cifar10",
    source="Salimans et al. 2016, section 6.2 (minibatch discrimination), the official code",
    architecture="semi_supervised_cnn",
    loss="semi_supervised",
    optimizer=OptimizerSettings(3e-4, beta_1=0.5, decay_start=2 / 3, kind="adam_under_root"),
    batch_size=100,
    steps=600_000,
    generator_steps=3,
    latent="uniform",
    network_options={"minibatch_features": "discrimination"},
    labels_per_class=400,
    ema_decay=0.9999,
)
_enter(
    "semi_supervised_svhn",
    data="tfds:svhn_cropped",
    source="Salimans et al. 2016, figure 5 (1000 labels, feature matching), the official code",
    architecture="semi_supervised_cnn",
    loss="semi_supervised",
    optimizer=OptimizerSettings(3e-4, beta_1=0.5, decay_start=2 / 3, kind="adam_under_root"),
    batch_size=100,
    steps=658_800,
    latent="uniform",
    width=64,
    generator_loss={"norm": "l1", "reduction": "mean"},
    labels_per_class=100,
    ema_decay=0.9999,
)
