"""The discriminator as the training step and the penalties call it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from ganzoo import backend
from ganzoo.layers import san_head_of
from ganzoo.numerics import at_least_float32, to_signed_range
from ganzoo.training.rematerialization import RematerializedNetwork


class DiscriminatorOutputs(NamedTuple):
    """What one pass of a discriminator over a batch gives to losses and penalties.

    Attributes:
        logits: Logits of being real, `(rows, 1)`, in float32 or wider; of a discriminator of
            patches their means.
        class_logits: Logits of the classes, `(rows, num_classes)`, in float32 or wider; `None` for
            a discriminator that has none.
        features: Output of the layer whose features a loss compares, or `None`.
        examples: The examples before augmentation, packed if the GAN packs them; `None` outside
            of a training step.
        input_gradient: Function without arguments that returns the gradient of each row's logit
            with respect to its example, in the shape of `examples`. It belongs to this pass, so
            that no second pass is needed. `None` in a step without penalties.
        patch_logits: What the adversarial loss takes: the logits of patches, `(rows, ..., 1)`, or
            `logits` if there are no patches.
        directions: The second output of a `ganzoo.layers.SANHead`, `(rows, 1)`, or `None`.
    """

    logits: Any
    class_logits: Any = None
    features: Any = None
    examples: Any = None
    input_gradient: Callable[[], Any] | None = None
    patch_logits: Any = None
    directions: Any = None


class Discriminator:
    """Calls a discriminator network and names its outputs.

    The shapes of the network's outputs say what they are. One output of width 1 holds the logits of
    being real, for each example or for each of its patches. A second output holds class logits (an
    auxiliary classifier). One output of larger width holds class logits alone (a semi-supervised
    discriminator): then the logit of being real is `logsumexp(class_logits)`.

    Args:
        network: A functional model of examples, or of `[examples, labels]`.
        feature_layer: Name of the layer whose output becomes `features`, or `None`.
        remat: Whether a backward pass computes activations again, in less memory.

    Raises:
        ValueError: If the network has no layer of that name.

    Reference:
        The logit of being real: [Improved Techniques for Training GANs](
        https://arxiv.org/abs/1606.03498), section 5.
    """

    def __init__(self, network, feature_layer=None, remat=False):
        self._takes_labels = len(network.inputs) == 2
        self._gives_features = feature_layer is not None
        self._has_class_logits_alone = len(network.outputs) == 1 and network.output_shape[-1] > 1
        self._network = network
        head = san_head_of(network)
        self.gives_directions = head is not None
        inner = [head.output[1]] if self.gives_directions else []
        inner += [_layer(network, feature_layer).output] if self._gives_features else []
        if inner:
            outputs = [*network.outputs, *inner]
            self._network = keras.Model(network.inputs, outputs, name="discriminator_with_features")
        if remat:
            self._network = RematerializedNetwork(self._network)

    @property
    def variables(self):
        """The variables of the network."""
        return self._network.variables

    def __call__(self, examples, labels=None, training=True):
        """Returns the `DiscriminatorOutputs` of a batch.

        Args:
            examples: Float examples, in the shape that the network takes.
            labels: Integer labels of shape `(rows,)` for a network that takes labels.
            training: Whether the layers run as in training.
        """
        inputs = [examples, labels] if self._takes_labels else examples
        outputs = self._network(inputs, training=training)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        features = outputs.pop() if self._gives_features else None
        directions = at_least_float32(outputs.pop()) if self.gives_directions else None
        logits, *class_logits = map(at_least_float32, outputs)
        if self._has_class_logits_alone:
            real_logits = ops.logsumexp(logits, axis=-1, keepdims=True)
            return DiscriminatorOutputs(real_logits, logits, features, patch_logits=real_logits)
        patches = tuple(range(1, len(logits.shape) - 1))
        means = ops.mean(logits, axis=patches) if patches else logits
        return DiscriminatorOutputs(
            means,
            *(class_logits or [None]),
            features,
            patch_logits=logits,
            directions=directions,
        )


class StatelessDiscriminator:
    """The discriminator for penalties: labels are bound, and calls leave the state unchanged.

    Batch statistics and spectral vectors move in the passes of the adversarial loss only: state
    that changes in a branch of a graph fails on several backends.

    Args:
        logits_of: Function of examples that returns their logits, `(rows, 1)`.
        state: All variables that `logits_of` may read or update.
    """

    def __init__(self, logits_of, state):
        self._logits_of = logits_of
        self._state = state

    def __call__(self, examples):
        """Returns the logits of examples, `(rows, 1)`."""
        with backend.isolated(self._state):
            return self._logits_of(examples)

    def gradient(self, examples):
        """Returns the gradient of each row's logit with respect to its example.

        Raises:
            ValueError: If the logits do not depend differentiably on the examples.
        """
        gradient = backend.input_gradient(lambda inputs: ops.sum(self(inputs)), examples)
        return _existing(gradient)


def differentiable_pass(outputs_of, examples, state):
    """Returns the outputs of one pass, with `examples` and `input_gradient`.

    Args:
        outputs_of: Function of examples that returns `DiscriminatorOutputs`.
        examples: Float examples.
        state: All variables that `outputs_of` may read or update.
    """

    def summed(examples):
        outputs = outputs_of(examples)
        return ops.sum(outputs.logits), outputs

    outputs, gradient = backend.with_input_gradient(summed, examples, state)
    return outputs._replace(examples=examples, input_gradient=lambda: _existing(gradient()))


def direction_terms(on_real, on_fake):
    """Returns the loss of the direction of a `SANHead`, by its name in the logs, if there is one.

    It is the Wasserstein loss of the directions, whose gradient reaches the direction alone.
    """
    if on_real.directions is None:
        return {}
    return {"d_direction": ops.mean(on_fake.directions) - ops.mean(on_real.directions)}


def split_batch(batch, updates, size, packing, label_dtype):
    """Returns the examples, packed in [-1, 1], and the labels of each of several updates.

    Args:
        batch: Examples, or a tuple of examples and labels or conditions.
        updates: Number of updates.
        size: Static number of examples, or `None`.
        packing: Examples in a row.
        label_dtype: The dtype of the labels, or `None` if there are no labels to return.
    """
    examples, labels, *_ = (*batch, None) if isinstance(batch, (tuple, list)) else (batch, None)
    real = split_rows(examples, updates, size)
    real = [pack(to_signed_range(part), packing) for part in real]
    if label_dtype is None:
        return real, [None] * len(real)
    return real, split_rows(ops.cast(labels, label_dtype), updates, size)


def split_rows(rows, updates, size):
    """Returns the rows of each of several updates on one batch.

    Update k takes the rows k, k + n, k + 2n, ... of n updates. So the parts of a batch that is
    spread over replicas are together the parts of the whole batch.

    Args:
        rows: Tensor of shape `(batch, ...)`.
        updates: Number of updates.
        size: Static number of rows, or `None`.
    """
    count = -1 if size is None else size // updates
    rows = ops.reshape(rows, (count, updates, *rows.shape[1:]))
    return [rows[:, k] for k in range(updates)]


def pack(images, packing):
    """Stacks each `packing` consecutive images along their channels, or vectors end to end.

    `(batch, ..., channels)` becomes `(batch / packing, ..., packing * channels)`.

    Reference:
        [PacGAN](https://arxiv.org/abs/1712.04086), section 3.
    """
    if packing == 1:
        return images
    *sides, channels = images.shape[1:]
    images = ops.reshape(images, (-1, packing, *sides, channels))
    return ops.reshape(ops.moveaxis(images, 1, -2), (-1, *sides, packing * channels))


def unpack(packs, packing):
    """Undoes `pack`."""
    if packing == 1:
        return packs
    *sides, channels = packs.shape[1:]
    packs = ops.reshape(packs, (-1, *sides, packing, channels // packing))
    return ops.reshape(ops.moveaxis(packs, -2, 1), (-1, *sides, channels // packing))


def _layer(network, name):
    for layer in network.layers:
        if layer.name == name:
            return layer
    names = ", ".join(layer.name for layer in network.layers)
    raise ValueError(
        f"The discriminator must have a layer named {name!r}, whose outputs are the features to "
        f"compare. Name the layer so, or give the name of another one. Received: layers {names}"
    )


def _existing(gradient):
    if gradient is None:
        raise ValueError(
            "The discriminator's logits must depend differentiably on its images, or a gradient "
            "penalty has no meaning. Received: a discriminator whose gradient with respect to its "
            "images does not exist."
        )
    return gradient
