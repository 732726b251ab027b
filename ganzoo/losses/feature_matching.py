"""Feature matching, an objective of the generator in place of the adversarial one."""

from typing import Any

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, Loss, as_floating
from ganzoo.validation import check_choice, check_non_negative


@LOSSES.register("feature_matching")
@keras.saving.register_keras_serializable(package="ganzoo")
class FeatureMatching(Loss):
    """The generator matches the mean of the discriminator's features instead of fooling it.

    With `f` the output of a layer of the discriminator,

        L_G = ||E[f(x)] - E[f(G(z))]||_2^2

    The expectations are means over the batch alone. So each unit of `f` is matched by itself; in a
    feature map, each channel at each position is a unit. Only the generator minimizes this. The
    discriminator keeps its own loss. The loss of a batch is not the mean of the losses of its
    parts.

    Args:
        layer: Name of the discriminator's layer whose output is `f`.
        norm: `"l2"` for squared differences, `"l1"` for their absolute values.
        reduction: `"sum"` over the units, or `"mean"`, which does not depend on their number.
        adversarial_weight: Weight of the adversarial loss that is added for the generator, at
            least 0.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.FeatureMatching()
    >>> real_features = [[1.0, 0.0], [3.0, 0.0]]
    >>> fake_features = [[0.0, 1.0]]
    >>> float(loss(real_features, fake_features))
    5.0

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 3.1.

    Deviations:
        The paper's [code](https://github.com/openai/improved-gan) takes means over the units:
        `FeatureMatching(reduction="mean")` for MNIST, `FeatureMatching(norm="l1",
        reduction="mean")` for CIFAR-10 and SVHN.
    """

    batch_coupled = True

    def __init__(
        self,
        layer: str = "features",
        norm: str = "l2",
        reduction: str = "sum",
        adversarial_weight: float = 0.0,
    ):
        if not isinstance(layer, str) or not layer:
            raise ValueError(f"`layer` must be the name of a layer. Received: layer={layer!r}")
        self.layer = layer
        self.norm = check_choice("norm", norm, ("l2", "l1"))
        self.reduction = check_choice("reduction", reduction, ("sum", "mean"))
        self.adversarial_weight = check_non_negative("adversarial_weight", adversarial_weight)

    def __call__(self, real_features: Any, fake_features: Any) -> Any:
        """Returns the distance of the two means, without the adversarial loss.

        Args:
            real_features: Features of real examples, `(batch, ...)` with one or more further
                axes. Half precision is promoted to float32. float64 stays.
            fake_features: Features of generated examples, in the same form. The batch may have
                another size.

        Returns:
            A scalar, float32 or float64.

        Raises:
            ValueError: If features are not floating, have no unit, or differ in shape.
        """
        real = as_floating("real_features", real_features)
        fake = as_floating("fake_features", fake_features)
        if len(real.shape) < 2 or tuple(real.shape[1:]) != tuple(fake.shape[1:]):
            raise ValueError(
                "`real_features` and `fake_features` must be outputs of one layer, of one shape "
                "(batch, ...) apart from the batch. Received: real_features of shape "
                f"{tuple(real.shape)} and fake_features of shape {tuple(fake.shape)}"
            )
        difference = ops.mean(real, axis=0) - ops.mean(fake, axis=0)
        distances = ops.square(difference) if self.norm == "l2" else ops.abs(difference)
        return ops.sum(distances) if self.reduction == "sum" else ops.mean(distances)


def get_generator_loss(identifier: Any) -> FeatureMatching | None:
    """Returns the `FeatureMatching` that `identifier` stands for, or `None` for `None`.

    Args:
        identifier: `None`, or as for `ganzoo.losses.get`, of a `FeatureMatching`.

    Raises:
        ValueError: If it stands for nothing or for a loss of another kind.
    """
    return None if identifier is None else LOSSES.instance(identifier, FeatureMatching)
