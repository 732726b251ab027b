"""TensorFlow: variables are updated in place, gradients come from tapes."""

import tensorflow as tf


def run_step(model, step, data):
    """Runs `step(data)`, which reads and updates the model's variables, and returns its logs."""
    return step(data)


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


def prefers_jit():
    """Whether XLA pays: on a CPU it slows convolutions down several times."""
    return bool(tf.config.list_physical_devices("GPU"))


def compiled(function, model):
    """Compiles a function of arrays that reads the variables of `model`."""
    # Nothing here branches on a tensor, and AutoGraph would read the sources again.
    return tf.function(function, reduce_retracing=True, autograph=False)
