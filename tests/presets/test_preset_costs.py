"""A preset costs no more than its size suggests, and what is loaded is what was verified."""

import json
import resource
import struct

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.presets import PresetError, dry_build, loading, read_metrics
from support import presets

SIDE = 2**14


@pytest.fixture
def folder(tmp_path):
    presets.mlp_gan().save_to_preset(tmp_path / "preset", metrics={"fid": 1})
    return tmp_path / "preset"


def _plain(network):
    def without(config):
        """Returns a config without what its networks were compiled with."""
        if isinstance(config, list):
            return [without(part) for part in config]
        if not isinstance(config, dict):
            return config
        return {name: without(part) for name, part in config.items() if name != "compile_config"}

    return without(json.loads(json.dumps(keras.saving.serialize_keras_object(network))))


def _generator(scale, layers=(), nested=False, twice=False):
    """Returns the config of a generator of vectors that goes through images.

    Args:
        scale: Factor by which an inner layer enlarges an image of 1 by 2 pixels, in the config.
        layers: Layers after it.
        nested: Whether these layers are a network of their own.
        twice: Whether the enlarging layer is called twice.
    """

    def build(factor):
        images = keras.Input((1, 2, 1))
        larger = keras.layers.UpSampling2D(factor, name="larger")
        x = larger(images)
        if twice:
            x = keras.layers.Add()([x, larger(keras.layers.ReLU()(images))])
        for layer in layers:
            x = layer(x)
        x = keras.layers.GlobalAveragePooling2D()(x)
        inner = keras.Model(images, x, name="inner")
        latents = keras.Input((3,))
        h = keras.layers.Reshape((1, 2, 1))(keras.layers.Dense(2)(latents))
        outputs = inner(h) if nested else _call(inner, h)
        return keras.Model(latents, keras.layers.Dense(2)(outputs))

    text = json.dumps(_plain(build(2)))
    return json.loads(text.replace('"size": [2, 2]', f'"size": [{scale}, {scale}]'))


def _call(network, inputs):
    """Calls the layers of a network one by one, so that they belong to the network around it."""
    values = {network.inputs[0]: inputs}
    for node in [n for layer in network.layers[1:] for n in layer._inbound_nodes]:
        arguments = [values[t] for t in node.input_tensors]
        output = node.operation(arguments[0] if len(arguments) == 1 else arguments)
        values[node.output_tensors[0]] = output
    return values[network.outputs[0]]


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def assert_refused(folder, generator, match):
    def edit(config):
        config["generator"] = generator
        for layer in config["generator"]["config"]["layers"]:
            layer.pop("build_config", None)

    presets.edit_config(folder, edit)
    before = _peak()
    with pytest.raises(PresetError, match=match):
        ganzoo.GAN.from_preset(folder)
    assert _peak() - before < 200  # Megabytes.


@pytest.mark.parametrize("nested", [False, True])
def test_large_activations_are_refused_in_inner_networks_too(folder, nested):
    assert_refused(folder, _generator(SIDE, nested=nested), r"in each layer.*larger.*16384, 32768")


def test_large_activations_of_a_layer_with_two_calls_are_refused(folder):
    assert_refused(folder, _generator(SIDE, twice=True), r"in each layer.*larger.*16384, 32768")


@pytest.mark.parametrize("scale, match", [(SIDE, "in each layer"), (2**11, "no weights")])
def test_arrays_that_a_layer_makes_from_its_config_are_bounded(folder, scale, match):
    layer = keras.layers.Normalization(axis=(1, 2, 3), mean=0.0, variance=1.0)
    assert_refused(folder, _generator(scale, [layer]), match)


@pytest.mark.parametrize("initializer", ["orthogonal", "identity", "glorot_uniform", "ones"])
def test_initializers_compute_nothing_before_the_weights_are_known(folder, initializer):
    latents = keras.Input((3,))
    x = keras.layers.Dense(4, kernel_initializer=initializer, name="large")(latents)
    x = keras.layers.Dense(4, kernel_initializer=initializer, name="larger")(x)
    config = json.dumps(_plain(keras.Model(latents, keras.layers.Dense(2)(x))))
    config = json.loads(config.replace('"units": 4', f'"units": {SIDE}'))
    # The weights of the file are smaller than these.
    assert_refused(folder, config, "generator.safetensors|weights")


def test_sides_that_are_not_known_are_refused(folder):
    config = _generator(2, nested=True)
    text = json.dumps(config).replace(
        '"batch_shape": [null, 1, 2, 1]', '"batch_shape": [null, null, null, 1]'
    )
    assert_refused(folder, json.loads(text), "sides that are known")


def test_a_small_normalization_is_loaded(tmp_path):
    latents, vectors = keras.Input((3,)), keras.Input((2,))
    x = keras.layers.Normalization(mean=[0.0, 1.0], variance=[1.0, 2.0])(
        keras.layers.Dense(2)(latents)
    )
    gan = ganzoo.GAN(keras.Model(latents, x), keras.Model(vectors, keras.layers.Dense(1)(vectors)))
    gan.save_to_preset(tmp_path / "preset")
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))


def test_expected_weights_are_those_of_the_networks():
    gan = presets.image_gan(conditional=True)
    config = {player: _plain(getattr(gan, player)) for player in ("generator", "discriminator")}
    found = dry_build.expected_weights(config)
    for player, weights in found.items():
        network = getattr(gan, player)
        assert [shape for _, shape, _ in weights] == [tuple(w.shape) for w in network.weights]


@pytest.mark.parametrize("change", ["zeros", "shorter", "longer"])
def test_weights_that_change_after_their_hash_was_checked_are_refused(
    tmp_path, monkeypatch, change
):
    # Larger than the buffer of an open file, which would hide the change.
    latents, vectors = keras.Input((3,)), keras.Input((2,))
    x = keras.layers.Dense(2)(keras.layers.Dense(10_000)(latents))
    gan = ganzoo.GAN(keras.Model(latents, x), keras.Model(vectors, keras.layers.Dense(1)(vectors)))
    gan.save_to_preset(tmp_path / "preset")
    path, build = tmp_path / "preset" / "generator.safetensors", loading._build
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    changed = {
        "zeros": content[:start] + bytes(len(content) - start),
        "shorter": content[:-4],
        "longer": content + b"1234",
    }[change]

    def swap(*arguments):
        with open(path, "r+b") as file:
            file.write(changed)
            file.truncate()
        return build(*arguments)

    monkeypatch.setattr(loading, "_build", swap)
    with pytest.raises(PresetError, match=r"while it was loaded"):
        ganzoo.GAN.from_preset(tmp_path / "preset")


def test_metrics_are_verified_before_they_are_parsed(folder):
    assert read_metrics(folder) == {"fid": 1}
    (folder / "metrics.json").write_text(
        '{"fid": 0}'.ljust(len((folder / "metrics.json").read_text()))
    )
    with pytest.raises(PresetError, match=r"metrics\.json"):
        read_metrics(folder)
