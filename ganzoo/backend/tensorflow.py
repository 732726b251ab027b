"""TensorFlow: variables are updated in place, gradients come from tapes."""

import functools

import tensorflow as tf
from tensorflow.python.eager import record

from ganzoo.backend import (
    tensorflow_gradients,  # noqa: F401, replaces gradients.
    tensorflow_memory,
)

tensorflow_memory.keep_freed_memory()
collect_garbage_at_exit = tensorflow_memory.collect_garbage_at_exit

_WORDS = [tf.TensorSpec(None, tf.uint32)] * 4
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_ROUND_GROUPS = 5


def run_step(model, step, data):
    """Runs `step(data)`, which reads and updates the model's variables, and returns its logs.

    Every operation of the step waits for the batch. Otherwise an update that reads no example, such
    as the one of the step count, would run although the data have ended.
    """
    arrays = [array for array in tf.nest.flatten(data) if array is not None]
    with tf.control_dependencies(arrays):
        logs = step(data)
        _average_statistics(model)
    return logs


def _average_statistics(model):
    """Averages the moving statistics of batch normalization over all replicas.

    Each replica has computed the statistics of its own rows, and files hold the first replica's.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return
    names = ("moving_mean", "moving_variance")
    statistics = [variable for variable in model.variables if variable.name in names]
    if statistics:
        values = [tf.convert_to_tensor(variable.value) for variable in statistics]
        means = context.all_reduce(tf.distribute.ReduceOp.MEAN, values)
        for variable, mean in zip(statistics, means, strict=True):
            variable.assign(mean)


def value_and_grad(objective, variables, state):
    """Differentiates an objective that may update state.

    Args:
        objective: Function without arguments; returns a scalar and a structure of other results.
        variables: The variables to differentiate with respect to.
        state: All variables that the objective may read or update (used by the JAX backend).

    Returns:
        The scalar, the other results and the list of gradients.
    """
    values = [variable.value for variable in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        value, results = objective()
    gradients = tape.gradient(value, values)
    # Keras's optimizers square each row of a sparse gradient, not the sum of equal rows.
    return value, results, [None if g is None else tf.convert_to_tensor(g) for g in gradients]


def input_gradient(function, inputs):
    """Returns the gradient of the scalar `function(inputs)` with respect to its inputs, or `None`.

    The gradient can be differentiated again with respect to the variables that it depends on.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        value = function(inputs)
    return tape.gradient(value, inputs)


def with_input_gradient(function, inputs, state):
    """Calls a function, and offers the gradient of its scalar with respect to its inputs.

    The gradient is computed only when it is asked for, from the pass that was made anyway.

    Args:
        function: Function of `inputs` that returns a scalar and a structure of other results.
        inputs: A floating tensor.
        state: All variables that the function may read or update (used by the JAX backend).

    Returns:
        The other results, and a function without arguments that returns the gradient, in the
        shape of the inputs; `None` where there is none. The gradient can be differentiated again.
    """
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        value, results = function(inputs)
    return results, lambda: tape.gradient(value, inputs)


def apply_gradients(optimizer, gradients, variables):
    """Applies gradients to the variables that a built optimizer was built with."""
    optimizer.apply(gradients, variables)


def assign_all(variables, values, add=False):
    """Assigns a value to each variable, or adds it. All replicas have the same values."""
    tensors = [variable.value for variable in variables]

    def assign(tensor, value):
        (tensor.assign_add if add else tensor.assign)(value)

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        for tensor, value in zip(tensors, values, strict=True):
            assign(tensor, value)
        return

    # Keras would reduce each variable over the replicas.
    def assign_on_replicas(strategy, values):
        for tensor, value in zip(tensors, values, strict=True):
            strategy.extended.update(tensor, assign, args=(value,), group=False)

    context.merge_call(assign_on_replicas, args=(values,))


def split(vector, sizes):
    """Splits a vector into parts of the given sizes."""
    return tf.split(vector, sizes)


def rematerialized(function):
    """Returns a function that keeps nothing for its backward pass, which calls it again.

    Its gradients can be differentiated again, which `tf.recompute_grad` does not allow.

    Args:
        function: Function of a list of activations and a list of other tensors. It returns a
            structure of tensors. It must not read variables.
    """

    def call(activations, others):
        structure = None

        @tf.custom_gradient
        def forward(*arguments):
            nonlocal structure
            with record.stop_recording():
                structure = function(*_split_list(arguments, len(activations)))
            outputs = tf.nest.flatten(structure)

            def backward(*gradients):
                known = [i for i, output in enumerate(outputs) if output.dtype.is_floating]
                gradients = [gradients[i] for i in known]
                inputs, values = _split_list(arguments, len(activations))
                inputs = [_after(gradients[0], tensor) for tensor in inputs]
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch([x for x in [*inputs, *values] if x.dtype.is_floating])
                    again = tf.nest.flatten(function(inputs, values))
                return tape.gradient([again[i] for i in known], [*inputs, *values], gradients)

            return outputs, backward

        # Variables have changed before the second call, which needs their current values.
        outputs = forward(*map(tf.convert_to_tensor, [*activations, *others]))
        return tf.nest.pack_sequence_as(structure, outputs)

    return call


def _split_list(tensors, count):
    return list(tensors[:count]), list(tensors[count:])


def _after(other, tensor):
    """Returns a tensor that a graph cannot know before `other`.

    Otherwise the graph would compute what depends on it early, or keep it from the forward pass.
    """
    if tf.executing_eagerly() or not tensor.dtype.is_floating:
        return tensor
    element = tf.reduce_max(tf.reshape(other, [-1])[:1])
    # NaN is not equal to itself, so no compiler can replace this by 0.
    zero = tf.where(tf.equal(element, element), tf.zeros_like(element), element)
    return tensor + tf.cast(tf.stop_gradient(zero), tensor.dtype)


def sum_of_parts(function, count):
    """Calls a function for each part of a batch, one after another.

    In a graph it is traced once, and a loop calls it.

    Args:
        function: Function of the index of a part, an integer tensor. It returns two structures of
            tensors.
        count: Number of parts.

    Returns:
        The sum of the first structures over the parts, and the second ones stacked.
    """
    if tf.executing_eagerly():
        sums, *rows = function(tf.constant(0))
        for index in range(1, count):
            values, more = function(tf.constant(index))
            sums = tf.nest.map_structure(tf.add, sums, values)
            rows.append(more)
        return sums, tf.nest.map_structure(lambda *parts: tf.stack(parts), *rows)
    traced = tf.function(function, autograph=False).get_concrete_function(
        tf.TensorSpec((), tf.int32)
    )
    sums, rows = traced.structured_outputs
    sums = tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), sums)
    rows = tf.nest.map_structure(
        lambda spec: tf.TensorArray(spec.dtype, count, element_shape=spec.shape), rows
    )

    def add(index, sums, arrays):
        values, rows = traced(index)
        sums = tf.nest.map_structure(tf.add, sums, values)
        arrays = tf.nest.map_structure(lambda array, row: array.write(index, row), arrays, rows)
        return index + 1, sums, arrays

    _, sums, rows = tf.while_loop(
        lambda index, *_: index < count,
        add,
        (tf.constant(0), sums, rows),
        # The next part starts when this one has freed its memory.
        parallel_iterations=1,
        maximum_iterations=count,
    )
    return sums, tf.nest.map_structure(lambda array: array.stack(), rows)


def replica_context():
    """Returns the index of the replica that runs this code, a tensor, and how many there are.

    Outside of a replica of a strategy the two are 0 and 1.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return 0, 1
    return context.replica_id_in_sync_group, context.num_replicas_in_sync


def gather_rows(rows):
    """Concatenates the rows of all replicas, where there are several."""
    context = tf.distribute.get_replica_context()
    # In a graph the collective forgets the shape that it had.
    return tf.ensure_shape(context.all_gather(rows, axis=0), (None, *rows.shape[1:]))


def replica_count(model):
    """Returns how many replicas `model.fit` will train on."""
    return model.distribute_strategy.num_replicas_in_sync


def share_count(model):
    """Returns the number of equal parts of a batch, one for each replica."""
    return replica_count(model)


def prefers_jit():
    """Returns whether XLA pays: on a CPU it makes convolutions several times slower."""
    return has_accelerator()


def has_accelerator():
    """Returns whether there is a device other than the processor."""
    return bool(tf.config.list_physical_devices("GPU"))


def compiled(function, model):
    """Compiles a function of arrays that reads the variables of `model`."""
    # Nothing here branches on a tensor, so AutoGraph is not needed.
    return tf.function(function, reduce_retracing=True, autograph=False)


def threefry2x32(key, counter):
    """Encrypts a counter under a key with Threefry-2x32, 20 rounds.

    In a graph it is one call of a function that was traced once in this process: its 200 small
    operations were most of the graph of a small GAN's step.

    Args:
        key: Two uint32 tensors.
        counter: Two uint32 tensors. All four broadcast against each other.

    Returns:
        Two uint32 tensors of the broadcast shape.
    """
    words = (*key, *counter)
    encrypted = _traced_threefry2x32()(*words)
    # The traced function serves all shapes, and so forgets them.
    shape = functools.reduce(tf.broadcast_static_shape, [word.shape for word in words])
    return tuple(tf.ensure_shape(word, shape) for word in encrypted)


@functools.cache
def _traced_threefry2x32():
    # Outside of the graph in which it is used first, which it would keep.
    with tf.init_scope():
        function = tf.function(_threefry2x32, input_signature=_WORDS, autograph=False)
        return function.get_concrete_function()


def _threefry2x32(key0, key1, counter0, counter1):
    schedule = (key0, key1, key0 ^ key1 ^ tf.constant(_PARITY, tf.uint32))
    x0, x1 = counter0 + schedule[0], counter1 + schedule[1]
    for group in range(_ROUND_GROUPS):
        for rotation in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = _rotate_left(x1, rotation) ^ x0
        x0 = x0 + schedule[(group + 1) % 3]
        x1 = x1 + schedule[(group + 2) % 3] + tf.constant(group + 1, tf.uint32)
    return x0, x1


def _rotate_left(word, bits):
    left = tf.bitwise.left_shift(word, tf.constant(bits, tf.uint32))
    return left | tf.bitwise.right_shift(word, tf.constant(32 - bits, tf.uint32))


def without_arrays(function):
    """Calls a function without arguments in a graph, where operations describe their results."""
    with tf.Graph().as_default():
        function()
