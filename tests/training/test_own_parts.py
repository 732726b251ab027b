"""Parts of a user's own: a loss is one number, and a part needs no name and no `__init__`."""

import keras
import numpy as np
import pytest
from keras import ops

import ganzoo
from support.gans import linear


class PerExample(ganzoo.losses.Hinge):
    """Forgets the means of one player."""

    def __init__(self, player):
        self.player = player

    def d_loss(self, real, fake):
        loss = ops.relu(1 - real) + ops.relu(1 + fake)
        return loss if self.player == "discriminator" else ops.mean(loss)

    def g_loss(self, fake, real):
        return -fake if self.player == "generator" else -ops.mean(fake)


class LogitSizes(ganzoo.regularizers.Penalty):
    def penalty(self, discriminator, real, fake, draws):
        return ops.square(real.logits)


class WeightSizes(ganzoo.regularizers.WeightPenalty):
    def penalty(self, variables, state):
        return ops.square(variables[-1])


class LeakyFeatures(ganzoo.losses.FeatureMatching):
    def __call__(self, real, fake):
        return ops.square(real - fake)


class PerExampleClasses(ganzoo.losses.AuxiliaryClassifier):
    def discriminator(self, real_class_logits, real_labels, *fakes):
        return ops.sum(real_class_logits, axis=-1)


class TwoTerms(ganzoo.GAN):
    """Adds a term to the objective of the generator, and forgets its mean."""

    def update_generator(self, real, labels, k, draws):
        def objective(draws):
            fake = self.draw_fakes(draws, ops.shape(real)[0], labels)
            loss = self.adversarial_loss.generator(self.discriminate(fake, labels, draws).logits)
            return loss + ops.square(fake[:, 0]), {"g_loss": loss}, None

        self.minimize(objective, "generator", k, draws)


@pytest.mark.parametrize(
    "settings, owner",
    [
        ({"loss": PerExample("discriminator")}, "`PerExample.d_loss`"),
        pytest.param(
            {"loss": PerExample("discriminator")}, "`PerExample.d_loss`", marks=pytest.mark.graph
        ),
        ({"loss": PerExample("generator")}, "`PerExample.g_loss`"),
        ({"regularizers": [LogitSizes()]}, "`LogitSizes.penalty`"),
        ({"regularizers": [LogitSizes(every=2)]}, "`LogitSizes.penalty`"),
        ({"regularizers": [WeightSizes()]}, "`WeightSizes.penalty`"),
        ({"regularizers": [WeightSizes("generator", every=2)]}, "`WeightSizes.penalty`"),
        ({"generator_loss": LeakyFeatures("logits")}, "The loss of the generator"),
    ],
)
def test_several_numbers_are_no_loss(settings, owner):
    gan = linear.gan(**settings)
    with pytest.raises(
        ValueError, match=rf"{owner} must be one number.*mean.*Received: a value of"
    ):
        gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    assert gan.step == 0


def test_several_numbers_are_no_loss_of_classes():
    examples = keras.Input((linear.DIMENSIONS,))
    outputs = [keras.layers.Dense(1)(examples), keras.layers.Dense(linear.NUM_CLASSES)(examples)]
    gan = ganzoo.GAN(
        linear.generator(conditional=True),
        keras.Model(examples, outputs),
        num_classes=linear.NUM_CLASSES,
    )
    gan.compile(classifier_loss=PerExampleClasses(), run_eagerly=True)
    with pytest.raises(ValueError, match="The loss of the discriminator must be one number"):
        gan.fit(linear.vectors(8), linear.labels(8), batch_size=4, verbose=0)


def test_several_numbers_are_no_loss_of_a_subclass():
    gan = TwoTerms(linear.generator(), linear.discriminator())
    gan.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="The loss of the generator must be one number"):
        gan.fit(linear.vectors(8), batch_size=4, verbose=0)


@pytest.mark.parametrize("value", [ops.ones((1,)), np.ones((2, 1)), ops.ones((1, 1))])
def test_a_value_of_rank_0_is_one_number(value):
    class Constant(ganzoo.losses.Hinge):
        def d_loss(self, real, fake):
            return value

    with pytest.raises(ValueError, match=r"`Constant.d_loss` must be one number"):
        Constant().discriminator([1.0], [1.0])


class MeanLogit(ganzoo.regularizers.Penalty):
    def penalty(self, discriminator, real, fake, draws):
        return ops.mean(real.logits)


class L2(ganzoo.regularizers.WeightPenalty):
    def __init__(self, strength=0.1):
        self.strength = strength  # It forgets the arguments of its base.

    def penalty(self, variables, state):
        return self.strength * sum(ops.sum(ops.square(variable)) for variable in variables)


class NonNegative(ganzoo.regularizers.Constraint):
    def constrain(self, variables):
        for variable in variables:
            variable.assign(ops.relu(variable))


class HTTPNoise2D(ganzoo.augment.Augmentation):
    pass


class OwnR1(ganzoo.regularizers.R1):
    pass


def test_a_part_is_named_after_its_class():
    parts = MeanLogit(), L2(), NonNegative(), HTTPNoise2D(), OwnR1()
    names = ["mean_logit", "l2", "non_negative", "http_noise2_d", "r1"]
    assert [part.name for part in parts] == names
    assert [type(part).name for part in parts] == names


def test_parts_without_a_name_train_and_are_logged():
    gan = linear.gan(regularizers=[MeanLogit(), L2(), NonNegative()], run_eagerly=True)
    history = gan.fit(linear.vectors(8), batch_size=4, verbose=0).history
    np.testing.assert_allclose(history["mean_logit"], history["d_real"], rtol=1e-6)
    assert history["g_l2"][0] > 0 and history["d_l2"][0] > 0
    assert min(weight.numpy().min() for weight in gan.discriminator.weights) >= 0


@pytest.mark.parametrize("name", ["d_loss", "r1", "", None, 3])
def test_a_name_that_is_none_or_is_taken_is_refused(name):
    part = MeanLogit()
    part.name = name
    with pytest.raises(ValueError, match=r"(must have a name|have a name of its own).*Received: "):
        linear.gan(regularizers=["r1", part])
