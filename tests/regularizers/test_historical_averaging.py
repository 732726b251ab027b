import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.regularizers import HistoricalAveraging


def variables_of(dtype="float64"):
    generator = np.random.default_rng(0)
    return [keras.Variable(generator.normal(size=shape), dtype=dtype) for shape in [(3, 2), (4,)]]


def walk(variables, steps, seed=1):
    """Moves the variables at random, step by step."""
    generator = np.random.default_rng(seed)
    for _ in range(steps):
        yield
        for variable in variables:
            variable.assign(variable.numpy() + generator.normal(size=variable.shape))


def test_the_penalty_is_the_squared_distance_from_the_mean_of_all_values_so_far():
    variables, part = variables_of(), HistoricalAveraging(weight=0.7)
    state, history = part.state(variables), []
    for _ in walk(variables, 5):
        history.append([variable.numpy() for variable in variables])
        part.update_state(variables, state)
        values = [v.value for v in variables]
        with tf.GradientTape() as tape:
            penalty = part.penalty(variables, state)
        gradients = tape.gradient(penalty, values)

        expected = 0.0
        for i, gradient in enumerate(gradients):
            distance = history[-1][i] - np.mean([theta[i] for theta in history], axis=0)
            expected += 0.7 * np.sum(distance**2)
            np.testing.assert_allclose(gradient, 2 * 0.7 * distance, rtol=1e-12, atol=1e-14)
        assert penalty.dtype == tf.float64
        np.testing.assert_allclose(penalty, expected, rtol=1e-12, atol=1e-14)


def test_the_first_update_costs_nothing():
    variables, part = variables_of("float32"), HistoricalAveraging()
    state = part.state(variables)
    part.update_state(variables, state)
    assert float(part.penalty(variables, state)) == 0.0


@pytest.mark.parametrize("jit_compile", [False, True])
def test_graphs_and_xla_remember_as_eager_does(jit_compile):
    part = HistoricalAveraging()
    results = []
    for compiled in (False, True):
        variables = variables_of("float32")
        state = part.state(variables)

        def update(variables=variables, state=state):
            part.update_state(variables, state)
            return part.penalty(variables, state)

        if compiled:
            update = tf.function(update, jit_compile=jit_compile, autograph=False)
        results.append([float(update()) for _ in walk(variables, 3)])
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_the_state_is_saved_and_restored(tmp_path):
    class Model(keras.Model):
        def __init__(self, state):
            super().__init__()
            self.state = state
            self.built = True

    variables, part = variables_of(), HistoricalAveraging()
    saved, restored = (Model(part.state(variables)) for _ in range(2))
    for _ in walk(variables, 3):
        part.update_state(variables, saved.state)
    saved.save_weights(tmp_path / "m.weights.h5")
    restored.load_weights(tmp_path / "m.weights.h5")
    penalties = []
    for model in (saved, restored):
        part.update_state(variables, model.state)
        penalties.append(float(part.penalty(variables, model.state)))
    assert penalties[0] == penalties[1] > 0


def test_the_state_is_not_trained_and_has_the_variables_dtypes():
    state = HistoricalAveraging().state([*variables_of("float64"), *variables_of("float32")])
    assert not state.trainable_variables
    assert [mean.dtype for mean in state.means] == ["float64"] * 2 + ["float32"] * 2


def test_replicas_stay_the_same(two_replicas):
    part = HistoricalAveraging()
    with two_replicas.scope():
        variable = keras.Variable([1.0, 2.0])
        state = part.state([variable])

    @tf.function(autograph=False)
    def update():
        def on_replica():
            part.update_state([variable], state)
            variable.assign(variable * 2)

        two_replicas.run(on_replica)

    for _ in range(3):
        update()
    means = two_replicas.experimental_local_results(state.means[0].value)
    assert len(means) == 2
    for mean in means:
        np.testing.assert_allclose(mean, np.array([1.0, 2.0]) * (1 + 2 + 4) / 3, rtol=1e-6)


def test_the_defaults_are_the_papers():
    assert HistoricalAveraging().get_config() == {"weight": 1.0, "player": "both", "every": 1}


@pytest.mark.parametrize("weight", [-1.0, float("nan"), "1", None])
def test_a_bad_weight_is_refused(weight):
    with pytest.raises(ValueError, match="Received: weight="):
        HistoricalAveraging(weight=weight)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_the_mean_of_a_long_history_moves_in_every_precision(dtype):
    theta = keras.Variable([1.0], dtype=dtype)
    part = HistoricalAveraging()
    state = part.state([theta])
    state.count.assign(5000)
    state.means[0].assign([0.0])
    update = tf.function(lambda: part.update_state([theta], state), autograph=False)
    for _ in range(500):
        update()
    np.testing.assert_allclose(np.array(state.means[0]), [500 / 5500], rtol=1e-3)
