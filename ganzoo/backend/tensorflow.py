"""TensorFlow: variables are updated in place, gradients come from tapes."""

import tensorflow as tf


def run_step(model, step, data):
    """Runs `step(data)`, which reads and updates the model's variables, and returns its logs."""
    logs = step(data)
    _average_statistics(model)
    return logs


def _average_statistics(model):
    """Makes the moving statistics of batch normalization those of all replicas.

    Each replica has computed its own, of its rows, and files hold those of the first.
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
        variables: The variables to differentiate by.
        state: All variables that the objective may read or update (used by the JAX backend).

    Returns:
        The scalar, the other results and the list of gradients.
    """
    values = [variable.value for variable in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        value, results = objective()
    return value, results, tape.gradient(value, values)


def input_gradient(function, inputs):
    """Returns the gradient of the scalar `function(inputs)` by its inputs, `None` if there is none.

    The gradient can be differentiated again by the variables that it depends on.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        value = function(inputs)
    return tape.gradient(value, inputs)


def apply_gradients(optimizer, gradients, variables):
    """Lets a built optimizer update the variables that it was built with."""
    optimizer.apply(gradients, variables)


def replica_count(model):
    """Returns how many replicas `model.fit` will train on."""
    return model.distribute_strategy.num_replicas_in_sync


def share_count(model):
    """Returns how many equal parts a batch falls into: one for each replica."""
    return replica_count(model)


def prefers_jit():
    """Whether XLA pays: on a CPU it slows convolutions down several times."""
    return bool(tf.config.list_physical_devices("GPU"))


def compiled(function, model):
    """Compiles a function of arrays that reads the variables of `model`."""
    # Nothing here branches on a tensor, and AutoGraph would read the sources again.
    return tf.function(function, reduce_retracing=True, autograph=False)
