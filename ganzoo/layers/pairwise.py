"""Sums over all pairs of examples, in little memory.

The tensor of all differences has `n * n * kernels * length` entries. If it is small, it is computed
at once and differentiated automatically. Otherwise the pairs are computed in blocks of some kernels
and some rows. The derivatives are then written by hand, so that no block has to be stored for them.
For one kernel with the vectors `m_i`, let

    d_ij = |m_i - m_j|_1        k_ij = exp(-d_ij)        s_ij = sign(m_i - m_j)

and `k_ii = 0` if an example is not compared with itself. The sums are `o_i = sum_j k_ij`. For a
gradient `g` by the sums and a gradient `h` by that gradient,

    dm_i  = -sum_j (g_i + g_j) k_ij s_ij
    ddg_i = -sum_j k_ij t_ij                            t_ij = <s_ij, h_i - h_j>
    ddm_i =  sum_j (g_i + g_j) k_ij t_ij s_ij

because `s` is antisymmetric and has no gradient. At `m_i = m_j` it is 0. Each row needs its own
values and the values of all other rows, which are gathered if replicas share a batch.
"""

import math

import keras
from keras import ops

_DIRECT_BYTES = 2**26
# TensorFlow computes up to ten blocks at a time. Blocks of this size stay in the caches.
_BLOCK_BYTES = 2**22
# Determines the size of a block if the size of the batch is not known statically.
_ASSUMED_BATCH = 256


def similarity_sums(vectors, include_self, gather=lambda x: x, replica=0, replicas=1):
    """Returns `o_i`, the sum over all examples j of `exp(-|m_i - m_j|_1)`.

    In blocks it can be differentiated twice, as gradient penalties need, and not more often.

    Args:
        vectors: Tensor of shape `(kernels, length, batch)`.
        include_self: Whether the sum includes j = i, whose term is 1.
        gather: Differentiable function that appends the other replicas' examples on the last axis.
        replica: Index of this replica.
        replicas: Number of replicas.

    Returns:
        Tensor of shape `(kernels, batch)`.
    """
    pairs = _Pairs(vectors, include_self, replica, replicas)
    if pairs.fit_at_once:
        return _sums(pairs.mask(0), vectors, gather(vectors))

    def in_blocks(function):
        return lambda *own: pairs.in_blocks(function, own, [gather(x) for x in own])

    second_gradient = _with_derivative(in_blocks(_second_gradient), _refuse)
    gradient = _with_derivative(in_blocks(_gradient), second_gradient)
    sums = _with_derivative(in_blocks(_sums), gradient)
    # For the second derivative TensorFlow differentiates `gradient`. JAX differentiates the inner
    # function of the sums too.
    sums = _with_derivative(sums, gradient)
    return sums(vectors)


def nearest_distances(vectors):
    """Returns the distance of each example to its nearest neighbor, `(kernels, batch)`.

    Args:
        vectors: Tensor of shape `(kernels, length, batch)`.
    """
    return _Pairs(vectors, include_self=False).in_blocks(_nearest, [vectors], [vectors])


class _Pairs:
    """The pairs of this replica's examples and the examples of all replicas, in blocks."""

    def __init__(self, vectors, include_self, replica=0, replicas=1):
        self._kernels, length, batch = vectors.shape
        self._include_self = include_self
        self._batch = ops.shape(vectors)[-1]
        self._replica = replica
        self._replicas = replicas
        known = batch is not None
        rows = batch if known else _ASSUMED_BATCH
        bytes_per_row = rows * replicas * length * _item_size(vectors.dtype)
        self.fit_at_once = known and self._kernels * rows * bytes_per_row <= _DIRECT_BYTES
        self._block_kernels = _largest_divisor(
            self._kernels, _BLOCK_BYTES // (rows * bytes_per_row)
        )
        self._block_rows = _largest_divisor(batch, _BLOCK_BYTES // bytes_per_row) if known else None

    def mask(self, first_row, rows=None):
        """Returns whether each pair counts, `(rows, all)`, or `None` if all pairs count."""
        if self._include_self:
            return None
        rows = self._batch if rows is None else rows
        own = self._replica * self._batch + first_row + ops.arange(rows)
        everyone = ops.arange(self._replicas * self._batch)
        return ops.not_equal(ops.expand_dims(own, 1), everyone)

    def in_blocks(self, function, own, everyone):
        """Calls `function` for each block, and joins the results.

        Args:
            function: Takes a mask, the tensors of the block's rows, and the tensors of all
                examples.
            own: Tensors `(kernels, ..., batch)` of this replica's examples.
            everyone: The same tensors of the examples of all replicas.

        Returns:
            The result of `function`, `(kernels, ..., batch)`: a tensor or a tuple of tensors.
        """
        kernels = self._block_kernels
        rows = self._batch if self._block_rows is None else self._block_rows
        kernel_blocks = self._kernels // kernels
        row_blocks = 1 if self._block_rows is None else self._batch // rows
        # Otherwise TensorFlow records all blocks for a derivative that is not used.
        own, everyone = ([ops.stop_gradient(x) for x in tensors] for tensors in (own, everyone))

        def block(index):
            kernel, row = index // row_blocks * kernels, index % row_blocks * rows
            parts = [_slice(x, kernel, kernels, row, rows) for x in own]
            others = [_slice(x, kernel, kernels, 0, ops.shape(x)[-1]) for x in everyone]
            return function(self.mask(row, rows), *parts, *others)

        def join(blocks):
            blocks = ops.reshape(blocks, (kernel_blocks, row_blocks, *ops.shape(blocks)[1:]))
            blocks = ops.moveaxis(blocks, 1, -2)
            return ops.reshape(blocks, (self._kernels, *blocks.shape[2:-2], self._batch))

        results = ops.map(block, ops.arange(kernel_blocks * row_blocks))
        return tuple(map(join, results)) if isinstance(results, tuple) else join(results)


def _with_derivative(function, derivative):
    """Returns the function with `derivative(*arguments, *upstream)` as its derivative."""

    @ops.custom_gradient
    def call(*arguments):
        def backward(*upstream):
            return derivative(*arguments, *upstream)

        return function(*arguments), backward

    return call


def _refuse(*_):
    raise NotImplementedError(
        "A large `MinibatchDiscrimination` can be differentiated twice and not more often. For a "
        f"third derivative, all its differences must fit in {_DIRECT_BYTES >> 20} MiB: make the "
        "batch or the kernels smaller."
    )


def _sums(mask, m, all_m):
    return ops.sum(_similarities(mask, _differences(m, all_m)), axis=-1)


def _gradient(mask, m, g, all_m, all_g):
    differences = _differences(m, all_m)
    weights = _outer_sum(g, all_g) * _similarities(mask, differences)
    return -ops.sum(weights[:, None] * ops.sign(differences), axis=-1)


def _second_gradient(mask, m, g, h, all_m, all_g, all_h):
    differences = _differences(m, all_m)
    signs = ops.sign(differences)
    t = ops.sum(signs * _differences(h, all_h), axis=1)
    products = _similarities(mask, differences) * t
    weights = _outer_sum(g, all_g) * products
    return ops.sum(weights[:, None] * signs, axis=-1), -ops.sum(products, axis=-1)


def _nearest(mask, m, all_m):
    distances = ops.sum(ops.abs(_differences(m, all_m)), axis=1)
    return ops.min(ops.where(mask, distances, math.inf), axis=-1)


def _differences(own, everyone):
    return ops.expand_dims(own, -1) - ops.expand_dims(everyone, -2)


def _outer_sum(own, everyone):
    return ops.expand_dims(own, -1) + ops.expand_dims(everyone, -2)


def _similarities(mask, differences):
    similarities = ops.exp(-ops.sum(ops.abs(differences), axis=1))
    return similarities if mask is None else ops.where(mask, similarities, 0.0)


def _slice(tensor, kernel, kernels, row, rows):
    inner = tensor.shape[1:-1]
    start = [ops.cast(i, "int32") for i in (kernel, *[0] * len(inner), row)]
    return ops.slice(tensor, start, (kernels, *inner, rows))


def _item_size(dtype):
    return 8 if keras.backend.standardize_dtype(dtype) == "float64" else 4


def _largest_divisor(number, limit):
    """Returns the largest divisor of `number` that is at most `limit`, and at least 1."""
    return max(d for d in range(1, number + 1) if number % d == 0 and d <= max(limit, 1))
