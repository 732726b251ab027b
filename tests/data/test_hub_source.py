"""Data sets of a Hugging Face Hub on loopback, with a small stand-in for the library `datasets`."""

import io
import json
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.data.sources import UnknownSplit
from ganzoo.hub import HubError
from support import fake_hub

NAMES = ["cat", "dog"]


class Rows:
    """Rows in columns, with the methods of `datasets.Dataset` that are used."""

    def __init__(self, features, columns):
        self.features, self._columns = features, columns

    def __len__(self):
        return len(next(iter(self._columns.values())))

    def __getitem__(self, key):
        return self._columns[key]

    def __iter__(self):
        names = list(self._columns)
        rows = zip(*self._columns.values(), strict=True)
        return (dict(zip(names, row, strict=True)) for row in rows)

    def select_columns(self, names):
        return Rows(self.features, {name: self._columns[name] for name in names})


def stand_in():
    """Returns a module that reads `SPLIT.json`: files, labels and words of each row."""
    module = types.ModuleType("datasets")
    module.Image = type("Image", (), {})
    module.ClassLabel = type("ClassLabel", (), {"names": NAMES})

    def load_dataset(folder, configuration=None, split=None):
        folder = Path(folder, configuration or "")
        if not folder.is_dir():
            raise ValueError(f"BuilderConfig {configuration!r} not found.")
        splits = {path.stem: _read(module, path) for path in folder.glob("*.json")}
        if split is None:
            return splits
        name, _, share = split.partition("[")
        count = int(share.removeprefix(":").removesuffix("]"))
        rows = splits[name]
        return Rows(rows.features, {key: rows[key][:count] for key in rows.features})

    module.load_dataset = load_dataset
    return module


def _read(module, path):
    content = json.loads(path.read_text())
    images = [Image.open(path.with_name(name)) for name in content["files"]]
    features = {"image": module.Image(), "label": module.ClassLabel(), "word": "text"}
    columns = {"image": images, "label": content["labels"], "word": content["words"]}
    return Rows(features, columns)


def png(value, mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, (4, 4), value if mode == "L" else (value, value, value)).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", stand_in())
    files = {f"{row}.png": png(10 * row) for row in range(3)}
    rows = {"files": list(files), "labels": [1, 0, 1], "words": ["b", "a", "c"]}
    gray = {"files": ["0.png"], "labels": [0], "words": ["a"]}
    with fake_hub.running(monkeypatch, tmp_path / "cache") as server:
        content = {**files, "train.json": json.dumps(rows).encode()}
        content |= {"small/test.json": json.dumps(gray).encode(), "small/0.png": png(7, "L")}
        server.commit("me/pets", content, "dataset")
        yield server


def test_a_data_set_is_downloaded_verified_and_loaded(server):
    data = ganzoo.data.load("hf:me/pets")
    np.testing.assert_array_equal(data.examples[:, 0, 0], [[0] * 3, [10] * 3, [20] * 3])
    np.testing.assert_array_equal(data.labels, [1, 0, 1])
    assert data.class_names == ("cat", "dog") and data.name == "hf:me/pets"
    commit, _ = server.files("dataset", "me/pets")
    part = ganzoo.data.load(f"hf://me/pets@{commit}", "train[:2]", size=2, channels=1)
    assert part.examples.shape == (2, 2, 2, 1)
    words = ganzoo.data.load("hf:me/pets", label_key="word")
    assert words.class_names == ("a", "b", "c")
    np.testing.assert_array_equal(words.labels, [1, 0, 2])
    gray = ganzoo.data.load("hf:me/pets/small", "test")
    assert gray.examples.tolist() == [[[[7]] * 4] * 4]
    server.is_down = True
    offline = ganzoo.data.load(f"hf:me/pets@{commit}")
    np.testing.assert_array_equal(offline.examples, data.examples)


def test_alpha_is_kept_or_laid_over_a_color_and_said(server):
    pixels = np.full((4, 4, 4), 255, "uint8")
    pixels[0, 0] = (10, 20, 30, 0)
    files = {"0.png": png(40)}
    for row, image in enumerate((np.full((4, 4, 4), 255, "uint8"), pixels, pixels), start=1):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "png")
        files[f"{row}.png"] = buffer.getvalue()
    rows = {"files": list(files), "labels": [0] * 4, "words": ["a"] * 4}
    server.commit("me/stickers", {**files, "train.json": json.dumps(rows).encode()}, "dataset")

    with pytest.warns(UserWarning, match=r"over white: alpha='keep'.*with alpha in row 2") as found:
        white = ganzoo.data.load("hf:me/stickers")
    assert len(found) == 1
    assert (
        white.examples.shape == (4, 4, 4, 3)
        and white.examples[2:, 0, 0].tolist() == [[255] * 3] * 2
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        black = ganzoo.data.load("hf:me/stickers", alpha="#000000")
        kept = ganzoo.data.load("hf:me/stickers", alpha="keep")
        four = ganzoo.data.load("hf:me/stickers", channels=4)
        ganzoo.data.load("hf:me/stickers", alpha="#ffffff", size=2, channels=1)
        ganzoo.data.load("hf:me/pets")
    assert black.examples[2:, 0, 0].tolist() == [[0] * 3] * 2
    assert kept.examples[:, 0, 0].tolist() == [[40, 40, 40, 255], [255] * 4, [0] * 4, [0] * 4]
    np.testing.assert_array_equal(kept.examples, four.examples)
    with pytest.raises(ValueError, match=r"`alpha` must be 'keep', or.*Received: alpha='x'"):
        ganzoo.data.load("hf:me/stickers", alpha="x")


def test_what_is_wrong_is_said(server, monkeypatch):
    for source, options, error, message in (
        ("hf:pets", {}, ValueError, r"'hf:user/name/configuration'.*Received: source='hf:pets'"),
        ("hf:me/none", {}, HubError, r"no such repository.*Received: hf://me/none"),
        ("hf:me/pets", {"split": "test"}, UnknownSplit, r"one of train of 'hf:me/pets'"),
        ("hf:me/pets/big", {}, ValueError, r"cannot be read.*BuilderConfig 'big' not found"),
        ("hf:me/pets", {"image_key": "word"}, ValueError, r"`image_key` must be one of"),
        ("hf:me/pets", {"label_key": "image"}, ValueError, r"`label_key` must be one of"),
    ):
        with pytest.raises(error, match=message):
            ganzoo.data.load(source, **options)
    server.commit("me/other", {"train.json": b"{}", "0.png": png(1)}, "dataset")
    server.tampered["0.png"] = png(2)
    with pytest.raises(HubError, match=r"other hashes than the Hub lists.*Received: 0.png"):
        ganzoo.data.load("hf:me/other")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r'pip install "ganzoo\[hub\]"'):
        ganzoo.data.load("hf:me/pets")


@pytest.mark.slow
def test_the_library_itself(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype="uint8")
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)}
    )
    columns = {"image": list(map(Image.fromarray, images)), "label": [0, 1] * 3}
    folder = tmp_path / "repository"
    datasets.Dataset.from_dict(columns, features).to_parquet(folder / "data/train.parquet")
    with fake_hub.running(monkeypatch, tmp_path / "cache") as server:
        server.commit_folder("me/pets", folder, "dataset")
        data = ganzoo.data.load("hf:me/pets")
        part = ganzoo.data.load("hf:me/pets", "train[:50%]")
    np.testing.assert_array_equal(data.examples, images)
    np.testing.assert_array_equal(data.labels, columns["label"])
    assert data.class_names == ("cat", "dog") and len(part) == 3
