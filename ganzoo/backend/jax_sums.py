"""Sums of 16-bit numbers on a CPU, in float32, for JAX.

XLA adds bfloat16 numbers on a CPU one by one. Such a sum stands still when it is 256 times as large
as what is added. JAX's gradients have such sums: of a bias, which is used at every position, and of
the embedding of a class. Here they are added in float32 and rounded once.

Importing this module replaces how two primitives are compiled for a CPU in this process, for 16-bit
numbers alone.
"""

import jax
from jax.interpreters import mlir

_HALF_DTYPES = (jax.numpy.bfloat16, jax.numpy.float16)


def _adds_in_float32(primitive):
    """Decorator: `function`, called with float32 operands, compiles a primitive of 16 bits."""

    def register(function):
        entry = mlir._lowerings[primitive]
        original = getattr(entry, "rule", entry)

        def wide_sum(*operands, **settings):
            wide = [x.astype("float32") if x.dtype in _HALF_DTYPES else x for x in operands]
            return function(*wide, **settings).astype(operands[0].dtype)

        wide_rule = mlir.lower_fun(wide_sum, multiple_results=False)

        def rule(context, *operands, **settings):
            is_half = context.avals_in[0].dtype in _HALF_DTYPES
            return (wide_rule if is_half else original)(context, *operands, **settings)

        mlir.register_lowering(primitive, rule, platform="cpu")
        return function

    return register


@_adds_in_float32(jax.lax.reduce_sum_p)
def _reduce_sum(x, **settings):
    return jax.lax.reduce_sum_p.bind(x, **settings)


@_adds_in_float32(jax.lax.scatter_add_p)
def _scatter_add(x, indices, updates, update_jaxpr, update_consts, **settings):
    return jax.lax.scatter_add(x, indices, updates, **settings)
