"""The few primitives that differ between the backends that ganzoo trains on."""

import keras

if keras.backend.backend() == "tensorflow":
    from ganzoo.training.backend.tensorflow import (
        apply_gradients,
        compiled,
        input_gradient,
        prefers_jit,
        replica_context,
        replica_count,
        run_step,
        value_and_grad,
    )
elif keras.backend.backend() == "jax":
    from ganzoo.training.backend.jax import (
        apply_gradients,
        compiled,
        input_gradient,
        prefers_jit,
        replica_context,
        replica_count,
        run_step,
        value_and_grad,
    )
else:
    raise ImportError(
        "ganzoo trains on the Keras backends 'tensorflow' and 'jax'. Received: "
        f"keras.backend.backend()={keras.backend.backend()!r}. Set the environment variable "
        "KERAS_BACKEND to one of the two before Keras is imported."
    )

__all__ = [
    "apply_gradients",
    "compiled",
    "input_gradient",
    "prefers_jit",
    "replica_context",
    "replica_count",
    "run_step",
    "value_and_grad",
]
