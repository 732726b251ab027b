"""Which images of a folder are a split, and which folders are classes: never in silence."""

import os
import warnings

import numpy as np
import pytest
from PIL import Image

from ganzoo import data
from ganzoo.data.folder import folder_layout
from ganzoo.data.folder_layout import split_named
from ganzoo.data.sources import UnknownSplit


@pytest.fixture
def make(tmp_path):
    """Returns a function that makes files, empty ones and images, and returns their folder."""

    def made(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir(exist_ok=True)
            else:
                path.write_bytes(b"")
        return tmp_path

    return made


def found(root, split="train"):
    """Returns the files of a split below the root, their labels and the names of classes."""
    layout = folder_layout(root, split)
    files = [file.relative_to(root).as_posix() for file in layout.files]
    return files, layout.labels, layout.class_names


CLASSES = ["train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/dog/2.png"]


@pytest.mark.parametrize(
    "more", [(), ("labels.csv",), ("README.md",), ("samples/",), ("samples/1.png",), ("top.png",)]
)
def test_what_lies_next_to_splits_does_not_mix_them(make, more):
    root = make(*CLASSES, *more)
    for split, number in (("train", 1), ("test", 2)):
        files, labels, names = found(root, split)
        assert files == [f"{split}/cat/{number}.png", f"{split}/dog/{number}.png"]
        assert (labels, names) == ([0, 1], ["cat", "dog"])
    notes = folder_layout(root).notes
    assert bool(notes) == any(name.endswith(".png") for name in more)
    assert all("are left out: 's" in note or "'top.png'" in note for note in notes)


@pytest.mark.parametrize(
    "train, test",
    [
        *(("Train", "Test"), ("TRAIN", "TEST"), ("training", "testing"), ("train", "val")),
        *(("train", "valid"), ("train", "validation"), ("train2017", "val2017")),
        *(("train_images", "test_images"), ("imagesTrain", "imagesTest"), ("trainset", "dev")),
        *(("traindata", "testdata"), ("01_TRAIN", "02_TEST"), ("train", "Validation Images")),
    ],
)
def test_splits_are_found_in_any_spelling(make, train, test):
    root = make(f"{train}/1.png", f"{test}/2.png", "notes.txt")
    kind = split_named(test)[0]
    assert found(root)[0] == [f"{train}/1.png"]
    assert found(root, test)[0] == found(root, kind)[0] == [f"{test}/2.png"]
    with pytest.raises(UnknownSplit, match="there is no such split"):
        found(root, {"test": "val", "validation": "test"}[kind])


def test_several_folders_of_one_split_are_asked_for_by_name(make):
    root = make("trainA/1.png", "trainB/2.png", "testA/3.png", "testB/4.png")
    assert found(root, "trainB")[0] == ["trainB/2.png"]
    with pytest.raises(UnknownSplit, match=r"'trainA', 'trainB': several folders"):
        found(root)


def test_splits_may_lie_deeper(make):
    root = make(*(f"dataset/v1/{name}" for name in CLASSES), "README.md")
    assert found(root, "test")[0] == ["dataset/v1/test/cat/2.png", "dataset/v1/test/dog/2.png"]
    root = make("x/train/images/1.png", "x/test/images/2.png", "x/labels/train/1.txt")
    assert found(root / "x", "test") == (["test/images/2.png"], None, None)


@pytest.mark.parametrize(
    "names, message",
    [
        (("car/1.png", "plane/1.png", "train/1.png"), r"name of a split.*'train' next to 'car'"),
        (("train/1.png", "2.png"), r"name of a split.*'train' next to '2.png'"),
        (("cat/train/1.png", "cat/test/2.png", "dog/train/3.png"), "Splits must be above"),
        (("v1/train/1.png", "v1/test/2.png", "v2/train/3.png"), "Splits must be above"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(make, names, message):
    with pytest.raises(ValueError, match=message):
        found(make(*names))


def test_classes_may_be_named_like_one_kind_of_split(make):
    names = found(make("bullet_train/1.png", "freight_train/2.png", "bus/3.png"))[2]
    assert names == ["bullet_train", "bus", "freight_train"]


def test_splits_that_are_only_like_splits_are_noted(make):
    root = make("train_a/1.png", "test_a/2.png", "bus/3.png", "car/4.png")
    assert found(root)[2] == ["bus", "car", "test_a", "train_a"]
    assert "look like splits" in folder_layout(root).notes[0]


def test_splits_in_folders_of_the_same_name(make):
    inner = [
        f"seg_{split}/seg_{split}/{name}/1.png" for split in ("train", "test") for name in "ab"
    ]
    root = make(*inner, "seg_pred/seg_pred/1.png")
    assert found(root, "test") == ([inner[2], inner[3]], [0, 1], ["a", "b"])
    assert "left out: 'seg_pred'" in folder_layout(root).notes[0]
    root = make("x/train/cat/1.png", "x/test/dog/2.png")
    assert found(root / "x")[1:] == ([0], ["cat", "dog"])


def test_a_class_has_the_same_number_in_all_splits(make):
    root = make("train/cat/1.png", "train/dog/1.png", "train/fox/1.png", "test/dog/")
    make("test/cat/2.png", "test/fox/2.png", "val/emu/3.png")
    assert found(root, "train")[1:] == ([0, 1, 3], ["cat", "dog", "emu", "fox"])
    assert found(root, "test")[1:] == ([0, 3], ["cat", "dog", "emu", "fox"])
    assert (
        "'test' has no images of the classes 'dog', 'emu'" in folder_layout(root, "test").notes[0]
    )


def test_the_top_folder_is_the_class_and_what_is_ignored_is_noted(make):
    root = make("cat/1.png", "cat/small/2.png", "dog/old/x/3.png", "stray.png", "empty/")
    assert found(root) == (
        ["cat/1.png", "cat/small/2.png", "dog/old/x/3.png"],
        [0, 0, 1],
        ["cat", "dog"],
    )
    notes = "\n".join(folder_layout(root).notes)
    assert "left out: 'stray.png'" in notes and "e.g. 'cat/small'" in notes
    assert "folders without images are no classes: 'empty'" in notes


def test_images_are_not_dropped_for_a_few_in_folders(make):
    root = make(*(f"{number}.png" for number in range(5)), "more/6.png", "old/7.png")
    files, labels, _ = found(root)
    assert len(files) == 7 and labels is None
    assert "no labels, because 5 of 7" in folder_layout(root).notes[0]


def test_one_folder_is_no_class(make):
    root = make("images/1.png", "images/2.png", "labels.csv")
    assert found(root) == (["images/1.png", "images/2.png"], None, None)
    assert "'labels.csv' is not read" in folder_layout(root).notes[0]
    (root / "more.csv").write_text("file,label\n")
    assert "'labels.csv', 'more.csv' are not read" in folder_layout(root).notes[0]
    assert found(make("images/cat/1.png", "images/cat/2.png"))[1] is None


def test_a_split_without_classes_has_no_labels(make):
    root = make("train/cat/1.png", "train/dog/1.png", "test/1.png", "test/2.png")
    assert found(root, "train")[1] == [0, 1]
    assert found(root, "test") == (["test/1.png", "test/2.png"], None, None)
    assert "no labels, because 2 of 2" in folder_layout(root, "test").notes[0]


def test_names_are_equal_and_printable_whatever_their_bytes(make):
    root = make(
        "train/caf\u00e9/1.png", "test/cafe\u0301/1.png", "train/tea/1.png", "test/tea/1.png"
    )
    assert found(root, "train")[1:] == found(root, "test")[1:] == ([0, 1], ["caf\u00e9", "tea"])


def test_names_that_are_no_text_can_be_printed(tmp_path):
    coffee, tea = (tmp_path / os.fsdecode(name) for name in (b"caf\xe9", b"tea"))
    for folder in (coffee, tea):
        folder.mkdir()
        Image.new("L", (8, 8)).save(folder / "1.png")
    assert data.load(f"folder:{tmp_path}").class_names == ("caf\\xe9", "tea")
    repr(data.load(f"folder:{coffee}")).encode()
    coffee.rename(tmp_path / "line\nfeed")
    assert data.load(f"folder:{tmp_path}").class_names == ("line\\nfeed", "tea")
    (tea / os.fsdecode(b"\xfe.png")).write_bytes(b"")
    with pytest.raises(ValueError, match=r"\\xfe\.png") as error:
        data.load(f"folder:{tmp_path}")
    str(error.value).encode()


def test_notes_are_one_warning(tmp_path):
    for name in ("cat/1.png", "dog/2.png", "stray.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8), 9, np.uint8)).save(tmp_path / name)
    with pytest.warns(UserWarning, match=r"(?s)In the folder .*\n  images outside .*'stray.png'"):
        assert data.load(f"folder:{tmp_path}").num_classes == 2
    (tmp_path / "stray.png").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.load(f"folder:{tmp_path}")
