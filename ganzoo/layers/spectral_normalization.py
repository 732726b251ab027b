"""Spectral normalization of a layer's kernel (Miyato et al. 2018)."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from ganzoo.layers.reparametrization import (
    KernelWrapper,
    call_with_kernel,
    check_norms,
    kernel_variable,
    output_axis,
)
from ganzoo.validation import check_positive, check_positive_integer

EPSILON = 1e-12
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
            trainable scalar `gamma` starts as the exact spectral norm of the initial kernel. The
            norm of the layer is then no longer bounded.
        **kwargs: `name` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the layer is of another kind, if an argument is out of its range, or if a
            `dtype` is given. When the layer is built: if the kernel has fewer singular values than
            `num_singular_values`, or is zero.

    Example:

    >>> layer = SpectralNormalization(keras.layers.Conv2D(8, 3))
    >>> tuple(layer(keras.ops.ones((1, 6, 6, 3))).shape)
    (1, 4, 4, 8)

    Reference:
        - [Spectral Normalization for Generative Adversarial Networks](
          https://arxiv.org/abs/1802.05957), algorithm 1 and equations 8 to 12; `factor` and
          `learnable_scale` are options of its official code
          (https://github.com/pfnet-research/sngan_projection, `factor` and `use_gamma`).
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
        **kwargs: Any,
    ):
        super().__init__(layer, **kwargs)
        self.power_iterations = check_positive_integer("power_iterations", power_iterations)
        self.num_singular_values = check_positive_integer(
            "num_singular_values", num_singular_values
        )
        self.factor = None if factor is None else check_positive("factor", factor)
        self.learnable_scale = bool(learnable_scale)

    def build(self, input_shape):
        super().build(input_shape)
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
            shape=(outputs,) if k == 1 else (k, outputs),
            initializer=self._warm_start,
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )
        if self.learnable_scale:
            self.gamma = self.add_weight(
                name="gamma", shape=(), initializer=self._exact_norm, autocast=False
            )

    def call(self, inputs, training=False):
        kernel = ops.convert_to_tensor(self.kernel)
        if training and self.trainable:
            u, sigma = power_iteration(
                kernel_matrix(self.layer, kernel), self.u, self.power_iterations
            )
            self.u.assign(u)
            if self.num_singular_values > 1:
                sigma = sigma[0]
        else:
            sigma = self._stored_sigma(kernel)
        # The reciprocal saves the gradient a pass over the kernel.
        return call_with_kernel(self.layer, kernel * (self.scale() / sigma), inputs)

    def sigma(self) -> Any:
        """Returns the estimate of the kernel's largest singular value, a scalar tensor."""
        return self._stored_sigma(ops.convert_to_tensor(self.kernel))

    def singular_values(self) -> Any:
        """Returns the estimates of the kernel's k largest singular values, of shape `(k,)`.

        They have the order of the vectors in `u`. When these have converged, the largest is first.
        """
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
        u = self.u if self.num_singular_values == 1 else self.u[0]
        product = ops.matmul(kernel_matrix(self.layer, kernel), u)
        v = ops.stop_gradient(_unit(product))
        return ops.sum(v * product)

    def _warm_start(self, shape, dtype=None):
        check_norms(self, self.kernel)
        u = keras.initializers.RandomNormal(stddev=1.0)(shape, dtype=dtype)
        if self.kernel._value is None:
            return u  # Keras infers shapes, without values.
        # In NumPy, since so many small operations without a graph would take most of the time in
        # which a network is built; in float64, so that every backend starts alike.
        kernel = np.asarray(self.kernel.numpy(), "float64")
        matrix = np.moveaxis(kernel, output_axis(self.layer), -1).reshape(-1, u.shape[-1])
        rows = np.asarray(ops.convert_to_numpy(u), "float64").reshape(-1, u.shape[-1])
        for _ in range(WARM_UP_ITERATIONS):
            rows = _orthonormal_rows(_orthonormal_rows(rows @ matrix.T) @ matrix)
        return ops.convert_to_tensor(rows.reshape(u.shape), dtype)

    def _exact_norm(self, shape, dtype=None):
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
        return _unit(vectors)
    rows = []
    for index in range(vectors.shape[0]):
        row = vectors[index]
        for other in rows:
            row = row - ops.sum(row * other) * other
        rows.append(_unit(row))
    return ops.stack(rows)


def _unit(vector):
    return vector / (ops.norm(vector) + EPSILON)


def _orthonormal_rows(rows):
    """Returns the rows of a NumPy matrix after Gram-Schmidt."""
    orthonormal, triangle = np.linalg.qr(rows.T)
    return (orthonormal * np.sign(np.diag(triangle))).T
