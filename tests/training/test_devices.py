"""Training on several devices of one machine, on TensorFlow; JAX is in test_devices_on_jax.py."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import ganzoo
from ganzoo.distribution import processes
from support.gans import tiny

SETTINGS = {"g_optimizer": "sgd", "d_optimizer": "sgd"}


def classifier_gan(**arguments):
    generator, discriminator = ganzoo.architectures.build_semi_supervised(
        "semi_supervised_mlp", (4, 4, 1), tiny.NUM_CLASSES, latent_dim=4, width=4, generator_width=4
    )
    gan = ganzoo.SemiSupervisedGAN(generator, discriminator)
    gan.compile(**SETTINGS, **arguments)
    tiny.fill(gan.discriminator, 1)
    gan.ema_discriminator.set_weights(gan.discriminator.get_weights())
    return gan


def labeled(n):
    return ganzoo.data.Dataset(tiny.images(n, (4, 4, 1)), tiny.labels(n), tiny.NUM_CLASSES)


@pytest.mark.slow
def test_an_odd_number_of_test_examples_is_evaluated_whole(two_replicas):
    with two_replicas.scope():
        gan = classifier_gan()
    data = labeled(27)

    history = gan.fit(data, 2, batch_size=24, validation_data=data, verbose=0).history
    error = gan.evaluate(data, batch_size=19, verbose=0)["error"]

    wrong = np.mean(gan.classify(data.examples) != data.labels)
    assert [*history["val_error"], error] == pytest.approx([wrong, wrong], abs=1e-6)
    assert 0 < wrong < 1


def test_moving_statistics_are_means_over_the_replicas(two_replicas):
    def gan(**settings):
        latents, examples = keras.Input((3,)), keras.Input((2,))
        normalized = keras.layers.BatchNormalization(momentum=0.5)(latents)
        generator = keras.Model(latents, keras.layers.Dense(2)(normalized))
        discriminator = keras.Model(examples, keras.layers.Dense(1)(examples))
        gan = ganzoo.GAN(generator, discriminator)
        gan.compile(**SETTINGS, **settings)
        return gan

    with two_replicas.scope():
        halves = gan()
    whole = gan(run_eagerly=True)
    for model in (halves, whole):
        model.fit(np.ones((32, 2), "float32"), batch_size=16, verbose=0)

    def statistics(model, name):
        networks = model.generator, model.ema_generator
        return [v for net in networks for v in net.variables if v.name == name]

    for name in ("moving_mean", "moving_variance"):
        for variable in statistics(halves, name):
            first, second = two_replicas.experimental_local_results(variable.value)
            np.testing.assert_array_equal(first.numpy(), second.numpy())
    # The mean of two halves' means is the mean of the whole.
    for ours, expected in zip(
        statistics(halves, "moving_mean"), statistics(whole, "moving_mean"), strict=True
    ):
        assert np.abs(expected.numpy()).max() > 1e-3
        np.testing.assert_allclose(ours.numpy(), expected.numpy(), atol=1e-6)


def test_the_scope_is_a_strategy_of_that_many_devices():
    with ganzoo.distribution.scope(2):
        assert tf.distribute.get_strategy().num_replicas_in_sync == 2
    with ganzoo.distribution.scope(1):
        assert tf.distribute.get_strategy().num_replicas_in_sync == 1


@pytest.mark.parametrize("devices", [0, 3, "two", -1, "²"])
def test_other_numbers_of_devices_are_refused(devices):
    with pytest.raises(ValueError, match=rf"from 1 to 2.*CPU:1\. Received: devices={devices!r}"):
        ganzoo.distribution.scope(devices)


def test_several_processes_are_for_jax():
    with pytest.raises(ValueError, match=r"KERAS_BACKEND=jax.*Received: the backend 'tensorflow'"):
        ganzoo.distribution.join("localhost:1234", 0, 2)
    assert (ganzoo.distribution.process_index(), ganzoo.distribution.process_count()) == (0, 1)
    assert ganzoo.distribution.gather(5) == [5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("host:1234", "1", 2), r"two integers.*Received: .*process_id='1', num_processes=2"),
        (("host:1234", 0, 2.0), r"two integers.*num_processes=2\.0"),
        (("host:1234", False, 2), r"two integers.*process_id=False"),
        (("host:1234", 0), r"two integers.*num_processes=None"),
        (("host:1234", 2, 2), r"from 0 to num_processes - 1.*process_id=2"),
        ((1234, 0, 2), r"'HOST:PORT'.*Received: coordinator=1234"),
        (("host:70000", 0, 2), r"port from 1 to 65535.*Received: coordinator='host:70000'"),
        ((":1234", 0, 2), r"'HOST:PORT'"),
        (("auto", 0, 2), r"number themselves.*process_id=0"),
    ],
)
def test_processes_join_with_an_address_and_two_integers(monkeypatch, arguments, message):
    monkeypatch.setattr(processes, "_on_jax", lambda: True)
    with pytest.raises(ValueError, match=message):
        ganzoo.distribution.join(*arguments)


def test_all_scopes_of_the_same_devices_have_one_strategy():
    """Several strategies in one process confuse each other's collectives."""
    with ganzoo.distribution.scope(2):
        first = tf.distribute.get_strategy()
    with ganzoo.distribution.scope("all"):
        assert tf.distribute.get_strategy() is first
