"""Semi-supervised training: what it accepts, its initialization from data, its error rate."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from ganzoo.data.sharded_array import ShardedArray
from support.gans import linear, tiny

NUM_CLASSES = 4


def data(count=40):
    """Vectors whose class is the quadrant that they lie in."""
    vectors = linear.vectors(count)
    vectors[:4] = [[1, 1], [-1, 1], [1, -1], [-1, -1]]
    labels = (vectors[:, 0] < 0) + 2 * (vectors[:, 1] < 0)
    return ganzoo.data.Dataset(vectors, labels.astype("int32"), NUM_CLASSES)


def classifier(outputs=NUM_CLASSES, features="features"):
    vectors = keras.Input((linear.DIMENSIONS,))
    x = layers.Dense(8, activation="relu", name=features)(vectors)
    return keras.Model(vectors, layers.Dense(outputs)(x))


def compiled(discriminator=None, **settings):
    gan = ganzoo.SemiSupervisedGAN(linear.generator(), discriminator or classifier())
    settings.setdefault("g_optimizer", keras.optimizers.Adam(0.01))
    settings.setdefault("d_optimizer", keras.optimizers.Adam(0.01))
    gan.compile(**settings)
    return gan


def test_evaluate_counts_the_errors_of_the_averaged_classifier():
    gan, dataset = compiled(), data(37)
    gan.fit(dataset, labels_per_class=1, batch_size=8, verbose=0)
    logits = gan.ema_discriminator(dataset.examples).numpy()
    expected = np.mean(logits.argmax(axis=1) != dataset.labels)
    classes = gan.classify(dataset.examples, batch_size=10)
    np.testing.assert_array_equal(classes, logits.argmax(axis=1))
    # A last batch of another size counts by its size.
    result = gan.evaluate(dataset, batch_size=10, verbose=0)
    assert result == {"error": pytest.approx(expected)}
    assert gan.evaluate(dataset.examples, dataset.labels, verbose=0) == result
    raw = np.mean(gan.discriminator(dataset.examples).numpy().argmax(axis=1) != dataset.labels)
    gan.compile(g_optimizer="sgd", d_optimizer="sgd", ema_decay=None)
    assert gan.evaluate(dataset, verbose=0) == {"error": pytest.approx(raw)}


def test_an_average_that_starts_later_starts_from_the_weights_of_then():
    gan, dataset = compiled(ema_decay=None), data()
    gan.fit(dataset, labels_per_class=1, batch_size=8, epochs=1, verbose=0)
    gan.compile(g_optimizer="sgd", d_optimizer="sgd", ema_decay=0.999)
    for average, network in (
        (gan.ema_generator, gan.generator),
        (gan.ema_discriminator, gan.discriminator),
    ):
        for mean, weight in zip(average.weights, network.weights, strict=True):
            np.testing.assert_array_equal(mean.numpy(), weight.numpy())


@pytest.mark.graph
def test_labeled_examples_teach_the_classes():
    gan, dataset = compiled(), data()
    before = gan.evaluate(dataset, verbose=0)["error"]
    length = {"epochs": 2, "steps_per_epoch": 60}
    history = gan.fit(
        dataset, labels_per_class=5, batch_size=20, verbose=0, validation_data=dataset, **length
    ).history
    assert history["val_error"][-1] < 0.3 < before
    assert history["train_error"][-1] < 0.2


def test_regularizers_see_the_logit_of_being_real():
    gan = compiled(regularizers=[ganzoo.regularizers.R1(gamma=2.0)])
    dataset = data(8)
    # At first all classes are alike, so that the slope is that of the mean of the class logits.
    for weight in gan.discriminator.layers[-1].weights:
        weight.assign(weight * 0)
    history = gan.fit(dataset, labels_per_class=1, batch_size=8, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["r1"], [0.0], atol=1e-7)
    np.testing.assert_allclose(history["d_real"], [np.log(NUM_CLASSES)], rtol=1e-5)


def test_spectral_normalization_works_inside():
    vectors = keras.Input((linear.DIMENSIONS,))
    features = ganzoo.layers.SpectralNormalization(layers.Dense(8), name="features")(vectors)
    logits = ganzoo.layers.SpectralNormalization(layers.Dense(NUM_CLASSES))(features)
    gan = compiled(keras.Model(vectors, logits))
    gan.fit(data(), labels_per_class=2, batch_size=10, epochs=3, verbose=0)
    for layer in gan.discriminator.layers[1:]:
        exact = np.linalg.norm(layer.kernel.numpy(), 2)
        assert float(layer.sigma()) == pytest.approx(exact, rel=0.05)


def test_a_file_keeps_both_averages_and_trains_on(tmp_path):
    gan, dataset = compiled(), data()
    gan.fit(dataset, labels_per_class=2, batch_size=10, epochs=1, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert tiny.largest_difference(tiny.state(gan), tiny.state(loaded))[0] == 0
    for model in (gan, loaded):
        model.fit(dataset, labels_per_class=2, batch_size=10, initial_epoch=1, epochs=2, verbose=0)
    assert tiny.largest_difference(tiny.state(gan), tiny.state(loaded))[0] == 0


def test_layers_that_ask_for_it_start_from_the_first_examples_once():
    vectors = keras.Input((linear.DIMENSIONS,))
    normalized = ganzoo.layers.WeightNormalization(layers.Dense(6), data_dependent=True)
    features = layers.Identity(name="features")(normalized(vectors))
    discriminator = keras.Model(vectors, layers.Dense(NUM_CLASSES)(features))
    gan = compiled(discriminator, d_optimizer=keras.optimizers.SGD(0.0))
    dataset = data()
    gan.fit(dataset, labels_per_class=1, batch_size=8, epochs=1, verbose=0)
    outputs = normalized(dataset.examples).numpy()
    np.testing.assert_allclose(outputs.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(outputs.std(axis=0), 1.0, rtol=1e-4)
    for weight in normalized.trainable_weights:
        weight.assign(weight * 2)
    before = [weight.numpy() for weight in normalized.weights]
    gan.fit(dataset, labels_per_class=1, batch_size=8, initial_epoch=1, epochs=2, verbose=0)
    for weight, value in zip(normalized.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


BAD = {
    "loss of another kind": (lambda: compiled(loss="hinge"), r"SemiSupervised.*Received: loss="),
    "loss of other classes": (
        lambda: compiled(loss=ganzoo.losses.SemiSupervised(3)),
        r"logits for, 4\. Received",
    ),
    "several discriminator steps": (
        lambda: compiled(discriminator_steps=2),
        r"Received: discriminator_steps=2",
    ),
    "no features": (
        lambda: compiled(classifier(features="hidden")),
        r"layer named 'features'.*Received: layers .*hidden",
    ),
    "two outputs": (
        lambda: ganzoo.SemiSupervisedGAN(
            linear.generator(),
            keras.Model(v := keras.Input((2,)), [layers.Dense(1)(v), layers.Dense(4)(v)]),
        ),
        r"class logits.*Received: 1 input\(s\) and the output shape\(s\)",
    ),
    "no labels": (
        lambda: compiled().fit(ganzoo.data.Dataset(linear.vectors(8)), labels_per_class=1),
        r"labels",
    ),
    "more classes than logits": (
        lambda: compiled().fit(
            ganzoo.data.Dataset(linear.vectors(8), np.arange(8)), labels_per_class=1, batch_size=8
        ),
        r"4 classes\. Received.*8 classes",
    ),
    "arrays": (
        lambda: compiled().fit(linear.vectors(8)),
        r"SemiSupervisedBatches`\. Received: x of type",
    ),
    "validation data without labels": (
        lambda: compiled().fit(
            data(), labels_per_class=1, batch_size=8, validation_data=(data().examples, None)
        ),
        r"with labels\. Received: Dataset.*no labels",
    ),
    "evaluation without labels": (
        lambda: compiled().evaluate(linear.vectors(4)),
        r"with labels\. Received: Dataset",
    ),
    "more labels than there are": (
        lambda: compiled().fit(data(), labels_per_class=100, batch_size=8),
        r"Received: labels_per_class=100",
    ),
    "classification of another shape": (
        lambda: compiled().classify(tiny.images(4)),
        r"Received: examples of shape \(16, 16, 1\)",
    ),
    "ready batches and a number of labels": (
        lambda: compiled().fit(
            ganzoo.data.SemiSupervisedBatches(data(), 1, 8), labels_per_class=2, batch_size=8
        ),
        r"leave `labels_per_class` and .*out\. Received: labels_per_class=2, batch_size=8",
    ),
    "no epochs between validations": (
        lambda: compiled().fit(data(), 1, batch_size=8, validation_data=data(), validation_freq=0),
        r"`validation_freq` must be a positive integer\. Received",
    ),
    "classification of no examples at a time": (
        lambda: compiled().classify(linear.vectors(4), batch_size=0),
        r"`batch_size` must be a positive integer\. Received: batch_size=0",
    ),
    "evaluation of no examples at a time": (
        lambda: compiled().evaluate(data(), batch_size=-3),
        r"`batch_size` must be a positive integer\. Received: batch_size=-3",
    ),
    "an extractor without metrics": (
        lambda: compiled().evaluate(data(), extractor="nonsense"),
        r"extractor",
    ),
    "streams of different sizes": (
        lambda: compiled().train_on_batch(
            {
                "labeled": linear.vectors(4),
                "unlabeled": linear.vectors(8),
                "matching": linear.vectors(4),
            },
            linear.labels(4),
        ),
        r"equally many examples\. Received: {'labeled': 4, 'unlabeled': 8",
    ),
    "before compile": (
        lambda: ganzoo.SemiSupervisedGAN(linear.generator(), classifier()).fit(data()),
        r"compile",
    ),
    "evaluation of another shape": (
        lambda: compiled().evaluate(tiny.images(4), tiny.labels(4)),
        r"Received: Dataset",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name):
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.fixture
def shards(tmp_path, monkeypatch):
    """37 images in shards, the same ones in memory, and the numbers of rows that are read."""
    whole = ganzoo.data.load("digits", size=8).take(range(37))
    ganzoo.data.pack_shards(whole, tmp_path / "shards", shards=3)
    read, take = [], ShardedArray.take

    def counted(array, rows, *arguments, **settings):
        read.append(np.size(rows))
        return take(array, rows, *arguments, **settings)

    monkeypatch.setattr(ShardedArray, "take", counted)
    return ganzoo.data.load(tmp_path / "shards"), whole, read


def image_classifier():
    networks = ganzoo.architectures.build_semi_supervised(
        "semi_supervised_mlp", (8, 8, 1), 10, latent_dim=4, width=4, generator_width=4
    )
    gan = ganzoo.SemiSupervisedGAN(*networks)
    gan.compile(g_optimizer="sgd", d_optimizer="sgd")
    return gan


def test_an_evaluation_on_shards_reads_them_in_batches(shards):
    sharded, whole, read = shards
    gan = image_classifier()
    expected = gan.evaluate(whole, batch_size=10)
    assert gan.evaluate(sharded, batch_size=10) == expected
    assert max(read) == 10
    np.testing.assert_array_equal(
        gan.classify(sharded.examples, 5), gan.classify(whole.examples, 5)
    )


def test_a_validation_on_shards_reads_them_in_batches(shards, monkeypatch):
    monkeypatch.setattr(ganzoo.training.semi_supervised, "_TEST_BATCH_SIZE", 10)
    sharded, whole, read = shards
    gan = image_classifier()
    settings = {"labels_per_class": 1, "batch_size": 8, "epochs": 1, "verbose": 0}
    history = gan.fit(whole, validation_data=sharded, **settings).history
    assert history["val_error"] == [gan.evaluate(whole, batch_size=10)["error"]]
    assert max(read) == 10


def test_an_evaluation_on_shards_with_two_replicas(shards, two_replicas):
    sharded, whole, read = shards
    with two_replicas.scope():
        gan = image_classifier()
    assert gan.evaluate(sharded, batch_size=10) == gan.evaluate(whole, batch_size=10)
    assert max(read) == 10
