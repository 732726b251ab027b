"""The class terms of AC-GAN."""

import keras

from ganzoo.losses.base import Loss
from ganzoo.losses.class_logits import cross_entropy
from ganzoo.registry import Registry
from ganzoo.validation import check_choice, check_non_negative

CLASSIFIER_LOSSES = Registry("classifier's loss")


@CLASSIFIER_LOSSES.register("auxiliary_classifier")
@keras.saving.register_keras_serializable(package="ganzoo")
class AuxiliaryClassifier(Loss):
    """Both players want the examples' classes to be recognized, besides the adversarial loss.

    With `P(C | x)` the softmax of the discriminator's class logits and `c` the class that an
    example has or was generated for,

        L_C = E[log P(C = c | x)] + E[log P(C = c | G(z, c))]

    is maximized by both, that is, the players add to the losses that they minimize

        discriminator: -discriminator_weight * L_C
        generator:     -generator_weight * E[log P(C = c | G(z, c))]

    the second being the part of `L_C` that depends on the generator.

    Args:
        discriminator_weight: Weight of the discriminator's term, at least 0.
        generator_weight: Weight of the generator's term, at least 0.
        classify_fakes: Whether the discriminator learns from the fakes' classes too; otherwise it
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

    batch_coupled = False

    def __init__(self, discriminator_weight=1.0, generator_weight=1.0, classify_fakes=True):
        self.discriminator_weight = check_non_negative("discriminator_weight", discriminator_weight)
        self.generator_weight = check_non_negative("generator_weight", generator_weight)
        self.classify_fakes = check_choice("classify_fakes", classify_fakes, (True, False))

    def discriminator(
        self, real_class_logits, real_labels, fake_class_logits=None, fake_labels=None
    ):
        """Returns the discriminator's term.

        Args:
            real_class_logits: Class logits of real examples, `(batch, num_classes)`. Half
                precision is promoted to float32, float64 stays.
            real_labels: Integer classes in [0, num_classes), `(batch,)`.
            fake_class_logits: Class logits of generated examples, likewise; used if
                `classify_fakes`.
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

    def generator(self, fake_class_logits, fake_labels):
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


def get_classifier_loss(identifier):
    """Returns the loss that `identifier` stands for, or `None` for `None`.

    Args:
        identifier: `None`, `"auxiliary_classifier"`, the dictionary that
            `keras.saving.serialize_keras_object` made of an `AuxiliaryClassifier`, or one itself.

    Raises:
        ValueError: If it is none of these.
    """
    if identifier is None:
        return None
    return CLASSIFIER_LOSSES.instance(identifier, AuxiliaryClassifier)


def _classification(kind, class_logits, labels):
    return cross_entropy(f"{kind}_class_logits", class_logits, f"{kind}_labels", labels)
