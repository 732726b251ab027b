"""Semi-supervised batches: the labeled examples, and the order of the three streams."""

import keras
import numpy as np
import pytest

from ganzoo.data import Dataset, SemiSupervisedBatches

COUNT, CLASSES, PER_CLASS, BATCH = 50, 3, 4, 7
LABELED = CLASSES * PER_CLASS
PER_PASS = COUNT // BATCH
STREAMS = ("unlabeled", "labeled", "matching")


def numbered(labels=True):
    """A data set whose images say which row they are."""
    rows = np.arange(COUNT)
    images = np.broadcast_to(rows[:, None, None, None], (COUNT, 2, 2, 1)).astype(np.uint8)
    return Dataset(images, rows % CLASSES if labels else None)


def build(labels_per_class=PER_CLASS, batch_size=BATCH, **arguments):
    return SemiSupervisedBatches(numbered(), labels_per_class, batch_size, **arguments)


def rows_of(batches, stream, steps):
    """The rows of the data set that a stream takes in these steps, one after the other."""
    return np.concatenate([batches.batch(step)[0][stream][:, 0, 0, 0] for step in steps])


def test_each_class_has_the_same_number_of_labeled_examples():
    subset = build().labeled_subset
    assert len(set(subset)) == LABELED
    assert (np.bincount(numbered().labels[subset]) == PER_CLASS).all()


def test_the_seed_chooses_the_labeled_examples():
    subsets = [build(seed=seed).labeled_subset for seed in range(200)]
    np.testing.assert_array_equal(subsets[3], build(seed=3, batch_size=5).labeled_subset)
    assert len({tuple(sorted(subset)) for subset in subsets}) > 190
    # Every example of a class may be chosen, and about equally often.
    counts = np.bincount(np.concatenate(subsets), minlength=COUNT)
    expected = 200 * LABELED / COUNT
    assert abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_the_labels_belong_to_the_labeled_examples():
    batches = build()
    for step in range(10):
        examples, labels = batches.batch(step)
        rows = examples["labeled"][:, 0, 0, 0]
        assert set(rows) <= set(batches.labeled_subset)
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels, rows % CLASSES)
        assert {name: (x.shape, x.dtype) for name, x in examples.items()} == {
            name: ((BATCH, 2, 2, 1), np.uint8) for name in STREAMS
        }


@pytest.mark.parametrize("batch_size", [5, LABELED, 31])
def test_labeled_examples_are_tiled_without_leaving_one_out(batch_size):
    """Cycle after cycle over the labeled set, whole, each in an order of its own."""
    batches = build(batch_size=batch_size)
    rows = rows_of(batches, "labeled", range(12 * LABELED // batch_size + 1))
    cycles = rows[: 12 * LABELED].reshape(12, LABELED)
    for cycle in cycles:
        assert set(cycle) == set(batches.labeled_subset)
    assert len({tuple(cycle) for cycle in cycles}) == 12


def test_the_labeled_order_does_not_depend_on_the_batch_size():
    small, large = (rows_of(build(batch_size=n), "labeled", range(60 // n)) for n in (5, 30))
    np.testing.assert_array_equal(small, large)


def test_unlabeled_examples_come_as_in_batches():
    batches, plain = build(seed=5), numbered().batches(BATCH, seed=5)
    for step in (0, 1, PER_PASS, 1000):
        np.testing.assert_array_equal(batches.batch(step)[0]["unlabeled"], plain.batch(step)[0])


def test_matching_examples_are_own_permutations_of_the_full_set():
    batches = build(batch_size=10)
    matching = rows_of(batches, "matching", range(20)).reshape(4, COUNT)
    unlabeled = rows_of(batches, "unlabeled", range(20)).reshape(4, COUNT)
    for order in matching:
        assert set(order) == set(range(COUNT))
    assert len({tuple(order) for order in [*matching, *unlabeled]}) == 8
    # Two independent orders meet at one place of a pass, on average.
    assert (matching == unlabeled).sum() < 20


@pytest.mark.parametrize("stream", STREAMS)
def test_a_batch_depends_on_the_seed_and_the_step_alone(stream):
    forward, backward, other = build(seed=7), build(seed=7), build(seed=8)
    steps = range(3 * PER_PASS)
    expected = rows_of(forward, stream, steps)
    again = [rows_of(backward, stream, [step]) for step in reversed(steps)][::-1]
    np.testing.assert_array_equal(np.concatenate(again), expected)
    assert (rows_of(other, stream, steps) != expected).any()


def test_the_order_is_the_same_in_every_release():
    # Stored from the first release: a change would change every published training run.
    batches = build(seed=3)
    assert batches.labeled_subset.tolist() == GOLDEN["subset"]
    for stream in ("labeled", "matching"):
        assert rows_of(batches, stream, [0, 123_456]).tolist() == GOLDEN[stream]


def test_fit_takes_them_and_follows_the_step():
    inputs = {name: keras.Input((2, 2, 1), name=name) for name in STREAMS}
    first = keras.layers.Flatten()(inputs["labeled"])
    model = keras.Model(inputs, keras.layers.Dense(CLASSES)(first))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    asked = []

    class Watched(SemiSupervisedBatches):
        def batch(self, step):
            asked.append(step)
            return super().batch(step)

    batches = Watched(numbered(), PER_CLASS, BATCH, steps_per_epoch=3)
    batches.follow(lambda: int(model.optimizer.iterations.numpy()))
    model.fit(batches, epochs=2, shuffle=False, verbose=0)
    assert asked[-6:] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        ({"labels_per_class": 0}, "labels_per_class=0"),
        ({"labels_per_class": 2.0}, "labels_per_class=2.0"),
        ({"labels_per_class": 17}, "labels_per_class=17, where class 2 has 16"),
        ({"batch_size": COUNT + 1}, f"batch_size={COUNT + 1}"),
        ({"seed": -1}, "seed=-1"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0"),
    ],
)
def test_bad_arguments_are_refused(arguments, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        build(**arguments)


def test_data_without_labels_are_refused():
    with pytest.raises(ValueError, match="Received: data without labels, Dataset"):
        SemiSupervisedBatches(numbered(labels=False), PER_CLASS, BATCH)


def test_an_empty_class_is_refused():
    data = Dataset(numbered().examples, np.arange(COUNT) % CLASSES, num_classes=CLASSES + 1)
    with pytest.raises(ValueError, match="where class 3 has 0"):
        SemiSupervisedBatches(data, 1, BATCH)


def test_a_negative_step_is_refused():
    with pytest.raises(ValueError, match="Received: step=-1"):
        build().batch(-1)


GOLDEN = {
    "subset": [27, 9, 48, 21, 43, 22, 46, 40, 11, 17, 8, 38],
    "labeled": [46, 48, 17, 38, 22, 11, 40, 17, 46, 40, 38, 9, 22, 11],
    "matching": [32, 10, 14, 5, 47, 1, 26, 39, 18, 16, 23, 29, 31, 8],
}
