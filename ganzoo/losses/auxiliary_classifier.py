"""Auxiliary classifier's loss, of AC-GAN."""

from typing import Any

import keras

from ganzoo.losses.base import LOSSES, Loss
from ganzoo.losses.class_logits import cross_entropy
from ganzoo.validation import check_choice, check_non_negative


@LOSSES.register("auxiliary_classifier")
@keras.saving.register_keras_serializable(package="ganzoo")
class AuxiliaryClassifier(Loss):
    """A term for both players: the class of each example should be recognized.

    Let `P(C | x)` be the softmax of the discriminator's class logits, and `c` the class that an
    example has or was generated for. Both players maximize

        L_C = E[log P(C = c | x)] + E[log P(C = c | G(z, c))]

    that is, they add to the losses that they minimize

        discriminator: -discriminator_weight * L_C
        generator:     -generator_weight * E[log P(C = c | G(z, c))]

    The second is the part of `L_C` that depends on the generator.

    Args:
        discriminator_weight: Weight of the discriminator's term, at least 0.
        generator_weight: Weight of the generator's term, at least 0.
        classify_fakes: Whether the discriminator learns from the classes of fakes too. Otherwise it
            learns from real examples alone.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.AuxiliaryClassifier()
    >>> real, fake = [[2.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]
    >>> round(float(loss.discriminator(real, [0], fake, [1])), 4)
    1.3382
    >>> round(float(loss.generator(fake, [1])), 4)
    1.0986

    Reference:
        [Conditional Image Synthesis With Auxiliary Classifier GANs](
        https://arxiv.org/abs/1610.09585), section 3.

    Deviations:
        `AuxiliaryClassifier(generator_weight=0.1, classify_fakes=False)` is what the
        [code](https://github.com/igul222/improved_wgan_training) of [Improved Training of
        Wasserstein GANs](https://arxiv.org/abs/1704.00028) does for its conditional ResNet.
    """

    bounded_logits = False

    def __init__(
        self,
        discriminator_weight: float = 1.0,
        generator_weight: float = 1.0,
        classify_fakes: bool = True,
    ):
        self.discriminator_weight = check_non_negative("discriminator_weight", discriminator_weight)
        self.generator_weight = check_non_negative("generator_weight", generator_weight)
        self.classify_fakes = check_choice("classify_fakes", classify_fakes, (True, False))

    def discriminator(
        self,
        real_class_logits: Any,
        real_labels: Any,
        fake_class_logits: Any = None,
        fake_labels: Any = None,
    ) -> Any:
        """Returns the discriminator's term.

        Args:
            real_class_logits: Class logits of real examples, `(batch, num_classes)`. Half
                precision is promoted to float32. float64 stays.
            real_labels: Integer classes in [0, num_classes), `(batch,)`.
            fake_class_logits: Class logits of generated examples, in the same form. They are used
                if `classify_fakes`.
            fake_labels: The classes that these were generated for, `(batch,)`.

        Returns:
            A scalar, float32 or float64.

        Raises:
            ValueError: If logits or labels are missing, of a wrong type or of a wrong shape.
        """
        loss = _classification("real", real_class_logits, real_labels)
        if self.classify_fakes:
            loss = loss + _classification("fake", fake_class_logits, fake_labels)
        return self.discriminator_weight * loss

    def generator(self, fake_class_logits: Any, fake_labels: Any) -> Any:
        """Returns the generator's term.

        Args:
            fake_class_logits: Class logits of generated examples, `(batch, num_classes)`.
            fake_labels: The classes that these were generated for, `(batch,)`.

        Returns:
            A scalar, float32 or float64.

        Raises:
            ValueError: If logits or labels are missing, of a wrong type or of a wrong shape.
        """
        return self.generator_weight * _classification("fake", fake_class_logits, fake_labels)


def get_classifier_loss(identifier: Any) -> AuxiliaryClassifier | None:
    """Returns the `AuxiliaryClassifier` that `identifier` stands for, or `None` for `None`.

    Args:
        identifier: `None`, or as for `ganzoo.losses.get`, of an `AuxiliaryClassifier`.

    Raises:
        ValueError: If it stands for nothing or for a loss of another kind.
    """
    return None if identifier is None else LOSSES.instance(identifier, AuxiliaryClassifier)


def _classification(kind, class_logits, labels):
    return cross_entropy(f"{kind}_class_logits", class_logits, f"{kind}_labels", labels)
