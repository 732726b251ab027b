"""Virtual batch normalization, against a fixed reference batch (Salimans et al. 2016)."""

from typing import Any

import keras
from keras import ops

from ganzoo.validation import check_positive, check_positive_integer


@keras.saving.register_keras_serializable(package="ganzoo")
class VirtualBatchNormalization(keras.layers.Layer):
    """Normalizes each example by the statistics of a reference batch and of the example itself.

    For each channel, let `mu_r` and `q_r` be the mean and the mean square of the reference batch,
    over its `R` rows and all positions, and `w = 1 / (R + 1)`. An example `x` then has

    `mu = w mean(x) + (1 - w) mu_r`, `q = w mean(x^2) + (1 - w) q_r` and the output
    `gamma (x - mu) / sqrt(epsilon + q - mu^2) + beta`.

    So an example's output does not depend on the other examples of its batch. The reference rows
    themselves are normalized by `mu_r` and `q_r` alone.

    Call arguments: `inputs` of shape `(batch, ..., channels)`. In training the first
    `reference_size` rows are the reference batch: always the same examples, as the layers below
    compute them with their current weights. The other rows are the live batch, which may be empty.
    The output has all rows. Gradients flow through the reference statistics. These are stored, also
    if `trainable` is `False`. In inference all rows are live, and the stored statistics replace the
    reference batch. Before the first training call they are a mean of 0 and a mean square of 1.

    Under mixed precision, the statistics are computed and stored in float32.

    Args:
        reference_size: Number `R` of reference rows.
        epsilon: Added to the variance.
        center: Whether there is an offset `beta`.
        scale: Whether there is a scale `gamma`.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`. `None` is N(1, 0.02), as in the official code.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is outside its range, or if a training batch is known to be
            smaller than the reference batch.

    Example:

    >>> layer = VirtualBatchNormalization(reference_size=64)
    >>> tuple(layer(keras.ops.ones((64 + 8, 4, 4, 3)), training=True).shape)
    (72, 4, 4, 3)
    >>> tuple(layer(keras.ops.ones((8, 4, 4, 3))).shape)
    (8, 4, 4, 3)

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 3.5, and
        the official code for the weight `w` and the mixture of raw moments.
    """

    batch_coupled = True

    def __init__(
        self,
        reference_size: int,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.reference_size = check_positive_integer("reference_size", reference_size)
        self.epsilon = check_positive("epsilon", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = keras.initializers.get(beta_initializer)
        if gamma_initializer is None:
            gamma_initializer = keras.initializers.RandomNormal(mean=1.0, stddev=0.02)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=shape, initializer=self.gamma_initializer, autocast=False
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=shape, initializer=self.beta_initializer, autocast=False
            )
        statistic = {
            "shape": shape,
            "trainable": False,
            "autocast": False,
            "aggregation": "only_first_replica",
        }
        self.reference_mean = self.add_weight(
            name="reference_mean", initializer="zeros", **statistic
        )
        self.reference_square = self.add_weight(
            name="reference_square", initializer="ones", **statistic
        )

    def call(self, inputs, training=False):
        x = ops.cast(inputs, self.variable_dtype)
        if training:
            self._check_batch(x)
            reference, live = x[: self.reference_size], x[self.reference_size :]
            mean, variance = _moments(reference, axes=range(len(x.shape) - 1))
            self.reference_mean.assign(ops.reshape(mean, (-1,)))
            self.reference_square.assign(ops.reshape(variance + ops.square(mean), (-1,)))
            outputs = ops.concatenate(
                [self._normalize(reference, mean, variance), self._mix(live, mean, variance)],
                axis=0,
            )
        else:
            mean = ops.convert_to_tensor(self.reference_mean)
            # By rounding, the mean square may be below the squared mean.
            variance = ops.maximum(self.reference_square - ops.square(mean), 0.0)
            outputs = self._mix(x, mean, variance)
        return ops.cast(outputs, self.compute_dtype)

    def _mix(self, x, reference_mean, reference_variance):
        """Normalizes each example by the mixture of its own and the reference statistics.

        `q - mu^2` is written as a sum of nonnegative terms, so that no digits cancel.
        """
        w = 1.0 / (self.reference_size + 1.0)
        own_mean, own_variance = _moments(x, axes=range(1, len(x.shape) - 1))
        mean = w * own_mean + (1.0 - w) * reference_mean
        between = w * (1.0 - w) * ops.square(own_mean - reference_mean)
        variance = w * own_variance + (1.0 - w) * reference_variance + between
        return self._normalize(x, mean, variance)

    def _normalize(self, x, mean, variance):
        factor = ops.rsqrt(variance + self.epsilon)
        if self.scale:
            factor = factor * self.gamma
        outputs = (x - mean) * factor
        return outputs + self.beta if self.center else outputs

    def _check_batch(self, x):
        rows = x.shape[0]
        if rows is not None and rows < self.reference_size:
            raise ValueError(
                f"A training batch must begin with the {self.reference_size} rows of the "
                "reference batch. Put the reference batch before the live batch, or call the layer "
                f"with `training=False`. Received: inputs of shape {tuple(x.shape)}"
            )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "reference_size": self.reference_size,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": keras.initializers.serialize(self.beta_initializer),
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
        }


def reference_size_of(network: keras.Model) -> int | None:
    """Returns the size of the reference batch with which a network's training batches begin.

    Args:
        network: A `keras.Model`, or a layer. Nested layers are searched too.

    Returns:
        The `reference_size` of its `VirtualBatchNormalization` layers, or `None` if it has none.

    Raises:
        ValueError: If its layers have different reference sizes.

    Example:

    >>> reference_size_of(keras.Sequential([VirtualBatchNormalization(reference_size=64)]))
    64
    """
    sizes = {
        layer.reference_size
        for layer in network._flatten_layers()
        if isinstance(layer, VirtualBatchNormalization)
    }
    if len(sizes) > 1:
        raise ValueError(
            "All `VirtualBatchNormalization` layers of a network must have the same "
            f"`reference_size`. Received: reference_size={sorted(sizes)} in {network.name!r}"
        )
    return sizes.pop() if sizes else None


def _moments(x, axes):
    """Returns the mean and the variance over the axes, which keep the size 1."""
    axes = tuple(axes)
    if not axes:
        return x, ops.zeros_like(x)
    mean = ops.mean(x, axis=axes, keepdims=True)
    return mean, ops.mean(ops.square(x - mean), axis=axes, keepdims=True)
