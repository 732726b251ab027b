"""What trains, and what is refused before a single step: each error says what was received."""

import gc
import math
import typing
import warnings
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import ganzoo
from ganzoo.data import Dataset
from support.gans import linear

SHAPE = (4, 4, 1)
CLASSES = 3


def networks(num_classes=None):
    """Builds the smallest networks for images."""
    latents = [keras.Input((2,))]
    images = [keras.Input(SHAPE)]
    if num_classes is not None:
        latents.append(keras.Input((), dtype="int32"))
        images.append(keras.Input((), dtype="int32"))
    pixels = layers.Dense(math.prod(SHAPE), activation="tanh")(latents[0])
    logits = layers.Dense(1)(layers.Flatten()(images[0]))
    if num_classes is not None:
        pixels = layers.Add()([pixels, layers.Embedding(num_classes, math.prod(SHAPE))(latents[1])])
        logits = layers.Add()([logits, layers.Embedding(num_classes, 1)(images[1])])
    return (
        keras.Model(latents, layers.Reshape(SHAPE)(pixels)),
        keras.Model(images, logits),
    )


def build(num_classes=None, **compile_arguments):
    gan = ganzoo.GAN(*networks(num_classes), num_classes=num_classes)
    gan.compile(
        **{"g_optimizer": "adam", "d_optimizer": "adam", "run_eagerly": True, **compile_arguments}
    )
    return gan


@pytest.fixture(scope="module")
def gan():
    return build()


@pytest.fixture(scope="module")
def three_steps():
    return build(discriminator_steps=3)


@pytest.fixture(scope="module")
def conditional():
    return build(CLASSES)


def images(n=8, shape=SHAPE):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype="uint8")


def floats(n=8):
    return (images(n) / 127.5 - 1).astype("float32")


def labels(n=8):
    return np.arange(n, dtype="int32") % CLASSES


def with_value(array, value):
    array = array.copy()
    array[-1] = value
    return array


def tf_batches(*arrays, size=4, drop_remainder=True):
    arrays = arrays[0] if len(arrays) == 1 else arrays
    return tf.data.Dataset.from_tensor_slices(arrays).batch(size, drop_remainder=drop_remainder)


class Listed(keras.utils.PyDataset):
    """The batches of a list; without end, they come round again."""

    def __init__(self, batches, endless=False):
        super().__init__()
        self.batches, self.endless = batches, endless

    @property
    def num_batches(self):
        return None if self.endless else len(self.batches)

    def __getitem__(self, index):
        return self.batches[index % len(self.batches)]


# Every case: the fixture of the GAN, the arguments of `fit`, and words of the message.
REFUSED_DATA = {
    "no data": ("gan", lambda: {"x": None}, "`x` must be"),
    "a list": ("gan", lambda: {"x": [1, 2, 3]}, "`x` must be"),
    "a list of unequal arrays": ("gan", lambda: {"x": [images(), images(4)]}, "one shape: join"),
    "a pair": ("conditional", lambda: {"x": (images(), labels())}, r"`fit\(x\[0\], x\[1\]\)`"),
    "a path": ("gan", lambda: {"x": "digits"}, r"`ganzoo.data.load\('digits'\)`"),
    "a dictionary": (
        "conditional",
        lambda: {"x": {"images": images(), "labels": labels()}},
        r"`x=data\['images'\]` and `y=data\['labels'\]`.*the keys 'images', 'labels'",
    ),
    "empty array": ("gan", lambda: {"x": images(0)}, "not be empty"),
    "empty tf.data": ("gan", lambda: {"x": tf_batches(images(3))}, "at least one batch"),
    "empty PyDataset": ("gan", lambda: {"x": Listed([])}, "at least one batch"),
    "floats in [0, 255]": ("gan", lambda: {"x": images().astype("float32")}, r"\[0, 255\]"),
    "floats in [0, 1]": ("gan", lambda: {"x": images() / 255.0}, r"\[0, 1\]"),
    "floats beyond [-1, 1]": ("gan", lambda: {"x": 2 * floats()}, r"in \[-1, 1\]"),
    "uint8 in [0, 1]": ("gan", lambda: {"x": images() // 128}, r"in \[0, 1\]"),
    "floats in [0, 255] in tf.data": (
        "gan",
        lambda: {"x": tf_batches(images().astype("float32"))},
        r"\[0, 255\]",
    ),
    "NaN": ("gan", lambda: {"x": with_value(floats(), np.nan)}, "finite"),
    "infinity": ("gan", lambda: {"x": with_value(floats(), np.inf)}, "finite"),
    "NaN in a PyDataset": (
        "gan",
        lambda: {"x": Listed([(with_value(floats(), np.nan),)])},
        "finite",
    ),
    "another size": ("gan", lambda: {"x": images(8, (5, 4, 1))}, "examples of shape"),
    "another number of channels": ("gan", lambda: {"x": images(8, (4, 4, 3))}, "of shape"),
    "another size in tf.data": ("gan", lambda: {"x": tf_batches(images(8, (5, 4, 1)))}, "of shape"),
    "vectors": ("gan", lambda: {"x": np.ones((8, 16), "float32")}, "examples of shape"),
    "no channels": ("gan", lambda: {"x": images()[..., 0]}, "last axis of 1"),
    "channels first": ("gan", lambda: {"x": images(8, (1, 8, 8))}, "channels last"),
    "labels missing": ("conditional", lambda: {"x": images()}, "without labels"),
    "labels missing in a Dataset": (
        "conditional",
        lambda: {"x": Dataset(images())},
        "without labels",
    ),
    "labels missing in tf.data": (
        "conditional",
        lambda: {"x": tf_batches(images())},
        "without labels",
    ),
    "labels missing in a PyDataset": (
        "conditional",
        lambda: {"x": Listed([(images(),)])},
        "without labels",
    ),
    "too many labels": ("conditional", lambda: {"x": images(), "y": labels(9)}, "one class for"),
    "label out of range": ("conditional", lambda: {"x": images(), "y": labels() + 1}, "must be in"),
    "negative label": ("conditional", lambda: {"x": images(), "y": labels() - 1}, "must be in"),
    "label out of range in tf.data": (
        "conditional",
        lambda: {"x": tf_batches(images(), labels() + 1)},
        "must be in",
    ),
    # The first batch of these alone would pass.
    "more classes than the GAN": (
        "conditional",
        lambda: {"x": Dataset(images(), with_value(labels(), CLASSES))},
        "more classes than the GAN",
    ),
    "more classes than the GAN in Batches": (
        "conditional",
        lambda: {"x": Dataset(images(), labels(), num_classes=10).batches(4)},
        "more classes than the GAN",
    ),
    "labels and a Dataset": (
        "conditional",
        lambda: {"x": Dataset(images(), labels()), "y": labels()},
        "its own labels",
    ),
    "labels and batches": (
        "conditional",
        lambda: {"x": tf_batches(images(), labels()), "y": labels()},
        "their own labels",
    ),
    "more in a batch than there is": ("gan", lambda: {"x": images(), "batch_size": 9}, "more data"),
    "more in all updates than there is": (
        "three_steps",
        lambda: {"x": images(), "batch_size": 4},
        "12 in all.*batch_size=4",
    ),
    "batch size 0": ("gan", lambda: {"x": images(), "batch_size": 0}, "`batch_size` must"),
    "fractional batch size": ("gan", lambda: {"x": images(), "batch_size": 2.0}, "`batch_size`"),
    "batch size in words": ("three_steps", lambda: {"x": images(), "batch_size": "2"}, "`batch_si"),
    "indivisible batches of tf.data": (
        "three_steps",
        lambda: {"x": tf_batches(images())},
        "multiple of discriminator_steps=3",
    ),
    "indivisible Batches": (
        "three_steps",
        lambda: {"x": Dataset(images()).batches(4)},
        "multiple of discriminator_steps=3",
    ),
    "tf.data of less than a batch": (
        "gan",
        lambda: {"x": tf_batches(images(3), drop_remainder=False)},
        "at least one batch",
    ),
    "unbatched tf.data": (
        "gan",
        lambda: {"x": tf_batches(images()).unbatch()},
        r"`dataset.batch\(64, drop_remainder=True\)`",
    ),
    "another batch size than of the batches": (
        "gan",
        lambda: {"x": tf_batches(images()), "batch_size": 8},
        "leave `batch_size` out.*batch_size=8 with batches of 4",
    ),
    "ragged PyDataset": (
        "gan",
        lambda: {"x": Listed([images(4), images(3), images(4)])},
        "drop the remainder",
    ),
    "dictionaries of a PyDataset": ("gan", lambda: {"x": Listed([{"image": 1}])}, "a batch of"),
    "sample weights of tf.data": (
        "conditional",
        lambda: {"x": tf_batches(images(), labels(), np.ones(8))},
        "no sample weights",
    ),
    "sample weights of a PyDataset": (
        "conditional",
        lambda: {"x": Listed([(images(), labels(), np.ones(8))])},
        "no sample weights",
    ),
}


@pytest.mark.parametrize("case", REFUSED_DATA)
def test_unfit_data_are_refused_before_the_first_step(case, request):
    fixture, arguments, words = REFUSED_DATA[case]
    gan = request.getfixturevalue(fixture)
    with pytest.raises(ValueError, match=rf"(?s)(?=.*{words}).*Received: "):
        gan.fit(**{"batch_size": 4, "verbose": 0, **arguments()})
    assert gan.step == 0


REFUSED_TYPES = {
    "objects": ("gan", lambda: {"x": np.array([images(), None], dtype=object)}),
    "integers": ("gan", lambda: {"x": images().astype("int32")}),
    "float labels": ("conditional", lambda: {"x": images(), "y": labels().astype("float32")}),
}


@pytest.mark.parametrize("case", REFUSED_TYPES)
def test_unfit_types_are_refused_before_the_first_step(case, request):
    fixture, arguments = REFUSED_TYPES[case]
    gan = request.getfixturevalue(fixture)
    with pytest.raises(TypeError, match="Received: "):
        gan.fit(**{"batch_size": 4, "verbose": 0, **arguments()})
    assert gan.step == 0


@pytest.mark.parametrize("argument", ["sample_weight", "validation_split", "class_weight"])
def test_what_fit_would_ignore_is_no_argument_of_it(argument, gan):
    with pytest.raises(TypeError, match=argument):
        gan.fit(images(), batch_size=4, **{argument: 0.5})


def test_an_uncompiled_gan_does_not_train():
    with pytest.raises(ValueError, match="compile"):
        ganzoo.GAN(*networks()).fit(images())


UNLABELED = {
    "array": images,
    "floats": floats,
    "tensor": lambda: tf.constant(images()),
    "list": lambda: list(images()),
    "list of tensors": lambda: tuple(map(tf.constant, images())),
    "Dataset": lambda: Dataset(images()),
    "Batches": lambda: Dataset(images()).batches(4),
    "tf.data": lambda: tf_batches(images()),
    "ragged tf.data": lambda: tf_batches(images(11), drop_remainder=False),
    "tf.data of tuples": lambda: tf_batches(images()).map(lambda batch: (batch,)),
    "PyDataset of arrays": lambda: Listed([images(4), images(4)]),
    "PyDataset of tuples": lambda: Listed([(images(4),), (images(4),)]),
}
LABELED = {
    "arrays": lambda: (images(), labels()),
    "Dataset": lambda: (Dataset(images(), labels()),),
    "labels in a list": lambda: (images(), labels().tolist()),
    "Dataset of fewer classes": lambda: (Dataset(images(), 0 * labels()),),
    "Batches": lambda: (Dataset(images(), labels()).batches(4),),
    "tf.data": lambda: (tf_batches(images(), labels()),),
    "tf.data of int64 labels": lambda: (tf_batches(images(), labels().astype("int64")),),
    "PyDataset": lambda: (Listed([(images(4), labels(4))] * 2),),
    "one-hot labels": lambda: (images(), np.eye(CLASSES, dtype="int32")[labels()]),
}


class Recorder(layers.Layer):
    """Passes its inputs on, and notes how many rows they have."""

    sizes: typing.ClassVar = set()

    def call(self, inputs):
        self.sizes.add(inputs.shape[0])
        return inputs


@pytest.fixture(scope="module")
def trained():
    """A GAN that all forms of data train, one after the other."""
    inputs = keras.Input(SHAPE)
    logits = layers.Dense(1)(layers.Flatten()(Recorder()(inputs)))
    gan = ganzoo.GAN(networks()[0], keras.Model(inputs, logits))
    gan.compile(g_optimizer="sgd", d_optimizer="sgd")
    return gan


@pytest.fixture(scope="module")
def trained_with_classes():
    return build(CLASSES)


@pytest.mark.parametrize("form", UNLABELED)
def test_every_form_of_data_trains_and_layers_know_the_size_of_its_batches(form, trained):
    for data, size, steps in ((images(2), 2, 1), (UNLABELED[form](), 4, 2)):
        Recorder.sizes.clear()
        before = trained.step
        trained.fit(data, batch_size=size, verbose=0)
        assert (trained.step - before, Recorder.sizes) == (steps, {size})
    assert all(np.isfinite(weight.numpy()).all() for weight in trained.weights)


@pytest.mark.parametrize("form", LABELED)
def test_every_form_of_labeled_data_trains_a_conditional_gan(form, trained_with_classes):
    before = trained_with_classes.step
    trained_with_classes.fit(*LABELED[form](), batch_size=4, verbose=0)
    assert trained_with_classes.step == before + 2


@pytest.mark.parametrize("form", LABELED)
def test_a_gan_without_classes_leaves_labels_aside_and_says_so(form, trained):
    before = trained.step
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        trained.fit(*LABELED[form](), batch_size=4, verbose=0)
    said = [one for one in warned if "`num_classes`" in str(one.message)]
    # The labels of a `Dataset` serve metrics too.
    assert len(said) == (0 if form.startswith(("Dataset", "Batches")) else 1)
    assert all(one.filename == __file__ for one in said)
    assert trained.step == before + 2


def test_batches_without_end_train_for_the_steps_of_an_epoch(trained):
    for data in (Listed([images(4)], endless=True), tf_batches(images()).repeat()):
        before = trained.step
        trained.fit(data, epochs=2, steps_per_epoch=2, verbose=0)
        assert trained.step == before + 4


def test_uint8_images_train_as_the_same_images_in_unit_range():
    weights = []
    for data in (images(), (images() / 127.5 - 1).astype("float32")):
        keras.utils.set_random_seed(0)
        gan = build()
        gan.fit(data, batch_size=4, verbose=0)
        weights.append([weight.numpy() for weight in gan.trainable_weights])
    for first, second in zip(*weights, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_an_all_bright_batch_of_images_in_range_is_not_taken_for_unit_range():
    data = floats(4)
    data[:2] = np.abs(data[:2])
    gan = build()
    gan.fit(data, batch_size=1, verbose=0)
    assert gan.step == 4


def test_ready_batches_keep_their_order(trained):
    asked = []

    class Recorded(Listed):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    trained.fit(Recorded([images(2)] * 4), epochs=2, verbose=0)
    assert asked[-8:] == [*range(4), *range(4)]


def test_a_step_takes_the_batch_size_for_each_update_of_the_discriminator():
    gan = build(discriminator_steps=3)
    gan.fit(images(14), batch_size=2, verbose=0)
    assert gan.step == 2


@pytest.mark.parametrize("steps", [1, 2])
def test_a_gan_that_was_trained_is_freed(steps):
    gan = linear.gan(steps_per_execution=steps)
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    trained = weakref.ref(gan)
    del gan
    gc.collect()
    assert trained() is None
