"""Small weights are updated as one vector: the same numbers, the same files, fewer operations."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import optimizers

from ganzoo.callbacks import training_state
from ganzoo.recipes.adam import AdamUnderRoot
from ganzoo.training import fused_update
from ganzoo.training.fused_update import FusedUpdate
from support.gans import linear
from support.processes import run_python
from training import slot_checks

SHAPES = ((3, 4), (4,), (), (2, 3))
SCHEDULE = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
OPTIMIZERS = {
    "adadelta": lambda kind: kind(optimizers.Adadelta, learning_rate=0.5),
    "adagrad": lambda kind: kind(optimizers.Adagrad, learning_rate=0.1),
    "adam": lambda kind: kind(optimizers.Adam, learning_rate=0.1, beta_1=0.5),
    "adam_amsgrad_scheduled": lambda kind: kind(
        optimizers.Adam, learning_rate=SCHEDULE, amsgrad=True
    ),
    "adam_clipped_by_value": lambda kind: kind(optimizers.Adam, learning_rate=0.1, clipvalue=0.3),
    "adam_accumulating": lambda kind: kind(
        optimizers.Adam, learning_rate=0.1, gradient_accumulation_steps=2, amsgrad=True
    ),
    "adam_loss_scale_factor": lambda kind: kind(
        optimizers.Adam, learning_rate=0.1, loss_scale_factor=4.0
    ),
    "adam_under_root": lambda kind: kind(AdamUnderRoot, learning_rate=0.1),
    "adamax": lambda kind: kind(optimizers.Adamax, learning_rate=0.1),
    "adamw": lambda kind: kind(optimizers.AdamW, learning_rate=0.1, weight_decay=0.2),
    "lion": lambda kind: kind(optimizers.Lion, learning_rate=0.1),
    "nadam": lambda kind: kind(optimizers.Nadam, learning_rate=0.1),
    "rmsprop_centered": lambda kind: kind(
        optimizers.RMSprop, learning_rate=0.1, momentum=0.5, centered=True
    ),
    "sgd": lambda kind: kind(optimizers.SGD, learning_rate=0.1),
    "sgd_nesterov": lambda kind: kind(
        optimizers.SGD, learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.1
    ),
}


def stock(kind, **settings):
    return kind(**settings)


def undeclared(kind, **settings):
    """Returns an optimizer of a subclass, which is not known to be elementwise."""
    return type(kind.__name__, (kind,), {})(**settings)


def weights(dtypes=("float32",) * 4):
    rng = np.random.default_rng(0)
    return [
        keras.Variable(rng.standard_normal(shape), dtype=dtype, name=f"weight_{i}")
        for i, (shape, dtype) in enumerate(zip(SHAPES, dtypes, strict=True))
    ]


def updated(optimizer, variables, steps=2, missing=(), compiled=False):
    """Returns the update, and the values of the variables after some steps."""
    update = FusedUpdate("generator", optimizer, variables)
    rng = np.random.default_rng(1)

    def apply(gradients):
        update.apply(dict(zip(map(id, variables), gradients, strict=True)))

    apply = tf.function(apply, autograph=False) if compiled else apply
    for _ in range(steps):
        gradients = [
            None if i in missing else keras.ops.cast(rng.standard_normal(v.shape), v.dtype)
            for i, v in enumerate(variables)
        ]
        apply(gradients)
    return update, [np.array(v.numpy()) for v in variables]


def stored(update):
    """Returns the variables of an optimizer as files have them."""
    return [np.array(v.numpy()) for v in update.stored_variables]


def assert_same(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# Each of the others is one of these with less.
_QUICK = ("adam_accumulating", "adam_amsgrad_scheduled", "adamw", "nadam", "rmsprop_centered")


@pytest.mark.parametrize(
    "name", [n if n in _QUICK else pytest.param(n, marks=pytest.mark.slow) for n in OPTIMIZERS]
)
def test_the_numbers_and_the_stored_slots_are_those_of_single_updates(name):
    fused, values = updated(OPTIMIZERS[name](stock), weights())
    single, expected = updated(OPTIMIZERS[name](undeclared), weights())
    assert_same(values, expected)
    assert_same(stored(fused), stored(single))
    # One slot for all weights, where there was one for each.
    assert len(fused._units) == 1 and len(single._units) == len(SHAPES)
    other = FusedUpdate("generator", OPTIMIZERS[name](stock), weights())
    for variable, value in zip(other.stored_variables, stored(single), strict=True):
        variable.assign(value)
    assert_same(*[[v.numpy() for v in u._optimizer.variables] for u in (other, fused)])


def test_a_graph_computes_the_same():
    for name in ("adam", "adamw"):
        _, values = updated(OPTIMIZERS[name](stock), weights(), compiled=True)
        assert_same(values, updated(OPTIMIZERS[name](undeclared), weights())[1])


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_each_dtype_has_its_vector(name):
    dtypes = ("float32", "bfloat16", "float32", "bfloat16")
    fused, values = updated(OPTIMIZERS[name](stock), weights(dtypes))
    single, expected = updated(OPTIMIZERS[name](undeclared), weights(dtypes))
    assert_same(values, expected)
    assert_same(stored(fused), stored(single))


def test_large_weights_are_updated_on_their_own(monkeypatch):
    monkeypatch.setattr(fused_update, "_LARGE", 6)
    fused, values = updated(OPTIMIZERS["adam"](stock), weights())
    # The means of the first weight, of the vector of the second and third one, of the last one.
    shapes = [tuple(v.shape) for v in fused._optimizer.variables[2::2]]
    assert shapes == [(3, 4), (5,), (2, 3)]
    single, expected = updated(OPTIMIZERS["adam"](undeclared), weights())
    assert_same(values, expected)
    assert_same(stored(fused), stored(single))


@pytest.mark.parametrize("excluded", [{"var_names": ["weight_1"]}, {"var_list": (0, 3)}])
def test_weights_without_decay_have_a_vector_of_their_own(excluded):
    def run(kind):
        optimizer, variables = kind(optimizers.SGD, learning_rate=0.1, weight_decay=0.5), weights()
        names, indices = excluded.get("var_names"), excluded.get("var_list")
        optimizer.exclude_from_weight_decay(indices and [variables[i] for i in indices], names)
        return updated(optimizer, variables)[1]

    assert_same(run(stock), run(undeclared))


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_a_weight_without_a_gradient_stays(name):
    with pytest.warns(UserWarning, match="Received: no gradient for weight_1, weight_3"):
        fused, values = updated(OPTIMIZERS[name](stock), weights(), missing=(1, 3))
    with pytest.warns(UserWarning, match="weight_1"):
        single, expected = updated(OPTIMIZERS[name](undeclared), weights(), missing=(1, 3))
    assert_same(values, expected)
    assert_same(stored(fused), stored(single))
    with pytest.raises(ValueError, match="No gradients"):
        updated(OPTIMIZERS[name](stock), weights(), missing=range(4))


@pytest.mark.parametrize("gradient", [1.0, np.inf])
def test_a_loss_scale_is_stored_with_the_slots_of_each_weight(gradient):
    def run(kind):
        optimizer = optimizers.LossScaleOptimizer(
            kind(optimizers.Adam, learning_rate=0.1), initial_scale=8.0
        )
        variables = weights()
        update = FusedUpdate("generator", optimizer, variables)
        update.apply({id(v): keras.ops.full(v.shape, gradient) for v in variables})
        return [v.numpy() for v in variables], stored(update)

    for fused, single in zip(run(stock), run(undeclared), strict=True):
        assert_same(fused, single)


@pytest.mark.parametrize(
    "settings", [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}, {"use_ema": True}]
)
def test_what_depends_on_whole_weights_is_not_fused(settings):
    update = FusedUpdate("generator", optimizers.Adam(0.1, **settings), weights())
    assert len(update._units) == len(SHAPES)
    assert update.stored_variables == update._optimizer.variables


def test_optimizers_of_whole_weights_and_constrained_weights_are_not_fused():
    for optimizer in (
        optimizers.Lamb(),
        optimizers.Muon(exclude_layers=["."]),
        optimizers.Adafactor(),
        optimizers.Ftrl(),
    ):
        assert len(FusedUpdate("generator", optimizer, weights())._units) == len(SHAPES)
    constrained = weights()
    constrained[0].constraint = keras.constraints.NonNeg()
    assert len(FusedUpdate("generator", optimizers.SGD(), constrained)._units) == 2


def test_a_subclass_is_fused_if_its_class_says_so():
    class Declared(optimizers.Adam):
        elementwise = True

    class Heir(Declared):
        pass

    assert len(FusedUpdate("generator", Declared(), weights())._units) == 1
    assert len(FusedUpdate("generator", Heir(), weights())._units) == len(SHAPES)


def test_files_of_single_and_fused_updates_are_the_same(tmp_path):
    """A file that was written with slots for each weight continues a run, and back."""

    batch = keras.ops.convert_to_tensor(linear.vectors(4))

    def after_a_step(kind, path=None):
        gan = linear.gan(
            g_optimizer=kind(optimizers.Adam, learning_rate=0.1),
            d_optimizer=kind(optimizers.Adam, learning_rate=0.1),
        )
        if path is not None:
            gan.load_weights(path)
        gan.train_step(batch)
        return gan

    states = []
    for first, then in ((undeclared, stock), (stock, undeclared)):
        keras.utils.set_random_seed(0)
        path = tmp_path / f"{first.__name__}.weights.h5"
        after_a_step(first).save_weights(path)
        arrays, _ = training_state.collect(after_a_step(then, path))
        states.append([array for name, array in arrays.items() if "variable" in name])
    assert_same(*states)
    # The discriminator's moments of the second weight, and its second update.
    assert np.all(states[0][-1] != 0) and int(states[0][-6]) == 2


def test_files_transfer_each_vector_of_slots_once():
    slot_checks.check_all()


def test_files_transfer_each_vector_of_slots_once_on_jax():
    code = "from training import slot_checks; slot_checks.check_all()"
    run_python(code, "jax", without_tensorflow=True)


def test_a_checkpoint_transfers_each_vector_of_slots_once(monkeypatch):
    gan = linear.gan(g_optimizer="adam", d_optimizer="adam")
    gan.train_step(keras.ops.convert_to_tensor(linear.vectors(4)))
    vectors = {id(variable) for variable in gan.optimizer.variables if variable.shape}
    read, written = [], []
    to_numpy, assign = keras.ops.convert_to_numpy, keras.Variable.assign
    monkeypatch.setattr(
        keras.ops, "convert_to_numpy", lambda value: read.append(id(value)) or to_numpy(value)
    )
    monkeypatch.setattr(
        keras.Variable,
        "assign",
        lambda variable, value: written.append(id(variable)) or assign(variable, value),
    )
    arrays, state = training_state.collect(gan)
    assert sorted(i for i in read if i in vectors) == sorted(vectors)
    read.clear()
    training_state.restore(gan, arrays, state)
    assert not vectors & set(read)
    assert sorted(i for i in written if i in vectors) == sorted(vectors)


def test_an_update_costs_few_operations_for_each_weight():
    def operations(count):
        variables = [keras.Variable(np.ones((2, 2), "float32")) for _ in range(count)]
        update = FusedUpdate("generator", optimizers.Adam(), variables)

        @tf.function(autograph=False)
        def apply(gradients):
            update.apply(dict(zip(map(id, variables), gradients, strict=True)))

        graph = apply.get_concrete_function([tf.ones((2, 2))] * count).graph
        return sum(
            operation.type not in ("Const", "Placeholder") for operation in graph.get_operations()
        )

    assert operations(9) - operations(5) <= 4 * 4
