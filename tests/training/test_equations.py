"""Whole training steps of a linear GAN equal the papers' equations in float64 NumPy."""

import keras
import numpy as np
import pytest

from ganzoo.random import Draws
from ganzoo.regularizers import R1, Penalty, WeightClipping
from support.gans import linear

BATCH = 6
SEED = 7
G_RATE, D_RATE = 0.3, 0.2


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def softplus(logits):
    return np.log1p(np.exp(logits))


# For each loss: both players' losses, and their derivatives by each logit times the batch size.
LOSSES = {
    "wasserstein": {
        "d_loss": lambda real, fake: fake.mean() - real.mean(),
        "by_real": lambda real: -np.ones_like(real),
        "by_fake": lambda fake: np.ones_like(fake),
        "g_loss": lambda fake: -fake.mean(),
        "g_by_fake": lambda fake: -np.ones_like(fake),
    },
    "non_saturating": {
        "d_loss": lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        "by_real": lambda real: -sigmoid(-real),
        "by_fake": lambda fake: sigmoid(fake),
        "g_loss": lambda fake: softplus(-fake).mean(),
        "g_by_fake": lambda fake: -sigmoid(-fake),
    },
}


class Equations:
    """SGD on `G(z, y) = z W + c + E[y]` and `D(x, y) = x a + b + v[y] x`.

    Fakes have the classes of the real examples of their update. Without classes every label is 0,
    and `E` and `v` are zeros that stay.
    """

    def __init__(self, gan, loss, ratio=1, steps=1, gamma=0.0, every=1, limit=np.inf):
        weights = [weight.numpy().astype("float64") for weight in gan.trainable_weights]
        self.is_conditional = gan.num_classes is not None
        if self.is_conditional:
            self.W, self.c, self.E, self.a, self.b, self.v = weights
        else:
            self.W, self.c, self.a, self.b = weights
            self.E, self.v = np.zeros((1, linear.DIMENSIONS)), np.zeros((1, linear.DIMENSIONS))
        self.a = self.a[:, 0]
        self.loss = LOSSES[loss]
        self.ratio, self.steps = ratio, steps
        self.gamma, self.every, self.limit = gamma, every, limit
        self.latent = gan.latent
        self.logs = []

    def weights(self):
        if self.is_conditional:
            return [self.W, self.c, self.E, self.a[:, None], self.b, self.v]
        return [self.W, self.c, self.a[:, None], self.b]

    def step(self, step, examples, labels):
        if not self.is_conditional:
            labels = np.zeros_like(labels)
        draws = Draws(SEED, step)
        self.logs.append({"d_loss": [], "d_real": [], "d_fake": [], "r1": []})
        for k in range(self.steps):
            update = step * self.steps + k
            self._update_discriminator(
                examples[k :: self.steps].astype("float64"),
                labels[k :: self.steps],
                draws.scope(f"discriminator_{k}"),
                self.every if update % self.every == 0 else 0,
            )
        fake_labels = np.tile(labels[self.steps - 1 :: self.steps], self.ratio)
        self._update_generator(fake_labels, draws.scope("generator_0"))

    def _fakes(self, draws, y):
        rows = len(y)
        if self.latent == "normal":
            z = draws.normal("latents", rows, (linear.LATENT_DIM,))
        else:
            z = draws.uniform("latents", rows, (linear.LATENT_DIM,), -1.0, 1.0)
        z = np.array(z, "float64")
        return z, z @ self.W + self.c + self.E[y]

    def _logits(self, x, y):
        return x @ self.a + self.b + np.sum(self.v[y] * x, axis=1)

    def _update_discriminator(self, real, labels, draws, strength):
        n = len(real)
        _, fake = self._fakes(draws, labels)
        on_real, on_fake = self._logits(real, labels), self._logits(fake, labels)
        slopes = self.a + self.v[labels]
        logs = self.logs[-1]
        logs["d_loss"].append(self.loss["d_loss"](on_real, on_fake))
        logs["d_real"].append(on_real.mean())
        logs["d_fake"].append(on_fake.mean())
        logs["r1"].append(strength * self.gamma / 2 * np.mean(np.sum(slopes**2, axis=1)))

        x = np.concatenate([real, fake])
        by_logit = np.concatenate([self.loss["by_real"](on_real), self.loss["by_fake"](on_fake)])
        by_slope = np.zeros((2 * n, linear.DIMENSIONS))
        by_slope[:n] = strength * self.gamma * slopes
        by_a = by_logit[:, None] * x + by_slope
        a = self.a - D_RATE * by_a.sum(0) / n
        b = self.b - D_RATE * by_logit.sum() / n
        v = self.v.copy()
        if self.is_conditional:
            np.subtract.at(v, np.tile(labels, 2), D_RATE * by_a / n)
        self.a, self.b, self.v = (np.clip(w, -self.limit, self.limit) for w in (a, b, v))

    def _update_generator(self, y, draws):
        z, fake = self._fakes(draws, y)
        on_fake = self._logits(fake, y)
        self.logs[-1]["g_loss"] = [self.loss["g_loss"](on_fake)]
        by_fake = self.loss["g_by_fake"](on_fake)[:, None] * (self.a + self.v[y]) / len(y)
        self.W = self.W - G_RATE * z.T @ by_fake
        self.c = self.c - G_RATE * by_fake.sum(0)
        if self.is_conditional:
            self.E = self.E.copy()
            np.subtract.at(self.E, y, G_RATE * by_fake)


class InOrder(keras.utils.PyDataset):
    """The batches of arrays, in their order."""

    def __init__(self, size, *arrays):
        super().__init__()
        self.size, self.arrays = size, arrays

    def __len__(self):
        return len(self.arrays[0]) // self.size

    def __getitem__(self, index):
        return tuple(a[index * self.size : (index + 1) * self.size] for a in self.arrays)


def train(
    loss, epochs=1, batches=2, conditional=False, latent="normal", run_eagerly=True, **settings
):
    """Trains ganzoo and the equations on the same data, and returns both and ganzoo's logs."""
    steps, ratio = settings.get("steps", 1), settings.get("ratio", 1)
    regularizers = []
    if "gamma" in settings:
        regularizers.append(R1(settings["gamma"], every=settings.get("every", 1)))
    if "limit" in settings:
        regularizers.append(WeightClipping(settings["limit"]))
    gan = linear.gan(
        conditional,
        seed=SEED,
        latent=latent,
        loss=loss,
        regularizers=regularizers,
        discriminator_steps=steps,
        generator_batch_ratio=ratio,
        g_optimizer=keras.optimizers.SGD(G_RATE),
        d_optimizer=keras.optimizers.SGD(D_RATE),
        run_eagerly=run_eagerly,
    )
    equations = Equations(gan, loss, **settings)
    examples = linear.vectors(BATCH * steps * batches)
    labels = linear.labels(len(examples))
    data = InOrder(BATCH * steps, examples, labels)
    history = gan.fit(data, epochs=epochs, verbose=0).history
    for step in range(epochs * batches):
        equations.step(step, *data[step % batches])
    assert gan.step == epochs * batches
    return gan, equations, history


def assert_equal(gan, equations):
    pairs = zip(gan.trainable_weights, equations.weights(), strict=True)
    for weight, expected in pairs:
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-5, atol=1e-6)


CASES = {
    "non-saturating": ("non_saturating", {}),
    "wasserstein": ("wasserstein", {}),
    "uniform latents": ("non_saturating", {"latent": "uniform"}),
    "two discriminator steps": ("non_saturating", {"steps": 2}),
    "more fakes for the generator": ("non_saturating", {"ratio": 2}),
    "R1": ("non_saturating", {"gamma": 0.5}),
    "lazy R1": ("wasserstein", {"gamma": 0.5, "every": 3, "steps": 2}),
    "weight clipping": ("wasserstein", {"limit": 0.1, "steps": 2}),
    "conditional": ("non_saturating", {"conditional": True}),
}
EVERYTHING = {"conditional": True, "steps": 2, "ratio": 2, "gamma": 0.5, "every": 3, "limit": 0.6}


def assert_logs_are_means_over_all_updates(history, equations):
    for name, (value,) in history.items():
        expected = np.mean([update for logs in equations.logs for update in logs[name]])
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_training_follows_the_equations(case):
    loss, settings = CASES[case]
    gan, equations, history = train(loss, **settings)
    assert_equal(gan, equations)
    assert_logs_are_means_over_all_updates(history, equations)


@pytest.mark.parametrize(
    "loss", ["non_saturating", pytest.param("wasserstein", marks=pytest.mark.slow)]
)
def test_compiled_training_with_all_parts_follows_the_equations(loss):
    gan, equations, history = train(loss, run_eagerly=False, **EVERYTHING)
    assert_equal(gan, equations)
    assert_logs_are_means_over_all_updates(history, equations)


def test_clipping_was_active_where_it_was_tested():
    gan, _, _ = train("wasserstein", limit=0.1)
    kernel, _ = gan.discriminator.trainable_weights
    np.testing.assert_allclose(np.abs(kernel.numpy()).max(), 0.1)
    assert np.abs(gan.generator.trainable_weights[0].numpy()).max() > 0.1


def test_each_epoch_logs_the_mean_over_itself_alone():
    _, equations, history = train("non_saturating", epochs=2, batches=2, gamma=0.5)
    for name, values in history.items():
        updates = [np.mean(logs[name]) for logs in equations.logs]
        expected = [np.mean(updates[:2]), np.mean(updates[2:])]
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6, err_msg=name)


class Constant(Penalty):
    """Costs 1 whatever the discriminator is, so that the logs show when it was evaluated."""

    def __init__(self, every):
        super().__init__(every)
        self.name = f"every_{every}"

    def penalty(self, critic, real, fake, draws):
        return keras.ops.ones(())


@pytest.mark.parametrize("steps", [1, 3])
def test_a_lazy_penalty_comes_at_every_kth_update_and_counts_k_times(steps):
    penalties = [Constant(every) for every in (1, 2, 3, 4)]
    gan = linear.gan(regularizers=penalties, discriminator_steps=steps)
    history = gan.fit(linear.vectors(2 * steps), batch_size=2, epochs=5, verbose=0).history
    for every in (1, 2, 3, 4):
        updates = [every if update % every == 0 else 0 for update in range(5 * steps)]
        expected = np.reshape(updates, (5, steps)).mean(axis=1)
        np.testing.assert_allclose(history[f"every_{every}"], expected, rtol=1e-6)


def test_a_lazy_penalty_keeps_its_rhythm_over_two_calls_of_fit():
    gan = linear.gan(regularizers=[Constant(3)])
    data = linear.vectors(4)
    first = gan.fit(data, batch_size=2, verbose=0).history["every_3"]
    second = gan.fit(data, batch_size=2, verbose=0).history["every_3"]
    assert (first, second) == ([1.5], [1.5])


def test_the_average_after_one_step_is_almost_the_new_weights():
    # With the ramp (1 + t) / (10 + t), the average after one step is 0.1 old + 0.9 new.
    gan = linear.gan()
    before = [weight.numpy() for weight in gan.generator.weights]
    gan.fit(linear.vectors(4), batch_size=4, verbose=0)
    averages, weights = gan.ema_generator.weights, gan.generator.weights
    for average, old, weight in zip(averages, before, weights, strict=True):
        np.testing.assert_allclose(average.numpy(), 0.1 * old + 0.9 * weight.numpy(), atol=1e-6)
