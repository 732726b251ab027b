"""What every regularizer has in common, and how one is found by its name.

A regularizer is one of three kinds. A `Penalty` is a cost of what the discriminator says of
images, which the training step adds to its loss. A `WeightPenalty` is a cost of the weights of one
player or of both. A `Constraint` moves the discriminator's variables after each update.
"""

import keras
from keras import ops

from ganzoo.registry import Registry
from ganzoo.validation import check_choice, check_positive_integer

REGULARIZERS = Registry("regularizer")

_PLAYERS = {
    "both": ("generator", "discriminator"),
    "generator": ("generator",),
    "discriminator": ("discriminator",),
}


class Regularizer:
    """The part that all kinds share.

    Attributes:
        name: The name in the registry and in the logs.
    """

    name = None

    def get_config(self):
        """Returns the arguments of `__init__`."""
        return {}

    @classmethod
    def from_config(cls, config):
        """Returns the regularizer that `get_config` described."""
        return cls(**config)


class Penalty(Regularizer):
    """A cost of the discriminator that depends on its logits, or on their gradient.

    Args:
        every: The training step evaluates the penalty at each `every`-th discriminator update
            and multiplies it by `every`, so that its average strength does not depend on it.

    Raises:
        ValueError: If `every` is not a positive integer.
    """

    def __init__(self, every=1):
        self.every = check_positive_integer("every", every)

    def penalty(self, critic, real, fake, draws):
        """Returns the weighted penalty of one batch, without the factor `every`.

        Args:
            critic: The discriminator with its labels bound: `critic(images)` gives logits
                `(batch, 1)`, `critic.gradient(images)` the gradient of their sum with respect to
                the images, in the shape of the images.
            real: Real images in [-1, 1], `(batch, height, width, channels)`, or vectors.
            fake: Generated ones, likewise.
            draws: The `ganzoo.random.Draws` of the step.

        Returns:
            A scalar, float32 or float64.
        """
        raise NotImplementedError(
            f"`{type(self).__name__}` must implement `penalty(critic, real, fake, draws)`."
        )

    def get_config(self):
        return {"every": self.every}


class WeightPenalty(Regularizer):
    """A cost of the trainable variables of one player, or of each of the two.

    Args:
        player: `"both"`, `"generator"` or `"discriminator"`.
        every: The training step evaluates the penalty at each `every`-th update of a player and
            multiplies it by `every`, so that its average strength does not depend on it.

    Attributes:
        players: The names of the players, a tuple.

    Raises:
        ValueError: If `player` is none of these, or `every` is not a positive integer.
    """

    def __init__(self, player="both", every=1):
        self.player = check_choice("player", player, tuple(_PLAYERS))
        self.every = check_positive_integer("every", every)

    @property
    def players(self):
        return _PLAYERS[self.player]

    def memory(self, variables):
        """Returns what the penalty remembers of one player's variables between its updates.

        Args:
            variables: The player's trainable Keras variables.

        Returns:
            A new Keras layer that holds the memory in its weights, or `None`.
        """
        return None

    def remember(self, variables, memory):
        """Takes the present `variables` into the `memory`, right before each of their updates."""

    def penalty(self, variables, memory):
        """Returns the weighted penalty of one player, without the factor `every`.

        Args:
            variables: The player's trainable Keras variables.
            memory: What `memory` returned for them.

        Returns:
            A scalar, float32 or float64.
        """
        raise NotImplementedError(
            f"`{type(self).__name__}` must implement `penalty(variables, memory)`."
        )

    def get_config(self):
        return {"player": self.player, "every": self.every}


class Constraint(Regularizer):
    """A set to which the discriminator's variables are taken back after each of its updates."""

    def constrain(self, variables):
        """Assigns to each of the Keras `variables` its nearest value in the set."""
        raise NotImplementedError(f"`{type(self).__name__}` must implement `constrain(variables)`.")


def at_least_float32(values):
    """Returns half precision as float32, and anything else as it is."""
    return ops.cast(values, keras.backend.result_type(values.dtype, "float32"))


def squared_norms(gradients):
    """Returns the squared Euclidean norm of each example's gradient, `(batch,)`."""
    axes = tuple(range(1, len(gradients.shape)))
    return ops.sum(ops.square(at_least_float32(gradients)), axis=axes)


def get(identifier):
    """Returns the regularizer that `identifier` stands for.

    Args:
        identifier: A name of `ganzoo.regularizers.names()`, which gives the paper's strength, the
            dictionary that `keras.saving.serialize_keras_object` made of a regularizer, or a
            regularizer, which is returned.

    Raises:
        ValueError: If it is none of these.

    Example:

    >>> from ganzoo import regularizers
    >>> regularizers.get("r1").gamma
    10.0
    """
    return REGULARIZERS.instance(identifier, Regularizer)


def names():
    """Returns the names of all regularizers in alphabetical order."""
    return REGULARIZERS.names()
