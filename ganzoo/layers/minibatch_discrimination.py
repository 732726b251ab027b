"""Minibatch discrimination (Salimans et al. 2016)."""

from typing import Any

import keras
from keras import ops

from ganzoo.backend import replica_context
from ganzoo.distribution.replicas import gather_rows
from ganzoo.layers.data_dependent_initialization import add_initialized_flag
from ganzoo.layers.pairwise import nearest_distances, similarity_sums
from ganzoo.layers.reparametrization import check_norms
from ganzoo.validation import check_positive_integer


@keras.saving.register_keras_serializable(package="ganzoo")
class MinibatchDiscrimination(keras.layers.Layer):
    """Appends to each example's features how close it is to the other examples of the batch.

    Each kernel `b` projects the features `f(x_i)` to a vector `M_ib`. The new feature is the sum
    over all examples j of the batch

        o(x_i)_b = sum_j exp(-|M_ib - M_jb|_1)

    It grows when a generator makes the same image again and again. Call the discriminator
    separately with real and with generated images, as `GAN` does, so that each example is compared
    with its own kind only. Large sums are computed in blocks, in far less memory than all
    differences need. They can be differentiated twice. Under mixed precision they are computed in
    float32.

    Call argument: features of shape `(batch, n)`, with at least two examples. The output has the
    same dtype and the shape `(batch, n + num_kernels)`: first the features, then the sums.

    Args:
        num_kernels: Number of kernels (the paper's B).
        kernel_dim: Length of the vectors `M_ib` (the paper's C).
        include_self: Whether the sum includes j = i, whose term is 1.
        weight_normalization: Whether the projection of each component is divided by its Euclidean
            norm over the features and multiplied by a learned scale, `exp(log_weight_scale)`.
        use_bias: Whether a learned number for each kernel is added to the sums. It starts at -1.
        data_dependent: Whether `ganzoo.layers.initialize_from_data` initializes the scale and the
            bias of this layer.
        gather_replicas: Whether each example is compared with the examples of all replicas that
            share the batch, and not only of its own replica. Replicas must hold the same number of
            examples. On several replicas, TensorFlow does not allow this in the branch of a
            condition. So it does not work in a penalty with `every` above 1.
        kernel_initializer: Initializer of the projection, of shape `(n, num_kernels, kernel_dim)`.
            The default is the official code's, normal with a standard deviation of 0.05.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If `num_kernels` or `kernel_dim` is not a positive integer, if there is nothing
            for `data_dependent` to initialize, if the inputs are not vectors, if the batch is known
            to have one example, or if a component to normalize is zero when the layer is built.

    Example:

    >>> layer = MinibatchDiscrimination(num_kernels=100, kernel_dim=5)
    >>> tuple(layer(keras.ops.ones((8, 192))).shape)
    (8, 292)

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 3.2.

    Deviations:
        The sum includes j = i, as in the paper. The official code leaves this term out, normalizes
        the weights, adds a bias and initializes both from data: `include_self=False,
        weight_normalization=True, use_bias=True, data_dependent=True`.
    """

    batch_coupled = True

    def __init__(
        self,
        num_kernels: int = 100,
        kernel_dim: int = 5,
        include_self: bool = True,
        weight_normalization: bool = False,
        use_bias: bool = False,
        data_dependent: bool = False,
        gather_replicas: bool = False,
        kernel_initializer: Any = "random_normal",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.num_kernels = check_positive_integer("num_kernels", num_kernels)
        self.kernel_dim = check_positive_integer("kernel_dim", kernel_dim)
        self.include_self = bool(include_self)
        self.weight_normalization = bool(weight_normalization)
        self.use_bias = bool(use_bias)
        self.data_dependent = bool(data_dependent)
        if data_dependent and not (weight_normalization or use_bias):
            raise ValueError(
                "`data_dependent` needs a scale or a bias to initialize: set "
                "`weight_normalization` or `use_bias`. "
                f"Received: data_dependent={data_dependent!r} with neither"
            )
        self.gather_replicas = bool(gather_replicas)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    @property
    def initializes_from_data(self) -> bool:
        """Whether `initialize` must be called before training."""
        return self.data_dependent

    def build(self, input_shape):
        if len(input_shape) != 2:
            raise ValueError(
                "`MinibatchDiscrimination` takes features of shape (batch, n). Put a "
                f"`keras.layers.Flatten` before it. Received: input_shape={tuple(input_shape)}"
            )
        vectors = (self.num_kernels, self.kernel_dim)
        # Without autocasting, distances of many components keep their precision.
        self.kernel = self.add_weight(
            name="projection",
            shape=(input_shape[-1], *vectors),
            initializer=self.kernel_initializer,
            autocast=False,
        )
        if self.weight_normalization:
            check_norms(self, self.kernel, axes=0)
            self.log_weight_scale = self.add_weight(
                name="log_weight_scale", shape=vectors, initializer="zeros", autocast=False
            )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.num_kernels,),
                initializer=keras.initializers.Constant(-1.0),
                autocast=False,
            )
        if self.data_dependent:
            add_initialized_flag(self)

    def call(self, inputs):
        sums = ops.transpose(self._sums(self._vectors(inputs)))
        if self.use_bias:
            sums = sums + self.bias
        return ops.concatenate([inputs, ops.cast(sums, inputs.dtype)], axis=-1)

    def initialize(self, inputs: Any, training: bool = True) -> Any:
        """Sets the scale and the bias from one batch, as the official code does before training.

        Afterwards, half the mean distance of an example to its nearest neighbor is 1 in each
        kernel, and the mean of the output's new features is 0. Without `weight_normalization` the
        scale does not change, and without `use_bias` the mean does not.

        Args:
            inputs: Features of shape `(batch, n)`.
            training: Not used. The layer does the same in inference.

        Returns:
            The layer's outputs for these inputs, after the initialization.

        Raises:
            ValueError: If all distances of a kernel are 0, or one is not finite.
        """
        if not self.built:
            self.build(inputs.shape)
        if self.weight_normalization:
            distances = nearest_distances(self._vectors(inputs))
            half_distance = 0.5 * ops.mean(distances, axis=1, keepdims=True)
            if not ops.all(ops.logical_and(half_distance > 0, ops.isfinite(half_distance))):
                raise ValueError(
                    f"The examples that {self.name!r} is initialized from must differ in every "
                    "kernel. Received: mean distances of nearest neighbors from "
                    f"{2 * float(ops.min(half_distance))} to {2 * float(ops.max(half_distance))}"
                )
            self.log_weight_scale.assign(self.log_weight_scale - ops.log(half_distance))
        if self.use_bias:
            self.bias.assign(-ops.mean(self._sums(self._vectors(inputs)), axis=1))
        return self(inputs)

    def _vectors(self, inputs):
        """The paper's M, of shape (num_kernels, kernel_dim, batch)."""
        kernel = ops.convert_to_tensor(self.kernel)
        if self.weight_normalization:
            norms = ops.sqrt(ops.sum(ops.square(kernel), axis=0))
            kernel = kernel * (ops.exp(self.log_weight_scale) / norms)
        dtype = keras.backend.result_type(kernel.dtype, "float32")
        columns = ops.reshape(kernel, (-1, self.num_kernels * self.kernel_dim))
        vectors = ops.matmul(ops.cast(inputs, dtype), ops.cast(columns, dtype))
        return ops.reshape(ops.transpose(vectors), (self.num_kernels, self.kernel_dim, -1))

    def _sums(self, vectors):
        replica, replicas = replica_context() if self.gather_replicas else (0, 1)
        if replicas == 1 and vectors.shape[-1] == 1:
            raise ValueError(
                "`MinibatchDiscrimination` compares examples: the batch must have at least two. "
                "Received: a batch of 1"
            )
        if replicas == 1:
            return similarity_sums(vectors, self.include_self)
        return similarity_sums(vectors, self.include_self, _gather_last_axis, replica, replicas)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.num_kernels)

    def get_config(self):
        return {
            **super().get_config(),
            "num_kernels": self.num_kernels,
            "kernel_dim": self.kernel_dim,
            "include_self": self.include_self,
            "weight_normalization": self.weight_normalization,
            "use_bias": self.use_bias,
            "data_dependent": self.data_dependent,
            "gather_replicas": self.gather_replicas,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _gather_last_axis(tensor):
    return ops.moveaxis(gather_rows(ops.moveaxis(tensor, -1, 0)), 0, -1)
