"""Published models that are not in the package, downloaded file by file from loopback."""

import json

import numpy as np
import pytest
from presets.test_preset_downloads import serving

import ganzoo
from ganzoo.presets import PresetError, builtin
from ganzoo_cli import package
from support import presets


@pytest.fixture(scope="module")
def gan():
    return presets.mlp_gan()


@pytest.fixture
def server(gan, tmp_path, monkeypatch):
    """A server of a model that the package knows only by its index."""
    source = tmp_path / "source" / "large"
    gan.save_to_preset(source)
    monkeypatch.setattr(builtin, "LARGEST_IN_PACKAGE", 0)
    installed = tmp_path / "installed"
    installed.mkdir()
    index = builtin.index_of({"large": source}, {"large": {"summary": "a large model"}})
    (installed / builtin.INDEX).write_text(json.dumps(index))
    monkeypatch.setattr(builtin, "_FOLDERS", (installed,))
    monkeypatch.setattr(package, "_PRESETS", (installed,))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    with serving() as running:
        for path in source.iterdir():
            running.answers[f"models/large/{path.name}"] = path.read_bytes()
        monkeypatch.setenv(builtin.URL_VARIABLE, running.url("models/"))
        yield running


def test_a_large_model_is_listed_downloaded_once_and_verified(gan, server):
    assert ganzoo.list_models() == package.preset_names() == ["large"]
    assert ganzoo.presets.facts_of("large")["summary"] == "a large model"
    assert ganzoo.presets.needs_download("large")
    assert not server.requests

    loaded = ganzoo.GAN.from_preset("large")

    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    assert loaded.preset["name"] == "large"
    asked = len(server.requests)
    assert sorted(server.requests) == sorted(f"/{path}" for path in server.answers)
    ganzoo.GAN.from_preset("large")
    assert len(server.requests) == asked
    # A damaged file in the cache is fetched again.
    next(builtin.folder_of("large").glob("config.json")).write_text("{}")
    ganzoo.GAN.from_preset("large")
    assert server.requests[asked:] == ["/models/large/config.json"]


@pytest.mark.parametrize("file", ["metadata.json", "generator.safetensors"])
def test_a_file_with_another_hash_is_refused(server, file):
    content = bytearray(server.answers[f"models/large/{file}"])
    content[-2] ^= 1
    server.answers[f"models/large/{file}"] = bytes(content)
    with pytest.raises(PresetError, match=rf"nothing of it was used. Received: .*{file}: .*hash"):
        ganzoo.GAN.from_preset("large")


def test_errors_say_what_to_set(server, monkeypatch):
    server.answers.clear()
    with pytest.raises(PresetError, match=r"could not be downloaded.*Received: http.*metadata"):
        ganzoo.GAN.from_preset("large")
    monkeypatch.delenv(builtin.URL_VARIABLE)
    with pytest.raises(PresetError, match=r"set GANZOO_MODELS_URL to .* Received: GANZOO_MODELS"):
        ganzoo.GAN.from_preset("large")
