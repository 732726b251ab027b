"""Each kind of Keras optimizer updates a player as it does in a model of Keras."""

import keras
import numpy as np
import pytest
from keras import optimizers

from support.gans import linear

KINDS = {
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "lion": lambda: optimizers.Lion(0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, rho=0.8),
    "sgd with momentum": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "muon": lambda: optimizers.Muon(0.01, adam_lr_ratio=0.5),
    "adam, clipped norms": lambda: optimizers.Adam(0.01, clipnorm=0.1),
    "sgd, a clipped norm of all": lambda: optimizers.SGD(0.1, global_clipnorm=0.1),
    "sgd, clipped values": lambda: optimizers.SGD(0.1, clipvalue=0.05),
    "sgd, weight decay": lambda: optimizers.SGD(0.1, weight_decay=0.2),
}
BATCH = linear.vectors(8)


@pytest.fixture(scope="module")
def gradients():
    """For each player: its weights, the gradients of its step, and its variables."""
    found = {}
    for player in ("generator", "discriminator"):
        before, after, variables = weights_after(player, optimizers.SGD(1.0))
        slopes = [old - new for old, new in zip(before, after, strict=True)]
        found[player] = before, slopes, variables
    return found


def weights_after(player, optimizer):
    """Returns a player's weights before and after a step in which the other one stands still."""
    keras.utils.set_random_seed(0)
    other = "discriminator" if player == "generator" else "generator"
    chosen = {f"{player[0]}_optimizer": optimizer, f"{other[0]}_optimizer": optimizers.SGD(0.0)}
    gan = linear.gan(**chosen, ema_decay=None, run_eagerly=True)
    before = getattr(gan, player).get_weights()
    gan.train_on_batch(BATCH)
    return before, getattr(gan, player).get_weights(), getattr(gan, player).trainable_variables


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_update_is_the_optimizers_own(kind, player, gradients):
    before, slopes, variables = gradients[player]
    _, given, _ = weights_after(player, KINDS[kind]())
    own = KINDS[kind]()
    own.build(variables)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    own.apply([keras.ops.convert_to_tensor(slope) for slope in slopes], variables)
    for variable, value in zip(variables, given, strict=True):
        np.testing.assert_allclose(value, variable, rtol=2e-4, atol=2e-5)
    assert any(np.any(old != new) for old, new in zip(before, given, strict=True))


def test_one_instance_for_both_players_is_refused():
    shared = optimizers.Lion(0.01)
    with pytest.raises(ValueError, match=r"two optimizers.*Received: one instance for both"):
        linear.gan(g_optimizer=shared, d_optimizer=shared)
