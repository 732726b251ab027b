"""Properties of every loss that is not adversarial."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from loss_equations import numerical_gradient
from other_loss_cases import CLASSES, FAKE, LABELED, LABELS, OTHERS, UNLABELED

from ganzoo import losses


@pytest.mark.parametrize("name", OTHERS)
def test_gradients_equal_finite_differences(name):
    function, inputs = OTHERS[name]
    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    assert value.shape == () and value.dtype == tf.float64
    for i, gradient in enumerate(tape.gradient(value, tensors)):

        def of_argument(x, i=i):
            return float(function(*inputs[:i], x, *inputs[i + 1 :]))

        expected = numerical_gradient(of_argument, inputs[i], step=1e-6)
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)


def test_a_graph_for_any_batch_and_xla_agree_with_eager():
    def all_of_them(*inputs):
        inputs = iter(inputs)
        return [function(*(next(inputs) for _ in own)) for function, own in OTHERS.values()]

    arrays = [tf.constant(x, "float32") for _, own in OTHERS.values() for x in own]
    expected = all_of_them(*arrays)
    any_batch = [tf.TensorSpec((None, *x.shape[1:]), x.dtype) for x in arrays]
    for compiled in (
        tf.function(all_of_them, input_signature=any_batch, autograph=False),
        tf.function(all_of_them, jit_compile=True, autograph=False),
    ):
        np.testing.assert_allclose(compiled(*arrays), expected, rtol=1e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_half_precision_is_promoted_before_anything_is_computed(name):
    function, inputs = OTHERS[name]
    halves = [tf.cast(100 * x, "bfloat16") for x in inputs]
    value = function(*halves)
    assert value.dtype == tf.float32
    expected = function(*(tf.cast(x, "float64") for x in halves))
    np.testing.assert_allclose(value, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("get", "name", "loss"),
    [
        (losses.get_generator_loss, "feature_matching", losses.FeatureMatching("f", "l1", "mean")),
        (
            losses.get_classifier_loss,
            "auxiliary_classifier",
            losses.AuxiliaryClassifier(0.5, 0.1, False),
        ),
    ],
)
def test_a_loss_is_found_by_its_name_its_config_or_itself(get, name, loss):
    assert get(None) is None
    assert get(loss) is loss
    assert type(get(name)) is type(loss)
    assert get(name).get_config() != loss.get_config()
    clone = get(keras.saving.serialize_keras_object(loss))
    assert type(clone) is type(loss) and clone.get_config() == loss.get_config()
    for wrong in ("hinge", 3, losses.Hinge(), type(loss), losses.SemiSupervised(2)):
        with pytest.raises(ValueError, match=rf"{name}.*Received: "):
            get(wrong)


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        ({"layer": ""}, "layer=''"),
        ({"layer": None}, "layer=None"),
        ({"norm": "L2"}, "norm='L2'"),
        ({"reduction": "none"}, "reduction='none'"),
        ({"adversarial_weight": -1.0}, "adversarial_weight=-1.0"),
    ],
)
def test_bad_arguments_of_feature_matching_are_refused(arguments, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        losses.FeatureMatching(**arguments)


@pytest.mark.parametrize(
    ("loss_class", "arguments", "received"),
    [
        (losses.SemiSupervised, {"num_classes": 1}, "num_classes=1"),
        (losses.SemiSupervised, {"num_classes": 2.0}, "num_classes=2.0"),
        (
            losses.SemiSupervised,
            {"num_classes": 2, "unlabeled_weight": -0.1},
            "unlabeled_weight=-0.1",
        ),
        (
            losses.AuxiliaryClassifier,
            {"discriminator_weight": float("nan")},
            "discriminator_weight=nan",
        ),
        (losses.AuxiliaryClassifier, {"generator_weight": -1}, "generator_weight=-1"),
        (losses.AuxiliaryClassifier, {"classify_fakes": "no"}, "classify_fakes='no'"),
    ],
)
def test_bad_arguments_of_losses_of_classes_are_refused(loss_class, arguments, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        loss_class(**arguments)


WRONG_LOGITS = {
    "one class too many": (np.zeros((4, CLASSES + 1)), "shape"),
    "no axis of classes": (np.zeros(4), "shape"),
    "integers": (np.zeros((4, CLASSES), "int32"), "dtype int32"),
    "an empty batch": (np.zeros((0, CLASSES)), "shape"),
    "nothing": (None, "None"),
}


@pytest.mark.parametrize("case", WRONG_LOGITS)
def test_class_logits_of_a_wrong_shape_or_type_are_refused(case):
    wrong, received = WRONG_LOGITS[case]
    loss, auxiliary = losses.SemiSupervised(CLASSES), losses.AuxiliaryClassifier()
    calls = {
        "class_logits": lambda: loss.real_logits(wrong),
        "labeled_class_logits": lambda: loss.discriminator(wrong, LABELS, FAKE, FAKE),
        "unlabeled_class_logits": lambda: loss.unsupervised(wrong, FAKE),
        "fake_class_logits": lambda: loss.unsupervised(UNLABELED, wrong),
    }
    if case != "one class too many":  # It takes any number of classes.
        calls["real_class_logits"] = lambda: auxiliary.discriminator(wrong, LABELS, FAKE, LABELS)
    for name, call in calls.items():
        with pytest.raises(ValueError, match=f"`{name}`.*Received: {name}.*{received}"):
            call()


WRONG_LABELS = {
    "one too few": (LABELS[1:], "shape"),
    "a column": (LABELS[:, None], "shape"),
    "one-hot": (np.eye(CLASSES)[LABELS], "dtype"),
    "floats": (LABELS.astype("float32"), "dtype float32"),
    "booleans": (LABELS > 0, "dtype bool"),
    "nothing": (None, "None"),
}


@pytest.mark.parametrize("case", WRONG_LABELS)
def test_labels_of_a_wrong_shape_or_type_are_refused(case):
    wrong, received = WRONG_LABELS[case]
    auxiliary = losses.AuxiliaryClassifier()
    for name, call in {
        "labels": lambda: losses.SemiSupervised(CLASSES).supervised(LABELED, wrong),
        "real_labels": lambda: auxiliary.discriminator(LABELED, wrong, LABELED, LABELS),
        "fake_labels": lambda: auxiliary.generator(LABELED, wrong),
    }.items():
        with pytest.raises(ValueError, match=f"`{name}`.*Received: {name}.*{received}"):
            call()
