"""The settings with which the papers trained, by name, as plain data."""

import dataclasses
import json

import keras

from ganzoo import architectures, losses, regularizers
from ganzoo.registry import Registry
from ganzoo.regularizers.base import REGULARIZERS
from ganzoo.validation import (
    check_choice,
    check_fraction,
    check_positive,
    check_positive_integer,
)


@dataclasses.dataclass(frozen=True)
class OptimizerSettings:
    """The optimizer of one player.

    Args:
        learning_rate: The rate, or where it begins to decay.
        beta_1: Decay of the mean of the gradients; 0 for RMSprop, which has none.
        beta_2: Decay of the mean of the squared gradients, RMSprop's `rho`.
        kind: `"adam"` or `"rmsprop"`.
        linear_decay: Whether the rate falls linearly to 0 over the training.
        epsilon: Added to the root of the squared gradients' mean. The papers' frameworks have 1e-8.

    Raises:
        ValueError: If a setting is outside its range.

    Example:

    >>> OptimizerSettings(2e-4, beta_1=0.0, beta_2=0.9).build(updates=1000).beta_1
    0.0
    """

    learning_rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    kind: str = "adam"
    linear_decay: bool = False
    epsilon: float = 1e-8

    def __post_init__(self):
        check_positive("learning_rate", self.learning_rate)
        check_fraction("beta_1", self.beta_1)
        check_fraction("beta_2", self.beta_2)
        check_choice("kind", self.kind, ("adam", "rmsprop"))
        check_choice("linear_decay", self.linear_decay, (True, False))
        check_positive("epsilon", self.epsilon)
        if self.kind == "rmsprop" and self.beta_1 != 0:
            raise ValueError(
                "RMSprop keeps no mean of the gradients, so `beta_1` must be 0. "
                f"Received: beta_1={self.beta_1!r}"
            )

    def build(self, updates):
        """Returns the Keras optimizer.

        Args:
            updates: Number of updates of the player in the whole training, where a rate decays.
        """
        rate = self.learning_rate
        if self.linear_decay:
            rate = keras.optimizers.schedules.PolynomialDecay(
                rate, decay_steps=updates, end_learning_rate=0.0
            )
        if self.kind == "rmsprop":
            return keras.optimizers.RMSprop(rate, rho=self.beta_2, epsilon=self.epsilon)
        return keras.optimizers.Adam(rate, self.beta_1, self.beta_2, epsilon=self.epsilon)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All that a training needs besides its data; change it by `dataclasses.replace`.

    Args:
        source: Where the settings come from: paper, section or table, and what is different here.
        architecture: One of `ganzoo.architectures.names()`.
        loss: One of `ganzoo.losses.names()`.
        g_optimizer: `OptimizerSettings` of the generator.
        d_optimizer: `OptimizerSettings` of the discriminator.
        batch_size: Real examples in each update of the discriminator.
        steps: Updates of the generator in the whole training.
        discriminator_steps: Updates of the discriminator for each one of the generator.
        generator_batch_ratio: Fakes in the generator's update for each real example in one of the
            discriminator's.
        latent: Distribution of the latents, `"normal"` or `"uniform"` in [-1, 1].
        latent_dim: Length of the latent vectors; the architecture's own if `None`.
        width: Width of both networks; the architecture's own if `None`.
        normalization: That of the discriminator; the architecture's own if `None`.
        regularizers: Arguments of each regularizer by its name in `ganzoo.regularizers.names()`,
            e.g. `{"r1": {"gamma": 0.1}}`.
        ema_decay: Decay of the generator's moving average, or `None` for none.

    Raises:
        ValueError: If a setting is outside its range or an unknown name.

    Example:

    >>> recipe = dataclasses.replace(get("sngan"), steps=1000, width=16)
    >>> recipe == Recipe.from_json(recipe.to_json())
    True
    """

    source: str
    architecture: str
    loss: str
    g_optimizer: OptimizerSettings
    d_optimizer: OptimizerSettings
    batch_size: int
    steps: int
    discriminator_steps: int = 1
    generator_batch_ratio: int = 1
    latent: str = "normal"
    latent_dim: int | None = None
    width: int | None = None
    normalization: str | None = None
    regularizers: dict = dataclasses.field(default_factory=dict)
    ema_decay: float | None = None

    def __post_init__(self):
        if not isinstance(self.source, str):
            raise ValueError(f"`source` must be a string. Received: source={self.source!r}")
        check_choice("architecture", self.architecture, architectures.names())
        check_choice("loss", self.loss, losses.names())
        check_choice("latent", self.latent, ("normal", "uniform"))
        for name in ("g_optimizer", "d_optimizer"):
            if not isinstance(settings := getattr(self, name), OptimizerSettings):
                raise ValueError(
                    f"`{name}` must be an `OptimizerSettings`. Received: {name}={settings!r}"
                )
        for name in ("batch_size", "steps", "discriminator_steps", "generator_batch_ratio"):
            check_positive_integer(name, getattr(self, name))
        for name in ("latent_dim", "width"):
            if getattr(self, name) is not None:
                check_positive_integer(name, getattr(self, name))
        if self.normalization is not None:
            check_choice("normalization", self.normalization, architectures.NORMALIZATIONS)
        if self.ema_decay is not None:
            check_fraction("ema_decay", self.ema_decay)
        self.build_regularizers()

    def optimizers(self):
        """Returns the Keras optimizers of the generator and of the discriminator.

        A rate that decays reaches 0 with the last update of the player, of which the discriminator
        has `discriminator_steps` times as many.
        """
        return (
            self.g_optimizer.build(self.steps),
            self.d_optimizer.build(self.steps * self.discriminator_steps),
        )

    def build_regularizers(self):
        """Returns the list of `ganzoo.regularizers`."""
        if not isinstance(self.regularizers, dict):
            raise ValueError(
                "`regularizers` must be a dictionary from names to arguments. "
                f"Received: regularizers={self.regularizers!r}"
            )
        built = []
        for name, arguments in self.regularizers.items():
            check_choice("regularizers", name, regularizers.names())
            try:
                built.append(REGULARIZERS[name](**arguments))
            except TypeError as error:
                raise ValueError(
                    f"`{name}` does not take these arguments: {error}. "
                    f"Received: regularizers={self.regularizers!r}"
                ) from error
        return built

    def build_networks(self, image_shape, num_classes=None):
        """Returns the generator and the discriminator for images of this shape."""
        return architectures.build(
            self.architecture,
            image_shape,
            latent_dim=self.latent_dim,
            width=self.width,
            num_classes=num_classes,
            normalization=self.normalization,
        )

    def to_json(self):
        """Returns the recipe as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text):
        """Returns the recipe that `to_json` wrote, or raises `ValueError`."""
        settings = _check_settings("recipe", cls, json.loads(text))
        for name in ("g_optimizer", "d_optimizer"):
            player = _check_settings(name, OptimizerSettings, settings[name])
            settings[name] = OptimizerSettings(**player)
        return cls(**settings)


def get(name):
    """Returns the recipe of this name, or raises a `ValueError` that lists all names."""
    return _recipes[name]


def names():
    """Returns the names of all recipes in alphabetical order."""
    return _recipes.names()


def _check_settings(name, settings_class, settings):
    """Returns a dictionary whose keys are fields of the class, with all that have no default."""
    fields = dataclasses.fields(settings_class)
    required = {
        field.name
        for field in fields
        if field.default is field.default_factory is dataclasses.MISSING
    }
    if not isinstance(settings, dict) or not required <= set(settings) <= {f.name for f in fields}:
        raise ValueError(
            f"The {name} must have the keys {', '.join(sorted(required))}, and may have "
            f"{', '.join(f.name for f in fields if f.name not in required)}. "
            f"Received: {name}={settings!r}"
        )
    return settings


_recipes = Registry("recipe")


def _enter(name, *, optimizer, **settings):
    """Enters a recipe in which both players have the same optimizer, as in all these papers."""
    _recipes.register(name)(Recipe(g_optimizer=optimizer, d_optimizer=optimizer, **settings))


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
    optimizer=OptimizerSettings(2e-4, beta_1=0.0, beta_2=0.9, linear_decay=True),
    batch_size=64,
    steps=100_000,
    discriminator_steps=5,
    generator_batch_ratio=2,
)
_enter(
    "infogan_ns",
    source="Lucic et al. 2018 (NS GAN, 20 epochs), with the rates of PA-GAN (Zhang et al. 2019)",
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
    optimizer=OptimizerSettings(2e-4, beta_1=0.0, beta_2=0.9, linear_decay=True),
    batch_size=64,
    steps=100_000,
    discriminator_steps=5,
    generator_batch_ratio=2,
    normalization="none",
    regularizers={"gradient_penalty": {"weight": 10.0}},
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
