"""JAX: the same stateful code runs as pure functions, inside scopes that hold the state."""

import itertools

import jax
import keras
from jax.extend.random import threefry2x32_p

from ganzoo.backend import jax_sums  # noqa: F401, replaces how sums are compiled.


def run_step(model, step, state, data):
    """Runs `step(data)` on the given state; returns its logs and the new state.

    Args:
        model: The model whose groups of variables `state` has the values of.
        step: Function of a batch that reads and updates the model's variables.
        state: Values of the trainable, the non-trainable, in training the optimizer's, and the
            metrics' variables.
        data: A batch.
    """
    groups = [model.trainable_variables, model.non_trainable_variables, model.metrics_variables]
    if len(state) == 4:
        groups.insert(2, model.optimizer.variables)
    mapping = [
        pair
        for group, values in zip(groups, state, strict=True)
        for pair in zip(group, values, strict=True)
    ]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = step(data)
    return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)


def value_and_grad(objective, variables, state):
    """Differentiates an objective that may update state.

    Args:
        objective: Function without arguments; returns a scalar and a structure of other results.
        variables: The variables to differentiate with respect to.
        state: All variables that the objective may read or update.

    Returns:
        The scalar, the other results and the list of gradients.
    """
    chosen = {id(variable) for variable in variables}
    others = [variable for variable in state if id(variable) not in chosen]
    other_values = [variable.value for variable in others]

    def pure_objective(values):
        mapping = [*zip(variables, values, strict=True), *zip(others, other_values, strict=True)]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            value, results = objective()
        return value, (results, [scope.get_current_value(variable) for variable in others])

    (value, (results, updated)), gradients = jax.value_and_grad(pure_objective, has_aux=True)(
        [variable.value for variable in variables]
    )
    _assign_changed(others, other_values, updated)
    return value, results, gradients


def _assign_changed(variables, values, updated):
    """Assigns the values that differ from those before."""
    for variable, before, after in zip(variables, values, updated, strict=True):
        if after is not before:
            variable.assign(after)


def input_gradient(function, inputs):
    """Returns the gradient of the scalar `function(inputs)` with respect to its inputs.

    The gradient can be differentiated again with respect to the variables that it depends on.
    """
    return jax.grad(function)(inputs)


def with_input_gradient(function, inputs, state):
    """Calls a function, and offers the gradient of its scalar with respect to its inputs.

    The gradient is computed only when it is asked for, from the pass that was made anyway.

    Args:
        function: Function of `inputs` that returns a scalar and a structure of other results.
        inputs: A floating tensor.
        state: All variables that the function may read or update.

    Returns:
        The other results, and a function without arguments that returns the gradient, in the
        shape of the inputs. The gradient can be differentiated again.
    """
    values = [variable.value for variable in state]

    def pure_function(inputs):
        with keras.StatelessScope(state_mapping=list(zip(state, values, strict=True))) as scope:
            value, results = function(inputs)
        return value, (results, [scope.get_current_value(variable) for variable in state])

    value, pullback, (results, updated) = jax.vjp(pure_function, inputs, has_aux=True)
    _assign_changed(state, values, updated)
    return results, lambda: pullback(jax.numpy.ones_like(value))[0]


def apply_gradients(optimizer, gradients, variables):
    """Applies gradients to the variables that a built optimizer was built with.

    The stateless form serves every optimizer: the stateful one raises in a `LossScaleOptimizer`.
    """
    new_values, new_optimizer_values = optimizer.stateless_apply(
        [variable.value for variable in optimizer.variables],
        gradients,
        [variable.value for variable in variables],
    )
    for variable, value in zip(
        [*variables, *optimizer.variables], [*new_values, *new_optimizer_values], strict=True
    ):
        variable.assign(value)


def assign_all(variables, values, add=False):
    """Assigns a value to each variable, or adds it."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(variable.value + value if add else value)


def split(vector, sizes):
    """Splits a vector into parts of the given sizes."""
    return jax.numpy.split(vector, list(itertools.accumulate(sizes))[:-1])


def rematerialized(function):
    """Returns a function that keeps nothing for its backward pass, which calls it again.

    Args:
        function: Function of a list of activations and a list of other tensors. It returns a
            structure of tensors.
    """
    return jax.checkpoint(function)


def sum_of_parts(function, count):
    """Calls a function for each part of a batch, one after another in one loop.

    Args:
        function: Function of the index of a part, an integer tensor. It returns two structures of
            tensors.
        count: Number of parts.

    Returns:
        The sum of the first structures over the parts, and the second ones stacked.
    """
    shapes, _ = jax.eval_shape(function, jax.ShapeDtypeStruct((), "int32"))
    zeros = jax.tree.map(lambda spec: jax.numpy.zeros(spec.shape, spec.dtype), shapes)

    def add(sums, index):
        values, rows = function(index)
        return jax.tree.map(jax.numpy.add, sums, values), rows

    return jax.lax.scan(add, zeros, jax.numpy.arange(count, dtype="int32"))


def replica_context():
    """Returns 0 and 1, the index and the number of replicas: one program computes all rows."""
    return 0, 1


def gather_rows(rows):
    """Returns the rows: there is one replica, which has all of them."""
    return rows


def replica_count(model):
    """Returns 1: under `keras.distribution` one program computes the global batch."""
    return 1


def share_count(model):
    """Returns the number of equal parts of a batch, one for each device."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else distribution.num_model_replicas


def prefers_jit():
    """Returns whether XLA pays: on JAX it always does."""
    return True


def collect_garbage_at_exit():
    """Does nothing: nothing that is left at the end of a process disturbs JAX."""


def has_accelerator():
    """Returns whether there is a device other than the processor."""
    return jax.default_backend() != "cpu"


def compiled(function, model):
    """Compiles a function of arrays that reads the variables of `model`.

    It runs on one device of this process, so that one process of several may call it alone.
    """

    @jax.jit
    def pure_function(values, *arguments):
        mapping = zip(model.variables, values, strict=True)
        with keras.StatelessScope(state_mapping=list(mapping)):
            return function(*arguments)

    def call(*arguments):
        return pure_function([_on_one_device(v.value) for v in model.variables], *arguments)

    return call


def _on_one_device(value):
    """Returns the local copy of an array that all devices hold."""
    return value.addressable_data(0) if value.is_fully_replicated else value


def threefry2x32(key, counter):
    """Encrypts a counter under a key with Threefry-2x32, 20 rounds, in JAX's own primitive.

    Args:
        key: Two uint32 arrays.
        counter: Two uint32 arrays. All four broadcast against each other.

    Returns:
        Two uint32 arrays of the broadcast shape.
    """
    return tuple(threefry2x32_p.bind(*jax.numpy.broadcast_arrays(*key, *counter)))


def without_arrays(function):
    """Calls a function without arguments in a trace, where operations describe their results."""

    def traced():
        function()

    jax.eval_shape(traced)
