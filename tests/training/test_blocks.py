"""Several steps in one call: the same training, and callbacks that see each step or each call."""

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.data import Batches
from ganzoo.distribution import hardware
from ganzoo.training.execution import Execution
from support.gans import linear, tiny
from support.processes import run_python
from training import block_checks


@pytest.mark.graph
def test_blocks_train_as_single_steps(tmp_path):
    block_checks.check_blocks(tmp_path)


@pytest.mark.slow
def test_blocks_train_as_single_steps_on_jax(tmp_path):
    run_python(
        f"""
import keras
from support.gans import tiny
from training import block_checks, epoch_checks
block_checks.check_blocks({str(tmp_path / "blocks")!r})
for steps in (1, 2):
    epoch_checks.check_progress({str(tmp_path)!r} + f"/{{steps}}", steps)

class Types(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        values = self.model._jax_state["trainable_variables"]
        types.add((type(values).__name__, type(list(values)[0]).__name__))

types = set()
single, blocks = (block_checks.gan(k, run_eagerly=True) for k in (1, 3))
for model in (single, blocks):
    block_checks.fit(model, epochs=1, callbacks=[Types()])
block_checks.check_equal(single, blocks, 0)
assert types == {{("Values", "ArrayImpl")}}, types
""",
        backend="jax",
        without_tensorflow=True,
    )


def _packed(steps):
    networks = [
        linear.generator(),
        keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)]),
    ]
    gan = ganzoo.GAN(*networks, packing=2)
    gan.compile(run_eagerly=True, steps_per_execution=steps)
    gan.fit(linear.vectors(18), batch_size=4, verbose=0)
    return gan


def _augmented(steps):
    augment = ganzoo.augment.AdaptiveAugment(["flip"], interval=1, initial=0.5, images_to_one=50)
    gan = tiny.gan(augment=augment, run_eagerly=True, steps_per_execution=steps)
    gan.fit(tiny.images(18), batch_size=4, verbose=0)
    return gan


def _semi_supervised(steps):
    vectors = keras.Input((linear.DIMENSIONS,))
    features = keras.layers.Dense(8, activation="relu", name="features")(vectors)
    classifier = keras.Model(vectors, keras.layers.Dense(linear.NUM_CLASSES)(features))
    gan = ganzoo.SemiSupervisedGAN(linear.generator(), classifier)
    gan.compile(run_eagerly=True, steps_per_execution=steps)
    data = ganzoo.data.Dataset(linear.vectors(18), linear.labels(18), linear.NUM_CLASSES)
    gan.fit(data, labels_per_class=2, batch_size=4, validation_data=data, verbose=0)
    return gan


@pytest.mark.parametrize("build", [_packed, _augmented, _semi_supervised])
def test_every_kind_of_batch_and_of_state_passes_through_blocks(build):
    gans = []
    for steps in (1, 3):
        keras.utils.set_random_seed(0)
        gans.append(build(steps))
    assert gans[1].step == 4
    block_checks.check_equal(*gans, 0)
    assert gans[0].history.history == gans[1].history.history


class Doubled(Batches):
    """Batches of examples that are not in the data set."""

    def batch(self, step):
        return tuple(2 * part for part in super().batch(step))


def test_batches_that_a_subclass_changes_stay_changed():
    gans = []
    for steps, kind in ((1, Doubled), (3, Doubled), (3, Batches)):
        keras.utils.set_random_seed(0)
        gan = linear.gan(run_eagerly=True, steps_per_execution=steps)
        gan.fit(kind(ganzoo.data.Dataset(linear.vectors(18)), 4), verbose=0)
        gans.append(gan)
    block_checks.check_equal(*gans[:2], 0)
    assert tiny.largest_difference(tiny.state(gans[0]), tiny.state(gans[2]))[0] > 1e-3


def test_blocks_are_chosen_on_an_accelerator_alone(monkeypatch):
    gan = linear.gan()
    images = [np.full((64, *shape), 9, "uint8") for shape in ((32, 32, 3), (128, 128, 3))]
    small, large = (ganzoo.data.Dataset(batch).batches(64) for batch in images)
    assert Execution(gan, small, 320).steps == 1 and not Execution(gan, small, 320).in_blocks
    monkeypatch.setattr(hardware, "accelerator", lambda: "a GPU")
    steps = [Execution(gan, small, n).steps for n in (1, 7, 32, 33, 937)]
    assert steps == [1, 7, 32, 17, 32]
    assert Execution(gan, large, 937).steps == 5
    assert not Execution(gan, "ready batches", None).in_blocks
    assert gan.get_compile_config()["steps_per_execution"] == "auto"
    gan.compile(steps_per_execution=4)
    assert Execution(gan, small, 937).steps == 4
    gan.compile(run_eagerly=True)
    assert Execution(gan, small, 937).steps == 1


def test_logs_are_read_for_callbacks_that_need_them():
    class Counter(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(sorted(logs))

    gan, counter, seen = linear.gan(run_eagerly=True), Counter(), []
    counter.needs_batch_logs = False
    gan.fit(linear.vectors(8), batch_size=4, verbose=0, callbacks=[counter, Counter()])
    assert seen == 2 * [[], ["d_fake", "d_loss", "d_real", "g_loss"]]


def test_the_progress_bar_shows_the_last_step(capsys):
    gan = linear.gan(run_eagerly=True, steps_per_execution=3)
    history = gan.fit(linear.vectors(28), batch_size=4, verbose=1).history
    printed = capsys.readouterr().out
    assert "7/7" in printed and f"d_loss: {history['d_loss'][0]:.4f}" in printed
