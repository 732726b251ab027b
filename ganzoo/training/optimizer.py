"""One Keras optimizer that holds the optimizers of both players."""

import keras

# The settings of DCGAN (Radford et al. 2016, section 4), which the field starts from.
_DEFAULT_ADAM = {"learning_rate": 2e-4, "beta_1": 0.5}


@keras.saving.register_keras_serializable(package="ganzoo")
class AdversarialOptimizer(keras.optimizers.Optimizer):
    """Holds the generator's and the discriminator's optimizers as the one optimizer of a `GAN`.

    Because it *is* `model.optimizer`, whatever Keras does with a model's optimizer (backups,
    `.keras` files, learning-rate callbacks) reaches both players.

    `learning_rate` is the generator's rate. Setting it sets the discriminator's too, at the ratio
    of the rates that the two were made with. It raises a `TypeError` when either player follows a
    schedule, which no callback can steer.

    Args:
        generator: A `keras.optimizers.Optimizer`, its name or its config. The name `"adam"` stands
            for the settings that GANs start from, a rate of 2e-4 and a `beta_1` of 0.5; other
            names stand for Keras's defaults.
        discriminator: The same, for the discriminator. Must be another instance.
        name: Name of this optimizer.

    Raises:
        ValueError: If both players are given one instance, or one is no optimizer.

    Example:

    >>> optimizer = ganzoo.AdversarialOptimizer(
    ...     generator=keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9),
    ...     discriminator=keras.optimizers.Adam(4e-4, beta_1=0.0, beta_2=0.9),
    ... )
    >>> optimizer.learning_rate = 5e-5
    >>> round(float(optimizer.discriminator.learning_rate), 6)
    0.0002
    """

    def __init__(self, generator, discriminator, name="adversarial_optimizer"):
        super().__init__(learning_rate=0.0, name=name)
        self.generator = _as_optimizer("generator", generator)
        self.discriminator = _as_optimizer("discriminator", discriminator)
        if self.generator is self.discriminator:
            raise ValueError(
                "`generator` and `discriminator` must be two optimizers: each keeps the moments of "
                f"its own player. Received: one instance for both, {generator!r}"
            )
        self._built_with = {}
        self._rate_ratio = None
        if not self._scheduled_players() and _rate(self.generator) > 0:
            self._rate_ratio = _rate(self.discriminator) / _rate(self.generator)

    def build(self, generator_variables, discriminator_variables):
        """Builds the optimizers of both players, each with the variables of its network.

        Raises:
            ValueError: If one has been built with other variables: it would keep their moments.
        """
        for name, player, variables in (
            ("generator", self.generator, generator_variables),
            ("discriminator", self.discriminator, discriminator_variables),
        ):
            ids = [id(variable) for variable in variables]
            if not player.built:
                player.build(variables)
            elif self._built_with.get(name) != ids:
                raise ValueError(
                    f"The {name}'s optimizer must be a new one: an optimizer keeps the moments of "
                    f"the variables that it was built with. Received: {player.name!r}, which was "
                    "built with other variables"
                )
            self._built_with[name] = ids
        self.built = True

    def scale_losses(self):
        """Wraps each player's optimizer in its own `LossScaleOptimizer`, as float16 needs."""
        self.generator = _with_loss_scale(self.generator)
        self.discriminator = _with_loss_scale(self.discriminator)

    @property
    def variables(self):
        return self.generator.variables + self.discriminator.variables

    @property
    def iterations(self):
        return self.generator.iterations

    @property
    def learning_rate(self):
        return self.generator.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        scheduled = self._scheduled_players()
        if scheduled:
            raise TypeError(
                "The learning rate can be set only where it is a number. Received: "
                f"learning_rate={learning_rate!r}, while a schedule drives the "
                f"{' and the '.join(scheduled)}. Give the players plain rates, or drop the "
                "callback that sets them."
            )
        if self._rate_ratio is None:
            raise ValueError(
                "The ratio of the players' rates is unknown, since the generator's was 0 when "
                "this optimizer was made. Set each player's `learning_rate` instead. "
                f"Received: learning_rate={learning_rate!r}"
            )
        self.generator.learning_rate = float(learning_rate)
        self.discriminator.learning_rate = float(learning_rate) * self._rate_ratio

    def apply(self, grads, trainable_variables=None):
        raise NotImplementedError(
            "Each player applies its own gradients: call `optimizer.generator.apply` or "
            "`optimizer.discriminator.apply`."
        )

    def save_own_variables(self, store):
        # Keras saves the players as attributes.
        pass

    def load_own_variables(self, store):
        pass

    def get_config(self):
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _scheduled_players(self):
        players = {"generator": self.generator, "discriminator": self.discriminator}
        return [name for name, player in players.items() if _follows_schedule(player)]


def join_optimizers(optimizer, g_optimizer, d_optimizer):
    """Returns the optimizer of both players that the arguments of `compile` stand for."""
    if g_optimizer is None and d_optimizer is None and isinstance(optimizer or "adam", str):
        name = optimizer or "adam"
        return AdversarialOptimizer(name, name)
    separate = g_optimizer is not None and d_optimizer is not None
    if optimizer is None and separate:
        return AdversarialOptimizer(g_optimizer, d_optimizer)
    if isinstance(optimizer, AdversarialOptimizer) and g_optimizer is None and d_optimizer is None:
        return optimizer
    raise ValueError(
        "Give either `optimizer=`, a `ganzoo.AdversarialOptimizer` or the name of a Keras "
        "optimizer, or both `g_optimizer=` and `d_optimizer=`: each player needs an optimizer of "
        f"its own. Received: optimizer={optimizer!r}, g_optimizer={g_optimizer!r}, "
        f"d_optimizer={d_optimizer!r}"
    )


def _as_optimizer(name, identifier):
    if isinstance(identifier, str) and identifier.lower() == "adam":
        return keras.optimizers.Adam(**_DEFAULT_ADAM)
    try:
        optimizer = keras.optimizers.get(identifier)
    except (KeyError, TypeError, ValueError):
        optimizer = None
    if optimizer is None:
        raise ValueError(
            f"`{name}` must be a `keras.optimizers.Optimizer`, its name or its config. "
            f"Received: {name}={identifier!r}"
        )
    return optimizer


def _rate(optimizer):
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def _follows_schedule(optimizer):
    rate = keras.saving.serialize_keras_object(optimizer)["config"]
    if "inner_optimizer" in rate:
        return _follows_schedule(optimizer.inner_optimizer)
    return not isinstance(rate["learning_rate"], float)


def _with_loss_scale(optimizer):
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
