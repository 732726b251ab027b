import numpy as np
import tensorflow as tf
from keras import ops

from ganzoo.backend import replica_context
from ganzoo.distribution.replicas import gather_rows

ROWS = np.random.default_rng(0).standard_normal((2, 3, 4))
WEIGHTS = np.random.default_rng(1).standard_normal((2, 6, 4))


def cost(everything, weights):
    """A replica's cost, of all rows and with weights of its own."""
    return tf.reduce_sum(tf.sin(everything) * weights)


def on_replicas(strategy, function):
    """Calls the function with each replica's rows and weights; returns both results stacked."""

    @tf.function(autograph=False)
    def run():
        index, _ = replica_context()
        return function(tf.gather(ROWS, index), tf.gather(WEIGHTS, index))

    results = strategy.experimental_local_results(strategy.run(run))
    return np.stack([result.numpy() for result in results])


def test_alone_the_rows_stay_as_they_are():
    rows = ops.ones((3, 4))
    assert replica_context() == (0, 1)
    assert gather_rows(rows) is rows


def test_replicas_know_their_place(two_replicas):
    count = []

    def place(rows, weights):
        index, replicas = replica_context()
        count.append(replicas)
        return tf.identity(index)

    assert on_replicas(two_replicas, place).tolist() == [0, 1]
    assert set(count) == {2}


def test_every_replica_gets_all_rows_in_order(two_replicas):
    everything = on_replicas(two_replicas, lambda rows, weights: gather_rows(rows))
    np.testing.assert_array_equal(everything, [ROWS.reshape(6, 4)] * 2)


def test_gradient_sums_what_all_replicas_contribute(two_replicas):
    def gradient(rows, weights):
        with tf.GradientTape() as tape:
            tape.watch(rows)
            value = cost(gather_rows(rows), weights)
        return tape.gradient(value, rows)

    expected = np.cos(ROWS) * WEIGHTS.sum(0).reshape(2, 3, 4)
    np.testing.assert_allclose(on_replicas(two_replicas, gradient), expected, rtol=1e-12)


def test_gradient_can_be_differentiated_again(two_replicas):
    def second(rows, weights):
        with tf.GradientTape() as outer:
            outer.watch(rows)
            with tf.GradientTape() as inner:
                inner.watch(rows)
                value = cost(gather_rows(rows), weights)
            penalty = tf.reduce_sum(inner.gradient(value, rows) ** 2)
        return outer.gradient(penalty, rows)

    weights = WEIGHTS.sum(0).reshape(2, 3, 4)
    expected = -2 * np.cos(ROWS) * np.sin(ROWS) * weights**2
    np.testing.assert_allclose(on_replicas(two_replicas, second), expected, rtol=1e-12)
