"""A GAN and the arguments of its `fit`, from a recipe and data."""

import dataclasses

import pytest

import ganzoo
from support.gans import linear, tiny


def small(name, **changes):
    options = {"width": 4, "batch_size": 8, "steps": 5, **changes}
    return dataclasses.replace(ganzoo.recipes.get(name), **options)


def images(classes=None):
    labels = () if classes is None else (tiny.labels(24) % classes, classes)
    return ganzoo.data.Dataset(tiny.images(24), *labels)


def test_batch_size_and_steps_need_no_second_telling():
    recipe, data = small("sngan", steps=3), ganzoo.data.Dataset(tiny.images(16, (8, 8, 1)))
    gan = ganzoo.GAN.from_recipe(recipe, data)
    history = gan.fit(data, verbose=0, **recipe.fit_arguments)
    assert gan.step == 3  # Not a multiple of the 2 steps of an epoch.
    assert len(history.history["d_loss"]) == 2
    assert type(gan) is ganzoo.GAN and gan.num_classes is None


def test_the_classes_are_those_of_the_data():
    recipe = small("sngan", conditional=True)
    assert ganzoo.GAN.from_recipe(recipe, images(3)).num_classes == 3
    with pytest.raises(ValueError, match=r"number of classes.*Received: "):
        ganzoo.GAN.from_recipe(recipe, images())
    with pytest.raises(ValueError, match="Received: num_classes=3"):
        ganzoo.GAN.from_recipe(recipe, images(3), num_classes=3)


def test_a_shape_stands_for_data():
    gan = ganzoo.GAN.from_recipe(small("sngan"), tiny.IMAGE_SHAPE, seed=7)
    assert gan.example_shape == tiny.IMAGE_SHAPE and gan.seed == 7
    with pytest.raises(ValueError, match="Received: num_classes=4"):
        ganzoo.GAN.from_recipe(small("sngan"), tiny.IMAGE_SHAPE, num_classes=4)


def test_the_class_is_that_of_the_recipe():
    recipe = small("semi_supervised_mnist")
    gan = ganzoo.GAN.from_recipe(recipe, ganzoo.data.Dataset(tiny.images(24), tiny.labels(24), 3))
    assert type(gan) is ganzoo.SemiSupervisedGAN and gan.class_count == 3
    assert recipe.fit_arguments["labels_per_class"] == recipe.labels_per_class
    with pytest.raises(ValueError, match="Expected a recipe of a `SemiSupervisedGAN`"):
        ganzoo.SemiSupervisedGAN.from_recipe(small("sngan"), tiny.IMAGE_SHAPE)


def test_a_complete_run_trains_no_further(tmp_path):
    for _ in range(2):
        gan = linear.gan()
        checkpoint = ganzoo.callbacks.AtomicCheckpoint(tmp_path)
        gan.fit(linear.vectors(16), batch_size=8, steps=3, callbacks=[checkpoint], verbose=0)
        assert gan.step == 3  # In the middle of the second epoch.


def test_steps_and_epochs_exclude_each_other():
    gan = linear.gan()
    with pytest.raises(ValueError, match="Received: epochs=2, steps=3"):
        gan.fit(linear.vectors(16), batch_size=8, epochs=2, steps=3, verbose=0)
    gan.fit(linear.vectors(16), batch_size=8, steps=3, verbose=0)
    assert gan.step == 3
    with pytest.raises(ValueError, match=r"Received: steps=3 with gan\.step=3"):
        gan.fit(linear.vectors(16), batch_size=8, steps=3, verbose=0)
