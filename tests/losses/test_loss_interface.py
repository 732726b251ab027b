import keras
import numpy as np
import pytest
from loss_equations import CASES, EQUATIONS, SMOOTHED, build

from ganzoo import losses

LOGITS = np.array([[0.5], [-1.0]])
OTHERS = {
    "auxiliary_classifier": losses.AuxiliaryClassifier(),
    "feature_matching": losses.FeatureMatching(),
    "semi_supervised": losses.SemiSupervised(num_classes=10),
}


def test_every_adversarial_loss_is_registered_by_its_name():
    assert losses.adversarial_names() == sorted(EQUATIONS)
    assert losses.names() == sorted([*EQUATIONS, *OTHERS])
    for name, (loss_class, _, _) in EQUATIONS.items():
        assert type(losses.get(name)) is loss_class


@pytest.mark.parametrize(("name", "s"), CASES)
def test_config_round_trip(name, s):
    loss = build(name, s)
    clone = losses.get(keras.saving.serialize_keras_object(loss))
    assert type(clone) is type(loss)
    assert clone.get_config() == loss.get_config()
    np.testing.assert_array_equal(
        clone.discriminator(LOGITS, -LOGITS), loss.discriminator(LOGITS, -LOGITS)
    )


def test_get_returns_an_instance_itself():
    loss = losses.LeastSquares(label_smoothing=0.1)
    assert losses.get(loss) is loss


@pytest.mark.parametrize("name", OTHERS)
def test_losses_that_are_not_adversarial_have_names_too(name):
    arguments = {"num_classes": 10} if name == "semi_supervised" else {}
    loss = losses.get(name, **arguments)
    assert type(loss) is type(OTHERS[name])
    assert loss.get_config() == OTHERS[name].get_config()
    clone = losses.get(keras.saving.serialize_keras_object(OTHERS[name]))
    assert clone.get_config() == loss.get_config()
    for wrong in (name, OTHERS[name]):
        with pytest.raises(ValueError, match=r"hinge, least_squares, .*Received: "):
            losses.get_adversarial_loss(wrong)


def test_a_name_takes_the_arguments_of_its_loss():
    assert losses.get("minimax", label_smoothing=0.1).label_smoothing == 0.1
    assert losses.get("feature_matching", norm="l1").norm == "l1"
    with pytest.raises(ValueError, match=r"missing.*'num_classes'. Received: {}"):
        losses.get("semi_supervised")
    with pytest.raises(ValueError, match=r"Hinge\(\).*unexpected.*Received: {'margin': 2}"):
        losses.get("hinge", margin=2)
    with pytest.raises(ValueError, match=r"a name. Received: the arguments margin with Hinge\(\)"):
        losses.get(losses.Hinge(), margin=2)


@pytest.mark.parametrize("get", [losses.get, losses.get_adversarial_loss])
def test_an_unknown_name_lists_the_known_ones(get):
    expected = r"Did you mean 'hinge'.*hinge.*least_squares.*Received: 'hing'"
    with pytest.raises(ValueError, match=expected):
        get("hing")


@pytest.mark.parametrize("name", EQUATIONS)
def test_only_the_logits_of_a_critic_have_no_scale(name):
    """Scaled logits are as good for a loss without a scale: it is linear in them."""
    loss = losses.get(name)
    assert loss.has_scale == (name != "wasserstein")
    value, scaled = (float(loss.discriminator(s * LOGITS, -s * LOGITS)) for s in (1, 3))
    assert np.isclose(scaled, 3 * value) == (not loss.has_scale)


@pytest.mark.parametrize("identifier", [None, 3, losses.Hinge, {"class_name": "Hinge"}, ["hinge"]])
def test_anything_else_is_refused(identifier):
    with pytest.raises(ValueError, match="Received: "):
        losses.get(identifier)


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.parametrize("label_smoothing", [-0.1, 1.0, 1.5, float("nan"), "0.1", None, True])
def test_bad_label_smoothing_is_refused(name, label_smoothing):
    with pytest.raises(ValueError, match="Received: label_smoothing="):
        EQUATIONS[name][0](label_smoothing=label_smoothing)


@pytest.mark.parametrize("name", sorted(set(EQUATIONS) - set(SMOOTHED)))
def test_losses_without_a_target_refuse_label_smoothing(name):
    with pytest.raises(TypeError):
        EQUATIONS[name][0](label_smoothing=0.1)


@pytest.mark.parametrize("name", ["relativistic_pairing", "relativistic_average"])
def test_relativistic_generators_ask_for_the_real_logits(name):
    with pytest.raises(ValueError, match="Received: real_logits=None"):
        losses.get(name).generator(LOGITS)


def test_pairs_need_batches_of_the_same_size():
    loss = losses.RelativisticPairing()
    with pytest.raises(ValueError, match="Received: real_logits of 2 and fake_logits of 1"):
        loss.discriminator(LOGITS, LOGITS[:1])
    with pytest.raises(ValueError, match="Received: real_logits of 1 and fake_logits of 2"):
        loss.generator(LOGITS, LOGITS[:1])


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize(
    "wrong",
    [
        np.array([[1], [0]]),
        np.array([[True], [False]]),
        np.zeros((2, 10)),
        np.zeros((2, 4, 4, 3)),
        np.zeros((0, 1)),
        np.float64(0.0),
    ],
    ids=["integers", "booleans", "ten classes", "classes of patches", "empty", "scalar"],
)
def test_logits_that_are_not_one_float_for_each_example_are_refused(name, wrong):
    loss = losses.get(name)
    with pytest.raises(ValueError, match="Received: real_logits of "):
        loss.discriminator(wrong, LOGITS)
    with pytest.raises(ValueError, match="Received: fake_logits of "):
        loss.discriminator(LOGITS, wrong)
    with pytest.raises(ValueError, match="Received: fake_logits of "):
        loss.generator(wrong, LOGITS)


def test_a_subclass_must_write_two_equations():
    class Unfinished(losses.AdversarialLoss):
        pass

    with pytest.raises(NotImplementedError, match=r"Unfinished.*d_loss"):
        Unfinished().discriminator(LOGITS, LOGITS)
    with pytest.raises(NotImplementedError, match=r"Unfinished.*g_loss"):
        Unfinished().generator(LOGITS)
