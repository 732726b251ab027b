"""Directions as a file of a preset: stored, found by themselves, verified, removed."""

import io
import json
import shutil
import warnings
import zipfile

import numpy as np
import pytest

import ganzoo
from ganzoo.explore import Explorer
from ganzoo.generation import Directions
from ganzoo.generation.directions import current_directions
from ganzoo.presets import PresetError
from ganzoo_cli.main import main
from support import presets


@pytest.fixture(scope="module")
def gan():
    return presets.image_gan(architecture="small")


@pytest.fixture(scope="module")
def found(gan):
    return gan.directions("sefa", k=2).select([0, 1], names=["smile", "age"])


@pytest.fixture(scope="module")
def original(gan, found, tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "preset"
    gan.save_to_preset(path, directions=found)
    return path


@pytest.fixture
def folder(original, tmp_path):
    """A copy of the preset, which a test may damage."""
    return shutil.copytree(original, tmp_path / "preset")


def manifest(folder):
    return json.loads((folder / "metadata.json").read_text())


def same(mine, yours):
    np.testing.assert_allclose(mine.vectors, yours.vectors, rtol=1e-6)
    assert (mine.names, mine.space, mine.method) == (yours.names, yours.space, yours.method)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_preset_holds_the_directions_of_its_generator(gan, found, tmp_path, dtype):
    gan.save_to_preset(tmp_path / "preset", dtype=dtype, directions=found)
    assert manifest(tmp_path / "preset")["files"]["directions.npz"]["size"] > 0
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    same(loaded.stored_directions, found)
    # They move the samples of the stored weights, which float16 has rounded.
    latents = gan.latents_of([3])
    moved = loaded.edit(latents, loaded.stored_directions, {"smile": 2.0})
    assert np.abs(moved.astype(int) - gan.edit(latents, found, {"smile": 2.0})).max() <= 1
    # A loaded GAN keeps them, as long as its weights are the same.
    loaded.save_to_preset(tmp_path / "again")
    same(ganzoo.GAN.from_preset(tmp_path / "again").stored_directions, found)
    loaded.inference_generator.weights[0].assign_add(
        np.ones(loaded.inference_generator.weights[0].shape)
    )
    assert current_directions(loaded) is None
    loaded.save_to_preset(tmp_path / "other")
    assert ganzoo.GAN.from_preset(tmp_path / "other").stored_directions is None


def test_statistics_of_a_virtual_batch_are_computed_again(tmp_path):
    gan = presets.virtual_batch_gan()
    gan.save_to_preset(tmp_path / "preset", directions=gan.directions("sefa", k=1))
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    edits = [
        model.edit(model.latents_of([1]), loaded.stored_directions, {0: 1.0})
        for model in (gan, loaded)
    ]
    np.testing.assert_array_equal(*edits)
    assert not np.array_equal(edits[0], loaded.sample(1, seed=1))


def test_directions_are_stored_with_a_preset_that_exists(gan, found, tmp_path):
    gan.save_to_preset(tmp_path / "preset")
    before = manifest(tmp_path / "preset")
    ganzoo.presets.store_directions(tmp_path / "preset", found)
    same(ganzoo.GAN.from_preset(tmp_path / "preset").stored_directions, found)
    assert list(manifest(tmp_path / "preset")["files"]) == sorted(
        [*before["files"], "directions.npz"]
    )
    ganzoo.presets.store_directions(tmp_path / "preset", found.select(["age"]))
    assert ganzoo.GAN.from_preset(tmp_path / "preset").stored_directions.names == ("age",)
    ganzoo.presets.store_directions(tmp_path / "preset", None)
    assert manifest(tmp_path / "preset") == before
    assert ganzoo.GAN.from_preset(tmp_path / "preset").stored_directions is None


def test_directions_of_others_are_not_stored(gan, found, folder, tmp_path):
    other = presets.image_gan(conditional=True, architecture="small")
    with pytest.raises(ValueError, match=r"were found with another generator.*Received"):
        other.save_to_preset(tmp_path / "other", directions=found)
    for wrong, message in (
        (other.directions("sefa", k=1), "were found with another generator"),
        (Directions(np.eye(3)), "must have 4 dimensions"),
        (Directions(np.eye(4), space="styles"), "has no styles"),
        (np.eye(4), "must be a `ganzoo.generation.Directions`"),
    ):
        with pytest.raises(ValueError, match=message):
            ganzoo.presets.store_directions(folder, wrong)
    same(ganzoo.GAN.from_preset(folder).stored_directions, found)
    assert not (tmp_path / "other").exists()


def _archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _settings(**changes):
    plain = {"format": 1, "space": "latents", "rows": None, "method": "", "model": None}
    arrays = {"vectors": np.eye(4), "values": np.ones(4), "units": np.ones(4)}
    settings = {**plain, "names": list("abcd"), **changes}
    return _archive(settings=np.array(json.dumps(settings)), **arrays)


def _bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.npy", bytes(2**27))
    return file.getvalue()


@pytest.mark.parametrize(
    "content, message",
    [
        (b"no archive", "BadZipFile"),
        (_bomb(), "its arrays have 134,217,728 bytes"),
        (_archive(vectors=np.array([{}], object)), "Object arrays cannot be loaded|KeyError"),
        (_settings(model="0" * 64), "they belong to another generator"),
        (_settings(space="styles", rows=[0]), "has no styles"),
        (_settings(rows=[0]), "Only styles have rows"),
        (_settings(names=["a"]), "4 different names"),
        (_settings(names=4), "not iterable"),
        (_settings(model=7), "`model` must be a text"),
        (_settings(format=2), "another format"),
    ],
)
def test_a_preset_with_other_content_is_refused(folder, content, message):
    presets.rewrite(folder, "directions.npz", content)
    with pytest.raises(PresetError, match=rf"(?s)does not hold directions of this.*{message}"):
        ganzoo.GAN.from_preset(folder)
    # The rest of the preset is not lost.
    ganzoo.presets.store_directions(folder, None)
    assert ganzoo.GAN.from_preset(folder).stored_directions is None


def test_a_damaged_file_is_refused_and_an_unlisted_one_is_not_read(folder):
    content = (folder / "directions.npz").read_bytes()
    (folder / "directions.npz").write_bytes(content[:-1] + b"x")
    with pytest.raises(PresetError, match=r"directions.npz is damaged.*Received: sha256"):
        ganzoo.GAN.from_preset(folder)
    ganzoo.presets.store_directions(folder, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ganzoo.GAN.from_preset(folder)
    (folder / "directions.npz").write_bytes(content)
    with pytest.warns(UserWarning, match=r"does not list directions.npz.*store_directions"):
        assert ganzoo.GAN.from_preset(folder).stored_directions is None


@pytest.mark.slow
def test_pages_and_commands_find_them(gan, found, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert Explorer(ganzoo.GAN.from_preset(folder)).directions.names == ("smile", "age")
    assert main(["directions", str(folder), "--steps=2"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"2 directions are stored with {folder}") and "smile" in printed
    assert main(["interpolate", str(folder), "--along=age", "--steps=2"]) == 0
    assert "1 x 3 images" in capsys.readouterr().out
    assert main(["directions", str(folder), "--method=sefa", "--n=3", "--steps=1"]) == 0
    assert "3 directions in" in capsys.readouterr().out
    gan.save_to_preset(tmp_path / "plain")
    for arguments, message in (
        (["interpolate", str(folder), "--along=hat"], "Directions: smile, age. Received: 'hat'"),
        (["interpolate", "plain", "--along=age"], "No directions are stored with this model"),
        (["interpolate", "plain", "--directions=none"], "No such file or directory: 'none'"),
        (["directions", str(folder), "--n=3"], "--n must be at most 2"),
        (["directions", str(folder), "--layers=first"], "give --method too"),
        (["directions", "plain", "--method=stored"], "No directions are stored with this model"),
    ):
        assert main(arguments) == 2
        assert message in capsys.readouterr().err
