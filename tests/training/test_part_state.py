"""A GAN that is compiled again: which parts keep their state, and which start with a new one."""

import keras
import numpy as np

import ganzoo
from support.gans import linear, tiny

HistoricalAveraging = ganzoo.regularizers.HistoricalAveraging


def compiled_again(gan, *regularizers, **settings):
    gan.compile(g_optimizer="sgd", d_optimizer="sgd", regularizers=regularizers, **settings)
    return gan


def test_a_part_with_the_same_settings_keeps_its_memory():
    gan = linear.gan(regularizers=[HistoricalAveraging()])
    gan.fit(linear.vectors(8), batch_size=4, epochs=1, verbose=0)
    compiled_again(gan, HistoricalAveraging())
    assert {name: int(memory.count.numpy()) for name, memory in gan._memories.items()} == {
        "generator/historical_averaging": 2,
        "discriminator/historical_averaging": 2,
    }


def test_memories_that_are_no_longer_used_do_not_disturb_a_file(tmp_path):
    gan = linear.gan(regularizers=[HistoricalAveraging(player="generator")])
    gan.fit(linear.vectors(8), batch_size=4, epochs=1, verbose=0)
    compiled_again(gan, HistoricalAveraging(player="discriminator"))
    gan.fit(linear.vectors(8), batch_size=4, initial_epoch=1, epochs=2, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert list(loaded._memories) == ["discriminator/historical_averaging"]
    assert tiny.largest_difference(tiny.state(gan), tiny.state(loaded))[0] == 0


def test_other_settings_start_an_augmentation_again():
    gan = ganzoo.GAN(*tiny.networks())
    for initial in (0.125, 0.5):
        compiled_again(gan, augment=ganzoo.augment.AdaptiveAugment(["flip"], initial=initial))
        np.testing.assert_equal(float(gan._augment_state().probability.numpy()), initial)
