"""`tf.data`, `PyDataset`, loaders and generators: what trains, and what is refused."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import ganzoo
from support import lazy
from support.processes import run_python
from training import test_inputs as doors
from training.test_inputs import CLASSES, Listed, build, floats, images, labels, tf_batches

torch = lazy.oracle("torch")

ONE_HOT = np.eye(CLASSES, dtype="float32")
NAMES = ("ash", "oak", "yew")


def rows(count=8, **parts):
    return {"image": images(count), "label": labels(count).astype("int64"), **parts}


def loader(*arrays, batch_size=4, **settings):
    tensors = map(torch.tensor, arrays or (images(11), labels(11)))
    data = torch.utils.data.TensorDataset(*tensors)
    return torch.utils.data.DataLoader(data, batch_size, **settings)


def named_loader(names=NAMES):
    result = loader(images(), ONE_HOT[labels()])
    result.dataset.classes = list(names)
    return result


def slices(structure):
    return tf.data.Dataset.from_tensor_slices(structure).batch(4, drop_remainder=True)


# Every case: the data, the arguments of `fit`, and the number of steps.
TAKEN = {
    "tf.data of dictionaries": (lambda: tf_batches(rows()), {}, 2),
    "tf.data of one-hot labels": (lambda: tf_batches(images(), ONE_HOT[labels()]), {}, 2),
    "tf.data of nested examples": (lambda: slices(({"image": images()}, labels())), {}, 2),
    "PyDataset of dictionaries": (
        lambda: Listed([{"image": images(4), "label": ONE_HOT[labels(4)]}] * 2),
        {},
        2,
    ),
    "dictionary of arrays": (lambda: rows(), {"batch_size": 4}, 2),
    "list of batches": (lambda: [(images(4), labels(4)), rows(5)], {"epochs": 2}, 4),
    "loader": (lambda: loader(shuffle=True), {"epochs": 2}, 4),
    "loader, without the remainder": (lambda: loader(drop_last=True), {"epochs": 2}, 4),
    "loader, other batches": (lambda: loader(), {"batch_size": 3}, 3),
    "loader, up to a step": (loader, {"steps": 5}, 5),
    "generator": (lambda: iter([rows(4)] * 2), {}, 2),
    "generator of enough batches": (
        lambda: iter([rows(4)] * 4),
        {"epochs": 2, "steps_per_epoch": 2},
        4,
    ),
    "function of a generator": (lambda: lambda: iter([rows(5)] * 2), {"epochs": 2}, 4),
    "function of tf.data": (lambda: lambda: tf_batches(rows()), {"epochs": 2}, 4),
    "function of a PyDataset": (lambda: lambda: Listed([rows(4)]), {"epochs": 2}, 2),
    "iterator of tf.data": (lambda: tf_batches(rows()).as_numpy_iterator(), {}, 2),
}


def check_taken(gan, case):
    data, settings, steps = TAKEN[case]
    if "steps" in settings:
        settings = {"steps": gan.step + settings["steps"]}
    before = gan.step
    gan.fit(data(), verbose=0, **settings)
    assert gan.step - before == steps, case


@pytest.fixture(scope="module")
def trained():
    return build(CLASSES)


@pytest.mark.filterwarnings("ignore:Nobody knows how many batches")
@pytest.mark.parametrize("case", TAKEN)
def test_data_of_other_libraries_train(case, trained):
    check_taken(trained, case)


REFUSED = {
    "other keys": (
        lambda: tf_batches({"img": images(), "fine_label": labels()}),
        r"`dataset.map\(lambda row: \(row\['img'\], row\['fine_label'\]\)\)`.*'img': TensorSpec",
    ),
    "other keys of a generator": (
        lambda: iter([{"a": images(4), "b": labels(4)}]),
        r"`lambda: \(row\['a'\] for row in batches\)`",
    ),
    "pictures": (
        lambda: [{"image": keras.utils.array_to_img(images(1)[0]), "label": 1}],
        r"`lambda: dataset.with_format\(\"numpy\"\).iter\(64\)`.*'image': Image",
    ),
    "sample weights": (
        lambda: tf_batches(images(), labels(), np.ones(8)),
        r"no sample weights.*`dataset.map\(lambda images, labels, weights: \(images, labels\)\)`",
    ),
    "sample weights of a loader": (
        lambda: loader(images(), labels(), np.ones(8)),
        r"`lambda: \(\(images, labels\) for images, labels, weights in batches\)`",
    ),
    "nested inputs": (
        lambda: slices(((images(), labels()), labels())),
        r"\(images\[0\], labels\).*\(\(TensorSpec, TensorSpec\), TensorSpec\)",
    ),
    "multi-hot labels": (
        lambda: tf_batches(images(), np.maximum(ONE_HOT[labels()], ONE_HOT[0])),
        r"conditions: train a GAN of condition_dim=3.*tf.argmax.*2 rows.*first at 1",
    ),
    "soft labels of a loader": (
        lambda: loader(images(), ONE_HOT[labels()] * 0.9 + 0.05),
        r"`lambda: \(\(images, labels.argmax\(-1\)\) for images, labels in batches\)`",
    ),
    "one-hot labels of more classes": (
        lambda: tf_batches(images(), np.eye(4)[labels()]),
        "a column for each of the 3 classes",
    ),
    "other names": (lambda: named_loader(("oak", "ash")), "numbers that they have in the GAN"),
    "single examples": (lambda: slices(rows()).unbatch(), r"`dataset.batch\(64, drop_rem"),
    "single examples of a loader": (lambda: loader(batch_size=None), "a `batch_size`"),
    "a data set of torch": (lambda: loader().dataset, r"DataLoader\(x, batch_size=64\)"),
    "channels first": (
        lambda: loader(images(8, (1, 8, 8)), labels()),
        r"`lambda: \(\(np.transpose\(images, \(0, 2, 3, 1\)\), labels\) for",
    ),
    "ragged tensors": (
        lambda: tf.data.Dataset.from_tensors(tf.ragged.constant([[1.0], [2.0, 3.0]])),
        r"`to_tensor\(\)`.*RaggedTensorSpec",
    ),
    "a generator for two epochs": (lambda: iter([rows(4)]), "A generator is read once"),
    "a loader of less than a batch": (
        lambda: loader(images(3), labels(3), batch_size=2),
        "with fewer than 4 examples",
    ),
    "a generator of less than a batch": (
        lambda: lambda: iter([(images(3), labels(3))]),
        "with fewer than 4 examples",
    ),
    "an empty generator": (lambda: iter([]), "at least one batch"),
    "a function of two arguments": (lambda: lambda a, b: a, "a function of 2 arguments"),
    "a function of something else": (lambda: lambda: 3, "must return an iterable"),
}


@pytest.fixture(scope="module")
def conditional():
    return build(CLASSES)


@pytest.mark.parametrize("case", REFUSED)
def test_other_data_are_refused_before_the_first_step(case, conditional):
    data, words = REFUSED[case]
    with pytest.raises((TypeError, ValueError), match=rf"(?s)(?=.*{words}).*Received: "):
        conditional.fit(
            data(), epochs=2, verbose=0, **({"batch_size": 4} if "less" in case else {})
        )
    assert conditional.step == 0


def test_names_of_classes_come_with_the_data():
    gan = build(CLASSES)
    gan.fit(named_loader(), verbose=0)
    assert gan.class_names == NAMES
    # Texts are found among the names, also in `tf.data`.
    gan.fit(tf_batches(images(), np.array(NAMES)[labels()]), verbose=0)
    gan.fit([(images(4), list(np.array(NAMES)[labels(4)]))], verbose=0)
    assert gan.step == 5


def test_parts_that_are_not_read_are_named():
    gan = build()
    with pytest.warns(UserWarning) as warned:
        gan.fit(tf_batches(rows(id=np.arange(8))), verbose=0)
        gan.fit(Listed([images(4), images(3)]), verbose=0)
    texts = " ".join(str(one.message) for one in warned)
    assert "Received: also 'id'" in texts and "labels are not used" in texts
    assert "The last batch has 3 examples in place of 4" in texts
    assert gan.step == 3


def test_what_ends_or_fails_too_early_stops_the_run():
    gan = build()
    with pytest.raises(ValueError, match="ended after 3 of 4 batches"):
        gan.fit(iter([images(4)] * 3), epochs=2, steps_per_epoch=2, verbose=0)
    assert gan.step == 3
    with pytest.raises(ZeroDivisionError):
        gan.fit((images(4 // (1 - i)) for i in range(2)), steps_per_epoch=2, verbose=0)
    with pytest.raises(ValueError, match="must be finite"):
        gan.fit([(floats(),), (floats() * np.nan,)], batch_size=4, verbose=0)


def test_joined_batches_are_the_batches_of_the_array():
    weights = []
    data = images(12)
    for source in ([(data[:5],), (data[5:6],), (data[6:],)], tf_batches(data), loader(data)):
        keras.utils.set_random_seed(0)
        gan = build()
        gan.fit(source, batch_size=4, verbose=0)
        assert gan.step == 3
        weights.append(gan.get_weights())
    for others in weights[1:]:
        for first, second in zip(weights[0], others, strict=True):
            np.testing.assert_array_equal(first, second)


# A run that is stopped and resumed.


def numbered(step):
    """Endless batches, each of which its step determines."""
    for number in itertools.count(step):
        yield np.random.default_rng(number).integers(0, 256, (4, *doors.SHAPE), dtype="uint8")


class StopAt(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if self.model.step == self.step:
            raise KeyboardInterrupt


def check_exact_resume(folder, **settings):
    """A function of the step resumes within an epoch as if it had not stopped."""
    keras.utils.set_random_seed(0)
    start = build(**settings)

    def train(*callbacks):
        gan = build(**settings)
        gan.set_weights(start.get_weights())
        gan.fit(numbered, epochs=2, steps_per_epoch=3, verbose=0, callbacks=list(callbacks))
        return gan

    checkpoint = ganzoo.callbacks.AtomicCheckpoint(folder, every=1, unit="steps")
    with pytest.raises(KeyboardInterrupt):
        train(StopAt(4), checkpoint)
    resumed, uninterrupted = train(checkpoint), train()
    assert resumed.step == uninterrupted.step == 6
    for first, second in zip(resumed.get_weights(), uninterrupted.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_function_of_the_step_resumes_at_the_exact_step(tmp_path):
    check_exact_resume(tmp_path)


def test_a_run_on_other_data_says_that_it_does_not(tmp_path):
    checkpoint = ganzoo.callbacks.AtomicCheckpoint(tmp_path)
    build().fit(loader(images()), verbose=0, callbacks=[checkpoint])
    with pytest.warns(UserWarning, match=r"lambda step: .*Received: DataLoader.*epoch 2, after 0"):
        build().fit(loader(images()), epochs=2, verbose=0, callbacks=[checkpoint])


# Metrics.


def flat(images):
    return np.asarray(images, "float32").reshape(len(images), -1)


flat.name, flat.sha256 = "flat", "0"


@pytest.mark.filterwarnings("ignore:Nobody knows how many batches")
def test_metrics_take_data_of_other_libraries():
    distances = [ganzoo.metrics.PairwiseDistance(extractor=flat)]
    gan = build(CLASSES, metrics=distances)
    forms = (tf_batches(rows()), Listed([rows(4)] * 2), loader(images(), labels()), iter([rows()]))
    expected = gan.evaluate(images(), labels())
    assert [gan.evaluate(data) for data in forms] == [expected] * 4
    history = gan.fit(tf_batches(rows()), validation_data=loader(images(), labels()), verbose=0)
    assert any(name.startswith("val_") for name in history.history)
    assert len(ganzoo.callbacks.EvaluateSamples(distances, tf_batches(rows())).data) == 8
    assert len(ganzoo.callbacks.CollapseMonitor(loader(images()), n=4).data) == 8
    with pytest.raises(ValueError, match=r"have no end.*`dataset.take\(number\)`"):
        gan.evaluate(tf_batches(rows()).repeat())
    with pytest.raises(ValueError, match="leave `y` out"):
        gan.evaluate(tf_batches(rows()), labels())


def test_a_run_reads_data_of_other_libraries(tmp_path):
    data = (ganzoo.data.load("digits").examples[:64], np.arange(64) % 3)
    plan = ganzoo.runs.plan("dcgan_digits", tf_batches(*data), output=tmp_path / "run", steps=1)
    assert len(plan.data) == 64 and plan.data.num_classes == 3
    np.testing.assert_array_equal(plan.data.examples, data[0])
    with pytest.raises(ValueError, match=r"`ganzoo.data.gather\(data\)`.*a tf.data.Dataset"):
        ganzoo.GAN.from_recipe("dcgan_digits", tf_batches(*data))


def test_a_semi_supervised_gan_reads_batches():
    inputs = keras.Input(doors.SHAPE)
    features = keras.layers.Dense(4, name="features")(keras.layers.Flatten()(inputs))
    discriminator = keras.Model(inputs, keras.layers.Dense(CLASSES)(features))
    gan = ganzoo.SemiSupervisedGAN(doors.networks()[0], discriminator)
    gan.compile("sgd", run_eagerly=True)
    settings = {"labels_per_class": 2, "batch_size": 8, "verbose": 0}
    data, tested = tf_batches(images(), ONE_HOT[labels()]), loader(images(), labels())
    history = gan.fit(data, validation_data=tested, **settings)
    assert gan.step == 1 and "val_error" in history.history


@pytest.mark.slow
def test_other_data_train_on_jax(tmp_path):
    run_python(
        f"""
import warnings
from training import test_data_of_other_libraries as other

warnings.filterwarnings("ignore", "Nobody knows how many batches")
cases = ("tf.data of one-hot labels", "loader", "generator of enough batches")
gan = other.build(other.CLASSES, run_eagerly=False)
for case in cases:
    other.check_taken(gan, case)
other.check_exact_resume({str(tmp_path)!r})
""",
        backend="jax",
    )


@pytest.mark.slow
def test_replicas_share_the_batches_of_a_loader(two_replicas):
    with two_replicas.scope():
        gan = build(CLASSES, run_eagerly=False)
    gan.fit(loader(), epochs=2, verbose=0)
    assert gan.step == 4
