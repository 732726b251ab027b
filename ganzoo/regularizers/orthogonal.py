"""Orthogonal regularization of kernels."""

import math

import keras
from keras import ops

from ganzoo import schedules
from ganzoo.numerics import at_least_float32
from ganzoo.regularizers.base import REGULARIZERS, WeightPenalty
from ganzoo.validation import check_non_negative


@REGULARIZERS.register("orthogonal")
@keras.saving.register_keras_serializable(package="ganzoo")
class Orthogonal(WeightPenalty):
    """`weight * ||W^T W * (1 - I)||_F^2`, summed over the kernels: orthogonal filters.

    Each variable named `kernel` of rank 2 or more is a matrix W with a column for each entry of its
    last axis; the other axes are its rows. The columns are the filters of dense layers and
    convolutions. A transposed convolution has its inputs on that axis, so its columns are the
    patches that it makes from one input each. Biases, scales and embeddings have other names and
    are not penalized, as in BigGAN, which leaves out the class embedding.

    Args:
        weight: Strength of the penalty, the paper's beta, at least 0, or a schedule.
        player: `"generator"`, as in the paper, `"discriminator"` or `"both"`.
        off_diagonal: Whether the filters' lengths are free. With `False` the penalty is
            `||W^T W - I||_F^2`, which also draws each length to 1.
        every: Updates of a player from one evaluation to the next.

    Raises:
        ValueError: If `weight` is negative, `player` is another word, `every` is not a
            positive integer, or a player has no kernel.

    Example:

    >>> from ganzoo import regularizers
    >>> regularizers.Orthogonal(weight=1e-3, player="both").players
    ('generator', 'discriminator')

    Reference:
        [Large Scale GAN Training for High Fidelity Natural Image Synthesis](
        https://arxiv.org/abs/1809.11096), equation 3, and equation 2 for `off_diagonal=False`,
        which comes from [Neural Photo Editing with Introspective Adversarial Networks](
        https://arxiv.org/abs/1609.07093) and which [Spectral Normalization for GANs](
        https://arxiv.org/abs/1802.05957) compares itself with, on the discriminator.

    Deviations:
        The official code adds half of this penalty's gradient: `weight=5e-5` is its 1e-4.
    """

    name = "orthogonal"

    def __init__(self, weight=1e-4, player="generator", off_diagonal=True, every=1):
        super().__init__(player, every)
        self.weight = schedules.check(check_non_negative, "weight", weight)
        self.off_diagonal = bool(off_diagonal)

    def penalty(self, variables, state=None):
        kernels = [v for v in variables if v.name == "kernel" and len(v.shape) > 1]
        if not kernels:
            raise ValueError(
                "`Orthogonal` needs a network with at least one trainable variable named `kernel` "
                "of rank 2 or more, as dense layers and convolutions have. Received: variables "
                f"named {sorted({v.name for v in variables})}"
            )
        return self.weight * sum(self._cost(kernel) for kernel in kernels)

    def _cost(self, kernel):
        rows, columns = kernel.shape[:-1], kernel.shape[-1]
        w = at_least_float32(ops.reshape(kernel, (-1, columns)))
        if columns <= math.prod(rows):
            gram = ops.matmul(ops.transpose(w), w)
            identity = ops.eye(columns, dtype=w.dtype)
            excess = gram * (1 - identity) if self.off_diagonal else gram - identity
            return ops.sum(ops.square(excess))
        # W W^T is the smaller of two matrices with the same norm; the diagonal of W^T W holds the
        # squared lengths of the columns.
        gram = ops.sum(ops.square(ops.matmul(w, ops.transpose(w))))
        lengths = ops.sum(ops.square(w), axis=0)
        if self.off_diagonal:
            return gram - ops.sum(ops.square(lengths))
        return gram - 2 * ops.sum(lengths) + columns
