"""Weights of a trained GAN as the start of another one, and frozen layers."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import ganzoo
from support.gans import dense
from support.processes import run_python


def resnet_gan(seed, num_classes=3, channels=1):
    keras.utils.set_random_seed(seed)
    networks = ganzoo.architectures.build(
        "sngan", (8, 8, channels), latent_dim=4, width=2, num_classes=num_classes
    )
    return ganzoo.GAN(*networks, num_classes=num_classes)


def weights(network):
    return [ops.convert_to_numpy(weight) for weight in network.weights]


def test_all_weights_of_equal_networks_are_taken(tmp_path):
    source, target = resnet_gan(0), resnet_gan(1)
    source.ema_generator.weights[0].assign(source.ema_generator.weights[0] + 1.0)
    source.save_to_preset(tmp_path / "source")

    found = target.initialize_from(tmp_path / "source")

    assert not found.left and len(found.taken) == sum(
        len(getattr(target, player).weights) for player in ("generator", "discriminator")
    )
    expected = weights(source.ema_generator)
    for network in (target.generator, target.ema_generator):
        for ours, theirs in zip(weights(network), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(
        weights(target.discriminator), weights(source.discriminator), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert target.preset is None and target.step == 0
    assert str(found).startswith(f"{len(found.taken)} weights taken, 0 left")


def test_a_gan_of_a_preset_that_starts_from_another_one_is_no_longer_this_preset(tmp_path):
    resnet_gan(0).save_to_preset(tmp_path / "first", directions=resnet_gan(0).directions(k=2))
    target = ganzoo.GAN.from_preset(tmp_path / "first")
    assert target.preset["name"] == "first" and len(target.stored_directions) == 2

    target.initialize_from(resnet_gan(1))

    assert target.preset is None and target.stored_directions is None
    target.save_to_preset(tmp_path / "second")
    assert ganzoo.GAN.from_preset(tmp_path / "second").stored_directions is None


def test_other_classes_and_channels_are_left_and_listed():
    source, target = resnet_gan(0, num_classes=10), resnet_gan(1, num_classes=3, channels=3)
    before = target.discriminator.get_layer("conv_1").kernel.numpy()

    found = target.initialize_from(source)

    assert "discriminator/logits/embeddings" in found.left
    assert "(3, " in found.left["discriminator/logits/embeddings"]
    assert {name.split("/")[1] for name in found.left if name.startswith("discriminator")} == {
        "conv_1",
        "logits",
    }
    assert any(name.startswith("discriminator/conv_2") for name in found.taken)
    first = target.discriminator.get_layer("conv_1")
    np.testing.assert_array_equal(first.kernel.numpy(), before)
    # Its vector has the length of the source's, and belongs to the kernel that was left.
    matrix = before.reshape(-1, 2)
    assert float(first.sigma()) == pytest.approx(np.linalg.norm(matrix, 2), rel=0.05)
    assert "left as they were" in str(found) and "there" in str(found)


def test_a_discriminator_that_was_not_stored_is_not_taken(tmp_path):
    resnet_gan(0).save_to_preset(tmp_path / "source", discriminator=False)
    target = resnet_gan(1)
    before = weights(target.discriminator)
    found = target.initialize_from(tmp_path / "source")
    for ours, theirs in zip(weights(target.discriminator), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert set(found.left.values()) == {"the preset does not have it"}
    assert all(name.startswith("generator/") for name in found.taken)


def test_a_random_discriminator_of_a_preset_is_never_passed_on(tmp_path):
    resnet_gan(0).save_to_preset(tmp_path / "source", discriminator=False)
    gan = ganzoo.GAN.from_preset(tmp_path / "source")
    gan.save(tmp_path / "gan.keras")
    gan.save_to_preset(tmp_path / "preset")
    for copy in (
        keras.saving.load_model(tmp_path / "gan.keras"),
        ganzoo.GAN.from_preset(tmp_path / "preset"),
    ):
        assert copy.random_players == ("discriminator",)
        found = resnet_gan(1).initialize_from(copy)
        assert all(name.startswith("generator/") for name in found.taken)
        with pytest.raises(ValueError, match=r"export without discriminator=True.*random weights"):
            copy.export(tmp_path / "exported", discriminator=True)

    gan.initialize_from(resnet_gan(2))
    assert gan.random_players == ()
    copy._step.assign(1)  # It was trained.
    assert copy.random_players == () and "unstored_players" not in copy.get_config()


def test_unnamed_layers_are_matched_by_their_order():
    source, target = dense.build(seed=0), dense.build(seed=1)
    assert source.generator.layers[1].name != target.generator.layers[1].name
    found = target.initialize_from(source)
    assert not found.left
    np.testing.assert_array_equal(weights(target.generator)[0], weights(source.ema_generator)[0])


def test_frozen_layers_do_not_change_and_the_others_learn_as_before():
    free, frozen = resnet_gan(0, num_classes=None), resnet_gan(0, num_classes=None)
    names = frozen.freeze_discriminator(2)
    assert names == ["conv_1", "down_1"]
    data = dense.images(24)
    start = {v.path: v.numpy() for v in frozen.discriminator.weights}
    for gan in (free, frozen):
        gan.compile(loss="hinge", run_eagerly=True)
        gan.fit(data, batch_size=8, steps=1, verbose=0)
    for ours, theirs in zip(frozen.discriminator.weights, free.discriminator.weights, strict=True):
        is_frozen = ours.path.split("/")[0] in names
        expected = start[ours.path] if is_frozen else theirs.numpy()
        # The spectral vectors of frozen layers stay too.
        np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=0 if is_frozen else 1e-5)
    assert not any(name in v.path for v in frozen.optimizer.variables for name in names)
    frozen.fit(data, batch_size=8, steps=3, verbose=0)
    for variable in frozen.discriminator.weights:
        if variable.path.split("/")[0] in names:
            np.testing.assert_array_equal(variable.numpy(), start[variable.path])


def test_bad_input(tmp_path):
    gan = dense.build()
    with pytest.raises(ValueError, match=r"before `compile`.*Received: a compiled GAN"):
        gan.freeze_discriminator(1)
    with pytest.raises(ValueError, match=r"`sha256` and `allow` are for presets. Received"):
        gan.initialize_from(dense.build(), allow=["mine"])
    own = resnet_gan(0)
    with pytest.raises(ValueError, match=r"at most 3 can be frozen: conv_1.*Received: 4"):
        own.freeze_discriminator(4)
    for count in (-1, True, 1.0):
        with pytest.raises(ValueError, match=r"`count` must be an integer.*Received: count="):
            own.freeze_discriminator(count)
    assert own.freeze_discriminator(0) == [] and own.discriminator.trainable_weights
    latents, points = keras.Input((3,)), keras.Input((2,))
    other = ganzoo.GAN(
        keras.Model(latents, layers.Dense(2, name="own")(latents)),
        keras.Model(points, layers.Dense(1)(points)),
    )
    with pytest.raises(ValueError, match=r"no weight in common.*Received.*own/kernel"):
        own.initialize_from(other)
    with pytest.raises(ValueError, match="Received: 'nosuch'"):
        own.initialize_from("nosuch")
    high, low = (keras.Sequential([keras.Input((2,)), layers.Dense(1, name="same")]) for _ in "12")
    nested = ganzoo.GAN(
        keras.Model(latents, layers.Dense(2, name="own")(latents)),
        keras.Model(points, layers.Add()([high(points), low(points)])),
    )
    with pytest.raises(ValueError, match=r"a name of its own.*Received: 'same' more than once"):
        nested.initialize_from(nested)
    gan.fit(dense.dataset(16), batch_size=8, steps=1, verbose=0)
    with pytest.raises(ValueError, match=r"has not been trained.*Received: a GAN after step 1"):
        gan.initialize_from(dense.build())


SETUP = """
import os
import keras
import numpy as np
import ganzoo
from support.gans import dense

data, folder = dense.dataset(), {folder!r}


class Kill(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 4:
            os._exit(0)


def run(name, *callbacks):
    built = dense.build(seed=1)
    gan = ganzoo.GAN(built.generator, built.discriminator)
    assert not gan.initialize_from(folder + "/source").left
    frozen = gan.freeze_discriminator(1)
    gan.compile(steps_per_execution=1)
    checkpoint = ganzoo.callbacks.AtomicCheckpoint(folder + name, every=2, unit="steps")
    gan.fit(data, batch_size=8, steps=6, verbose=0, callbacks=[checkpoint, *callbacks])
    return gan, frozen


"""
KILLED = """
source = dense.build(seed=0)
source.fit(data, batch_size=16, steps=1, verbose=0)
source.save_to_preset(folder + "/source")
run("/run", Kill())
raise AssertionError("the run went on")
"""
RESUMED = """
(whole, frozen), (resumed, _) = run("/whole"), run("/run")
assert resumed.step == whole.step == 6
for a, b in zip(dense.state(whole), dense.state(resumed), strict=True):
    np.testing.assert_array_equal(a, b)
source = ganzoo.GAN.from_preset(folder + "/source")
first, *others = whole.discriminator.weights, source.discriminator.weights
same = [np.array_equal(a, b) for a, b in zip(first, *others, strict=True)]
assert len(frozen) == 1 and all(same[:3]) and not all(same[3:])  # A kernel, its vector, a bias.
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_killed_run_with_frozen_layers_continues_as_if_uninterrupted(backend, tmp_path):
    setup = SETUP.format(folder=str(tmp_path))
    run_python(setup + KILLED, backend=backend)
    run_python(setup + RESUMED, backend=backend)
