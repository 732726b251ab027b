"""One Keras optimizer that holds the optimizers of both players."""

import contextlib
import warnings

import keras

from ganzoo.players import PLAYERS
from ganzoo.training.fused_update import FusedUpdate
from ganzoo.training.loss_scale import innermost, with_loss_scale
from ganzoo.training.players_variable import PlayersVariable
from ganzoo.validation import describe

# The settings of DCGAN (Radford et al. 2016, section 4), which the field starts from.
_DEFAULT_ADAM = {"learning_rate": 2e-4, "beta_1": 0.5}


def _refused(name):
    """Returns the method of a name that makes sense for the optimizer of one player alone."""

    def method(self, *args, **kwargs):
        raise NotImplementedError(
            "Each player's optimizer has its own variables and gradients: call "
            f"`optimizer.generator.{name}` or `optimizer.discriminator.{name}`. "
            f"Received: a call of `{name}` for both"
        )

    method.__name__ = name
    method.__doc__ = f"Raises `NotImplementedError`: call `{name}` of a player's optimizer."
    return method


def _shared_setting(name):
    """Returns the property of a setting that the optimizers of both players have."""

    def getter(self):
        values = [getattr(innermost(getattr(self, player)), name) for player in PLAYERS]
        if values[0] != values[1]:
            raise ValueError(
                f"The players have different values: read `optimizer.generator.{name}` and "
                f"`optimizer.discriminator.{name}`. Received: {name}={values}"
            )
        return values[0]

    def setter(self, value):
        # Keras sets its defaults before there are players.
        if hasattr(self, "discriminator"):
            raise AttributeError(
                f"`{name}` is an argument of the players' optimizers: give it to each when you "
                f"make it. Received: {name}={value!r} for both"
            )

    return property(getter, setter, doc=f"`{name}` of both players' optimizers.")


@keras.saving.register_keras_serializable(package="ganzoo")
class AdversarialOptimizer(keras.optimizers.Optimizer):
    """Holds the generator's and the discriminator's optimizers as the one optimizer of a `GAN`.

    Because it *is* `model.optimizer`, whatever Keras does with a model's optimizer (backups,
    `.keras` files, learning-rate callbacks) reaches both players. What cannot reach both raises an
    error: use `optimizer.generator` and `optimizer.discriminator`.

    - `learning_rate` is the generator's rate. Setting or assigning it sets the discriminator's too,
      at the ratio of the rates that the two were made with. It raises a `TypeError` if either
      player follows a schedule, which no callback can steer.
    - `iterations` is the number of the generator's updates. It cannot be assigned.
    - `variables` and `set_weights` are about the variables of the generator's optimizer and then
      those of the discriminator's. `exclude_from_weight_decay` is passed on to both.
    - Settings such as `clipnorm` are the ones that both players have. They are arguments of the
      players' optimizers, and cannot be set here.
    - With `use_ema=True`, Keras replaces the weights of a player by their average when `fit` ends.
      `GAN.compile(ema_decay=...)` keeps an average next to the weights in training instead.

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
        # The update of each player, once the optimizer is built.
        self.updates = {}
        self._built_with = {}
        self._undecayed = {"names": [], "has_variables": False}
        self._is_in_run = False
        self._rate_ratio = None
        if not self._scheduled_players() and _rate(self.generator) > 0:
            self._rate_ratio = _rate(self.discriminator) / _rate(self.generator)

    def build(self, generator_variables, discriminator_variables):
        """Builds the optimizers of both players, each with the variables of its network.

        Raises:
            ValueError: If one has been built with other variables: it would keep their moments; or
                if it has `use_ema=True` for variables in 16 bits.
        """
        players = {
            "generator": (self.generator, generator_variables),
            "discriminator": (self.discriminator, discriminator_variables),
        }
        ids = {name: [id(v) for v in variables] for name, (_, variables) in players.items()}
        for name, (player, variables) in players.items():
            _check_average(name, player, variables)
            if player.built and self._built_with.get(name) != ids[name]:
                raise ValueError(
                    f"The {name}'s optimizer must be a new one: an optimizer keeps the moments of "
                    f"the variables that it was built with. Received: {player.name!r}, which is "
                    "built already"
                )
        for name, (player, variables) in players.items():
            if not player.built:
                self.updates[name] = FusedUpdate(name, player, variables)
        self._built_with = ids
        self.built = True

    def scale_losses(self):
        """Wraps each player's optimizer in its own `LossScaleOptimizer`, as float16 needs."""
        self.generator = with_loss_scale(self.generator)
        self.discriminator = with_loss_scale(self.discriminator)

    @property
    def variables(self):
        return self.generator.variables + self.discriminator.variables

    @property
    def stored_variables(self):
        """The `variables` as files have them: with slots for each weight."""
        return [variable for name in PLAYERS for variable in self.updates[name].stored_variables]

    @property
    def iterations(self):
        count = self.generator.iterations
        return PlayersVariable(count, _refuse_iterations) if _is_variable(count) else count

    @property
    def learning_rate(self):
        rate = self.generator.learning_rate
        return PlayersVariable(rate, self._set_rates) if _is_variable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        self._set_rates(learning_rate)

    def _set_rates(self, learning_rate):
        scheduled = self._scheduled_players()
        if scheduled:
            raise TypeError(
                "The learning rate can be set only where it is a number. Received: "
                f"learning_rate={learning_rate!r}, while a schedule drives the "
                f"{' and the '.join(scheduled)}. Give the players plain rates, or drop the "
                "callback that sets them."
            )
        if callable(learning_rate):
            raise TypeError(
                "A schedule belongs to one player: give it to the optimizer of that player when "
                f"you make it. Received: learning_rate={learning_rate!r}"
            )
        if self._rate_ratio is None:
            raise ValueError(
                "The ratio of the players' rates is unknown, since the generator's was 0 when "
                "this optimizer was made. Set each player's `learning_rate` instead. "
                f"Received: learning_rate={learning_rate!r}"
            )
        self.generator.learning_rate = learning_rate
        self.discriminator.learning_rate = learning_rate * self._rate_ratio

    def set_weights(self, weights):
        """Sets the variables of both players, in the order of `variables`.

        Raises:
            ValueError: If there is another number of weights, or one has another shape.
        """
        weights, variables = list(weights), self.variables
        shapes = [tuple(weight.shape) for weight in weights]
        expected = [tuple(variable.shape) for variable in variables]
        if not self.built or shapes != expected:
            raise ValueError(
                "`weights` must have an array for each of the `variables` of a built optimizer, "
                f"which have the shapes {expected}. Received: shapes {shapes}, built={self.built}"
            )
        for variable, weight in zip(variables, weights, strict=True):
            variable.assign(weight)

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Excludes variables of both players from weight decay, before the optimizer is built.

        Args:
            var_list: List of Keras variables, of one player or of both. Files do not store it.
            var_names: List of texts; variables whose name contains one of them are excluded.

        Raises:
            ValueError: If the optimizer is built: call it before `compile`.
        """
        if self.built:
            raise ValueError(
                "`exclude_from_weight_decay` must be called before `compile`, which builds the "
                "optimizer. Received: an optimizer that is built"
            )
        self._undecayed = {"names": list(var_names or ()), "has_variables": bool(var_list)}
        for player in map(innermost, (self.generator, self.discriminator)):
            player.exclude_from_weight_decay(var_list, var_names)

    @contextlib.contextmanager
    def one_run(self):
        """Makes the calls of Keras's `fit` in this context one run, with final weights at its end.

        Keras would otherwise end each call with the average weights of `use_ema=True`.
        """
        self._is_in_run = True
        try:
            yield
        finally:
            self._is_in_run = False
        self.finalize_variable_values(None)

    def finalize_variable_values(self, var_list):
        """Replaces the weights of each player with `use_ema=True` by their average."""
        if self._is_in_run:
            return
        # Each knows the weights that it was built with, and not their places in a longer list.
        for player in (self.generator, self.discriminator):
            player.finalize_variable_values(player._trainable_variables)

    def save_own_variables(self, store):
        # Keras saves the players as attributes.
        pass

    def load_own_variables(self, store):
        pass

    apply = _refused("apply")
    apply_gradients = _refused("apply_gradients")
    stateless_apply = _refused("stateless_apply")
    update_step = _refused("update_step")
    scale_loss = _refused("scale_loss")
    add_variable = _refused("add_variable")
    add_variable_from_reference = _refused("add_variable_from_reference")
    add_optimizer_variables = _refused("add_optimizer_variables")

    weight_decay = _shared_setting("weight_decay")
    clipnorm = _shared_setting("clipnorm")
    global_clipnorm = _shared_setting("global_clipnorm")
    clipvalue = _shared_setting("clipvalue")
    use_ema = _shared_setting("use_ema")
    ema_momentum = _shared_setting("ema_momentum")
    ema_overwrite_frequency = _shared_setting("ema_overwrite_frequency")
    loss_scale_factor = _shared_setting("loss_scale_factor")
    gradient_accumulation_steps = _shared_setting("gradient_accumulation_steps")

    def get_config(self):
        if self._undecayed["has_variables"]:
            warnings.warn(
                "The `var_list` of `exclude_from_weight_decay` is not saved: exclude by "
                "`var_names`, or exclude again after loading.",
                stacklevel=2,
            )
        names = self._undecayed["names"]
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "name": self.name,
            **({"excluded_from_weight_decay": names} if names else {}),
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        names = config.pop("excluded_from_weight_decay", None)
        optimizer = cls(**config)
        if names:
            optimizer.exclude_from_weight_decay(var_names=names)
        return optimizer

    def _scheduled_players(self):
        return [name for name in PLAYERS if _follows_schedule(getattr(self, name))]


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
        f"its own. Received: optimizer={describe(optimizer)}, "
        f"g_optimizer={describe(g_optimizer)}, d_optimizer={describe(d_optimizer)}"
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
            f"Received: {name}={describe(identifier)}"
        )
    return optimizer


def _rate(optimizer):
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def _follows_schedule(optimizer):
    rate = keras.saving.serialize_keras_object(optimizer)["config"]
    if "inner_optimizer" in rate:
        return _follows_schedule(optimizer.inner_optimizer)
    return not isinstance(rate["learning_rate"], float)


def _is_variable(value):
    return isinstance(value, keras.Variable)


def _check_average(name, player, variables):
    """Raises if an optimizer keeps a slow average in 16 bits, in which it would stand still."""
    dtypes = sorted({variable.dtype for variable in variables})
    if innermost(player).use_ema and {"float16", "bfloat16"} & set(dtypes):
        raise ValueError(
            "With `use_ema=True`, Keras keeps the average in the dtype of the weights, and in 16 "
            f"bits it stands still: use `compile(ema_decay=...)`. Received: the {name}'s optimizer "
            f"with use_ema=True and weights of {', '.join(dtypes)}"
        )


def _refuse_iterations(value):
    raise TypeError(
        "Each player counts its own updates: assign `optimizer.generator.iterations` and "
        f"`optimizer.discriminator.iterations`. Received: iterations={value!r} for both"
    )
