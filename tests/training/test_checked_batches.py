"""Every batch is checked, at every door of training: `fit`, and single steps."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import ganzoo
from support.processes import run_python
from training import test_inputs as doors

COUNT = 32
SIZE = 8


def build(num_classes=None, class_names=None, **compile_arguments):
    networks = doors.networks(num_classes)
    gan = ganzoo.GAN(*networks, num_classes=num_classes, class_names=class_names)
    gan.compile("sgd", **{"run_eagerly": True, "ema_decay": None, **compile_arguments})
    return gan


def images():
    return doors.images(COUNT)


def floats():
    return doors.floats(COUNT)


def labels():
    return doors.labels(COUNT)


def with_value(array, value):
    """A copy in which the third of the four batches has another value."""
    array = array.copy()
    array[2 * SIZE + 4] = value
    return array


class Split(keras.utils.PyDataset):
    def __init__(self, *arrays, **settings):
        super().__init__(**settings)
        self.arrays = arrays

    @property
    def num_batches(self):
        return COUNT // SIZE

    def __getitem__(self, index):
        return tuple(array[index * SIZE : (index + 1) * SIZE] for array in self.arrays)


def tf_batches(*arrays):
    return doors.tf_batches(*arrays, size=SIZE)


LATER = {
    "NaN": (lambda: (with_value(floats(), np.nan),), None, "must be finite"),
    "beyond the range": (lambda: (with_value(floats(), 200.0),), None, r"in \[-1, 1\]"),
    "too large a label": (lambda: (images(), with_value(labels(), 3)), 3, r"in \[0, num_classes\)"),
    "label -1": (lambda: (images(), with_value(labels(), -1)), 3, r"in \[0, num_classes\)"),
}


@pytest.fixture(scope="module")
def gans():
    """A GAN for each number of classes, which the tests train on."""
    return {num_classes: build(num_classes) for num_classes in (None, 3)}


@pytest.mark.parametrize("data", [tf_batches, Split])
@pytest.mark.parametrize("case", LATER)
def test_a_batch_that_does_not_fit_ends_training_before_its_step(case, data, gans):
    arrays, num_classes, words = LATER[case]
    gan = gans[num_classes]
    before = gan.step
    with pytest.raises(ValueError, match=f"{words}.*Received: "):
        gan.fit(data(*arrays()), epochs=2, verbose=0)
    assert gan.step == before + 2


def test_batches_of_another_size_later_on_end_training():
    class Ragged(Split):
        def __getitem__(self, index):
            (batch,) = super().__getitem__(index)
            return (batch[:5] if index == 2 else batch,)

    gan = build()
    with pytest.raises(ValueError, match=r"one size.* a first batch of 8 and another one of 5"):
        gan.fit(Ragged(images()), verbose=0)
    assert gan.step == 2


@pytest.mark.parametrize("settings", [{"jit_compile": True}, {"steps_per_execution": 2}])
@pytest.mark.graph
def test_a_later_label_is_refused_in_compiled_steps(settings):
    gan = build(3, run_eagerly=False, **settings)
    with pytest.raises(ValueError, match=r"in \[0, num_classes\).*Received: "):
        gan.fit(tf_batches(images(), with_value(labels(), 3)), verbose=0)
    assert gan.step == 2


@pytest.mark.slow
def test_later_batches_are_checked_on_jax():
    run_python(
        """
import pytest
from training import test_checked_batches as checked

for case, data in (("too large a label", checked.tf_batches), ("NaN", checked.Split)):
    arrays, num_classes, words = checked.LATER[case]
    gan = checked.build(num_classes, run_eagerly=False)
    with pytest.raises(ValueError, match=f"{words}.*Received: "):
        gan.fit(data(*arrays()), verbose=0)

gan, other = (checked.build(run_eagerly=False) for _ in range(2))
for first, second in zip(gan.weights, other.weights, strict=True):
    second.assign(first.numpy())
gan.fit(checked.floats(), batch_size=32, verbose=0)
other.train_on_batch(checked.floats())
for first, second in zip(gan.weights, other.weights, strict=True):
    assert abs(first.numpy() - second.numpy()).max() < 1e-5
with pytest.raises(ValueError, match="255"):
    other.train_on_batch(checked.images().astype("float32"))
""",
        backend="jax",
    )


def test_workers_in_threads_are_checked_too():
    gan = build(3)
    with pytest.raises(ValueError, match=r"in \[0, num_classes\)"):
        gan.fit(Split(images(), with_value(labels(), 3), workers=2), verbose=0)


# The range of bright images.


def bright(batches):
    """Images in [-1, 1] whose first batches have no dark pixel."""
    data = floats()
    data[: batches * SIZE] = np.abs(data[: batches * SIZE])
    return data


@pytest.mark.parametrize("data", [tf_batches, Split])
def test_bright_batches_are_no_sign_of_another_range(data):
    gan = build()
    gan.fit(data(bright(3)), verbose=0)
    assert gan.step == 4


@pytest.mark.parametrize("data", [tf_batches, Split, np.asarray])
def test_data_that_are_bright_throughout_have_a_way_in(data):
    gan = build()
    with pytest.raises(ValueError, match=r"images \* 2 - 1.*as uint8.*255|127.5.*Received: "):
        gan.fit(data(bright(4)), verbose=0)
    as_bytes = ((bright(4) + 1) * 127.5).round().astype("uint8")
    gan.fit(data(as_bytes), batch_size=SIZE, verbose=0)
    assert gan.step == 4


def test_the_lines_in_the_messages_about_tf_data_work():
    wrong = {
        "[0, 1]": (floats() / 2 + 0.5).astype("float32"),
        "[0, 255]": images().astype("float32"),
        "{0, 1}": images() // 128,
        "int64": images().astype("int64"),
        "8 bits as uint16": images().astype("uint16"),
        "16 bits as int32": images().astype("int32") * 257,
        "bool": images() > 127,
        "no last axis": images()[..., 0],
    }
    wrong_labels = {
        "soft": np.eye(3, dtype="float32")[labels()] * 0.9 + 0.05,
        "floats": labels().astype("float32"),
        "from 1": labels() + 1,
    }
    datasets = {case: tf_batches(data, labels()) for case, data in wrong.items()}
    datasets |= {case: tf_batches(images(), data) for case, data in wrong_labels.items()}
    gan = build(3)
    for step, (case, dataset) in enumerate(datasets.items(), 1):
        with pytest.raises((TypeError, ValueError)) as refused:
            gan.fit(dataset, verbose=0)
        line = str(refused.value).split("`dataset")[1].split("`")[0]
        gan.fit(eval(f"dataset{line}"), steps_per_epoch=1, verbose=0)
        assert gan.step == step, case


def test_the_loader_of_keras_for_folders_trains_after_one_line(tmp_path):
    for name, image in zip("aaabbbccca", images(), strict=False):
        (tmp_path / name).mkdir(exist_ok=True)
        count = len(list((tmp_path / name).iterdir()))
        keras.utils.save_img(tmp_path / name / f"{count}.png", image, scale=False)
    dataset = keras.utils.image_dataset_from_directory(
        tmp_path, color_mode="grayscale", image_size=doors.SHAPE[:2], batch_size=4, verbose=False
    )
    gan = build(3)
    with pytest.raises(ValueError) as refused:
        gan.fit(dataset, verbose=0)
    line = str(refused.value).split("`dataset")[1].split("`")[0]
    gan.fit(eval(f"dataset{line}"), epochs=2, verbose=0)
    # 10 images are two batches of 4, and 2 images are left over.
    assert gan.step == 4


# Single steps.


def test_a_step_on_a_batch_is_the_step_of_fit():
    gan, other = build(), build()
    for left, right in zip(gan.weights, other.weights, strict=True):
        right.assign(left)
    gan.fit(floats(), batch_size=COUNT, epochs=2, verbose=0)
    for _ in range(2):
        logs = other.train_on_batch(floats(), return_dict=True)
    assert logs.keys() >= {"d_loss", "g_loss"} and other.step == 2
    for left, right in zip(gan.weights, other.weights, strict=True):
        np.testing.assert_allclose(left.numpy(), right.numpy(), atol=1e-5)


REFUSED_BATCHES = {
    "floats in [0, 255]": (None, lambda: (images().astype("float32"),), r"\[0, 255\]"),
    "floats in [0, 1]": (None, lambda: (images() / 255.0,), r"\[0, 1\]"),
    "NaN": (None, lambda: (with_value(floats(), np.nan),), "finite"),
    "another shape": (None, lambda: (doors.images(COUNT, (5, 4, 1)),), "examples of shape"),
    "no last axis": (None, lambda: (images()[..., 0],), r"`images\[..., None\]`"),
    "no labels": (3, lambda: (images(),), "without labels"),
    "labels from 1": (3, lambda: (images(), labels() + 1), "`labels - 1`"),
    "a Dataset": (None, lambda: (ganzoo.data.Dataset(images()),), "`fit` takes other data"),
    "weights": (None, lambda: (images(), None, np.ones(COUNT)), "leave the weights out"),
}


@pytest.fixture(scope="module")
def untrained():
    """A GAN for each number of classes, which makes no step."""
    return {num_classes: build(num_classes) for num_classes in (None, 3)}


@pytest.mark.parametrize("case", REFUSED_BATCHES)
def test_a_batch_that_does_not_fit_makes_no_step(case, untrained):
    num_classes, batch, words = REFUSED_BATCHES[case]
    gan = untrained[num_classes]
    with pytest.raises((TypeError, ValueError), match=f"(?=.*{words}).*Received: "):
        gan.train_on_batch(*batch())
    assert gan.step == 0


def test_single_steps_take_bright_batches_of_a_gan_that_has_seen_dark_ones():
    gan = build()
    gan.train_on_batch(floats())
    gan.train_on_batch(bright(4))
    # A few bright images say nothing, many of them do.
    gan = build()
    gan.train_on_batch(bright(4)[:2])
    with pytest.raises(ValueError, match="10 examples of float32"):
        gan.train_on_batch(bright(4)[:8])


def test_single_steps_take_batches_of_any_size_and_texts():
    gan = build(3, class_names=["a", "b", "c"], discriminator_steps=2)
    names = np.array(["a", "b", "c"])[labels()]
    gan.train_on_batch(images(), names)
    gan.train_on_batch(list(images()[:4]), names[:4].tolist())
    gan.fit(images(), names, batch_size=4, verbose=0)
    assert gan.step == 2 + 4
    with pytest.raises(ValueError, match="multiple of discriminator_steps=2"):
        gan.train_on_batch(images()[:5], names[:5])
    with pytest.raises(ValueError, match="Received: 'd', with the class_names 'a', 'b', 'c'"):
        gan.train_on_batch(images()[:2], ["a", "d"])


def test_single_steps_are_for_one_replica(two_replicas):
    with two_replicas.scope():
        gan = build(run_eagerly=False)
    with pytest.raises(ValueError, match=r"use `fit`.*2 replicas"):
        gan.train_on_batch(images())


def test_a_gan_has_no_value_of_a_batch_alone():
    with pytest.raises(TypeError, match=r"`gan.evaluate\(data, metrics=\[.fid.\]\)`"):
        build().test_on_batch(images())


def test_layers_are_initialized_from_the_first_batch_of_single_steps():
    generator, _ = doors.networks()
    inputs = keras.Input(doors.SHAPE)
    dense = ganzoo.layers.WeightNormalization(layers.Dense(1), data_dependent=True)
    gan = ganzoo.GAN(generator, keras.Model(inputs, dense(layers.Flatten()(inputs))))
    gan.compile("sgd", run_eagerly=True)
    gan.train_on_batch(images())
    flags = [v for v in gan.discriminator.variables if "initialized" in v.name]
    assert flags and all(bool(flag.numpy()) for flag in flags)


# Semi-supervised learning.


def test_the_doors_of_a_semi_supervised_gan():
    inputs = keras.Input(doors.SHAPE)
    features = layers.Dense(4, name="features")(layers.Flatten()(inputs))
    discriminator = keras.Model(inputs, layers.Dense(3)(features))
    gan = ganzoo.SemiSupervisedGAN(doors.networks()[0], discriminator)
    gan.compile("sgd", run_eagerly=True)
    batch = {name: floats() for name in ("labeled", "unlabeled", "matching")}

    logs = gan.train_on_batch(batch, labels(), return_dict=True)
    assert gan.step == 1 and "train_error" in logs
    error = gan.test_on_batch(floats(), labels(), return_dict=True)["error"]
    assert error == pytest.approx(gan.evaluate(floats(), labels())["error"])
    assert error == pytest.approx(np.mean(gan.classify(floats()) != labels()))

    validation = {"validation_data": (floats(), labels()), "verbose": 0}
    dataset = ganzoo.data.Dataset(floats(), labels())
    history = gan.fit(dataset, labels_per_class=2, batch_size=COUNT, **validation)
    assert "val_error" in history.history and gan.step == 2

    with pytest.raises(ValueError, match="the keys 'labeled', 'unlabeled', 'matching'"):
        gan.train_on_batch(floats(), labels())
    with pytest.raises(ValueError, match=r"in \[-1, 1\]"):
        gan.train_on_batch(batch | {"matching": 2 * floats()}, labels())
    for door in (
        lambda wrong: gan.train_on_batch(batch, wrong),
        lambda wrong: gan.test_on_batch(floats(), wrong),
        lambda wrong: gan.evaluate(floats(), wrong),
    ):
        with pytest.raises(ValueError, match="`labels - 1`"):
            door(labels() + 1)
    assert gan.step == 2


def test_tensors_are_examples():
    gan = build()
    gan.train_on_batch(tf.constant(floats()))
    assert gan.step == 1


class OwnBatches(ganzoo.data.Batches):
    """Batches of a class that changes some of its examples."""

    bad_step = None

    def batch(self, step):
        examples, *labels = super().batch(step)
        if step == self.bad_step:
            examples = np.full(examples.shape, np.nan, "float32")
        return examples, *labels


@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_batches_of_a_subclass_are_checked_one_by_one(steps_per_execution):
    data = ganzoo.data.Dataset(floats())
    gan = build(steps_per_execution=steps_per_execution)
    batches = OwnBatches(data, SIZE)
    gan.fit(batches, verbose=0)
    assert gan.step == COUNT // SIZE
    batches.bad_step = COUNT // SIZE + 2
    with pytest.raises(ValueError, match=r"`examples` must be finite.*Received: 8 such rows"):
        gan.fit(batches, verbose=0)


def test_a_subclass_must_not_change_one_of_two_ways_to_a_batch():
    class Items(ganzoo.data.Batches):
        def __getitem__(self, index):
            return super().__getitem__(index)

    with pytest.raises(ValueError, match=r"changes `batch\(step\)`.*Received: x of type Items"):
        build().fit(Items(ganzoo.data.Dataset(floats()), SIZE))
