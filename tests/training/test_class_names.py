"""A GAN keeps the names of its classes, and finds the classes of data by them."""

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.callbacks.fingerprint import fingerprint
from ganzoo.presets.errors import PresetError
from ganzoo.zoo import measure
from support.gans import tiny

NAMES = ("cat", "dog", "fox")
IMAGES, LABELS = tiny.images(12), np.arange(12) % 3


def dataset(names, labels=LABELS):
    return ganzoo.data.Dataset(IMAGES, labels, class_names=names)


def conditional(**arguments):
    return ganzoo.GAN(*tiny.networks(num_classes=3), num_classes=3, **arguments)


@pytest.fixture(scope="module")
def classifier():
    """A semi-supervised GAN whose class follows from the brightness of the first three pixels."""
    latents = keras.Input((2,))
    generator = keras.Model(latents, keras.layers.Dense(3, activation="tanh")(latents))
    vectors = keras.Input((3,))
    features = keras.layers.Activation("linear", name="features")(vectors)
    logits = keras.layers.Dense(3, kernel_initializer="identity")(features)
    gan = ganzoo.SemiSupervisedGAN(
        generator, keras.Model(vectors, logits), latent="normal", class_names=NAMES
    )
    gan.compile(run_eagerly=True)
    return gan


def test_a_new_gan_takes_the_names_of_its_data_and_keeps_them(tmp_path):
    gan = conditional()
    gan.compile(run_eagerly=True)
    assert gan.class_names is None

    gan.fit(dataset(NAMES), batch_size=12, verbose=0)
    assert gan.class_names == NAMES

    gan.save(tmp_path / "gan.keras")
    assert keras.saving.load_model(tmp_path / "gan.keras").class_names == NAMES


def test_a_recipe_passes_the_names_on_if_it_uses_classes():
    recipe = ganzoo.recipes.get("dcgan")
    data = ganzoo.data.Dataset(tiny.images(12, (8, 8, 1)), LABELS, class_names=NAMES)
    assert ganzoo.GAN.from_recipe(recipe, data).class_names is None


def test_presets_hold_the_names(tmp_path):
    networks = ganzoo.architectures.build("mlp", (2,), latent_dim=2, width=4, num_classes=3)
    for names in (NAMES, None):
        folder = tmp_path / str(names)
        ganzoo.GAN(*networks, num_classes=3, class_names=names).save_to_preset(folder)
        assert ganzoo.GAN.from_preset(folder).class_names == names


@pytest.mark.parametrize(
    "names",
    ["abc", ["a", 1, "c"], ["a", "b" * 256, "c"], ["a", "b\x1b[2J", "c"], {"a": 1}, [["a"]]],
)
def test_presets_hold_only_short_texts_as_names(tmp_path, names):
    networks = ganzoo.architectures.build("mlp", (2,), latent_dim=2, width=4, num_classes=3)
    gan = ganzoo.GAN(*networks, num_classes=3, class_names=NAMES)
    config = gan.get_config() | {"class_names": names}
    gan.get_config = lambda: config
    with pytest.raises(PresetError, match=r"`class_names` must be a list.*Received: "):
        gan.save_to_preset(tmp_path / "preset")


@pytest.mark.parametrize("arguments", [{}, {"num_classes": 3}])
def test_names_that_do_not_fit_the_classes_are_refused(arguments):
    networks = tiny.networks(num_classes=arguments.get("num_classes"))
    with pytest.raises(ValueError, match=r"Received: num_classes=., 2 names"):
        ganzoo.GAN(*networks, **arguments, class_names=["cat", "dog"])


def test_data_of_other_classes_are_not_trained_on():
    gan = conditional(class_names=NAMES)
    gan.compile(run_eagerly=True)
    other = ("cat", "emu", "fox")
    with pytest.raises(ValueError, match="examples of 'emu'"):
        gan.fit(dataset(other), batch_size=12)
    with pytest.raises(ValueError, match=r"ready batches.*Expected: 'cat', 'dog'.*Received: 'fox'"):
        gan.fit(dataset(NAMES[::-1]).batches(12))


def test_training_data_are_numbered_as_the_gan(monkeypatch):
    gan = conditional(class_names=NAMES)
    gan.compile(run_eagerly=True)
    seen = []
    monkeypatch.setattr(gan, "_fit", lambda batches, **settings: seen.append(batches.dataset))
    with pytest.warns(UserWarning, match="numbered by their names as in the GAN"):
        gan.fit(dataset(NAMES[::-1]), batch_size=12)
    assert seen[0].labels.tolist() == (2 - LABELS).tolist() and seen[0].class_names == NAMES


def test_an_error_rate_compares_names(classifier):
    vectors = np.eye(3, dtype="float32")
    right = ganzoo.data.Dataset(vectors, np.arange(3), class_names=NAMES)
    assert classifier.evaluate(right)["error"] == 0
    with pytest.warns(UserWarning, match="numbered by their names"):
        turned = ganzoo.data.Dataset(
            vectors, np.array([1, 0, 2]), class_names=["dog", "cat", "fox"]
        )
        assert classifier.evaluate(turned)["error"] == 0
    with pytest.warns(UserWarning, match="numbered by their names"):
        assert measure.error_of(classifier, turned).value == 0
    other = ganzoo.data.Dataset(vectors, np.arange(3), class_names=["cat", "emu", "fox"])
    with pytest.raises(ValueError, match="examples of 'emu'"):
        classifier.evaluate(other)


class Extractor:
    """A classifier of three classes."""

    num_classes = 3

    def __init__(self, class_names=None):
        self.class_names = class_names

    def probabilities(self, images):
        return np.eye(3)[np.zeros(len(images), int)]


@pytest.mark.parametrize(
    "names, tells", [(NAMES, True), (None, True), (NAMES[::-1], False), (("a", "b", "c"), False)]
)
def test_classes_of_samples_are_checked_by_classifiers_of_the_same_names(names, tells):
    gan = conditional(class_names=NAMES)
    assert measure._tells_classes(Extractor(names), gan, dataset(NAMES)) is tells


def test_other_classes_or_labels_are_another_run(classifier):
    gans = [conditional(class_names=names) for names in (NAMES, NAMES[::-1])]
    for gan in gans:
        gan.compile()
    found = [fingerprint(gan, dataset(None).batches(12)) for gan in gans]
    assert found[0]["class_names"] != found[1]["class_names"]

    vectors = np.zeros((12, 3), "float32")
    batches = [
        ganzoo.data.SemiSupervisedBatches(ganzoo.data.Dataset(vectors, labels), 2, 6)
        for labels in (LABELS, LABELS[::-1].copy())
    ]
    first, second = (fingerprint(classifier, one)["data"]["labels"] for one in batches)
    assert None is not first != second
