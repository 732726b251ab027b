"""JAX: several training steps in one call, and a state that Keras does not wrap."""

import jax
import keras
import numpy as np


class Values:
    """A group of the state between two calls.

    Keras would wrap a list of arrays, element by element, after each call.
    """

    def __init__(self, values):
        self._values = values

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)


def with_plain_state(train_function):
    """Returns a `train_function` of Keras that returns its state as `Values`."""

    def function(state, iterator):
        logs, state = train_function(_unwrapped(state), iterator)
        return logs, tuple(map(Values, state))

    return function


def _unwrapped(state):
    return tuple(list(group) for group in state)


def device_copy(model, array):
    """Returns an array on the device, or on all devices of the distribution."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return jax.device_put(array)
    replicated = jax.sharding.NamedSharding(
        distribution.device_mesh.backend_mesh, jax.sharding.PartitionSpec()
    )
    return jax.make_array_from_callback(array.shape, replicated, lambda index: array[index])


def block_function(model, names, dtype):
    """Returns a function that makes the steps of a block of batches in one call.

    The number of steps is data, so that one compiled function makes blocks of any length, whose
    steps have the same bits.

    Args:
        model: The model whose `train_step` makes a step.
        names: Names of the logs of a step.
        dtype: Type of the logs.

    Returns:
        A function of the state, the examples and the block. It returns the logs of the steps, of
        shape `(steps, names)`, and the new state.
    """

    def one_step(index, state, examples, block):
        logs, state = model.train_step(state, _batch(examples, block, index))
        return state, jax.numpy.stack([logs[name].astype(dtype) for name in names])

    def all_steps(state, examples, block):
        steps = jax.tree.leaves(block["batch"])[0].shape[1]

        def body(index, carry):
            state, table = carry
            state, row = one_step(index, state, examples, block)
            # The rows after the last step repeat it.
            is_later = jax.numpy.arange(steps)[:, None] >= index
            return state, jax.numpy.where(is_later, row, table)

        start = state, jax.numpy.zeros((steps, len(names)), dtype)
        state, table = jax.lax.fori_loop(0, block["count"][0], body, start)
        return table, state

    def one_by_one(state, examples, block):
        rows = []
        for index in range(int(block["count"][0])):
            state, row = one_step(index, state, examples, block)
            rows.append(np.asarray(row))
        return np.stack(rows), state

    if model.run_eagerly or not model.jit_compile:
        return one_by_one
    compiled = None

    def call(state, examples, block):
        nonlocal compiled
        if compiled is None:
            shardings = None
            if keras.distribution.distribution() is not None:
                shardings = None, jax.tree.map(lambda value: value.sharding, state)
            compiled = jax.jit(all_steps, donate_argnums=0, out_shardings=shardings)
        return compiled(state, examples, block)

    return call


def _batch(examples, block, index):
    """Returns one batch of a block; `examples` are those that it has the rows of, or `None`."""
    batch = jax.tree.map(lambda part: part[:, index], block["batch"])
    if examples is None:
        return batch
    rows, *labels = batch
    return jax.tree.map(lambda part: examples[part], rows), *labels


def block_train_function(function, examples, receive):
    """Returns a `train_function` for Keras that makes a block of steps in each call.

    Args:
        function: A `block_function`.
        examples: What the blocks have the rows of, or `None`.
        receive: Function of the logs of the steps that returns the logs for callbacks.
    """
    running = None

    def train(state, iterator):
        nonlocal running
        (block,) = next(iterator)
        table, state = function(_unwrapped(state), examples, block)
        # The device works on one block while another one waits for it, and no more.
        if running is not None:
            jax.block_until_ready(running)
        running = table
        return receive(table), tuple(map(Values, state))

    return train
