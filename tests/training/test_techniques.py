"""Whole training steps with each technique equal its equation, differentiated by PyTorch."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from ganzoo.random import Draws
from support import lazy
from support.gans import linear

torch = lazy.oracle("torch")

SEED, BATCH, RATE = 5, 6, 0.3
NUM_CLASSES = 4


def sgd():
    return keras.optimizers.SGD(RATE)


def tensors(network):
    """The trainable weights of a network as float64 leaves of PyTorch's tape."""
    return [
        torch.tensor(weight.numpy().astype("float64"), requires_grad=True)
        for weight in network.trainable_weights
    ]


def latents(scope, rows=BATCH, minval=None):
    draws = Draws(SEED, 0).scope(scope)
    if minval is None:
        values = draws.normal("latents", rows, (linear.LATENT_DIM,))
    else:
        values = draws.uniform("latents", rows, (linear.LATENT_DIM,), minval=minval)
    return torch.tensor(keras.ops.convert_to_numpy(values).astype("float64"))


def descended(loss, weights):
    """The weights after one step of gradient descent, as NumPy."""
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    return [
        (w - RATE * (torch.zeros_like(w) if g is None else g)).detach().numpy()
        for w, g in zip(weights, gradients, strict=True)
    ]


def assert_weights(network, expected):
    for weight, value in zip(network.trainable_weights, expected, strict=True):
        np.testing.assert_allclose(weight.numpy(), value, rtol=2e-5, atol=2e-6, err_msg=weight.path)


def two_layers(outputs=1):
    """Builds `D(x) = tanh(x A + a) B + b`, whose `features` are the hyperbolic tangents."""
    vectors = keras.Input((linear.DIMENSIONS,))
    hidden = layers.Dense(5, bias_initializer="random_normal")(vectors)
    features = layers.Activation("tanh", name="features")(hidden)
    return keras.Model(vectors, layers.Dense(outputs, bias_initializer="random_normal")(features))


def train_once(gan, *data, **settings):
    return gan.fit(*data, batch_size=BATCH, epochs=1, verbose=0, **settings).history


def in_order(examples, labels=None):
    """The one batch of an epoch in the order in which it is shown."""
    labels = () if labels is None else (labels, NUM_CLASSES)
    return ganzoo.data.Dataset(examples, *labels).batches(BATCH, seed=SEED).batch(0)


@pytest.mark.parametrize(("norm", "adversarial_weight"), [("l2", 0.0), ("l1", 0.5)])
def test_feature_matching_moves_the_generator_alone(norm, adversarial_weight):
    gan = ganzoo.GAN(linear.generator(), two_layers(), seed=SEED)
    loss = ganzoo.losses.FeatureMatching(norm=norm, adversarial_weight=adversarial_weight)
    gan.compile(g_optimizer=sgd(), d_optimizer=sgd(), generator_loss=loss)
    examples = linear.vectors(BATCH)
    real = torch.tensor(in_order(examples)[0].astype("float64"))

    A, a, B, b = d_weights = tensors(gan.discriminator)
    W, c = g_weights = tensors(gan.generator)
    fake = (latents("discriminator_0") @ W + c).detach()
    logits = [torch.tanh(x @ A + a) @ B + b for x in (real, fake)]
    softplus = torch.nn.functional.softplus
    d_loss = softplus(-logits[0]).mean() + softplus(logits[1]).mean()
    A, a, B, b = updated = [torch.tensor(w) for w in descended(d_loss, d_weights)]
    fake = latents("generator_0") @ W + c
    features = [torch.tanh(x @ A + a) for x in (real, fake)]
    difference = features[0].mean(0) - features[1].mean(0)
    g_loss = (difference**2).sum() if norm == "l2" else difference.abs().sum()
    g_loss = g_loss + adversarial_weight * softplus(-(features[1] @ B + b)).mean()

    expected = descended(g_loss, g_weights)
    history = train_once(gan, examples)
    np.testing.assert_allclose(history["g_loss"][0], g_loss.item(), rtol=1e-5)
    assert_weights(gan.discriminator, [w.numpy() for w in updated])
    assert_weights(gan.generator, expected)


def test_both_players_of_an_auxiliary_classifier_minimize_the_cross_entropy():
    vectors = keras.Input((linear.DIMENSIONS,))
    discriminator = keras.Model(
        vectors, [layers.Dense(1, name="logits")(vectors), layers.Dense(4, name="c")(vectors)]
    )
    gan = ganzoo.GAN(linear.generator(True), discriminator, num_classes=NUM_CLASSES, seed=SEED)
    weights = {"discriminator_weight": 0.7, "generator_weight": 0.2}
    gan.compile(
        g_optimizer=sgd(),
        d_optimizer=sgd(),
        loss="wasserstein",
        classifier_loss=ganzoo.losses.AuxiliaryClassifier(**weights),
    )
    examples, labels = in_order(linear.vectors(BATCH), linear.labels(BATCH))
    real, classes = torch.tensor(examples.astype("float64")), torch.tensor(labels).long()
    entropy = torch.nn.functional.cross_entropy

    k, b, C, e = d_weights = tensors(gan.discriminator)
    W, c, E = g_weights = tensors(gan.generator)
    fake = (latents("discriminator_0") @ W + c + E[classes]).detach()
    d_class = 0.7 * (entropy(real @ C + e, classes) + entropy(fake @ C + e, classes))
    d_loss = (fake @ k).mean() - (real @ k).mean() + 0 * b.sum()
    k, b, C, e = updated = [torch.tensor(w) for w in descended(d_loss + d_class, d_weights)]
    fake = latents("generator_0") @ W + c + E[classes]
    g_class = 0.2 * entropy(fake @ C + e, classes)

    expected = descended(g_class - (fake @ k).mean(), g_weights)
    history = train_once(gan, linear.vectors(BATCH), linear.labels(BATCH))
    np.testing.assert_allclose(history["d_class_loss"][0], d_class.item(), rtol=1e-5)
    np.testing.assert_allclose(history["g_class_loss"][0], g_class.item(), rtol=1e-5)
    assert_weights(gan.discriminator, [w.numpy() for w in updated])
    assert_weights(gan.generator, expected)


@pytest.mark.parametrize("matching", [False, True])
def test_a_semi_supervised_step_is_the_papers(matching):
    gan = ganzoo.SemiSupervisedGAN(linear.generator(), two_layers(NUM_CLASSES), seed=SEED)
    generator_loss = ganzoo.losses.FeatureMatching(reduction="mean") if matching else None
    gan.compile(g_optimizer=sgd(), d_optimizer=sgd(), generator_loss=generator_loss)
    labels = np.arange(12, dtype="int32") % NUM_CLASSES
    data = ganzoo.data.Dataset(linear.vectors(12), labels, NUM_CLASSES)
    batches = ganzoo.data.SemiSupervisedBatches(data, 1, BATCH, seed=SEED, steps_per_epoch=1)
    streams, classes = batches.batch(0)
    real = {name: torch.tensor(rows.astype("float64")) for name, rows in streams.items()}
    classes = torch.tensor(classes).long()

    A, a, B, b = d_weights = tensors(gan.discriminator)
    W, c = g_weights = tensors(gan.generator)
    fake = (latents("discriminator", minval=-1.0) @ W + c).detach()
    rows = (real["labeled"], real["unlabeled"], fake)
    labeled, unlabeled, generated = (torch.tanh(x @ A + a) @ B + b for x in rows)
    lse, softplus = torch.logsumexp, torch.nn.functional.softplus
    chosen = labeled[torch.arange(BATCH), classes]
    d_loss = (
        -chosen.mean()
        + lse(labeled, 1).mean()
        - 0.5 * lse(unlabeled, 1).mean()
        + 0.5 * softplus(lse(unlabeled, 1)).mean()
        + 0.5 * softplus(lse(generated, 1)).mean()
    )
    wrong = (labeled.argmax(1) != classes).double().mean()
    A, a, B, b = updated = [torch.tensor(w) for w in descended(d_loss, d_weights)]
    features = torch.tanh((latents("generator_0", minval=-1.0) @ W + c) @ A + a)
    if matching:
        matched = torch.tanh(real["matching"] @ A + a)
        g_loss = ((features.mean(0) - matched.mean(0)) ** 2).mean()
    else:
        g_loss = -softplus(lse(features @ B + b, 1)).mean()

    expected = descended(g_loss, g_weights)
    history = gan.fit(batches, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["d_loss"][0], d_loss.item(), rtol=1e-5)
    np.testing.assert_allclose(history["g_loss"][0], g_loss.item(), rtol=1e-5)
    np.testing.assert_allclose(history["d_real"][0], lse(unlabeled, 1).mean().item(), rtol=1e-5)
    np.testing.assert_allclose(history["train_error"][0], wrong.item(), atol=1e-6)
    assert_weights(gan.discriminator, [w.numpy() for w in updated])
    assert_weights(gan.generator, expected)


def test_historical_averaging_pulls_both_players_to_the_mean_of_their_past():
    """With a loss without gradients, only the distance to the mean moves the weights."""
    gan = linear.gan(
        seed=SEED,
        loss=ConstantLoss(),
        g_optimizer=sgd(),
        d_optimizer=sgd(),
        regularizers=[ganzoo.regularizers.HistoricalAveraging(weight=0.4)],
        ema_decay=None,
    )
    rng = np.random.default_rng(0)
    players = {"g": gan.generator, "d": gan.discriminator}
    past = {player: [] for player in players}
    for _ in range(3):
        costs = {}
        for player, network in players.items():
            # Moved from outside, or the weights would rest at their mean.
            for weight in network.trainable_weights:
                weight.assign_add(rng.standard_normal(weight.shape).astype("float32"))
            past[player].append([w.numpy().astype("float64") for w in network.trainable_weights])
            means = [np.mean(values, axis=0) for values in zip(*past[player], strict=True)]
            offsets = [w - mean for w, mean in zip(past[player][-1], means, strict=True)]
            costs[player] = 0.4 * sum(np.sum(offset**2) for offset in offsets), offsets
        history = train_once(gan, linear.vectors(BATCH))
        for player, network in players.items():
            cost, offsets = costs[player]
            np.testing.assert_allclose(
                history[f"{player}_historical_averaging"][0], cost, rtol=1e-4
            )
            assert_weights(
                network,
                [
                    w - RATE * 2 * 0.4 * offset
                    for w, offset in zip(past[player][-1], offsets, strict=True)
                ],
            )


@keras.saving.register_keras_serializable(package="tests")
class ConstantLoss(ganzoo.losses.AdversarialLoss):
    """Losses that depend on nothing."""

    def d_loss(self, real, fake):
        return 0.0 * keras.ops.mean(real)

    def g_loss(self, fake, real):
        return 0.0 * keras.ops.mean(fake)


def test_each_generator_step_is_an_update_on_fresh_latents():
    gan = linear.gan(seed=SEED, loss="wasserstein", g_optimizer=sgd(), d_optimizer=sgd())
    gan.compile(g_optimizer=sgd(), d_optimizer=sgd(), loss="wasserstein", generator_steps=3)
    W = gan.generator.layers[-1].kernel.numpy()
    train_once(gan, linear.vectors(BATCH))
    slope = gan.discriminator.layers[-1].kernel.numpy()[:, 0]
    assert int(gan.optimizer.generator.iterations.numpy()) == 3
    assert int(gan.optimizer.discriminator.iterations.numpy()) == 1
    z = sum(latents(f"generator_{k}").mean(0).numpy() for k in range(3))
    expected = W + RATE * np.outer(z, slope)
    np.testing.assert_allclose(gan.generator.layers[-1].kernel.numpy(), expected, rtol=1e-4)


def test_the_discriminator_sees_augmented_images_in_both_updates():
    seen = []

    class Recording(ganzoo.augment.Augmentation):
        def augment(self, images, draws, state):
            seen.append(np.asarray(images).shape)
            return images * 0.0

    images = keras.Input((4, 4, 1))
    discriminator = keras.Model(images, layers.Dense(1)(layers.Flatten()(images)))
    z = keras.Input((3,))
    generator = keras.Model(z, layers.Reshape((4, 4, 1))(layers.Dense(16)(z)))
    gan = ganzoo.GAN(generator, discriminator)
    gan.compile(g_optimizer=sgd(), d_optimizer=sgd(), augment=Recording(), run_eagerly=True)
    real = np.random.default_rng(0).integers(0, 256, (BATCH, 4, 4, 1), dtype="uint8")
    history = train_once(gan, real)
    assert len(seen) == 3
    bias = 0.0
    assert history["d_real"][0] == history["d_fake"][0] == bias


def test_adaptive_augmentation_gets_stronger_on_sure_discriminators_and_is_kept(tmp_path):
    images = keras.Input((8, 8, 1))
    sure = layers.Dense(1, bias_initializer=keras.initializers.Constant(5.0), trainable=False)
    hidden = layers.Dense(2)(layers.Flatten()(images))
    discriminator = keras.Model(images, sure(hidden))
    z = keras.Input((3,))
    generator = keras.Model(z, layers.Reshape((8, 8, 1))(layers.Dense(64, "tanh")(z)))
    gan = ganzoo.GAN(generator, discriminator)
    augment = ganzoo.augment.AdaptiveAugment(["flip"], interval=2, images_to_one=100)
    gan.compile(g_optimizer=sgd(), d_optimizer=sgd(), augment=augment, loss=ConstantLoss())
    real = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype="uint8")
    history = gan.fit(real, batch_size=10, epochs=4, verbose=0).history
    # Two observations of 10 images make a step of 20 / 100.
    np.testing.assert_allclose(history["augment_probability"], [0.0, 0.2, 0.2, 0.4], atol=1e-6)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    history = loaded.fit(real, batch_size=10, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["augment_probability"], [0.4], atol=1e-6)
