"""Properties of every augmentation."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import ganzoo
from ganzoo import augment
from ganzoo.augment.diff_augment import POLICY_PARTS
from ganzoo.augment.pipeline import POLICIES
from ganzoo.random import Draws

CLASSES = {
    "adaptive_augment": augment.AdaptiveAugment,
    "adaptive_pseudo_augment": augment.AdaptivePseudoAugment,
    "diff_augment": augment.DiffAugment,
    "random_transforms": augment.RandomTransforms,
}
CONFIGURED = [
    augment.AdaptiveAugment(["flip", "hue", "translation"], 0.5, 8, 1000, initial=0.7),
    augment.DiffAugment("color,translation,cutout,flip"),
    augment.RandomTransforms({"scale": 1, "noise": 0.5}, probability=0.7),
]
each_augmentation = pytest.mark.parametrize("part", CONFIGURED, ids=lambda part: part.name)


def images_of(rows=6, dtype="float32"):
    return np.random.default_rng(0).uniform(-1, 1, (rows, 8, 8, 3)).astype(dtype)


def test_every_augmentation_is_registered_by_its_name():
    assert augment.names() == sorted(CLASSES)
    for name, augmentation_class in CLASSES.items():
        part = augment.get(name)
        assert type(part) is augmentation_class
        assert part.name == name


@each_augmentation
def test_config_round_trip(part):
    clone = augment.get(keras.saving.serialize_keras_object(part))
    assert type(clone) is type(part)
    assert clone.get_config() == part.get_config() != type(part)().get_config()


def test_get_returns_an_instance_itself_and_none_for_none():
    assert augment.get(CONFIGURED[0]) is CONFIGURED[0]
    assert augment.get(None) is None


@pytest.mark.parametrize("policy", ["color", "color,translation", "flip,cutout"])
def test_a_policy_stands_for_diff_augment(policy):
    part = augment.get(policy)
    assert type(part) is augment.DiffAugment
    assert part.policy == policy


def test_a_name_takes_arguments():
    assert augment.get("adaptive_augment", target=0.5).target == 0.5
    assert augment.get("diff_augment", policy="flip").policy == "flip"
    with pytest.raises(ValueError, match=r"'diff_augment' has the arguments.*Received: {'p': 1}"):
        augment.get("diff_augment", p=1)
    with pytest.raises(ValueError, match="Arguments are for the augmentation of a name"):
        augment.get(CONFIGURED[0], target=0.5)


@pytest.mark.parametrize("policy", ["bg", "bgc", "bgcfnc"])
def test_a_policy_of_letters_stands_for_adaptive_augment(policy):
    part = augment.get(policy, images_to_one=1000)
    assert type(part) is augment.AdaptiveAugment
    assert (part.transforms, part.images_to_one) == (policy, 1000)


def test_a_list_is_a_chain():
    part = augment.get(["adaptive_pseudo_augment", "color"])
    assert type(part) is augment.Chain and part.replaces_real
    clone = augment.get(keras.saving.serialize_keras_object(part))
    assert [p.get_config() for p in clone.parts] == [p.get_config() for p in part.parts]
    assert type(augment.get(["color"])) is augment.DiffAugment
    images = images_of()
    both = augment.get(["color", augment.RandomTransforms("geom")])
    draws = Draws(0, 1).scope("augment")
    result = both.parts[1](
        both.parts[0](images, draws.scope("diff_augment")), draws.scope("random_transforms")
    )
    np.testing.assert_array_equal(both(images, Draws(0, 1)), result)
    assert both.state() is None and augment.get(["bgc", "color"]).state() is not None
    nested = [["adaptive_pseudo_augment", "color"], "adaptive_pseudo_augment"]
    for refused in (["bgc", "adaptive_augment"], ["bgc", 3], [], ["color", "flip"], nested):
        with pytest.raises(ValueError, match="Received: "):
            augment.get(refused)


@pytest.mark.parametrize("identifier", ["hue", 3, augment.DiffAugment, {"bgc"}])
def test_anything_else_is_refused(identifier):
    with pytest.raises(ValueError, match=r"adaptive_augment, adaptive_pseudo.*Received: "):
        augment.get(identifier)


def test_a_wrong_name_is_answered_with_all_transforms_and_policies():
    with pytest.raises(ValueError) as caught:
        augment.get("mirror")
    for name in (*POLICY_PARTS, *POLICIES, *augment.names()):
        assert re.search(rf"\b{name}\b", str(caught.value)), name


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        *[("diff_augmnt", "diff_augment"), ("colour,cutout", "color"), ("flip,cut_out", "cutout")],
        *[("colour", "color"), ("bcgfnc", "bgcfnc"), ("translations", "translation")],
    ],
)
def test_a_mistyped_name_is_answered_with_the_closest_one(mistyped, meant):
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'.*Received: .*{mistyped}"):
        augment.get(mistyped)


@each_augmentation
def test_seed_step_and_scope_determine_the_result(part):
    images = images_of()

    def result(seed=0, step=0, scope="real"):
        return np.asarray(part(images, Draws(seed, step).scope(scope)))

    np.testing.assert_array_equal(result(), result())
    for other in (result(seed=1), result(step=1), result(scope="fake")):
        assert np.all(np.any(result() != other, axis=(1, 2, 3)).sum() >= 4)


@each_augmentation
def test_two_replicas_augment_as_one(part):
    images = images_of()
    whole = part(images, Draws(0, 3))
    halves = [
        part(half, Draws(0, 3, replica=tf.constant(replica)))
        for replica, half in enumerate(np.split(images, 2))
    ]
    np.testing.assert_array_equal(whole, np.concatenate(halves))


@each_augmentation
def test_graphs_of_any_batch_size_and_xla_agree_with_eager(part):
    images = tf.constant(images_of())
    expected = part(images, Draws(0, 5))

    def evaluate(images, step):
        with tf.GradientTape() as tape:
            tape.watch(images)
            result = part(images, Draws(0, step))
            cost = tf.reduce_sum(result**2)
        return result, tape.gradient(cost, images)

    any_batch = [tf.TensorSpec((None, 8, 8, 3)), tf.TensorSpec((), "int32")]
    graph = tf.function(evaluate, input_signature=any_batch, autograph=False)(images, 5)
    xla = tf.function(evaluate, jit_compile=True, autograph=False)(images, tf.constant(5))
    assert graph[0].shape == images.shape
    for result, gradient in (graph, xla):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(gradient, graph[1], rtol=1e-4, atol=1e-4)


@each_augmentation
def test_gradients_equal_finite_differences(part):
    images = images_of(dtype="float64")
    direction = np.random.default_rng(1).normal(size=images.shape)
    x = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(x)
        cost = tf.reduce_sum(part(x, Draws(0, 0)) ** 2)
    slope = np.sum(tape.gradient(cost, x) * direction)
    ahead, behind = (
        np.sum(part(images + step * direction, Draws(0, 0)).numpy() ** 2) for step in (1e-4, -1e-4)
    )
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-4, rtol=1e-6)


@each_augmentation
@pytest.mark.parametrize("shape", [(4, 16), (4, 8, 8), (4, None, 8, 3)])
def test_anything_but_a_batch_of_images_is_refused(part, shape):
    with pytest.raises(ValueError, match=r"is for images.*Received: examples of shape"):
        part(keras.KerasTensor(shape), Draws(0, 0))


def test_a_subclass_must_implement_augment():
    class Unfinished(augment.Augmentation):
        pass

    with pytest.raises(NotImplementedError, match=r"Unfinished.*augment"):
        Unfinished()(images_of(), Draws(0, 0))


class Jitter(augment.Augmentation):
    """An augmentation of sequences."""

    example_rank = 2

    def augment(self, images, draws, state):
        return images + 0.1 * draws.normal("jitter", images.shape[0], images.shape[1:])


def test_an_augmentation_of_other_examples_says_how_many_axes_they_have():
    Jitter().check_example_shape((8, 3))
    assert Jitter()(keras.ops.zeros((4, 8, 3)), Draws(0, 0)).shape == (4, 8, 3)
    with pytest.raises(ValueError, match=r"`Jitter` is for examples with 2 axes.*\(8, 8, 3\)"):
        Jitter().check_example_shape((8, 8, 3))


@pytest.mark.parametrize(
    "part, shape",
    [
        (augment.AdaptiveAugment(["hue"]), (8, 8, 4)),
        (augment.get(["adaptive_pseudo_augment", "bgc"]), (8, 8, 4)),
        (augment.AdaptiveAugment(["flip"]), (8, 3)),
        (augment.DiffAugment("flip"), (4, 8, 8, 1)),
    ],
)
def test_examples_that_cannot_be_augmented_are_refused_by_compile(part, shape):
    latents, examples = keras.Input((2,)), keras.Input(shape)
    size = int(np.prod(shape))
    outputs = keras.layers.Reshape(shape)(keras.layers.Dense(size)(latents))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(examples))
    gan = ganzoo.GAN(keras.Model(latents, outputs), keras.Model(examples, logits))
    settings = [{"augment": part}]
    if part.state() is None:
        settings.append({"regularizers": [ganzoo.regularizers.Consistency(transform=part)]})
    for setting in settings:
        with pytest.raises(ValueError, match=r"Received: "):
            gan.compile(**setting)
    gan.compile()
