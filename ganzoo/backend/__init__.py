"""The few primitives that differ between the backends that ganzoo trains on."""

import keras

from ganzoo.backend import isolation

if keras.backend.backend() == "tensorflow":
    from ganzoo.backend import tensorflow as _backend
    from ganzoo.backend import tensorflow_blocks as _blocks
elif keras.backend.backend() == "jax":
    from ganzoo.backend import jax as _backend
    from ganzoo.backend import jax_blocks as _blocks
else:
    raise ImportError(
        "ganzoo trains on the Keras backends 'tensorflow' and 'jax'. Received: "
        f"keras.backend.backend()={keras.backend.backend()!r}. Set the environment variable "
        "KERAS_BACKEND to one of the two before Keras is imported."
    )

apply_gradients = _backend.apply_gradients
assign_all = _backend.assign_all
block_function = _blocks.block_function
block_train_function = _blocks.block_train_function
collect_garbage_at_exit = _backend.collect_garbage_at_exit
compiled = _backend.compiled
device_copy = _blocks.device_copy
gather_rows = _backend.gather_rows
has_accelerator = _backend.has_accelerator
input_gradient = _backend.input_gradient
isolated = isolation.isolated
prefers_jit = _backend.prefers_jit
rematerialized = _backend.rematerialized
replica_count = _backend.replica_count
replica_context = _backend.replica_context
run_step = _backend.run_step
share_count = _backend.share_count
split = _backend.split
sum_of_parts = _backend.sum_of_parts
threefry2x32 = _backend.threefry2x32
value_and_grad = _backend.value_and_grad
with_input_gradient = _backend.with_input_gradient
with_plain_state = _blocks.with_plain_state
without_arrays = _backend.without_arrays
