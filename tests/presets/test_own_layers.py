"""Registered layers of your own in presets: saved, and loaded where the package is allowed."""

import json

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.presets import PresetError
from support import presets


@keras.saving.register_keras_serializable(package="mypackage")
class Scale(keras.layers.Layer):
    """A layer with a weight and a setting."""

    def __init__(self, factor=1.0, initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.scale = self.add_weight(
            name="scale", shape=(input_shape[-1],), initializer=self.initializer
        )

    def call(self, inputs):
        return inputs * self.scale * self.factor

    def get_config(self):
        initializer = keras.saving.serialize_keras_object(self.initializer)
        return {**super().get_config(), "factor": self.factor, "initializer": initializer}


@keras.saving.register_keras_serializable(package="mypackage")
class Halves(keras.initializers.Initializer):
    """An initializer without settings."""

    def __call__(self, shape, dtype=None, **kwargs):
        return keras.ops.full(shape, 0.5, dtype)


class Unregistered(Scale):
    """A layer that Keras does not know by a name."""


@keras.saving.register_keras_serializable(package="mypackage")
def not_a_layer(inputs):
    return inputs


def _gan(layer):
    latents, vectors = keras.Input((3,)), keras.Input((2,))
    x = layer(keras.layers.Dense(2)(latents))
    logits = keras.layers.Dense(1)(vectors)
    return ganzoo.GAN(keras.Model(latents, x), keras.Model(vectors, logits), seed=3)


@pytest.fixture
def preset(tmp_path):
    gan = _gan(Scale(2.0, initializer=Halves()))
    gan.save_to_preset(tmp_path / "preset")
    return gan, tmp_path / "preset"


def test_registered_layers_are_saved_and_loaded_where_their_package_is_allowed(preset):
    gan, folder = preset
    loaded = ganzoo.GAN.from_preset(folder, allow=["mypackage"])
    np.testing.assert_array_equal(loaded.sample(4), gan.sample(4))
    (scale,) = (layer for layer in loaded.generator.layers if isinstance(layer, Scale))
    assert scale.factor == 2.0 and isinstance(scale.initializer, Halves)


def test_float16_is_compared_with_own_layers_too(tmp_path):
    _gan(Scale(2.0)).save_to_preset(tmp_path / "preset", dtype="float16")
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset", allow=("mypackage",))

    assert any(type(layer).__name__ == "Scale" for layer in loaded.ema_generator.layers)


@pytest.mark.parametrize("allow", [(), ["otherpackage"], ["MyPackage"], ["mypackage.layers"]])
def test_a_package_that_is_not_allowed_is_refused_with_what_to_do(preset, allow):
    with pytest.raises(
        PresetError,
        match=r"needs the class 'Scale' of the package 'mypackage'.*If you trust this package.*"
        r"pass `allow=\['mypackage'\]`.*Received: class_name='Scale'.*allow=\[",
    ):
        ganzoo.GAN.from_preset(preset[1], allow=allow)


def test_an_allowed_package_whose_class_is_not_registered_here_is_refused(preset, monkeypatch):
    registered = keras.saving.get_custom_objects()
    monkeypatch.delitem(registered, "mypackage>Scale")
    with pytest.raises(PresetError, match=r"no layer.*is registered in this process. Import"):
        ganzoo.GAN.from_preset(preset[1], allow=["mypackage"])


def test_nothing_of_a_package_runs_that_is_not_allowed(preset, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a layer was built")

    monkeypatch.setattr(Scale, "__init__", fail)
    monkeypatch.setattr(Scale, "from_config", fail)
    with pytest.raises(PresetError, match=r"needs the class 'Scale'"):
        ganzoo.GAN.from_preset(preset[1])


def test_sizes_are_checked_before_an_allowed_layer_runs(preset, monkeypatch):
    def enlarge(config):
        _own_layer(config)["config"]["factor"] = 2**40

    presets.edit_config(preset[1], enlarge)
    monkeypatch.setattr(Scale, "__init__", lambda *_, **__: pytest.fail("a layer was built"))
    with pytest.raises(PresetError, match=r"No network has such a size"):
        ganzoo.GAN.from_preset(preset[1], allow=["mypackage"])


@pytest.mark.parametrize(
    ("name", "registered", "message"),
    [
        # A function of the package, a class of ganzoo that is no part of a network, a name that
        # belongs to another class, and names that Keras would resolve in a module.
        ("not_a_layer", "mypackage>not_a_layer", r"no layer, initializer or constraint"),
        ("GAN", "ganzoo>GAN", r"may only name"),
        ("Lambda", "mypackage>Scale", r"no layer, initializer or constraint"),
        ("get_file", "keras>get_file", r"may only name"),
        ("Lambda", "Lambda", r"may only name"),
        ("Scale", ">Scale", r"may only name"),
        ("Scale", None, r"may only name"),
    ],
)
def test_allowing_a_package_allows_nothing_else(preset, name, registered, message):
    def edit(config):
        _own_layer(config).update(class_name=name, registered_name=registered)

    presets.edit_config(preset[1], edit)
    with pytest.raises(PresetError, match=message):
        ganzoo.GAN.from_preset(preset[1], allow=["mypackage"])


@pytest.mark.parametrize(
    "allow", ["mypackage", [1], {"mypackage"}, ["ganzoo"], ["keras"], ["Keras"], [""], ["a>b"], 3]
)
def test_allow_is_a_list_of_names_of_packages(preset, allow):
    with pytest.raises(ValueError, match=r"`allow` must .*Received: allow="):
        ganzoo.GAN.from_preset(preset[1], allow=allow)


def test_an_unregistered_layer_is_refused_when_it_is_saved(tmp_path):
    # Without such a scope, Keras does not even copy the network for its average.
    with (
        keras.saving.custom_object_scope({"Unregistered": Unregistered}),
        pytest.raises(
            PresetError,
            match=r"Decorate a class of your own with `@keras.saving.register_keras_serializable"
            r'.*`allow=\["mypackage"\]`. Received: class_name=\'Unregistered\'',
        ),
    ):
        _gan(Unregistered(2.0)).save_to_preset(tmp_path / "preset")
    assert list(tmp_path.iterdir()) == []


def _own_layer(config):
    layers = config["generator"]["config"]["layers"]
    (layer,) = (layer for layer in layers if layer["class_name"] == "Scale")
    return layer


def test_the_stored_config_names_the_package(preset):
    config = json.loads((preset[1] / "config.json").read_text())
    assert _own_layer(config)["registered_name"] == "mypackage>Scale"
