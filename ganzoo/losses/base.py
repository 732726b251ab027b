"""What every adversarial loss has in common, and how a loss is found by its name."""

from typing import Any

import keras
from keras import ops

from ganzoo.numerics import at_least_float32, check_scalar
from ganzoo.part import Part
from ganzoo.registry import Registry

LOSSES = Registry("loss")


class Loss(Part):
    """The base of all losses.

    Attributes:
        batch_coupled: Whether an example's term depends on the other examples. Then the loss of a
            batch is not the mean of the losses of its parts.
        bounded_logits: Whether an activation may bound the logits. `True` for a loss that is made
            for them, such as one of probabilities; `False` raises an error in `compile` for a
            discriminator that ends in such an activation; `None`, the default of losses of your
            own, warns.
    """

    batch_coupled = False
    bounded_logits: bool | None = None


class AdversarialLoss(Loss):
    """The objectives of both players, as functions of the discriminator's logits.

    A subclass writes the two equations, `d_loss` and `g_loss`. They receive logits of shape
    `(batch,)` in float32 or float64, and return one number, the mean over the batch. Both players
    minimize. Logits of patches are flattened, so that the mean is over patches too.

    Attributes:
        generator_needs_real: Whether the generator's loss uses the real logits.
        has_scale: Whether the loss fixes the size of the logits, as log-odds, margins and targets
            do. Then the difference of real and fake logits tells how far the discriminator is
            ahead. The logits of a critic such as `Wasserstein`'s have no such meaning.

    Example:

    >>> from keras import ops
    >>> from ganzoo import losses
    >>> class Linear(losses.AdversarialLoss):
    ...     has_scale = False
    ...
    ...     def d_loss(self, real, fake):
    ...         return ops.mean(fake) - ops.mean(real)
    ...
    ...     def g_loss(self, fake, real):
    ...         return -ops.mean(fake)
    >>> float(Linear().discriminator([[2.0], [4.0]], [[-1.0], [0.0]]))
    -3.5
    """

    generator_needs_real = False
    has_scale = True

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        """Returns the discriminator's loss.

        Args:
            real_logits: Logits of real examples, `(batch, 1)` or `(batch,)`; or of their patches,
                `(batch, ..., 1)`. Half precision is promoted to float32. float64 stays.
            fake_logits: Logits of generated examples, in the same form.

        Returns:
            A scalar, float32 or float64.

        Raises:
            ValueError: If logits are not floating or not one number for each example or patch, or
                if `d_loss` does not return one number.
        """
        real = as_flat_logits("real_logits", real_logits)
        loss = self.d_loss(real, as_flat_logits("fake_logits", fake_logits))
        return check_scalar(f"`{type(self).__name__}.d_loss`", loss)

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        """Returns the generator's loss.

        Args:
            fake_logits: Logits of generated examples, as for `discriminator`.
            real_logits: Logits of real examples, in the same form. They are used if
                `generator_needs_real`.

        Returns:
            A scalar, float32 or float64.

        Raises:
            ValueError: If logits are missing, not floating, or not one number for each example or
                patch, or if `g_loss` does not return one number.
        """
        real = None
        if self.generator_needs_real:
            if real_logits is None:
                raise ValueError(
                    f"The generator's loss of `{type(self).__name__}` compares fake with real "
                    "logits: pass `real_logits` too. Received: real_logits=None"
                )
            real = as_flat_logits("real_logits", real_logits)
        loss = self.g_loss(as_flat_logits("fake_logits", fake_logits), real)
        return check_scalar(f"`{type(self).__name__}.g_loss`", loss)

    def d_loss(self, real: Any, fake: Any) -> Any:
        """Returns the discriminator's loss of logits of shape `(batch,)`."""
        raise NotImplementedError(f"`{type(self).__name__}` must implement `d_loss(real, fake)`.")

    def g_loss(self, fake: Any, real: Any) -> Any:
        """Returns the generator's loss. `real` is `None` unless `generator_needs_real`."""
        raise NotImplementedError(f"`{type(self).__name__}` must implement `g_loss(fake, real)`.")


def get(identifier: Any, /, **arguments: Any) -> Loss:
    """Returns the loss that `identifier` stands for, adversarial or not.

    Args:
        identifier: A name of `ganzoo.losses.names()`, the dictionary that
            `keras.saving.serialize_keras_object` made of a loss, or a loss, which is returned.
        **arguments: Arguments of the loss that a name stands for. `"semi_supervised"` needs its
            `num_classes`. All other losses have defaults.

    Raises:
        ValueError: If `identifier` is none of these, or an argument is missing, unknown or out of
            its range.

    Example:

    >>> from ganzoo import losses
    >>> losses.get("least_squares")
    LeastSquares(label_smoothing=0.0)
    >>> losses.get("semi_supervised", num_classes=10).unlabeled_weight
    1.0
    """
    return LOSSES.instance(identifier, Loss, arguments)


def names() -> list[str]:
    """Returns the names of all losses in alphabetical order."""
    return LOSSES.names()


def get_adversarial_loss(identifier: Any, /, **arguments: Any) -> AdversarialLoss:
    """Returns the adversarial loss that `identifier` stands for.

    Args:
        identifier: As for `get`, of an `AdversarialLoss`.
        **arguments: Arguments of the loss that a name stands for.

    Raises:
        ValueError: If it stands for nothing or for a loss of another kind, or if an argument is
            unknown or out of its range.
    """
    return LOSSES.instance(identifier, AdversarialLoss, arguments)


def adversarial_names() -> list[str]:
    """Returns the names of the adversarial losses in alphabetical order.

    Example:

    >>> from ganzoo import losses
    >>> losses.adversarial_names()[:3]
    ['hinge', 'least_squares', 'minimax']
    """
    return LOSSES.names(AdversarialLoss)


def as_floating(name, values):
    """Returns `values` as a tensor, half precision as float32.

    Raises:
        ValueError: If they are not floating. The message calls them `name`.
    """
    values = ops.convert_to_tensor(values)
    dtype = keras.backend.standardize_dtype(values.dtype)
    if not keras.backend.is_float_dtype(dtype):
        raise ValueError(f"`{name}` must be floating. Received: {name} of dtype {dtype}")
    return at_least_float32(values)


def as_flat_logits(name, logits):
    """Returns logits as a tensor of shape `(batch,)` or `(batch * patches,)`, float32 at least.

    Raises:
        ValueError: If they are not floating or not one number for each example or patch.
    """
    logits = as_floating(name, logits)
    shape = tuple(logits.shape)
    if not shape or (shape[1:] and shape[-1] not in (1, None)) or 0 in shape:
        raise ValueError(
            f"`{name}` must hold one number for each example, in the shape (batch, 1) or "
            "(batch,), or for each patch of an example, in the shape (batch, ..., 1). "
            f"Received: {name} of shape {shape}"
        )
    return ops.reshape(logits, (-1,))
