"""Spectral normalization of a layer's kernel (Miyato et al. 2018)."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from ganzoo.layers.operator_norm import LinearMap
from ganzoo.layers.reparametrization import (
    KernelWrapper,
    call_with_kernel,
    check_norms,
    kernel_variable,
    output_axis,
)
from ganzoo.numerics import unit
from ganzoo.validation import check_choice, check_positive, check_positive_integer

WARM_UP_ITERATIONS = 15


@keras.saving.register_keras_serializable(package="ganzoo")
class SpectralNormalization(KernelWrapper):
    """Divides the kernel of the wrapped layer by its largest singular value.

    The layer computes with `W / sigma(W)`, a reparametrization: the kernel `W` itself is never
    assigned, and the gradient passes through `sigma`. `W` is seen as a matrix with one row for each
    output (for an `Embedding`, each category). Power iteration estimates `sigma = u W v`: `u` is
    stored and updated `power_iterations` times in each training call, and `v` is recomputed. `u`
    does not change in inference and if `trainable` is `False`. A new layer makes 15 iterations on
    the initial kernel, so that inference is right from the beginning. Under mixed precision,
    `sigma` and the division are computed in the dtype of the variables, and the wrapped layer
    computes in its own. A kernel of zeros cannot be normalized: it is refused when the layer is
    built, and a kernel that becomes zero in training gives NaN.

    With `norm="operator"`, sigma is the norm of the whole linear map of the layer, estimated by
    power iteration with the layer's own convolution and its adjoint; `u` has the shape of one
    output. A network of such layers has a Lipschitz constant of at most 1. With `norm="matrix"` it
    may be larger: the kernel of a convolution acts at overlapping positions, and `W` as a matrix
    does not know this (`ganzoo.layers.operator_norm` measures it). A training call takes two more
    convolutions of one example for each iteration. For a dense layer, both norms are the same.

    With `num_singular_values` of k > 1, `u` holds k orthonormal vectors, of shape `(k, outputs)`.
    The iteration moves them together toward the first k singular vectors. The kernel is normalized
    by the first, as with k = 1. The others serve for monitoring (`singular_values()`).

    Args:
        layer: The layer to normalize: `Dense`, `Conv1D`, `Conv2D`, `Conv3D`, `Conv2DTranspose` or
            `Embedding`. Its dtype policy is used.
        power_iterations: Steps of power iteration on each training call.
        num_singular_values: How many of the largest singular values to estimate, at most as many as
            the kernel has.
        factor: A constant c above 0: the layer computes with `c W / sigma`, whose spectral norm is
            c. `None` is 1.
        learnable_scale: Whether the layer computes with `gamma W / sigma` (times c, if given). The
            trainable scalar `gamma` starts as the norm of the initial kernel: the exact spectral
            norm, or the estimate of the operator norm. The norm of the layer is then no longer
            bounded.
        norm: `"matrix"`, the paper's norm of the kernel as a matrix; or `"operator"`, the norm of
            the layer as a map, for every layer but an `Embedding`.
        input_shape: Shape of an input without the batch, such as `(32, 32, 3)`, for
            `norm="operator"`: needed where the network's `Input` leaves a size open.
        **kwargs: `name` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the layer is of another kind, if an argument is out of its range, or if a
            `dtype` is given. When the layer is built: if the kernel has fewer singular values than
            `num_singular_values`, or is zero; or if the operator norm needs an `input_shape`.

    Example:

    >>> layer = SpectralNormalization(keras.layers.Conv2D(8, 3))
    >>> tuple(layer(keras.ops.ones((1, 6, 6, 3))).shape)
    (1, 4, 4, 8)

    Reference:
        - [Spectral Normalization for Generative Adversarial Networks](
          https://arxiv.org/abs/1802.05957), algorithm 1 and equations 8 to 12; `factor` and
          `learnable_scale` are options of its official code
          (https://github.com/pfnet-research/sngan_projection, `factor` and `use_gamma`).
        - `norm="operator"`: [Gouk et al. 2021](https://arxiv.org/abs/1804.04368), section 3.3.
        - Several singular values: [Large Scale GAN Training](https://arxiv.org/abs/1809.11096),
          section 4.1, and `num_svs` in its PyTorch code.

    Deviations:
        `u` starts after 15 power iterations. In the paper it starts as a random vector.
    """

    normalizes_spectrum = True

    def __init__(
        self,
        layer: keras.layers.Layer,
        power_iterations: int = 1,
        num_singular_values: int = 1,
        factor: float | None = None,
        learnable_scale: bool = False,
        norm: str = "matrix",
        input_shape: tuple[int, ...] | None = None,
        **kwargs: Any,
    ):
        super().__init__(layer, **kwargs)
        self.power_iterations = check_positive_integer("power_iterations", power_iterations)
        self.num_singular_values = check_positive_integer(
            "num_singular_values", num_singular_values
        )
        self.factor = None if factor is None else check_positive("factor", factor)
        self.learnable_scale = bool(learnable_scale)
        self.norm = check_choice("norm", norm, ("matrix", "operator"))
        self._check_norm(input_shape)
        self.input_shape = None if input_shape is None else tuple(input_shape)
        self._map = None

    def _check_norm(self, input_shape):
        if self.norm == "matrix" and input_shape is not None:
            raise ValueError(
                'Only `norm="operator"` depends on the `input_shape`. '
                f'Received: norm="matrix", input_shape={input_shape}'
            )
        if self.norm == "operator" and self.num_singular_values > 1:
            raise ValueError(
                '`norm="operator"` estimates one singular value. '
                f"Received: num_singular_values={self.num_singular_values}"
            )
        if self.norm == "operator" and isinstance(self.layer, keras.layers.Embedding):
            raise ValueError(
                'An `Embedding` has only `norm="matrix"`. Received: norm="operator", '
                f"layer={self.layer!r}"
            )

    def build(self, input_shape):
        super().build(input_shape)
        if self.norm == "operator":
            sizes = input_shape if self.input_shape is None else (None, *self.input_shape)
            self._map = LinearMap(self.layer, sizes)
        k, available = self.num_singular_values, singular_value_count(self.layer)
        if k > available:
            raise ValueError(
                "`num_singular_values` must be at most the number of the kernel's singular values, "
                f"{available}. Received: num_singular_values={k}, layer={self.layer!r} with a "
                f"kernel of shape {tuple(self.kernel.shape)}"
            )
        outputs = self.kernel.shape[output_axis(self.layer)]
        self.u = self.add_weight(
            name="u",
            shape=self._shape_of_u(outputs),
            initializer=self._initializer(self._warm_start, self._shape_of_u(outputs)),
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )
        if self.learnable_scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=(),
                initializer=self._initializer(self._exact_norm, ()),
                autocast=False,
            )

    def _shape_of_u(self, outputs):
        if self._map is not None:
            return self._map.output_shape
        return (outputs,) if self.num_singular_values == 1 else (self.num_singular_values, outputs)

    def _initializer(self, initializer, shape):
        """Returns an initializer that calls another one, for the operator norm right now.

        TensorFlow computes no adjoints while it makes a variable.
        """
        if self._map is None:
            return initializer
        value = initializer(shape, self.variable_dtype)
        return lambda shape, dtype: value

    def call(self, inputs, training=False):
        kernel = ops.convert_to_tensor(self.kernel)
        if not (training and self.trainable):
            return call_with_kernel(self.layer, self.effective_kernel(), inputs)
        u, sigma = self._iterated(kernel, self.power_iterations)
        self.u.assign(u)
        if self.num_singular_values > 1:
            sigma = sigma[0]
        # The reciprocal saves the gradient a pass over the kernel.
        return call_with_kernel(self.layer, kernel * (self.scale() / sigma), inputs)

    def effective_kernel(self) -> Any:
        kernel = ops.convert_to_tensor(self.kernel)
        return kernel * (self.scale() / self._stored_sigma(kernel))

    def _iterated(self, kernel, iterations):
        if self._map is not None:
            return self._map.power_iteration(kernel, self.u.value, iterations)
        return power_iteration(kernel_matrix(self.layer, kernel), self.u, iterations)

    def sigma(self) -> Any:
        """Returns the estimate of the norm, a scalar tensor."""
        return self._stored_sigma(ops.convert_to_tensor(self.kernel))

    def singular_values(self) -> Any:
        """Returns the estimates of the kernel's k largest singular values, of shape `(k,)`.

        They have the order of the vectors in `u`. When these have converged, the largest is first.
        """
        if self._map is not None:
            return ops.reshape(self.sigma(), (1,))
        product = _times_transposed(
            self.u, kernel_matrix(self.layer, ops.convert_to_tensor(self.kernel))
        )
        return ops.reshape(ops.sum(_orthonormal(product) * product, axis=-1), (-1,))

    def scale(self) -> Any:
        """Returns the spectral norm that the normalized kernel has: 1, `factor`, `gamma` or both.

        It is a number, or a scalar tensor if the scale is learnable.
        """
        factor = 1.0 if self.factor is None else self.factor
        return factor * self.gamma.value if self.learnable_scale else factor

    def warm_start(self) -> None:
        """Recomputes `u` and the learnable scale from the current kernel.

        Call it after you have assigned another kernel to the wrapped layer.

        Raises:
            ValueError: If the kernel is zero.
        """
        self.u.assign(self._warm_start(self.u.shape, self.u.dtype))
        if self.learnable_scale:
            self.gamma.assign(self._exact_norm((), self.gamma.dtype))

    def _stored_sigma(self, kernel):
        if self._map is not None:
            return self._map.sigma(kernel, self.u.value)
        u = self.u if self.num_singular_values == 1 else self.u[0]
        product = ops.matmul(kernel_matrix(self.layer, kernel), u)
        v = ops.stop_gradient(unit(product))
        return ops.sum(v * product)

    def _warm_start(self, shape, dtype=None):
        check_norms(self, self.kernel)
        u = keras.initializers.RandomNormal(stddev=1.0)(shape, dtype=dtype)
        if self.kernel._value is None:
            return u  # Keras infers shapes, without values.
        if self._map is not None:
            kernel = ops.convert_to_tensor(self.kernel)
            return self._map.power_iteration(kernel, u, WARM_UP_ITERATIONS)[0]
        # In NumPy, since so many small operations without a graph would take most of the time in
        # which a network is built; in float64, so that every backend starts alike.
        kernel = np.asarray(self.kernel.numpy(), "float64")
        matrix = np.moveaxis(kernel, output_axis(self.layer), -1).reshape(-1, u.shape[-1])
        rows = np.asarray(ops.convert_to_numpy(u), "float64").reshape(-1, u.shape[-1])
        for _ in range(WARM_UP_ITERATIONS):
            rows = _orthonormal_rows(_orthonormal_rows(rows @ matrix.T) @ matrix)
        return ops.convert_to_tensor(rows.reshape(u.shape), dtype)

    def _exact_norm(self, shape, dtype=None):
        if self._map is not None:
            return ops.cast(self.sigma(), dtype)
        # No backend decomposes matrices in 16 bits.
        matrix = ops.cast(self.kernel, keras.backend.result_type(dtype, "float32"))
        return ops.cast(ops.linalg.norm(kernel_matrix(self.layer, matrix), ord=2), dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "power_iterations": self.power_iterations,
            "num_singular_values": self.num_singular_values,
            "factor": self.factor,
            "learnable_scale": self.learnable_scale,
            "norm": self.norm,
            "input_shape": self.input_shape,
        }


def kernel_matrix(layer, kernel):
    """Returns a kernel of the layer as the paper's W transposed, (inputs, outputs)."""
    axis = output_axis(layer)
    if axis != -1:
        kernel = ops.moveaxis(kernel, axis, -1)
    return ops.reshape(kernel, (-1, kernel.shape[-1]))


def power_iteration(matrix, u, iterations):
    """Returns `u` after the iterations, and sigma with its gradient through W only.

    Args:
        matrix: W transposed, of shape `(inputs, outputs)`.
        u: Vector of shape `(outputs,)`, or k orthonormal vectors of shape `(k, outputs)`.
        iterations: Number of iterations, at least one.

    Returns:
        The new `u`, and sigma: a scalar, or of shape `(k,)`.
    """
    for _ in range(iterations):
        v = ops.stop_gradient(_orthonormal(_times_transposed(u, matrix)))
        product = ops.matmul(v, matrix)
        u = ops.stop_gradient(_orthonormal(product))
    return u, ops.sum(u * product, axis=-1)


def singular_value_count(layer):
    """Returns the number of singular values of a built layer's kernel, as the matrix W."""
    shape = kernel_variable(layer).shape
    outputs = shape[output_axis(layer)]
    return min(outputs, math.prod(shape) // outputs)


def _times_transposed(u, matrix):
    """Returns the paper's `u W` for one vector `u`, or for each row of `u`."""
    if len(u.shape) == 1:
        return ops.matmul(matrix, u)
    return ops.matmul(u, ops.transpose(matrix))


def _orthonormal(vectors):
    """Returns one vector as a unit vector, or the rows of a matrix after Gram-Schmidt."""
    if len(vectors.shape) == 1:
        return unit(vectors)
    rows = []
    for index in range(vectors.shape[0]):
        row = vectors[index]
        for other in rows:
            row = row - ops.sum(row * other) * other
        rows.append(unit(row))
    return ops.stack(rows)


def _orthonormal_rows(rows):
    """Returns the rows of a NumPy matrix after Gram-Schmidt. The sign of the first one stays."""
    if len(rows) == 1:
        return rows / (np.linalg.norm(rows) or 1.0)
    orthonormal, triangle = np.linalg.qr(rows.T)
    return (orthonormal * np.sign(np.diag(triangle))).T
