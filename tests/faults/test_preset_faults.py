import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import sys
import tempfile
import time
import zipfile

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.presets import PresetError, archives
from support import presets

PACKAGE = pathlib.Path(ganzoo.__file__).parent


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "preset"
    recipe = ganzoo.recipes.get("sngan")
    presets.mlp_gan().save_to_preset(path, recipe, metrics={"fid": 1.0}, card="# Card\n")
    return path


@pytest.fixture
def preset(original, tmp_path):
    return shutil.copytree(original, tmp_path / "preset")


# Artifacts of a hostile author. Each function takes the folder of a good preset and the path of a
# file that must not be created, and returns what the user is asked to load.


def lambda_layer(folder, marker):
    layer = keras.layers.Lambda(eval(f"lambda x: (open({str(marker)!r}, 'w'), x)[1]"))
    code = keras.saving.serialize_keras_object(layer)
    return _with_layer(folder, code)


def saved_model_layer(folder, marker):
    path = {"filepath": str(marker), "call_endpoint": "serve", "call_training_endpoint": None}
    return _with_layer(folder, _object("keras.layers", "TFSMLayer", path))


def system_call(folder, marker):
    def edit(config):
        dense = _layers(config)[1]
        dense["config"]["activation"] = {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "system",
        }

    presets.edit_config(folder, edit)
    return folder


def keras_function(folder, marker):
    """A function of Keras that would fetch and write a file."""

    def edit(config):
        arguments = {"fname": marker.name, "origin": "file:///etc/hostname", "cache_dir": "/"}
        gadget = _object("keras.utils", "get_file", arguments)
        _layers(config)[1]["config"]["kernel_initializer"] = gadget

    presets.edit_config(folder, edit)
    return folder


def _legacy(folder):
    path = folder.parent / "legacy.h5"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(path)
    return path.read_bytes()


def legacy_file(folder, marker):
    presets.rewrite(folder, "model.h5", _legacy(folder))
    return folder


def legacy_weights(folder, marker):
    presets.rewrite(folder, "generator.safetensors", _legacy(folder))
    return folder


def path_in_a_layer_name(folder, marker):
    def edit(config):
        _layers(config)[1]["name"] = _layers(config)[1]["config"]["name"] = f"../../{marker.name}"

    presets.edit_config(folder, edit)
    return folder


def path_in_the_manifest(folder, marker):
    secret = folder.parent / "secret"
    secret.write_text("secret")
    presets.rewrite(folder, "../secret", b"secret")
    return folder


def zip_bomb(folder, marker):
    return _archive(folder, [("generator.safetensors", bytes(300 * 2**20))])


def path_in_an_archive(folder, marker):
    return _archive(folder, [(f"../../{marker.name}", b"written")])


def link_in_an_archive(folder, marker):
    link = zipfile.ZipInfo("preset/README.md")
    link.external_attr = 0o120777 << 16
    (folder / "README.md").unlink()
    return _archive(folder, [(link, b"/etc/hostname")])


def external_link(folder, marker):
    import h5py

    (folder.parent / "secret.bin").write_bytes(bytes(64))
    path = folder.parent / "external.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = h5py.ExternalLink("/etc/hostname", "kernel")
        external = [(str(folder.parent / "secret.bin"), 0, 64)]
        file.create_dataset("bias", (16,), "float32", external=external)
    presets.rewrite(folder, "generator.safetensors", path.read_bytes())
    return folder


def pickled_array(folder, marker):
    class Gadget:
        def __reduce__(self):
            return os.system, (f"touch {marker}",)

    buffer = io.BytesIO()
    np.savez(buffer, kernel=np.array([Gadget()], dtype=object))
    presets.rewrite(folder, "generator.safetensors", buffer.getvalue())
    return folder


def shape_bomb(folder, marker):
    """Weights of 16 GB according to header and config, in a file of a few bytes."""
    units = 2**16

    def edit(config):
        for layer in _layers(config)[1:]:
            layer["config"].update({"units": units} if "units" in layer["config"] else {})
            layer.pop("build_config", None)

    presets.edit_config(folder, edit)
    content = (folder / "generator.safetensors").read_bytes()
    header = _header(content)
    offset = 0
    for entry in header.values():
        entry["shape"] = [units if side in (2, 4) else side for side in entry["shape"]]
        size = 4 * int(np.prod(entry["shape"]))
        entry["data_offsets"] = [offset, offset + size]
        offset += size
    presets.rewrite(folder, "generator.safetensors", _with_header(header, b"0" * 64))
    return folder


def size_bomb(folder, marker):
    presets.edit_config(folder, lambda config: _layers(config)[1]["config"].update(units=2**40))
    return folder


def bomb_without_weights(folder, marker):
    """A discriminator whose weights are not stored, so that no file limits its size."""

    def edit(config):
        layers = config["discriminator"]["config"]["layers"]
        inner = layers[1]["config"]["layer"]
        inner["config"]["units"] = 2**20
        for built in (layers[1], inner):
            built.pop("build_config", None)
        hidden = json.loads(json.dumps(layers[1]))
        hidden["name"] = hidden["config"]["name"] = "hidden"
        hidden["config"]["layer"]["config"]["name"] = "inner"
        tensor = {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": [None, 2**20],
                "dtype": "float32",
                "keras_history": [layers[1]["name"], 0, 0],
            },
        }
        hidden["inbound_nodes"] = [{"args": [tensor], "kwargs": {}}]
        layers.append(hidden)
        config["discriminator"]["config"]["output_layers"] = ["hidden", 0, 0]

    presets.edit_config(folder, edit)
    metadata = json.loads((folder / "metadata.json").read_text())
    del metadata["files"]["discriminator.safetensors"]
    (folder / "metadata.json").write_text(json.dumps(metadata))
    return folder


def endless_file(folder, marker):
    (folder / "generator.safetensors").unlink()
    (folder / "generator.safetensors").symlink_to("/dev/zero")
    return folder


def wrong_hash(folder, marker):
    content = bytearray((folder / "generator.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "generator.safetensors").write_bytes(content)
    return folder


# Each with its error, so that it is not refused for another reason.
HOSTILE = {
    lambda_layer: "may only name.*class_name='Lambda'",
    saved_model_layer: "may only name.*class_name='TFSMLayer'",
    system_call: "may only name.*class_name='function', module='os'",
    keras_function: "may only name.*class_name='get_file'",
    legacy_file: "A preset has the files.*'model.h5'",
    legacy_weights: "header of the weights is damaged",
    path_in_a_layer_name: "Names must consist of.*'../../marker'",
    path_in_the_manifest: "A preset has the files.*'../secret'",
    zip_bomb: "far more than a preset",
    path_in_an_archive: "must stay in its folder.*'../../marker'",
    link_in_an_archive: "holds plain files.*README.md",
    external_link: "header of the weights is damaged",
    pickled_array: "header of the weights is damaged",
    shape_bomb: "weights do not match the config.*Expected: .* bytes",
    size_bomb: "No network has such a size",
    bomb_without_weights: "must then have at most .* parameters",
    endless_file: "generator.safetensors is damaged",
    wrong_hash: "is damaged.*Expected: sha256=.*Received: sha256=",
}
_opened = []


def _record(event, arguments):
    """Records files that are opened for writing. Such a hook cannot be removed."""
    if event == "open":
        path, mode, flags = arguments
        writes = (mode and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR)
        if writes and isinstance(path, (str, bytes)):
            _opened.append(os.fsdecode(path))


sys.addaudithook(_record)


@pytest.mark.parametrize("artifact", HOSTILE, ids=lambda artifact: artifact.__name__)
def test_a_hostile_artifact_is_refused(preset, tmp_path, monkeypatch, artifact):
    marker = tmp_path / "marker"
    target = artifact(preset, marker)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(archives, "_download", lambda url, sha256: url.removeprefix("http://"))
    before = _tree(tmp_path)
    _reset_peak_memory()
    memory = _memory("VmRSS")
    _opened.clear()
    with pytest.raises(PresetError, match=HOSTILE[artifact]):
        ganzoo.GAN.from_preset(target, *(["0" * 64] if target is not preset else []))
    written = [path for path in _opened if not path.startswith(str(temporary))]
    growth = _memory("VmHWM") - memory
    assert not marker.exists() and _tree(tmp_path) == before
    assert written == []
    assert growth < 200e6, f"{growth / 1e6:.0f} MB"


def test_the_code_has_no_unsafe_loader():
    unsafe = re.compile(
        r"safe_mode\s*=\s*False|enable_unsafe_deserialization|import pickle|allow_pickle\s*=\s*True"
    )
    found = [path for path in PACKAGE.rglob("*.py") if unsafe.search(path.read_text())]
    assert found == []


# Generated damage.


def damage_bytes(rng, folder):
    """Accidental damage: the manifest has the old hashes."""
    path = rng.choice(sorted(folder.iterdir()))
    content = bytearray(path.read_bytes())
    kind = rng.randrange(6)
    place = rng.randrange(len(content))
    if kind == 0:
        content[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del content[place:]
    elif kind == 2:
        content[place:place] = rng.randbytes(rng.randrange(1, 64))
    elif kind == 3:
        del content[place : place + rng.randrange(1, 64)]
    elif kind == 4:
        content[place : place + 16] = bytes(16)
    else:
        path.unlink()
        return f"removed {path.name}"
    path.write_bytes(content)
    return f"{path.name}: kind {kind} at {place}"


def damage_config(rng, folder):
    """Damage by an author, with a manifest that matches."""
    presets.edit_config(folder, lambda config: _mutate(rng, config))
    return "config"


def damage_manifest(rng, folder):
    path = folder / "metadata.json"
    metadata = json.loads(path.read_text())
    _mutate(rng, metadata)
    path.write_text(json.dumps(metadata))
    return "manifest"


def damage_weights(rng, folder):
    name = rng.choice(["generator.safetensors", "discriminator.safetensors"])
    content = (folder / name).read_bytes()
    if rng.random() < 0.5:
        header = _header(content)
        _mutate(rng, header)
        content = _with_header(header, content[8 + struct.unpack("<Q", content[:8])[0] :])
    else:
        content = bytearray(content)
        place = rng.randrange(min(len(content), 400))
        content[place : place + rng.choice([0, 1, 8])] = rng.randbytes(rng.choice([0, 1, 8]))
    presets.rewrite(folder, name, bytes(content))
    return name


def damage_archive(rng, folder):
    """Accidental damage to an archive, before it is unpacked."""
    content = bytearray(presets.zipped(folder, prefix="")[0])
    place = rng.randrange(len(content))
    content[place : place + rng.choice([0, 1, 8])] = rng.randbytes(rng.choice([0, 1, 8]))
    if rng.random() < 0.2:
        del content[place:]
    archive = folder.with_suffix(".zip")
    archive.write_bytes(content)
    shutil.rmtree(folder)
    return "archive"


DAMAGES = [damage_bytes, damage_config, damage_manifest, damage_weights, damage_archive]
VALUES = [
    None,
    True,
    -1,
    0,
    1,
    7,
    2**20,
    2**31,
    2**63,
    -(2**70),
    0.5,
    1e300,
    "",
    "..",
    "relu",
    "os.system",
    "ganzoo>GAN",
    "float16",
    "\u0000",
    "x" * 5000,
    [],
    {},
    [[]],
    {"class_name": "Dense"},
    {"class_name": "Dense", "config": {}, "module": "keras.layers", "registered_name": None},
    {"class_name": "__lambda__", "config": {"value": "x"}},
]


def fuzz(original, folder, seeds):
    """Loads a preset with each damage, and returns the number of refused ones."""
    intact = ganzoo.GAN.from_preset(original)
    refused = 0
    for seed in seeds:
        rng = random.Random(seed)
        shutil.copytree(original, folder)
        kind = rng.choice(DAMAGES)
        done = kind(rng, folder)
        begin = time.perf_counter()
        signal.alarm(20)  # Ends the tests if a load hangs.
        try:
            if kind is damage_archive:
                folder.mkdir()
                archives.extract(folder.with_suffix(".zip"), folder)
            loaded = ganzoo.GAN.from_preset(folder)
        except PresetError:
            refused += 1
        else:
            assert kind is not damage_bytes or done.startswith("metadata"), (seed, done)
            is_accidental = kind in (damage_bytes, damage_manifest, damage_archive)
            stored = json.loads((folder / "metadata.json").read_text())["files"]
            for player in ("generator", "discriminator"):
                weights = getattr(loaded, player).get_weights()
                expected = getattr(intact, player).get_weights()
                if is_accidental and f"{player}.safetensors" in stored:
                    assert all(map(np.array_equal, weights, expected)), (seed, done)
                assert list(map(np.shape, weights)) == list(map(np.shape, expected)), (seed, done)
        finally:
            signal.alarm(0)
        assert time.perf_counter() - begin < 10, (seed, done)
        shutil.rmtree(folder)
        if seed % 100 == 99:
            keras.utils.clear_session()
    return refused


def test_generated_damage_is_refused_or_harmless(original, tmp_path):
    refused = fuzz(original, tmp_path / "damaged", range(100))
    print(f"\npreset loader: 100 damages, {refused} refused, {100 - refused} still presets")
    assert refused > 70


@pytest.mark.slow
def test_much_generated_damage_is_refused_or_harmless(original, tmp_path):
    refused = fuzz(original, tmp_path / "damaged", range(1000, 3500))
    print(f"\npreset loader: 2500 damages, {refused} refused, {2500 - refused} still presets")
    assert refused > 1750


def _mutate(rng, value):
    """Changes, removes or adds one entry somewhere in plain data."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        inner = value[key]
        if isinstance(inner, (dict, list)) and inner and rng.random() < 0.85:
            value = inner
            continue
        kind = rng.randrange(4)
        if kind == 0:
            del value[key]
        elif kind == 1 and isinstance(value, dict):
            value[rng.choice(["name", "extra", "units", "module"])] = rng.choice(VALUES)
        elif kind == 2 and isinstance(inner, int) and not isinstance(inner, bool):
            value[key] = rng.choice([inner + 1, inner - 1, -inner, inner * 1000])
        else:
            value[key] = rng.choice(VALUES)
        return


def _object(module, name, config):
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def _layers(config):
    return config["generator"]["config"]["layers"]


def _with_layer(folder, layer):
    """Puts a layer in the place of the generator's first one."""

    def edit(config):
        layers = _layers(config)
        replaced = layers[1]
        layer["config"]["name"] = replaced["config"]["name"]
        layers[1] = {
            **layer,
            "name": replaced["name"],
            "inbound_nodes": replaced["inbound_nodes"],
        }

    presets.edit_config(folder, edit)
    return folder


def _archive(folder, others):
    """Writes an archive of a preset and of other entries, and returns what stands for its URL."""
    path = folder.parent / "archive.zip"
    names = {name if isinstance(name, str) else name.filename for name, _ in others}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            if file.name not in names:
                archive.write(file, file.name)
        for name, content in others:
            archive.writestr(name, content)
    return f"http://{path}"


def _header(content):
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length])


def _with_header(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _tree(folder):
    return sorted(
        (str(path), path.lstat().st_mtime_ns if not path.is_dir() else 0)
        for path in folder.rglob("*")
    )


def _reset_peak_memory():
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def _memory(entry):
    """Returns the present (`VmRSS`) or the highest (`VmHWM`) use of memory in bytes."""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"{entry}:\s+(\d+) kB", status)[1])
