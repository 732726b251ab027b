"""Data larger than memory: shards, folders in a cache, and the memory that they take."""

import concurrent.futures
import hashlib
import os
import shutil
import zlib

import numpy as np
import pytest
from PIL import Image

from ganzoo import data
from ganzoo.data import sharded_array
from ganzoo.data.shards import METADATA, ShardedDataset
from ganzoo.metrics.feature_cache import hash_of
from support.processes import run_python

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (23, 6, 5, 3), dtype=np.uint8)
LABELS = RNG.integers(0, 2, 23)


def memory():
    return data.Dataset(IMAGES, LABELS, class_names=["cat", "dog"], name="pets", split="train")


@pytest.mark.parametrize("shards", [1, 4, 23])
def test_batches_are_the_ones_of_the_data_in_memory(tmp_path, shards):
    folder = data.pack_shards(memory(), tmp_path / "pets", shards)
    packed = data.load(folder)
    assert isinstance(packed, ShardedDataset) and packed.class_names == ("cat", "dog")
    assert len(list(folder.glob("*.raw"))) == len({-(-23 // shards) * i for i in range(shards)})
    for step in (0, 1, 7, 30):
        for ours, theirs in zip(
            packed.batches(5, seed=3).batch(step),
            memory().batches(5, seed=3).batch(step),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)
    assert packed.checksum == zlib.crc32(IMAGES)
    # A part of the data is in memory.
    part = packed.take([22, 3])
    np.testing.assert_array_equal(part.examples, IMAGES[[22, 3]])
    assert part.checksum == zlib.crc32(IMAGES[[22, 3]]) and len(part.labels) == 2


def test_the_array_of_shards_is_indexed_as_numpy_arrays_are(tmp_path, monkeypatch):
    monkeypatch.setattr(sharded_array, "MAPPED_BYTES", 3 * 2**16)  # Maps are closed all the time.
    array = data.load(data.pack_shards(memory(), tmp_path / "pets", 4)).examples
    assert (array.shape, array.dtype, array.nbytes) == (IMAGES.shape, IMAGES.dtype, IMAGES.nbytes)
    for key in (3, -1, slice(2, 19, 5), slice(None, None, -1), [4, 4, -2], LABELS == 1):
        np.testing.assert_array_equal(array[key], IMAGES[key])
    np.testing.assert_array_equal(array[:, 1:3, ::2], IMAGES[:, 1:3, ::2])
    np.testing.assert_array_equal(
        np.take(array, [[1, 2], [22, 0]], axis=0), IMAGES[[[1, 2], [22, 0]]]
    )
    np.testing.assert_array_equal(np.asarray(array), IMAGES)
    assert (array.min(), array.max()) == (IMAGES.min(), IMAGES.max())
    assert array.mean() == pytest.approx(IMAGES.mean())
    with pytest.raises(IndexError, match="must be in"):
        array[[23]]


def test_conditions_and_pixels_are_kept(tmp_path):
    decibels = RNG.uniform(-80, -1, (8, 4, 4, 1))
    conditions = RNG.standard_normal((8, 2))
    dataset = data.Dataset(
        decibels, conditions=conditions, condition_names=["a", "b"], value_range=(-80, 0)
    )
    packed = data.load(data.pack_shards(dataset, tmp_path / "x", 2))
    assert packed.pixels == dataset.pixels and packed.condition_names == ("a", "b")
    np.testing.assert_array_equal(packed.conditions, dataset.conditions)
    np.testing.assert_array_equal(packed.examples[:], dataset.examples)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda path: os.truncate(path, path.stat().st_size - 1),
            "examples-00001.*is cut short: 539",
        ),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "is too long"),
        (lambda path: path.unlink(), "examples-00001-of-00004.raw is missing"),
        (lambda path: (path.parent / "labels.npy").write_bytes(b"x"), "damaged"),
        (lambda path: (path.parent / METADATA).write_text("{}"), "damaged"),
        (
            lambda path: (path.parent / METADATA).write_text(
                (path.parent / METADATA).read_text().replace("examples-00001", "../examples-00001")
            ),
            "is missing",
        ),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path, damage, message):
    folder = data.pack_shards(memory(), tmp_path / "pets", 4)
    damage(folder / "examples-00001-of-00004.raw")
    with pytest.raises(ValueError, match=rf"(?s)pets.*{message}"):
        data.load(folder)


def test_shards_are_used_as_they_are(tmp_path):
    folder = data.pack_shards(memory(), tmp_path / "pets", 2)
    assert len(data.load(f"packed:{folder}", size=(6, 5), channels=3)) == 23
    for settings in ({"size": 3}, {"channels": 1}, {"size": 3, "crop": "random"}):
        with pytest.raises(ValueError, match="as they were packed"):
            data.load(folder, **settings)
    with pytest.raises(ValueError, match="holds split 'train'"):
        data.load(folder, split="test")
    with pytest.raises(FileExistsError, match=r"must be empty or not exist.*Received: '.*pets'"):
        data.pack_shards(memory(), folder)
    with pytest.raises(ValueError, match="at most the number of images"):
        data.pack_shards(memory(), tmp_path / "more", 24)


@pytest.fixture
def photos(tmp_path):
    root = tmp_path / "photos"
    for number in range(12):
        (root / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(RNG.integers(0, 256, (9, 8, 3), dtype=np.uint8))
        image.save(root / "ab"[number % 2] / f"{number}.png")
    return root


def test_a_folder_in_the_cache_gives_the_batches_of_the_folder(photos, tmp_path, monkeypatch):
    source, cache = f"folder:{photos}", tmp_path / "cache"
    expected = data.load(source, size=6)
    decoded = []

    def load(**settings):
        progress = lambda *state: decoded.append(state)  # noqa: E731
        return data.load(source, **{"size": 6, "cache": cache, "progress": progress, **settings})

    first = load()
    assert isinstance(first, ShardedDataset) and repr(first)[7:] == repr(expected)
    for found in (first, load()):
        np.testing.assert_array_equal(found.examples[:], expected.examples)
        np.testing.assert_array_equal(found.labels, expected.labels)
        assert found.class_names == expected.class_names
    assert len(decoded) == 12
    file = photos / "a" / "0.png"
    os.utime(file, ns=(1, 1))
    load()
    load(size=5)
    assert len(decoded) == 36 and len(list(cache.iterdir())) == 3
    for shard in cache.glob("*/*.raw"):
        os.truncate(shard, 10)
    np.testing.assert_array_equal(load().examples[:], expected.examples)
    assert len(decoded) == 48
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    load(cache=True)
    assert list((tmp_path / "home" / "ganzoo" / "folders").iterdir())


def test_several_processes_may_fill_a_cache(photos, tmp_path):
    def load(_):
        return data.load(f"folder:{photos}", cache=tmp_path / "cache").examples[:]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(load, range(4)))
    assert all((one == results[0]).all() for one in results)
    assert [path.name[:7] for path in (tmp_path / "cache").iterdir()] == ["folder-"]


def test_what_cannot_be_used_does_not_enter_the_cache(photos, tmp_path):
    (photos / "a" / "bad.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"bad\.png"):
        data.load(f"folder:{photos}", cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("folder-*"))
    with pytest.raises(ValueError, match="windows of images in memory"):
        data.load(f"folder:{photos}", size=4, crop="random", cache=tmp_path / "cache")


MEMORY = """
import resource, sys
import numpy as np
from PIL import Image
from ganzoo import data

count, side, limit = map(int, sys.argv[1:4]) if len(sys.argv) > 3 else (COUNT, SIDE, LIMIT)
rng = np.random.default_rng(0)
for number in range(count):
    pixels = np.repeat(rng.integers(0, 256, (1, side, 3), dtype=np.uint8), side, axis=0)
    Image.fromarray(pixels).save(f"FOLDER/{number}.bmp")
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
dataset = data.load("folder:FOLDER", cache="CACHE")
batches = dataset.batches(8)
for step in range(2 * batches.steps_per_pass):
    batches.batch(step)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(dataset.examples.nbytes // 2**20, (peak - start) // 2**10, peak // 2**10)
"""


def peak_of(tmp_path, count, side):
    (tmp_path / "images").mkdir()
    code = MEMORY.replace("FOLDER", str(tmp_path / "images")).replace("CACHE", str(tmp_path / "c"))
    code = code.replace("COUNT, SIDE, LIMIT", f"{count}, {side}, 0")
    return map(int, run_python(code, without_tensorflow=True, backend="jax").split())


def test_memory_does_not_grow_with_the_images(tmp_path):
    size, growth, _ = peak_of(tmp_path, 320, 512)
    assert size == 240 and growth < 160


@pytest.mark.slow
def test_two_gigabytes_of_images_in_half_a_gigabyte_of_memory(tmp_path):
    size, growth, peak = peak_of(tmp_path, 690, 1024)
    assert size >= 2048 and growth < 300 and peak < 500


def test_a_cache_knows_the_classes_of_all_splits(photos, tmp_path):
    (tmp_path / "all").mkdir()
    photos = photos.rename(tmp_path / "all" / "train")
    source, cache = f"folder:{tmp_path / 'all'}", tmp_path / "cache"
    data.load(source, cache=cache)
    (tmp_path / "all" / "test" / "aa").mkdir(parents=True)
    shutil.copy(photos / "a" / "0.png", tmp_path / "all" / "test" / "aa")
    found = data.load(source, cache=cache)
    expected = data.load(source)
    assert found.class_names == expected.class_names == ("a", "aa", "b")
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_a_cache_is_looked_up_without_opening_images(photos, tmp_path, monkeypatch):
    data.load(f"folder:{photos}", cache=tmp_path / "cache")
    monkeypatch.setattr("ganzoo.data.folder_images.kind_of", None)
    assert len(data.load(f"folder:{photos}", cache=tmp_path / "cache")) == 12
    monkeypatch.undo()
    for metadata in (tmp_path / "cache").glob(f"*/{METADATA}"):
        metadata.unlink()
    assert len(data.load(f"folder:{photos}", cache=tmp_path / "cache")) == 12


def test_shards_are_hashed_and_converted_block_by_block(tmp_path, monkeypatch):
    images = RNG.uniform(0, 1, (40, 32, 32, 1)).astype(np.float32)
    dataset = data.Dataset(images, value_range=(0, 1))
    packed = data.load(data.pack_shards(dataset, tmp_path / "floats", 3))
    monkeypatch.setattr(sharded_array, "MAPPED_BYTES", 2**13)
    most = []
    take = sharded_array.ShardedArray.take

    def counted(self, rows, *arguments, **settings):
        most.append(np.size(rows))
        return take(self, rows, *arguments, **settings)

    monkeypatch.setattr(sharded_array.ShardedArray, "take", counted)
    small = packed.in_eight_bits()
    assert not most and small.examples.dtype == np.uint8 and small.examples.nbytes == 40 * 32 * 32
    expected = dataset.in_eight_bits().examples
    np.testing.assert_array_equal(small.examples[7:11], expected[7:11])
    np.testing.assert_array_equal(packed.examples[7:11], dataset.examples[7:11])
    assert hash_of(packed.examples) == hashlib.sha256(dataset.examples).hexdigest()
    assert hash_of(small.examples) == hashlib.sha256(expected).hexdigest()
    assert max(most) == 8


def test_two_threads_may_read(tmp_path):
    array = data.load(data.pack_shards(memory(), tmp_path / "pets", 2)).examples

    class Cleared(dict):
        """What this thread opens, another one closes at once."""

        def __setitem__(self, shard, opened):
            pass

    array._maps = Cleared()
    np.testing.assert_array_equal(array[:], IMAGES)


def test_a_home_is_found_and_wrong_labels_are_not_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = data.pack_shards(memory(), "~/pets")
    assert len(data.load("~/pets")) == len(data.load("packed:~/pets")) == 23
    np.save(folder / "labels.npy", np.where(LABELS == 1, 9, LABELS))
    with pytest.raises(ValueError, match=r"is damaged.*labels in \[0, 9\], num_classes=2"):
        data.load(folder)
