"""Spectral normalization of a layer's kernel (Miyato et al. 2018)."""

import keras
from keras import ops

from ganzoo.validation import check_positive_integer

EPSILON = 1e-12
WARM_UP_ITERATIONS = 15

# The axis of the kernel that holds the outputs: the rows of the paper's matrix W, which `u` spans.
# All that are not here (the dense layer and the convolutions) keep their outputs on the last axis.
_OUTPUT_AXIS = {
    keras.layers.Conv2DTranspose: -2,
    keras.layers.Embedding: 0,
}
_SUPPORTED = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    *_OUTPUT_AXIS,
)


@keras.saving.register_keras_serializable(package="ganzoo")
class SpectralNormalization(keras.layers.Wrapper):
    """Divides the kernel of the wrapped layer by its largest singular value.

    The layer computes with `W / sigma(W)`, a reparametrisation: the kernel `W` itself is never
    assigned, and the gradient passes through `sigma`. `W` is seen as a matrix with one row for each
    output (for an `Embedding`, each category), and `sigma = u W v` is estimated by power iteration:
    `u` is stored and advances by `power_iterations` on each training call, `v` is recomputed. In
    inference, and where `trainable` is `False`, `u` stays as it is. A new layer starts from a `u`
    that has been through 15 iterations on the initial kernel, so that inference is right from the
    beginning. Under mixed precision, `sigma` and the division are computed in the variables' dtype
    and the wrapped layer in its own. A kernel of zeros cannot be normalised: it gives NaN.

    Args:
        layer: The layer to normalise: `Dense`, `Conv1D`, `Conv2D`, `Conv3D`, `Conv2DTranspose` or
            `Embedding`. Its dtype policy is the one that counts.
        power_iterations: Steps of power iteration on each training call.
        **kwargs: `name` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the layer is of another kind, `power_iterations` is not a positive integer,
            or a `dtype` is given.

    Example:

    >>> layer = SpectralNormalization(keras.layers.Conv2D(8, 3))
    >>> tuple(layer(keras.ops.ones((1, 6, 6, 3))).shape)
    (1, 4, 4, 8)

    Reference:
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), algorithm 1 and equations 8 to 12.

    Deviations:
        `u` starts after 15 power iterations; in the paper it starts as a random vector.
    """

    def __init__(self, layer, power_iterations=1, **kwargs):
        if not isinstance(layer, _SUPPORTED):
            names = ", ".join(kind.__name__ for kind in _SUPPORTED)
            raise ValueError(
                f"`layer` must be one of {names}. Received: layer={layer!r} "
                f"of type {type(layer).__name__}"
            )
        if "dtype" in kwargs:
            raise ValueError(
                "`SpectralNormalization` takes its dtype from the wrapped layer: give it there. "
                f"Received: dtype={kwargs['dtype']!r}"
            )
        # Without autocasting, and with the dtype of the variables, the kernel is read in full
        # precision and the inputs pass as they are; the wrapped layer casts both for itself.
        super().__init__(layer, dtype=layer.variable_dtype, autocast=False, **kwargs)
        self.power_iterations = check_positive_integer("power_iterations", power_iterations)
        self.supports_masking = layer.supports_masking

    @property
    def kernel(self):
        """The variable `W` of the wrapped layer, which is not normalised."""
        layer = self.layer
        return layer.embeddings if isinstance(layer, keras.layers.Embedding) else layer.kernel

    def build(self, input_shape):
        super().build(input_shape)
        self.u = self.add_weight(
            name="u",
            shape=(self.kernel.shape[self._output_axis],),
            initializer=self._warm_start,
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    def call(self, inputs, training=False):
        kernel = ops.convert_to_tensor(self.kernel)
        if training and self.trainable:
            u, sigma = self._power_iteration(self._as_matrix(kernel), self.u, self.power_iterations)
            self.u.assign(u)
        else:
            sigma = self._stored_sigma(kernel)
        # The reciprocal saves the gradient a pass over the kernel.
        normalized = kernel * (1 / sigma)
        # The scope hides an outer one: it takes over the other variables' values, and hands on the
        # losses of an activity regularizer.
        others = [(v, v.value) for v in self.layer.variables if v is not self.kernel]
        mapping = [(self.kernel, normalized), *others]
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            outputs = self.layer(inputs)
        self.add_loss(scope.losses)
        return outputs

    def sigma(self):
        """Returns the estimate of the kernel's largest singular value, a scalar tensor."""
        return self._stored_sigma(ops.convert_to_tensor(self.kernel))

    def _stored_sigma(self, kernel):
        product = ops.matmul(self._as_matrix(kernel), self.u)
        v = ops.stop_gradient(_unit(product))
        return ops.sum(v * product)

    @staticmethod
    def _power_iteration(matrix, u, iterations):
        """Returns `u` after the iterations, and sigma with its gradient through W only."""
        for _ in range(iterations):
            v = ops.stop_gradient(_unit(ops.matmul(matrix, u)))
            product = ops.matmul(v, matrix)
            u = ops.stop_gradient(_unit(product))
        return u, ops.sum(u * product)

    def _warm_start(self, shape, dtype=None):
        u = keras.initializers.RandomNormal(stddev=1.0)(shape, dtype=dtype)
        matrix = self._as_matrix(ops.cast(self.kernel, dtype))
        return self._power_iteration(matrix, u, WARM_UP_ITERATIONS)[0]

    @property
    def _output_axis(self):
        for kind, axis in _OUTPUT_AXIS.items():
            if isinstance(self.layer, kind):
                return axis
        return -1

    def _as_matrix(self, kernel):
        """Returns the paper's W transposed, (inputs, outputs): for most layers without a copy."""
        if self._output_axis != -1:
            kernel = ops.moveaxis(kernel, self._output_axis, -1)
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs, training=False):
        return self.layer.compute_output_spec(inputs)

    def compute_mask(self, inputs, previous_mask=None):
        return self.layer.compute_mask(inputs, previous_mask)

    def get_config(self):
        config = super().get_config()
        del config["dtype"]
        return {**config, "power_iterations": self.power_iterations}


def _unit(vector):
    return vector / (ops.norm(vector) + EPSILON)
