"""What every regularizer has in common, and how a name finds it.

There are four kinds. A `Penalty` is a cost of the discriminator's logits or of their gradient,
which the training step adds to the discriminator's loss. A `GeneratorPenalty` is a cost of what the
generator makes of latents, which it adds to the generator's loss. A `WeightPenalty` is a cost of
the weights of one player or of both. A `Constraint` moves the discriminator's variables after each
update.
"""

from ganzoo.part import NameOfClass, Part
from ganzoo.players import PLAYERS
from ganzoo.registry import Registry
from ganzoo.validation import check_choice, check_positive_integer

REGULARIZERS = Registry("regularizer")

_PLAYERS = {"both": PLAYERS, **{player: (player,) for player in PLAYERS}}


class Regularizer(Part):
    """The base of all kinds.

    Attributes:
        name: The name in the registry and in the logs; by default the name of the class, in small
            letters with underscores.
        transforms_images: Whether it transforms single images, so that it cannot be used where the
            discriminator sees packs of images.
        batch_coupled: Whether its cost of a batch is not the mean of its costs of the parts of the
            batch.
    """

    name = NameOfClass()
    transforms_images = False
    batch_coupled = False

    def check_example_shape(self, shape):
        """Raises `ValueError` unless it can be computed for examples of this shape."""


class Penalty(Regularizer):
    """A cost of the discriminator that depends on its logits, or on their gradient.

    Args:
        every: The training step evaluates the penalty at each `every`-th discriminator update
            and multiplies it by `every`, so that its average strength does not depend on it.

    Raises:
        ValueError: If `every` is not a positive integer.

    Example:

    >>> import keras
    >>> from keras import ops
    >>> from ganzoo import regularizers
    >>> @keras.saving.register_keras_serializable(package="mypackage")
    ... class SmallLogits(regularizers.Penalty):
    ...     def penalty(self, discriminator, real, fake, draws):
    ...         return ops.mean(ops.square(real.logits)) + ops.mean(ops.square(fake.logits))
    >>> SmallLogits(every=4).name
    'small_logits'
    """

    every = 1

    def __init__(self, every=1):
        self.every = check_positive_integer("every", every)

    def state(self):
        """Returns a new Keras layer with what the penalty keeps from update to update, or `None`.

        With a state, `penalty` gets it as a fifth argument.
        """
        return None

    def update_state(self, real_logits, fake_logits, state):
        """Updates the `state` after each update of the discriminator, from the logits of it."""

    def penalty(self, discriminator, real, fake, draws):
        """Returns the weighted penalty of one batch, without the factor `every`.

        Args:
            discriminator: For examples that the step has not seen: `discriminator(examples)`
                gives logits `(batch, 1)`, of patches their mean;
                `discriminator.gradient(examples)` gives the gradient of each logit with respect to
                its example. Labels are bound, and its state does not change.
            real: The pass over the real examples that the adversarial loss has made, a
                `ganzoo.training.DiscriminatorOutputs`: `real.examples` are images in [-1, 1],
                `(batch, height, width, channels)`, or vectors; `real.logits` are their logits;
                `real.input_gradient()` is the gradient of each logit with respect to its example,
                without a second pass.
            fake: The pass over the generated examples, likewise.
            draws: The `ganzoo.random.Draws` of the update.

        Returns:
            A scalar, float32 or float64.
        """
        raise NotImplementedError(
            f"`{type(self).__name__}` must implement `penalty(discriminator, real, fake, draws)`."
        )


class GeneratorPenalty(Regularizer):
    """A cost of what the generator makes of latents.

    Args:
        every: The training step evaluates the penalty at each `every`-th generator update and
            multiplies it by `every`, so that its average strength does not depend on it.

    Raises:
        ValueError: If `every` is not a positive integer.
    """

    every = 1

    def __init__(self, every=1):
        self.every = check_positive_integer("every", every)

    def state(self):
        """Returns a new Keras layer with what is kept from update to update, or `None`."""
        return None

    def penalty(self, generator, draws, state):
        """Returns the weighted penalty of one update, without the factor `every`.

        Args:
            generator: A `ganzoo.training.generator_penalties.PenalizedGenerator`:
                `generator.mapping(generator.draw_inputs(rows, draws))` gives styles, and
                `generator.synthesis` gives examples from these.
            draws: The `ganzoo.random.Draws` of the penalty.
            state: What `state` returned. The penalty may assign its variables.

        Returns:
            A scalar, float32 or float64.
        """
        raise NotImplementedError(
            f"`{type(self).__name__}` must implement `penalty(generator, draws, state)`."
        )


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

    player, every = "both", 1

    def __init__(self, player="both", every=1):
        self.player = check_choice("player", player, tuple(_PLAYERS))
        self.every = check_positive_integer("every", every)

    @property
    def players(self):
        return _PLAYERS[self.player]

    def state(self, variables):
        """Returns a new Keras layer with what the penalty keeps from update to update, or `None`.

        Args:
            variables: The trainable Keras variables of one player.
        """
        return None

    def update_state(self, variables, state):
        """Updates the `state` from the current `variables`, right before each of their updates."""

    def penalty(self, variables, state):
        """Returns the weighted penalty of one player, without the factor `every`.

        Args:
            variables: The player's trainable Keras variables.
            state: What `state` returned for these variables.

        Returns:
            A scalar, float32 or float64.
        """
        raise NotImplementedError(
            f"`{type(self).__name__}` must implement `penalty(variables, state)`."
        )


class Constraint(Regularizer):
    """A set that the discriminator's variables are moved back to after each of its updates."""

    def constrain(self, variables):
        """Assigns to each of the Keras `variables` its nearest value in the set."""
        raise NotImplementedError(f"`{type(self).__name__}` must implement `constrain(variables)`.")


def get(identifier, /, **arguments):
    """Returns the regularizer that `identifier` stands for.

    Args:
        identifier: A name of `ganzoo.regularizers.names()`, which gives the paper's strength, the
            dictionary that `keras.saving.serialize_keras_object` made of a regularizer, or a
            regularizer, which is returned.
        **arguments: Arguments of the regularizer that a name stands for.

    Raises:
        ValueError: If `identifier` is none of these, or an argument is unknown or out of its range.

    Example:

    >>> from ganzoo import regularizers
    >>> regularizers.get("r1", gamma=0.1)
    R1(gamma=0.1, every=1)
    """
    return REGULARIZERS.instance(identifier, Regularizer, arguments)


def names():
    """Returns the names of all regularizers in alphabetical order."""
    return REGULARIZERS.names()
