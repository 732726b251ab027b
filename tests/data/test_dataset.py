"""What a data set accepts, and what it refuses before anything is built on it."""

import warnings

import numpy as np
import pytest

from ganzoo.data import Dataset

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
FLOATS = RNG.uniform(-1, 1, (6, 4, 5, 3)).astype(np.float32)
VECTORS = RNG.normal(size=(6, 2))


def test_uint8_images_are_kept_as_they_are():
    dataset = Dataset(IMAGES)
    assert dataset.examples is IMAGES
    assert dataset.image_shape == dataset.example_shape == (4, 5, 3)
    assert len(dataset) == 6
    assert dataset.labels is None and dataset.num_classes is None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_images_and_vectors_become_float32(dtype):
    assert Dataset(FLOATS.astype(dtype)).examples.dtype == np.float32
    vectors = Dataset(VECTORS.astype(dtype))
    assert vectors.examples.dtype == np.float32
    assert vectors.example_shape == (2,)


def test_vectors_have_no_image_shape():
    with pytest.raises(AttributeError, match="example_shape"):
        _ = Dataset(VECTORS).image_shape


def test_strided_data_are_made_contiguous():
    assert Dataset(IMAGES[::2]).examples.flags.c_contiguous
    assert Dataset(IMAGES, np.arange(12)[::2]).labels.flags.c_contiguous


def test_labels_become_int32_and_classes_are_counted():
    dataset = Dataset(IMAGES, [0, 1, 2, 0, 1, 2])
    assert dataset.labels.dtype == np.int32
    assert dataset.num_classes == 3
    assert Dataset(IMAGES, [0] * 6, class_names=["a", "b"]).num_classes == 2
    assert Dataset(IMAGES, [0] * 6, num_classes=5).num_classes == 5


def test_repr_says_what_it_is():
    dataset = Dataset(np.repeat(IMAGES, 200, axis=0), np.arange(1200) % 10, name="x", split="test")
    assert repr(dataset) == "Dataset('x' test, 1,200 uint8 images of shape (4, 5, 3), 10 classes)"


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (np.zeros((0, 4, 4, 1), np.uint8), "empty"),
        (np.zeros((3, 0, 4, 1), np.uint8), "empty"),
        (IMAGES[0], r"shape \(count, height, width, channels\)"),
        (IMAGES[..., 0], r"images\[..., None\]"),
        (np.moveaxis(np.tile(IMAGES, (1, 4, 4, 1)), -1, 1), "channels last"),
        (FLOATS * 0.5 + 0.5, r"\[0, 1\].*images \* 2 - 1"),
        (FLOATS * 127.5 + 127.5, r"\[0, 255\].*127.5 - 1"),
        (FLOATS * 2, r"must be in \[-1, 1\]"),
        ((IMAGES > 127).astype(np.uint8), "multiply them by 255"),
        ([[1.0, 2.0], [3.0]], "equal rows"),
    ],
)
def test_unfit_examples_are_refused(examples, message):
    with pytest.raises(ValueError, match=message) as raised:
        Dataset(examples)
    assert "Received" in str(raised.value)


@pytest.mark.parametrize("data", [FLOATS, VECTORS])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_counted_and_named(data, value):
    bad = data.copy()
    bad[2].flat[1] = bad[4].flat[0] = value
    with pytest.raises(ValueError, match="2 such rows of 6, the first at 2"):
        Dataset(bad)


@pytest.mark.parametrize(
    "examples",
    [
        IMAGES.astype(np.int64),
        IMAGES.astype(np.uint16),
        IMAGES > 127,
        np.arange(12).reshape(6, 2),
        np.zeros((6, 2), np.uint8),
        np.array([None] * 6),
        IMAGES.astype(object),
        np.array([["a", "b"]]),
        None,
    ],
)
def test_other_types_are_refused(examples):
    with pytest.raises((TypeError, ValueError), match="Received"):
        Dataset(examples)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": [0, 1]}, r"shape \(6,\).*Received: labels.shape=\(2,\)"),
        ({"labels": 2 * np.eye(6, dtype=int)}, "argmax"),
        ({"labels": np.zeros((6, 1), int)}, r"labels\[:, 0\]"),
        ({"labels": [0, 1, 2, 3, 4, -1]}, r"\[-1, 4\]"),
        ({"labels": [-1] * 6}, r"\[-1, -1\]"),
        ({"labels": range(6), "num_classes": 5}, r"\[0, 5\], num_classes=5"),
        ({"labels": range(6), "num_classes": 0}, "num_classes=0"),
        ({"labels": [0] * 6, "num_classes": 3, "class_names": ["a", "b"]}, "2 names"),
        ({"num_classes": 10}, "need `labels`"),
        ({"class_names": ["a"]}, "need `labels`"),
    ],
)
def test_unfit_labels_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Dataset(IMAGES, **arguments)


@pytest.mark.parametrize("labels", [np.zeros(6), [None] * 6, ["a"] * 6, [True] * 6])
def test_labels_that_are_no_integers_are_refused(labels):
    with pytest.raises(TypeError, match="Received"):
        Dataset(IMAGES, labels)


@pytest.mark.parametrize(
    ("examples", "line"),
    [
        (IMAGES.astype(np.int64), '`images.astype("uint8")`'),
        (IMAGES.astype(np.int32) * 257, '`images.astype("uint16")`'),
        (IMAGES > 127, '`images.astype("uint8") * 255`'),
        (np.arange(12).reshape(6, 2), '`vectors.astype("float32")`'),
        (FLOATS * 0.5 + 0.5, "`images * 2 - 1`"),
        (FLOATS * 127.5 + 127.5, "`images / 127.5 - 1`"),
        ((IMAGES > 127).astype(np.uint8), "`images * 255`"),
        (IMAGES[..., 0], "`images[..., None]`"),
    ],
)
def test_the_line_in_a_message_about_examples_works(examples, line):
    with pytest.raises((TypeError, ValueError)) as raised:
        Dataset(examples)
    assert line in str(raised.value)
    repaired = eval(line.strip("`"), {"images": examples, "vectors": examples})
    assert len(Dataset(repaired)) == 6


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        (np.eye(6) / 2 + 0.1, "`labels.argmax(-1)`"),
        (np.arange(6)[:, None], "`labels[:, 0]`"),
        (np.arange(6.0), '`labels.astype("int32")`'),
        (np.arange(6) > 2, '`labels.astype("int32")`'),
        (np.arange(6) + 1, "`labels - 1`"),
    ],
)
def test_the_line_in_a_message_about_labels_works(labels, line):
    with pytest.raises((TypeError, ValueError)) as raised:
        Dataset(IMAGES, labels, num_classes=6)
    assert line in str(raised.value)
    repaired = eval(line.strip("`"), {"labels": labels})
    assert Dataset(IMAGES, repaired, num_classes=6).num_classes == 6


def test_labels_that_are_texts_are_mapped_by_name():
    names = ["cat", "dog", "fox"]
    texts = ["fox", "cat", "fox", "cat", "cat", "fox"]
    expected = [2, 0, 2, 0, 0, 2]
    for labels in (texts, np.array(texts), np.array(texts, object), np.array(texts, "S")):
        dataset = Dataset(IMAGES, labels, class_names=names)
        assert dataset.labels.tolist() == expected and dataset.num_classes == 3
    # Sorted names of a part of the data would number its classes in another way.
    with pytest.raises(TypeError, match=r"need `class_names`.*the 2 names 'cat', 'fox'"):
        Dataset(IMAGES, texts)
    with pytest.raises(ValueError, match="Received: 'fox', with the class_names 'cat', 'dog'"):
        Dataset(IMAGES, texts, class_names=names[:2])


def test_labels_without_a_0_say_how_many_classes_there_are():
    with pytest.warns(UserWarning, match=r"in \[1, 6\].*`labels - 1`.*`num_classes`") as warned:
        assert Dataset(IMAGES, np.arange(6) + 1).num_classes == 7
    assert warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Dataset(IMAGES, np.arange(6) + 1, num_classes=7)
        Dataset(IMAGES, [1] * 6, class_names=["a", "b"])


def test_bright_images_have_a_way_in():
    bright = np.abs(FLOATS)
    with pytest.raises(ValueError, match="darker than the middle gray, pass them as uint8"):
        Dataset(bright)
    assert Dataset(((bright + 1) * 127.5).round().astype("uint8")).examples.min() >= 127


def test_rounding_may_leave_the_range():
    assert Dataset(FLOATS * np.float32(1.0001)).has_images


def test_a_text_is_no_list_of_names():
    with pytest.raises(ValueError, match=r"list of names. Received: class_names='cat'"):
        Dataset(IMAGES, [0, 1, 2, 0, 1, 2], class_names="cat")
    with pytest.raises(ValueError, match=r"list of names. Received: condition_names='cat'"):
        Dataset(IMAGES, conditions=np.zeros((len(IMAGES), 3)), condition_names="cat")
    with pytest.raises(ValueError, match=r"list of names. Received: class_names=5"):
        Dataset(IMAGES, [0, 1, 2, 0, 1, 2], class_names=5)


def test_rows_that_differ_and_numbers_beyond_float32_are_named():
    with pytest.raises(ValueError, match="`labels` must be one array of equal rows"):
        Dataset(IMAGES[:2], [[0], [1, 2]])
    with pytest.raises(
        ValueError, match=r"float32 does not hold.*1 such rows of 2, the first at 1"
    ):
        Dataset([[0.0, 1.0], [1e39, 0.0]])
    with pytest.raises(ValueError, match="1 such rows of 2, the first at 0"):
        Dataset(IMAGES[:2], conditions=[[1e39], [0.0]])


def test_some_of_the_examples_keep_all_else():
    vectors = RNG.normal(size=(6, 2)).astype("float32")
    whole = Dataset(
        RNG.uniform(-80, 0, (6, 4, 4, 1)),
        conditions=vectors,
        condition_names=["age", "size"],
        value_range=(-80, 0),
        name="sounds",
        split="train",
    )
    part = whole.take([4, 1, 1])
    np.testing.assert_array_equal(part.examples, whole.examples[[4, 1, 1]])
    np.testing.assert_array_equal(part.conditions, vectors[[4, 1, 1]])
    for name in ("pixels", "condition_names", "name", "split", "labels", "num_classes"):
        assert getattr(part, name) == getattr(whole, name)
    named = Dataset(IMAGES, [0, 1, 0, 1, 0, 0], class_names=["cat", "dog"]).take(range(1, 3))
    assert named.labels.tolist() == [1, 0] and named.class_names == ("cat", "dog")
    assert (len(whole), whole.checksum != part.checksum) == (6, True)
    for rows in ([], [0.0], [True, False], [[1]]):
        with pytest.raises(ValueError, match=r"`rows` must be numbers of examples.*Received: rows"):
            whole.take(rows)
    with pytest.raises(IndexError):
        whole.take([6])
