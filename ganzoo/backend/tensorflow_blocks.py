"""TensorFlow: several training steps in one call."""

import tensorflow as tf


def with_plain_state(train_function):
    """Returns a `train_function` of Keras: variables hold the state."""
    return train_function


def device_copy(model, array):
    """Returns an array on the device, or on the device of each replica."""
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1:
        return tf.convert_to_tensor(array)
    devices = strategy.extended.worker_devices

    def copy(context):
        with tf.device(devices[context.replica_id_in_sync_group]):
            return tf.convert_to_tensor(array)

    return strategy.experimental_distribute_values_from_function(copy)


def block_function(model, names, dtype):
    """Returns a function that makes the steps of a block of batches in one call.

    The number of steps is data, so that one graph makes blocks of any length.

    Args:
        model: The model whose `train_step` makes a step.
        names: Names of the logs of a step.
        dtype: Type of the logs.

    Returns:
        A function of the examples and the block. It returns the logs of the steps, of shape
        `(steps, names)`.
    """
    strategy = model.distribute_strategy

    def one_step(examples, block, index):
        logs = model.train_step(_batch(examples, block, index))
        return tf.stack([tf.cast(logs[name], dtype) for name in names])

    def all_steps(examples, block):
        first, *_ = strategy.experimental_local_results(block)
        steps, count = tf.shape(tf.nest.flatten(first["batch"])[0])[1], first["count"][0]

        def body(index, table):
            rows = strategy.run(one_step, (examples, block, index))
            row = tf.reduce_mean(strategy.experimental_local_results(rows), axis=0)
            # The rows after the last step repeat it.
            return index + 1, tf.where(tf.range(steps)[:, None] >= index, row, table)

        start = tf.constant(0), tf.zeros((steps, len(names)), dtype)
        # The variables of a step are the ones that the step before it has left.
        _, table = tf.while_loop(lambda index, _: index < count, body, start, parallel_iterations=1)
        return table

    if model.run_eagerly:
        return all_steps
    return tf.function(
        all_steps, jit_compile=model.jit_compile, autograph=False, reduce_retracing=True
    )


def _batch(examples, block, index):
    """Returns one batch of a block; `examples` are those that it has the rows of, or `None`."""
    batch = tf.nest.map_structure(lambda part: part[:, index], block["batch"])
    if examples is None:
        return batch
    rows, *labels = batch
    return tf.nest.map_structure(lambda part: tf.gather(examples, part), rows), *labels


def block_train_function(function, examples, receive):
    """Returns a `train_function` for Keras that makes a block of steps in each call.

    Args:
        function: A `block_function`.
        examples: What the blocks have the rows of, or `None`.
        receive: Function of the logs of the steps that returns the logs for callbacks.
    """

    def train(iterator):
        (block,) = next(iterator)
        return receive(function(examples, block))

    return train
