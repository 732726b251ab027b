"""The head of a slicing adversarial network (SAN; Takida et al. 2024)."""

from typing import Any

import keras
from keras import ops

from ganzoo.numerics import to_class_numbers
from ganzoo.validation import check_positive_integer

# No weights have a norm near it.
_SMALLEST_NORM = 1e-12


@keras.saving.register_keras_serializable(package="ganzoo")
class SANHead(keras.layers.Layer):
    """A linear last layer whose direction is trained with the Wasserstein loss.

    The logit is `<w, h>` for the features h: the length c of w times the projection of h on the
    direction omega = w / c. The head has two outputs, which are equal:

    - `logits = <sg(omega), c h>`, with a gradient for c and h, for the adversarial loss;
    - `directions = <omega, sg(c h)>`, with a gradient for omega alone.

    `sg` stops the gradient. The training step adds `E[directions of fakes] - E[directions of real
    examples]` to the discriminator's loss, as `d_direction`. So omega is the direction that
    separates real examples and fakes most, which makes the discriminator a distance between them.
    It replaces spectral normalization of the last layer; other layers keep theirs.

    With classes, each class has a w of its own that is added, as in a projection.

    Call arguments: `features`, of shape `(batch, d)`; with classes a list of these and integer
    labels of shape `(batch,)` or `(batch, 1)`. The two outputs have the shape `(batch, 1)`. A
    network outputs the first one only: the step finds the second one in the layer.

    Args:
        num_classes: Number of classes, or `None`.
        kernel_initializer: Initializer of w.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If `num_classes` is no positive integer.

    Example:

    >>> logits, directions = SANHead()(keras.ops.ones((2, 128)))
    >>> tuple(logits.shape)
    (2, 1)

    Reference:
        [SAN: Inducing Metrizability of GAN with Discriminative Normalized Linear Layer](
        https://arxiv.org/abs/2301.12811), section 5.

    Deviations:
        The paper has no bias, and its classes are in StyleSAN-XL only, with a separate trainable
        length; here the length is that of w, as in the paper's simple code.
    """

    def __init__(
        self,
        num_classes: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.num_classes = (
            None if num_classes is None else check_positive_integer("num_classes", num_classes)
        )
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        features = input_shape if self.num_classes is None else input_shape[0]
        settings = {"initializer": self.kernel_initializer}
        self.slice = self.add_weight(name="slice", shape=(features[-1], 1), **settings)
        if self.num_classes is not None:
            settings = {"initializer": self.kernel_initializer.clone()}
            shape = (self.num_classes, features[-1])
            self.class_slices = self.add_weight(name="class_slices", shape=shape, **settings)

    def call(self, inputs):
        features, labels = (inputs, None) if self.num_classes is None else inputs
        logits, directions = _project(features, ops.transpose(self.slice))
        if labels is not None:
            rows = ops.take(self.class_slices, to_class_numbers(labels), axis=0)
            of_class = _project(features, rows)
            logits, directions = logits + of_class[0], directions + of_class[1]
        return logits, directions

    def compute_output_shape(self, input_shape):
        features = input_shape if self.num_classes is None else input_shape[0]
        return (features[0], 1), (features[0], 1)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _project(h, w):
    """Returns `<w, h>` of each row twice, with the gradients of both outputs of the head."""
    c = ops.sqrt(ops.sum(ops.square(w), axis=-1, keepdims=True) + _SMALLEST_NORM**2)
    omega = w / c
    products = ops.stop_gradient(omega) * (c * h), omega * ops.stop_gradient(c * h)
    return [ops.sum(product, axis=-1, keepdims=True) for product in products]


def san_head_of(network: keras.Model) -> SANHead | None:
    """Returns the `SANHead` of a network, or `None`.

    Raises:
        ValueError: If there are several, or if it is not a layer of the network itself: inside of
            another network or layer, its second output cannot be reached.
    """
    # Keras has no public method that lists the layers within a layer.
    heads = [layer for layer in network._flatten_layers() if isinstance(layer, SANHead)]
    if not heads:
        return None
    is_own = any(heads[0] is layer for layer in network.layers)
    if len(heads) > 1 or not is_own or len(heads[0]._inbound_nodes) > 1:
        where = "in the network itself" if is_own else "inside of another network or layer"
        raise ValueError(
            "A network has at most one SANHead, which it calls once, as one of its own layers: "
            "otherwise the training step cannot reach the output that trains the direction. Build "
            "the discriminator from the layers of an inner network, as "
            "`keras.Model(inner.inputs, inner.outputs)`. "
            f"Received: {len(heads)} SANHead(s), {heads[0].name!r} {where}"
        )
    return heads[0]
