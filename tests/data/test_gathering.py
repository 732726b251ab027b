"""Data sets in memory of batches, and one-hot labels."""

import warnings

import numpy as np
import pytest

from ganzoo.data import Dataset, gather
from ganzoo.data.iterables import of_one_size

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1), dtype="uint8")
LABELS = np.array([0, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(3)[LABELS]


def test_one_hot_labels_are_classes():
    for labels in (ONE_HOT, ONE_HOT.astype(bool), ONE_HOT.astype("int64").tolist()):
        data = Dataset(IMAGES, labels)
        np.testing.assert_array_equal(data.labels, LABELS)
        assert data.num_classes == 3 and data.labels.dtype == np.int32
    assert Dataset(IMAGES, ONE_HOT, class_names=list("abc")).class_names == ("a", "b", "c")

    class Frame(np.ndarray):
        columns = ("ash", "oak", "yew")

    assert Dataset(IMAGES, ONE_HOT.view(Frame)).class_names == Frame.columns


REFUSED = {
    "several ones": (ONE_HOT + np.eye(3)[0] * (ONE_HOT[:, :1] == 0), {}, "4 rows are not one-hot"),
    "shares": (ONE_HOT * 0.8 + 0.1, {}, r"`labels.argmax\(-1\)`"),
    "no class": (ONE_HOT * (np.arange(6) > 0)[:, None], {}, "1 rows.*first at 0"),
    "fewer classes": (ONE_HOT, {"num_classes": 2}, "column for each of the 2 classes"),
    "more names": (ONE_HOT, {"class_names": list("abcd")}, "column for each of the 4 classes"),
    "texts": (ONE_HOT.astype(str), {}, "must be numbers"),
    "a column": (LABELS[:, None], {}, r"for a column `labels\[:, 0\]`"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_rows_of_labels_are_refused(case):
    labels, settings, words = REFUSED[case]
    with pytest.raises((TypeError, ValueError), match=f"{words}.*Received: |Received: .*{words}"):
        Dataset(IMAGES, labels, **settings)


def test_batches_are_gathered():
    batches = [(IMAGES[:4], ONE_HOT[:4]), {"image": IMAGES[4:], "label": ONE_HOT[4:]}]
    data = gather(batches, class_names=list("abc"), name="trees", split="test")
    np.testing.assert_array_equal(data.examples, IMAGES)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert (data.name, data.split, data.class_names) == ("trees", "test", ("a", "b", "c"))
    with pytest.warns(UserWarning, match="all are read into memory"):
        data = gather(iter(batches), conditions=True)
    np.testing.assert_array_equal(data.conditions, ONE_HOT)
    assert gather({"image": IMAGES, "label": LABELS}).num_classes == 3
    assert gather((IMAGES, LABELS)).num_classes == 3
    assert gather(list(IMAGES)).labels is None


@pytest.mark.parametrize(
    "data, words",
    [
        ([], "batches that can be read"),
        (3, "batches that can be read"),
        ([(IMAGES, LABELS), (IMAGES, None)], "1 batches without labels of 2"),
        ([(IMAGES, LABELS), (IMAGES[:, :2], LABELS)], "of 2 shapes"),
        ([IMAGES[:4], IMAGES[4:], IMAGES], r"np.concatenate\(x\)`.*of 3 shapes"),
        ([(IMAGES[0], 1)], "a batch of"),
        ([(IMAGES[0], np.int32(1))], "single examples"),
    ],
)
def test_what_cannot_be_gathered_is_refused(data, words):
    with pytest.raises(ValueError, match=f"{words}|Received: .*{words}"):
        gather(data)


def test_batches_are_joined_and_split():
    rows = np.arange(23)
    for sizes in ([5, 1, 1, 9, 7], [23], [1] * 23, [4, 4, 4, 4, 4, 3]):
        parts = np.split(rows, np.cumsum(sizes)[:-1])
        with pytest.warns(UserWarning, match="The last 3 examples .* do not fill a batch of 4"):
            batches = list(of_one_size(((part, 2 * part) for part in parts), 4))
        assert [len(one) for one, _ in batches] == [4] * 5
        np.testing.assert_array_equal(np.concatenate([one for one, _ in batches]), rows[:20])
        np.testing.assert_array_equal(np.concatenate([two for _, two in batches]), 2 * rows[:20])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(of_one_size([(rows[:8],), (rows[8:20],)], 4))) == 5


@pytest.mark.parametrize(
    "batches, settings",
    [
        (IMAGES, {"conditions": True}),
        (IMAGES, {"num_classes": 3}),
        ((IMAGES, ONE_HOT), {"conditions": True, "class_names": ["a", "b", "c"]}),
        ((IMAGES, ONE_HOT), {"conditions": True, "num_classes": 3}),
    ],
)
def test_arguments_without_an_effect_are_refused(batches, settings):
    with pytest.raises(ValueError, match=r"`num_classes`.*Received: "):
        gather(batches, **settings)
