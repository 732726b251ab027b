"""Presets on a Hugging Face Hub, which is here one on loopback."""

import sys
import warnings

import numpy as np
import pytest

import ganzoo
from ganzoo import hub
from ganzoo.files import describe_file
from ganzoo.presets import PresetError, lookup, manifest
from ganzoo_cli.main import main
from support import fake_hub, presets

ADDRESS = "hf://me/mine"


@pytest.fixture(scope="module")
def gan():
    return presets.mlp_gan()


@pytest.fixture(scope="module")
def folder(gan, tmp_path_factory):
    path = tmp_path_factory.mktemp("hub") / "preset"
    gan.save_to_preset(path, card="# A card\n")
    (path / "samples.png").write_bytes(b"not loaded")
    return path


@pytest.fixture
def server(folder, tmp_path, monkeypatch):
    with fake_hub.running(monkeypatch, tmp_path / "cache") as server:
        server.commit_folder("me/mine", folder)
        yield server


def downloads(server):
    """Returns the names of the files that were sent."""
    return {line.rpartition("/")[2] for line in server.requests if line.startswith("GET /me")}


def test_a_preset_is_downloaded_once_and_only_what_is_loaded(gan, folder, server):
    commit, _ = server.files("model", "me/mine")

    loaded = ganzoo.GAN.from_preset(ADDRESS)

    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    assert loaded.preset["name"] == f"{ADDRESS}@{commit}"
    listed = manifest.read(folder).files
    assert downloads(server) == {manifest.METADATA, *listed}
    server.requests.clear()
    fresh = presets.mlp_gan(seed=1)
    assert not fresh.initialize_from(f"{ADDRESS}@{commit}").left
    assert downloads(server) == set()


def test_a_revision_stays_what_it_was(gan, folder, server):
    commit, files = server.files("model", "me/mine")
    server.commit("me/mine", {**files, "README.md": b"# Another card\n"})
    # The branch has a card that its manifest does not know; the first commit is still whole.
    with pytest.raises(PresetError, match=r"README.md is damaged"):
        ganzoo.GAN.from_preset(ADDRESS)
    loaded = ganzoo.GAN.from_preset(f"{ADDRESS}@{commit}")
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))


def test_without_a_network_the_cache_is_used_and_a_branch_may_be_old(gan, server):
    commit, _ = server.files("model", "me/mine")
    ganzoo.GAN.from_preset(ADDRESS)
    server.is_down = True
    with pytest.warns(UserWarning, match=rf"cannot be reached.*{commit}.*may have changed"):
        loaded = ganzoo.GAN.from_preset(ADDRESS)
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    with warnings.catch_warnings(action="error"):  # A commit cannot change.
        folder = lookup.folder_of(f"{ADDRESS}@{commit}")
    with pytest.raises(PresetError, match=r"cannot be reached, and hf://me/other is not in the c"):
        ganzoo.GAN.from_preset("hf://me/other")
    # What was damaged in the cache is noticed, and cannot be repaired now.
    content = (folder / manifest.GENERATOR).resolve()
    content.write_bytes(content.read_bytes()[:-1] + b"?")
    with pytest.raises(PresetError, match=r"other hashes.*Received: generator.safetensors"):
        ganzoo.GAN.from_preset(f"{ADDRESS}@{commit}")
    server.is_down = False
    repaired = ganzoo.GAN.from_preset(ADDRESS)
    np.testing.assert_array_equal(repaired.sample(3), gan.sample(3))


def test_a_file_with_another_hash_is_refused(folder, server):
    weights = bytearray((folder / manifest.GENERATOR).read_bytes())
    weights[-1] ^= 1
    server.tampered[manifest.GENERATOR] = bytes(weights)
    with pytest.raises(PresetError, match=r"other hashes.*nothing of them.*generator.safetensors"):
        ganzoo.GAN.from_preset(ADDRESS)


def test_the_hash_of_the_manifest_fixes_all_files(gan, folder, server):
    sha256 = describe_file(folder / manifest.METADATA)["sha256"]
    loaded = ganzoo.GAN.from_preset(ADDRESS, sha256=sha256.upper())
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    with pytest.raises(PresetError, match=r"another hash; nothing of it was used. Expected: sha2"):
        ganzoo.GAN.from_preset(ADDRESS, sha256="0" * 64)


def test_errors_say_what_to_do(server, tmp_path, monkeypatch, capsys):
    server.commit("me/empty", {"README.md": b"nothing"})
    server.commit("me/large", {"config.json": bytes(manifest.MAX_TEXT_BYTES + 1)})
    for address, message in (
        ("hf://me/none", r"no such repository.*hf auth login.*Received: hf://me/none: Repository"),
        (f"{ADDRESS}@v2", r"no such repository or revision.*Received: hf://me/mine@v2: Revision"),
        ("hf://me/empty", r"no preset in the repository: it has no metadata.json. Received: hf:"),
        ("hf://me/large", r"config.json is too large. Received: 4,194,305 bytes"),
    ):
        with pytest.raises(PresetError, match=message):
            ganzoo.GAN.from_preset(address)
    for address in ("hf://me", "hf://me/mine@", "hf://me/mine/config.json", "hf://a b/c"):
        with pytest.raises(ValueError, match=r"`hf://user/name@revision`. Received: 'hf://"):
            ganzoo.GAN.from_preset(address)
    assert main(["export", "hf://me/none", f"--output={tmp_path / 'export'}"]) == 2
    assert "no such repository" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r'pip install "ganzoo\[hub\]"'):
        ganzoo.GAN.from_preset(ADDRESS)


def test_a_push_needs_a_token(folder, server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(hub.HubError, match=r"could not be pushed to hf://me/new. Received: .*401"):
        hub.push(folder, hub.Repository.parse("hf://me/new"), "A message")
