"""Semi-supervised loss, of a classifier with one more class for the fakes."""

from typing import Any

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, Loss
from ganzoo.losses.class_logits import as_class_logits, cross_entropy
from ganzoo.losses.minimax import Minimax
from ganzoo.validation import check_non_negative, check_positive_integer

_ADDED = {"label_smoothing": 0.0, "labeled_weight": 1.0}


@LOSSES.register("semi_supervised")
@keras.saving.register_keras_serializable(package="ganzoo")
class SemiSupervised(Loss):
    """A classifier of `K` classes is the discriminator: fakes are an implicit class `K + 1`.

    A softmax over `K + 1` logits does not change when one number is added to all of them. So the
    logit of the class of fakes can be held at 0. With the `K` class logits `l(x)`,

        lse(x) = log(exp l_1(x) + ... + exp l_K(x))
        D(x) = 1 - p(y = K + 1 | x) = sigmoid(lse(x))

    so that `lse(x)` is the logit of being real. With `s` the `label_smoothing`, the discriminator
    minimizes `labeled_weight * L_supervised + unlabeled_weight * L_unsupervised`,

        L_supervised = -E[log p(y | x, y < K + 1)] = E[lse(x) - l_y(x)]
        L_unsupervised = -1/2 E[(1 - s) log D(x) + s log(1 - D(x))] - 1/2 E[log(1 - D(G(z)))]

    the first over labeled and the second over unlabeled examples. The code writes both with
    softplus of `lse`, which is finite everywhere.

    Args:
        num_classes: `K`, at least 2.
        unlabeled_weight: Weight of `L_unsupervised`, at least 0.
        label_smoothing: `s` in [0, 1), one-sided: the target of real examples is `1 - s`, and that
            of generated ones stays 0.
        labeled_weight: Weight of `L_supervised`, at least 0. With 0 the labels are not used.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.SemiSupervised(num_classes=3)
    >>> real, fake = [[2.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]
    >>> round(float(loss.supervised(real, [0])), 4)
    0.2395
    >>> round(float(loss.unsupervised(real, fake)), 4)
    0.7438
    >>> round(float(loss.discriminator(real, [0], real, fake)), 4)
    0.9833
    >>> round(float(loss.generator(loss.real_logits(fake))), 4)
    -1.3863

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 5, and
        section 3.4 for the label smoothing.

    Deviations:
        The two halves in `L_unsupervised` come from the paper's
        [code](https://github.com/openai/improved-gan), which produced the paper's results. The
        paper's equation is without them: `unlabeled_weight=2`.
    """

    generator_needs_real = False
    has_scale = True
    bounded_logits = False

    def __init__(
        self,
        num_classes: int,
        unlabeled_weight: float = 1.0,
        label_smoothing: float = 0.0,
        labeled_weight: float = 1.0,
    ):
        self.num_classes = check_positive_integer("num_classes", num_classes)
        if self.num_classes < 2:
            raise ValueError(f"`num_classes` must be at least 2. Received: {num_classes=}")
        self.unlabeled_weight = check_non_negative("unlabeled_weight", unlabeled_weight)
        self.label_smoothing = label_smoothing
        self.labeled_weight = check_non_negative("labeled_weight", labeled_weight)
        self._real_or_fake = Minimax(label_smoothing)

    def get_config(self) -> dict[str, Any]:
        # Checkpoints of earlier versions do not have these arguments, and would seem to differ.
        config = super().get_config()
        return {name: value for name, value in config.items() if value != _ADDED.get(name)}

    def real_logits(self, class_logits: Any) -> Any:
        """Returns the logits of being real, `lse`, of shape `(batch, 1)`.

        Args:
            class_logits: `(batch, num_classes)`. Half precision is promoted to float32. float64
                stays.

        Raises:
            ValueError: If the logits are not floating or of another shape.
        """
        return self._real_logits("class_logits", class_logits)

    def supervised(self, class_logits: Any, labels: Any) -> Any:
        """Returns `L_supervised`, a scalar.

        Args:
            class_logits: Class logits of labeled examples, `(batch, num_classes)`.
            labels: Their integer classes in [0, num_classes), `(batch,)`.

        Raises:
            ValueError: If logits or labels are of a wrong type or of a wrong shape.
        """
        return self._supervised("class_logits", class_logits, labels)

    def unsupervised(self, unlabeled_class_logits: Any, fake_class_logits: Any) -> Any:
        """Returns `L_unsupervised`, a scalar.

        Args:
            unlabeled_class_logits: Class logits of real examples, `(batch, num_classes)`.
            fake_class_logits: Class logits of generated examples, in the same form.

        Raises:
            ValueError: If the logits are not floating or of another shape.
        """
        unlabeled = self._real_logits("unlabeled_class_logits", unlabeled_class_logits)
        fake = self._real_logits("fake_class_logits", fake_class_logits)
        return self._real_or_fake.discriminator(unlabeled, fake) / 2

    def discriminator(
        self,
        labeled_class_logits: Any,
        labels: Any,
        unlabeled_class_logits: Any,
        fake_class_logits: Any,
    ) -> Any:
        """Returns `labeled_weight * L_supervised + unlabeled_weight * L_unsupervised`, a scalar.

        Args:
            labeled_class_logits: Class logits of labeled examples, `(batch, num_classes)`.
            labels: Their integer classes in [0, num_classes), `(batch,)`.
            unlabeled_class_logits: Class logits of other real examples, `(batch, num_classes)`.
            fake_class_logits: Class logits of generated examples, in the same form.

        Raises:
            ValueError: If logits or labels are of a wrong type or of a wrong shape.
        """
        supervised = self._supervised("labeled_class_logits", labeled_class_logits, labels)
        unsupervised = self.unsupervised(unlabeled_class_logits, fake_class_logits)
        return self.labeled_weight * supervised + self.unlabeled_weight * unsupervised

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        """Returns `E[log(1 - D(G(z)))]`, a scalar: the saturating loss of the paper's code.

        Args:
            fake_logits: Logits of being real of generated examples, as `real_logits` gives them,
                `(batch, 1)` or `(batch,)`.
            real_logits: Not used. The generators of all losses are called in the same way.

        Raises:
            ValueError: If the logits are not floating or not one number for each example.
        """
        return self._real_or_fake.generator(fake_logits)

    def _real_logits(self, name, class_logits):
        class_logits = as_class_logits(name, class_logits, self.num_classes)
        return ops.logsumexp(class_logits, axis=-1, keepdims=True)

    def _supervised(self, name, class_logits, labels):
        return cross_entropy(name, class_logits, "labels", labels, self.num_classes)
