import json
import struct

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.presets import PresetError, builtin, loading, safetensors
from ganzoo.runs.run_folder import load_model
from support import presets
from support.processes import run_python

GANS = {
    "plain": lambda: presets.image_gan(architecture="small"),
    "conditional": lambda: presets.image_gan(conditional=True, architecture="small"),
    "virtual batch": presets.virtual_batch_gan,
    "semi-supervised": lambda: presets.semi_supervised_gan("small"),
    "vectors": presets.mlp_gan,
}


@pytest.mark.parametrize("make", GANS.values(), ids=GANS.keys())
def test_a_loaded_gan_samples_the_same_without_compile(tmp_path, make):
    gan = make()
    gan.save_to_preset(tmp_path / "preset")
    loaded = type(gan).from_preset(tmp_path / "preset")
    assert type(loaded) is type(gan)
    np.testing.assert_array_equal(loaded.sample(5, seed=2), gan.sample(5, seed=2))
    for ours, theirs in zip(presets.weights_of(loaded), presets.weights_of(gan), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name in ("latent", "latent_dim", "num_classes", "packing", "seed", "name"):
        assert getattr(loaded, name) == getattr(gan, name)


def test_a_loaded_gan_continues_from_the_weights_that_sampled(tmp_path):
    gan = presets.mlp_gan()
    gan.save_to_preset(tmp_path / "preset")
    loaded = ganzoo.GAN.from_preset(str(tmp_path / "preset"))
    for weight, sampled in zip(
        loaded.generator.weights, gan.inference_generator.weights, strict=True
    ):
        np.testing.assert_array_equal(weight, sampled)
    loaded.compile(g_optimizer="adam", d_optimizer="adam", jit_compile=False)
    vectors = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    loaded.fit(vectors, batch_size=4, epochs=1, verbose=0)
    assert loaded.step == 2
    assert np.abs(loaded.generator.weights[0] - gan.inference_generator.weights[0]).max() > 0


def test_a_loaded_classifier_classifies_the_same(tmp_path):
    gan = presets.semi_supervised_gan("small")
    gan.save_to_preset(tmp_path / "preset", discriminator=False)
    images = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), "uint8")
    logits = keras.ops.convert_to_numpy(_classifier(gan)(images / np.float32(255)))
    assert logits.std(axis=0).min() > 0
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(_classifier(loaded)(images / np.float32(255)), logits)
    np.testing.assert_array_equal(loaded.classify(images), gan.classify(images))
    np.testing.assert_array_equal(
        loaded.discriminator.get_weights()[0], _classifier(gan).weights[0]
    )


def _classifier(gan):
    return gan.preset_networks()["discriminator"]


def test_virtual_batch_statistics_match_the_weights_that_sample(tmp_path):
    gan = presets.virtual_batch_gan()
    gan.save_to_preset(tmp_path / "preset")
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    stored = loaded.inference_generator.get_weights()
    loaded.sample(1)  # Computes them again.
    for before, after in zip(stored, loaded.inference_generator.get_weights(), strict=True):
        np.testing.assert_allclose(before, after, rtol=1e-5, atol=1e-6)


def test_float16_halves_the_file_and_keeps_samples_within_a_gray_level(tmp_path):
    gan = presets.image_gan(architecture="small")
    for dtype in ("float32", "float16"):
        gan.save_to_preset(tmp_path / dtype, dtype=dtype)
    exact, half = (
        (tmp_path / dtype / "generator.safetensors").stat().st_size
        for dtype in ("float32", "float16")
    )
    assert exact - half > 1.9 * sum(
        w.size for w in gan.inference_generator.get_weights() if w.ndim > 1
    )
    loaded = ganzoo.GAN.from_preset(tmp_path / "float16")
    difference = loaded.sample(64).astype("int32") - gan.sample(64)
    assert np.abs(difference).max() <= 1


def test_float16_is_refused_where_it_changes_samples(tmp_path):
    latents, images = keras.Input((2,)), keras.Input((1, 1, 1))
    hidden = keras.layers.Dense(2, kernel_initializer="ones", use_bias=False)(latents)
    pixel = keras.layers.Dense(1, activation="tanh", use_bias=False)(hidden)
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    generator = keras.Model(latents, keras.layers.Reshape((1, 1, 1))(pixel))
    gan = ganzoo.GAN(generator, keras.Model(images, logits))
    kernel = gan.inference_generator.weights[-1]
    kernel.assign([[1000.3], [-1000.0]])  # 0.3 in all, but 0.5 in float16.
    with pytest.raises(PresetError, match=r"one gray level.*Received: a difference"):
        gan.save_to_preset(tmp_path / "preset", dtype="float16")
    kernel.assign(np.full(kernel.shape, 1e6))
    with pytest.raises(PresetError, match=r"must be finite.*float16"):
        gan.save_to_preset(tmp_path / "preset", dtype="float16")
    assert list(tmp_path.iterdir()) == []


def test_weights_are_a_safetensors_file(tmp_path):
    gan = presets.mlp_gan()
    gan.save_to_preset(tmp_path / "preset")
    content = (tmp_path / "preset" / "generator.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    assert (8 + length) % 8 == 0
    for weight, (key, entry) in zip(gan.inference_generator.weights, header.items(), strict=True):
        begin, end = entry["data_offsets"]
        array = np.frombuffer(content[8 + length :][begin:end], "<f4").reshape(entry["shape"])
        assert entry["dtype"] == "F32" and key.endswith(f"/{weight.name}")
        np.testing.assert_array_equal(array, weight)


def test_recipe_metrics_and_card_are_in_the_folder(tmp_path):
    recipe = ganzoo.recipes.get("sngan")
    gan = presets.mlp_gan()
    gan.save_to_preset(tmp_path / "p", recipe, metrics={"fid": 12.5}, card="# Vectors\n")
    assert ganzoo.recipes.Recipe.from_json((tmp_path / "p/recipe.json").read_text()) == recipe
    assert json.loads((tmp_path / "p/metrics.json").read_text()) == {"fid": 12.5}
    assert (tmp_path / "p/README.md").read_text() == "# Vectors\n"
    metadata = json.loads((tmp_path / "p/metadata.json").read_text())
    assert metadata["format"] == 1 and metadata["ganzoo"] == ganzoo.__version__
    assert metadata["keras"] == keras.__version__ and metadata["class_name"] == "GAN"
    present = {path.name for path in (tmp_path / "p").iterdir()}
    assert present == {*metadata["files"], "metadata.json"}


def test_a_discriminator_without_stored_weights_starts_with_new_ones(tmp_path):
    gan = presets.mlp_gan()
    gan.save_to_preset(tmp_path / "preset", discriminator=False)
    assert not (tmp_path / "preset" / "discriminator.safetensors").exists()
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    assert np.abs(loaded.discriminator.get_weights()[0]).max() > 0


def test_a_discriminator_that_no_file_bounds_must_be_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "MAX_UNSTORED_PARAMETERS", 3)
    with pytest.raises(PresetError, match=r"no weights of its discriminator.*at most 3"):
        presets.mlp_gan().save_to_preset(tmp_path / "preset", discriminator=False)
    assert list(tmp_path.iterdir()) == []
    presets.mlp_gan().save_to_preset(tmp_path / "preset")
    ganzoo.GAN.from_preset(tmp_path / "preset")


def test_a_folder_is_not_overwritten(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"must be empty or not exist.*Received: folder="):
        presets.mlp_gan().save_to_preset(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_failed_save_leaves_nothing(tmp_path, monkeypatch):
    def fail(file, *_):
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(safetensors, "write", fail)
    with pytest.raises(OSError, match="no space left"):
        presets.mlp_gan().save_to_preset(tmp_path / "preset")
    assert list(tmp_path.iterdir()) == []


def test_nested_compiled_networks_are_stored_without_their_compile_configs(tmp_path):
    def dense(name, outputs):
        network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(outputs)], name=name)
        network.compile("sgd", loss="mse")
        latents = keras.Input((3,))
        return keras.Model(latents, network(latents))

    gan = ganzoo.GAN(dense("inner_generator", 3), dense("inner_discriminator", 1))
    gan.save_to_preset(tmp_path / "preset")
    assert "compile_config" not in (tmp_path / "preset" / "config.json").read_text()
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))


def test_forbidden_content_is_refused_before_anything_is_written(tmp_path):
    latents = keras.Input((3,))
    outside = keras.Model(latents, keras.ops.sin(latents))
    discriminator = keras.Model(latents, keras.layers.Dense(1)(latents))
    with pytest.raises(PresetError, match=r"may only name.*class_name='Sin'"):
        ganzoo.GAN(outside, discriminator).save_to_preset(tmp_path / "preset")
    gan = presets.mlp_gan()
    with pytest.raises(ValueError, match=r"`recipe` must be.*Received: recipe of type str"):
        gan.save_to_preset(tmp_path / "preset", recipe="sngan")
    with pytest.raises(ValueError, match=r"`metrics` cannot be written as JSON"):
        gan.save_to_preset(tmp_path / "preset", metrics={"fid": float("nan")})
    with pytest.raises(ValueError, match=r"`card` must be a text. Received: card of type list"):
        gan.save_to_preset(tmp_path / "preset", card=["a"])
    gan.inference_generator.weights[0].assign(
        np.full(gan.inference_generator.weights[0].shape, np.nan)
    )
    with pytest.raises(PresetError, match="must be finite"):
        gan.save_to_preset(tmp_path / "preset")
    assert list(tmp_path.iterdir()) == []


def test_published_models_are_listed_and_loaded_by_name(tmp_path, monkeypatch):
    gan = presets.mlp_gan()
    gan.save_to_preset(tmp_path / "models" / "vectors")
    (tmp_path / "models" / "unfinished").mkdir()
    monkeypatch.setattr(builtin, "_FOLDERS", (tmp_path / "absent", tmp_path / "models"))
    assert ganzoo.list_models() == ["vectors"]
    loaded = ganzoo.GAN.from_preset("vectors")
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    with pytest.raises(
        PresetError, match=r"Did you mean 'vectors'.*Published: .*Received: 'vector'"
    ):
        ganzoo.GAN.from_preset("vector")
    with pytest.raises(PresetError, match=r"Expected a preset of a `SemiSupervisedGAN`"):
        ganzoo.SemiSupervisedGAN.from_preset("vectors")
    with pytest.raises(ValueError, match=r"`sha256` is the hash of the archive at a URL"):
        ganzoo.GAN.from_preset("vectors", sha256="0" * 64)


def test_an_unfinished_preset_is_not_listed(tmp_path, monkeypatch):
    (tmp_path / ".tiny.123.partial.tiny").mkdir()
    (tmp_path / ".tiny.123.partial.tiny" / "metadata.json").write_text("{}")
    monkeypatch.setattr(builtin, "_FOLDERS", (tmp_path,))
    assert ganzoo.list_models() == []


def test_commands_take_a_preset_for_a_model(tmp_path):
    gan = presets.mlp_gan()
    gan.save_to_preset(tmp_path / "preset")
    np.testing.assert_array_equal(load_model(tmp_path / "preset").sample(3), gan.sample(3))


def test_presets_of_a_later_format_ask_for_a_newer_version(tmp_path):
    presets.mlp_gan().save_to_preset(tmp_path / "preset")
    path = tmp_path / "preset" / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(PresetError, match=r"reads presets of format 1.*Received: format=2"):
        ganzoo.GAN.from_preset(tmp_path / "preset")


def test_presets_are_the_same_on_both_backends(tmp_path):
    gan = presets.image_gan(conditional=True, architecture="small")
    gan.save_to_preset(tmp_path / "tensorflow")
    np.save(tmp_path / "samples.npy", gan.sample(4))
    run_python(
        f"""
import numpy as np, ganzoo
gan = ganzoo.GAN.from_preset({str(tmp_path / "tensorflow")!r})
samples = gan.sample(4).astype("int32")
assert np.abs(samples - np.load({str(tmp_path / "samples.npy")!r})).max() <= 1
gan.save_to_preset({str(tmp_path / "jax")!r})
""",
        backend="jax",
        without_tensorflow=True,
    )
    back = ganzoo.GAN.from_preset(tmp_path / "jax")
    np.testing.assert_array_equal(back.sample(4), gan.sample(4))
