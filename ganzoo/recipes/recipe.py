"""All settings of a training run, as plain data."""

import dataclasses
import functools
import json
from typing import Any, Self

import keras

from ganzoo import architectures, augment, losses, regularizers, schedules
from ganzoo.augment import Augmentation
from ganzoo.recipes.optimizer_settings import OptimizerSettings, is_text, short
from ganzoo.regularizers import Regularizer
from ganzoo.validation import (
    check_choice,
    check_fraction,
    check_non_negative,
    check_positive_integer,
)

_PLAYERS = ("g_optimizer", "d_optimizer")
_OPTIONAL = ("weight_decay", "clip_norm")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All settings of a training run, with or without its data.

    Change a recipe with `dataclasses.replace`.

    Args:
        source: Source of the settings: paper, section or table, and what is different here.
        architecture: One of `ganzoo.architectures.names()`. With `labels_per_class`, one of
            `ganzoo.architectures.semi_supervised_names()`.
        loss: One of `ganzoo.losses.adversarial_names()`. With `labels_per_class`,
            `"semi_supervised"`.
        g_optimizer: `OptimizerSettings` of the generator.
        d_optimizer: `OptimizerSettings` of the discriminator.
        batch_size: Real examples in each update of the discriminator.
        steps: Steps of the whole training run.
        discriminator_steps: Updates of the discriminator in each step.
        generator_steps: Updates of the generator in each step.
        generator_batch_ratio: Fakes in the generator's update for each real example in one of the
            discriminator's.
        latent: Distribution of the latents, `"normal"` or `"uniform"` in [-1, 1].
        latent_dim: Length of the latent vectors. `None` is the architecture's default.
        width: Width of both networks. `None` is the architecture's default.
        normalization: Normalization of the discriminator. `None` is the architecture's default.
        regularizers: Arguments of each regularizer by its name in `ganzoo.regularizers.names()`,
            e.g. `{"r1": {"gamma": 0.1}}`.
        generator_loss: Arguments of the `ganzoo.losses.FeatureMatching` that the generator
            minimizes, or `None` for the adversarial loss.
        augment: One of `ganzoo.augment.names()`, a policy of `DiffAugment` or `AdaptiveAugment`, or
            `None`. Or the arguments of each augmentation by such a name, e.g.
            `{"bgc": {"images_to_one": 100000}}`.
        packing: Examples in one row of the discriminator.
        network_options: Further arguments of `ganzoo.architectures.build`.
        labels_per_class: For a semi-supervised GAN: how many examples of each class keep their
            labels. `None` for all other GANs.
        ema_decay: Decay of the generator's moving average, or `None` for no average. In a
            semi-supervised GAN it is also the decay of the classifier's average.
        ema_half_life: In place of `ema_decay`: half-life of the average in images, a number or the
            text of a schedule. See `ganzoo.GAN.compile`.
        data: The source that the recipe is for, as `ganzoo.data.load` names it, or `None`.
        conditional: Whether the networks take the labels or the conditions of the data too.
        loss_options: Arguments of the loss, e.g. `{"label_smoothing": 0.1}`.

    Raises:
        ValueError: If a setting is outside its range or not a known name.

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
    generator_steps: int = 1
    generator_batch_ratio: int = 1
    latent: str = "normal"
    latent_dim: int | None = None
    width: int | None = None
    normalization: str | None = None
    regularizers: dict = dataclasses.field(default_factory=dict)
    generator_loss: dict | None = None
    augment: str | dict | None = None
    packing: int = 1
    network_options: dict = dataclasses.field(default_factory=dict)
    labels_per_class: int | None = None
    ema_decay: float | None = None
    ema_half_life: float | str | None = None
    data: str | None = None
    conditional: bool = False
    loss_options: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if not isinstance(self.source, str):
            raise ValueError(f"`source` must be a string. Received: source={self.source!r}")
        if not isinstance(self.data, str | None):
            raise ValueError(f"`data` must be a string or `None`. Received: data={self.data!r}")
        if not isinstance(self.conditional, bool):
            raise ValueError(
                f"`conditional` must be a boolean. Received: conditional={self.conditional!r}"
            )
        if self.labels_per_class is None:
            check_choice("architecture", self.architecture, architectures.names())
            check_choice("loss", self.loss, losses.adversarial_names())
        else:
            check_positive_integer("labels_per_class", self.labels_per_class)
            names = architectures.semi_supervised_names()
            if self.architecture in architectures.names():
                raise ValueError(
                    "`labels_per_class` is for semi-supervised recipes, whose architecture is one "
                    f"of {', '.join(names)}. Received: labels_per_class={self.labels_per_class} "
                    f"with architecture={self.architecture!r}"
                )
            check_choice("architecture", self.architecture, names)
            check_choice("loss", self.loss, ("semi_supervised",))
            if self.conditional:
                raise ValueError(
                    "The generator of a semi-supervised GAN has no classes: leave `conditional` "
                    "out. "
                    f"Received: conditional=True, labels_per_class={self.labels_per_class}"
                )
            if (self.discriminator_steps, self.packing, self.normalization) != (1, 1, None):
                raise ValueError(
                    "A semi-supervised GAN has one discriminator step, no packing, and the "
                    "normalization of its architecture. Received: discriminator_steps="
                    f"{self.discriminator_steps}, packing={self.packing}, "
                    f"normalization={self.normalization!r}"
                )
        check_choice("latent", self.latent, ("normal", "uniform"))
        for name in _PLAYERS:
            if not isinstance(settings := getattr(self, name), OptimizerSettings):
                raise ValueError(
                    f"`{name}` must be an `OptimizerSettings`. Received: {name}={settings!r}"
                )
        for name in (
            "batch_size",
            "steps",
            "discriminator_steps",
            "generator_steps",
            "generator_batch_ratio",
            "packing",
        ):
            check_positive_integer(name, getattr(self, name))
        if self.batch_size % self.packing:
            raise ValueError(
                "`packing` must divide `batch_size`. "
                f"Received: packing={self.packing}, batch_size={self.batch_size}"
            )
        for name in ("latent_dim", "width"):
            if getattr(self, name) is not None:
                check_positive_integer(name, getattr(self, name))
        if self.normalization is not None:
            check_choice("normalization", self.normalization, architectures.NORMALIZATIONS)
        if self.ema_decay is not None:
            check_fraction("ema_decay", self.ema_decay)
        if self.ema_half_life is not None:
            schedules.check(check_non_negative, "ema_half_life", self.ema_half_life)
            if self.ema_decay is not None:
                raise ValueError(
                    "Give `ema_decay` or `ema_half_life`, not both. Received: ema_decay="
                    f"{self.ema_decay!r}, ema_half_life={self.ema_half_life!r}"
                )
        self.build_augment()
        self.build_loss(num_classes=2)
        self.build_generator_loss()
        self.build_regularizers()

    def optimizers(self) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
        """Returns the Keras optimizers of the generator and of the discriminator.

        A decaying rate reaches 0 at the last update of the player.
        """
        return (
            self.g_optimizer.build(self.steps * self.generator_steps),
            self.d_optimizer.build(self.steps * self.discriminator_steps),
        )

    @property
    def average(self) -> str:
        """The generator's average in a few words."""
        if self.ema_half_life is not None:
            unit = "" if is_text(self.ema_half_life) else " images"
            return f"half-life of {short(self.ema_half_life)}{unit}"
        return "none" if self.ema_decay is None else f"decay of {short(self.ema_decay)}"

    @property
    def fit_arguments(self) -> dict[str, Any]:
        """The arguments of `fit` with which a GAN trains as the recipe says, a dictionary.

        Example:

        >>> ganzoo.recipes.get("sngan").fit_arguments
        {'batch_size': 64, 'steps': 100000}
        """
        arguments = {"batch_size": self.batch_size, "steps": self.steps}
        if self.labels_per_class is not None:
            arguments["labels_per_class"] = self.labels_per_class
        return arguments

    def build_regularizers(self) -> list[Regularizer]:
        """Returns the list of `ganzoo.regularizers`."""
        if not isinstance(self.regularizers, dict):
            raise ValueError(
                "`regularizers` must be a dictionary from names to arguments. "
                f"Received: regularizers={self.regularizers!r}"
            )
        for name in self.regularizers:
            check_choice("regularizers", name, regularizers.names())
        return [
            self._build("regularizers", regularizers.get, name, arguments)
            for name, arguments in self.regularizers.items()
        ]

    def build_augment(self) -> Augmentation | None:
        """Returns the `ganzoo.augment` augmentation, or `None`."""
        if not isinstance(self.augment, dict):
            return augment.get(self.augment)
        return augment.get(
            [
                self._build("augment", augment.get, name, arguments)
                for name, arguments in self.augment.items()
            ]
        )

    def build_loss(self, num_classes: int | None = None) -> losses.Loss:
        """Returns the `ganzoo.losses` loss.

        Args:
            num_classes: Number of classes, for the loss of a semi-supervised GAN.
        """
        get = losses.get_adversarial_loss
        if self.labels_per_class is not None:
            get = functools.partial(losses.get, num_classes=num_classes)
        return self._build("loss_options", get, self.loss, self.loss_options)

    def build_generator_loss(self) -> losses.FeatureMatching | None:
        """Returns the `ganzoo.losses.FeatureMatching`, or `None`."""
        if self.generator_loss is None:
            return None
        return self._build("generator_loss", losses.get, "feature_matching", self.generator_loss)

    def build_networks(
        self,
        image_shape: tuple[int, ...],
        num_classes: int | None = None,
        condition_dim: int | None = None,
    ) -> tuple[keras.Model, keras.Model]:
        """Returns the generator and the discriminator for images of this shape."""
        sizes = {"latent_dim": self.latent_dim, "width": self.width}
        sizes = {name: size for name, size in sizes.items() if size is not None}
        if self.labels_per_class is not None:
            return architectures.build_semi_supervised(
                self.architecture, image_shape, num_classes, **sizes, **self.network_options
            )
        return architectures.build(
            self.architecture,
            image_shape,
            num_classes=num_classes,
            condition_dim=condition_dim,
            normalization=self.normalization,
            packing=self.packing,
            **sizes,
            **self.network_options,
        )

    def _build(self, field, get, name, arguments):
        """Makes the part of a name from the arguments in a field of the recipe."""
        if not isinstance(arguments, dict):
            raise ValueError(
                f"The arguments of {name!r} must be a dictionary. "
                f"Received: {field}={getattr(self, field)!r}"
            )
        return get(name, **arguments)

    def to_json(self) -> str:
        """Returns the recipe as JSON. What an optimizer does not have is left out."""
        settings = dataclasses.asdict(self)
        for name in _PLAYERS:
            for option in _OPTIONAL:
                if settings[name][option] is None:
                    del settings[name][option]
        return json.dumps(settings, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Returns the recipe that `to_json` wrote, or raises `ValueError`."""
        settings = _check_settings("recipe", cls, json.loads(text))
        for name in _PLAYERS:
            player = _check_settings(name, OptimizerSettings, settings[name])
            settings[name] = OptimizerSettings(**player)
        return cls(**settings)


def _check_settings(name, settings_class, settings):
    """Returns a dictionary of fields of the class, after a check that no field is missing."""
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
