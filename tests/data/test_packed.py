"""A packed file gives the packed data back, or an error that names the damage."""

import json
import zipfile

import numpy as np
import pytest

from ganzoo import data

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (20, 6, 4, 3), dtype=np.uint8)
DATASET = data.Dataset(
    IMAGES, np.arange(20) % 2, class_names=["cat", "dog"], name="pets", split="train[:10%]"
)


@pytest.mark.parametrize("compress", [False, True])
def test_round_trip(tmp_path, compress):
    path = data.pack(DATASET, tmp_path / "new" / "pets.npz", compress=compress)
    loaded = data.load(path)
    np.testing.assert_array_equal(loaded.examples, IMAGES)
    np.testing.assert_array_equal(loaded.labels, DATASET.labels)
    assert loaded.examples.dtype == np.uint8 and loaded.labels.dtype == np.int32
    assert loaded.class_names == ("cat", "dog") and loaded.num_classes == 2
    assert repr(loaded) == repr(DATASET)
    assert data.load(f"packed:{path}").name == "pets"


def test_round_trip_without_labels_and_in_floats(tmp_path):
    floats = data.Dataset(IMAGES / 127.5 - 1)
    loaded = data.load(data.pack(floats, tmp_path / "x.npz"))
    np.testing.assert_array_equal(loaded.examples, floats.examples)
    assert loaded.labels is None


def test_packed_images_can_be_resized(tmp_path):
    path = data.pack(DATASET, tmp_path / "x.npz")
    assert data.load(path, size=8, channels=1).image_shape == (8, 8, 1)


def test_compression_makes_a_smaller_file(tmp_path):
    black = data.Dataset(np.zeros((100, 16, 16, 1), np.uint8))
    plain = data.pack(black, tmp_path / "a.npz").stat().st_size
    assert data.pack(black, tmp_path / "b.npz", compress=True).stat().st_size < plain / 10


def test_a_file_holds_one_split(tmp_path):
    path = data.pack(data.load("digits", "test"), tmp_path / "x.npz")
    assert len(data.load(path, "test")) == 359
    with pytest.raises(ValueError, match=r"holds split 'test'. Received: split='train'"):
        data.load(path)


def test_the_file_appears_complete_or_not_at_all(tmp_path, monkeypatch):
    path = data.pack(DATASET, tmp_path / "x.npz")
    before = path.read_bytes()

    def half_written(file, **arrays):
        file.write(before[: len(before) // 2])
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", half_written)
    with pytest.raises(OSError, match="No space"):
        data.pack(DATASET, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_only_images_and_only_npz(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.npz"):
        data.pack(DATASET, tmp_path / "pets.zip")
    with pytest.raises(ValueError, match="Only images"):
        data.pack(data.load("toy:ring", count=10), tmp_path / "ring.npz")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        data.load(tmp_path / "absent.npz")


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("compress", [False, True])
def test_a_truncated_file_is_refused_by_name(tmp_path, keep, compress):
    path = data.pack(DATASET, tmp_path / "pets.npz", compress=compress)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(ValueError, match=r"pets\.npz.* is damaged"):
        data.load(path)


def test_flipped_bits_in_the_images_are_noticed(tmp_path):
    path = data.pack(DATASET, tmp_path / "pets.npz")
    whole = path.read_bytes()
    start = whole.index(IMAGES[0].tobytes())
    for offset in range(0, IMAGES.nbytes, 97):
        damaged = bytearray(whole)
        damaged[start + offset] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"pets\.npz.* is damaged"):
            data.load(path)


def rewritten(path, **changes):
    """Writes a packed file with other entries; None leaves one out."""
    entries = {
        "examples": IMAGES,
        "labels": DATASET.labels,
        "metadata": metadata(),
        **changes,
    }
    np.savez(path, **{name: value for name, value in entries.items() if value is not None})
    return path


def metadata(**changes):
    entries = {"format": "ganzoo-dataset", "version": 1, "num_classes": 2, **changes}
    return np.frombuffer(json.dumps(entries).encode(), np.uint8)


def test_the_rewritten_file_is_sound(tmp_path):
    assert len(data.load(rewritten(tmp_path / "pets.npz"))) == 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"examples": None}, "lacks examples"),
        ({"metadata": None}, "lacks metadata"),
        ({"examples": IMAGES.astype(np.int32)}, "int32"),
        ({"examples": IMAGES[..., 0]}, r"\(20, 6, 4\)"),
        ({"examples": IMAGES[:0]}, "empty"),
        ({"labels": DATASET.labels[:3]}, "labels.shape"),
        ({"labels": DATASET.labels.astype(float)}, "float64"),
        ({"labels": DATASET.labels + 1}, "num_classes"),
        ({"labels": np.array([{}] * 20)}, "damaged.*pickle"),
        ({"metadata": np.frombuffer(b"{", np.uint8)}, "metadata.*cannot be read"),
        ({"metadata": np.frombuffer(b"[]", np.uint8)}, "metadata.*cannot be read"),
        ({"metadata": np.zeros(4)}, "metadata.*cannot be read"),
        ({"metadata": metadata(format="other")}, "format='other'"),
        ({"metadata": metadata(version=2)}, "another version.*version=2"),
    ],
)
def test_a_file_with_other_contents_is_refused_by_name(tmp_path, changes, message):
    path = rewritten(tmp_path / "pets.npz", **changes)
    with pytest.raises(ValueError, match=rf"(?s)pets\.npz.*{message}"):
        data.load(path)


def test_other_files_with_this_suffix_are_refused_by_name(tmp_path):
    path = tmp_path / "pets.npz"
    path.write_bytes(b"<!DOCTYPE html><title>404</title>")
    with pytest.raises(ValueError, match=r"pets\.npz.* is damaged"):
        data.load(path)
    np.save(tmp_path / "array.npy", IMAGES)
    (tmp_path / "array.npy").rename(path)
    with pytest.raises(ValueError, match=r"pets\.npz.* is damaged"):
        data.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"pets\.npz"):
        data.load(path)
