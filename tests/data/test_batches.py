"""The order of the batches is a pure function of the seed and the step."""

import numpy as np
import pytest

from ganzoo.data import Dataset

COUNT, BATCH = 23, 4
PER_PASS = COUNT // BATCH


def numbered(labels=True):
    """A data set whose images and labels say which row they are."""
    rows = np.arange(COUNT)
    images = np.broadcast_to(rows[:, None, None, None], (COUNT, 2, 2, 1)).astype(np.uint8)
    return Dataset(images, rows if labels else None)


def rows_of(batches, steps):
    return np.array([batches.batch(step)[1] for step in steps])


def test_every_pass_is_a_permutation_without_its_ragged_end():
    batches = numbered().batches(BATCH)
    orders = [rows_of(batches, range(k * PER_PASS, (k + 1) * PER_PASS)).ravel() for k in range(20)]
    for order in orders:
        assert len(set(order)) == PER_PASS * BATCH
    assert len({tuple(order) for order in orders}) == 20
    # The rows that a pass leaves out are not the same ones for ever.
    assert set(np.concatenate(orders)) == set(range(COUNT))


def test_the_order_is_unbiased():
    first = rows_of(numbered().batches(1), range(0, 4000 * COUNT, COUNT)).ravel()
    counts = np.bincount(first, minlength=COUNT)
    expected = 4000 / COUNT
    assert abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_a_batch_depends_on_the_seed_and_the_step_alone():
    forward, backward = numbered().batches(BATCH, seed=7), numbered().batches(BATCH, seed=7)
    steps = range(3 * PER_PASS)
    np.testing.assert_array_equal(rows_of(forward, steps), rows_of(backward, reversed(steps))[::-1])


def test_two_seeds_differ():
    steps = range(PER_PASS)
    assert (
        rows_of(numbered().batches(BATCH, seed=0), steps)
        != rows_of(numbered().batches(BATCH, seed=1), steps)
    ).any()


def test_the_order_is_the_same_in_every_release():
    # Stored from the first release: a change would change every published training run.
    order = rows_of(numbered().batches(BATCH, seed=3), [0, 1, 123_456]).tolist()
    assert order == GOLDEN


def test_examples_and_labels_stay_together_and_keep_their_types():
    images, labels = numbered().batches(BATCH).batch(11)
    assert images.dtype == np.uint8 and images.shape == (BATCH, 2, 2, 1)
    assert labels.dtype == np.int32 and labels.shape == (BATCH,)
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels)


def test_without_labels_a_batch_is_a_tuple_of_one():
    (images,) = numbered(labels=False).batches(BATCH).batch(0)
    assert images.shape == (BATCH, 2, 2, 1)


def test_a_longer_or_shorter_epoch_does_not_change_the_order():
    batches = numbered().batches(BATCH, steps_per_epoch=3)
    assert len(numbered().batches(BATCH)) == PER_PASS
    assert len(batches) == 3
    np.testing.assert_array_equal(
        rows_of(batches, range(12)), rows_of(numbered().batches(BATCH), range(12))
    )


def test_items_follow_the_step_at_the_start_of_the_epoch():
    batches = numbered().batches(BATCH)
    step = 0
    batches.follow(lambda: step)
    for step in (0, PER_PASS, 3, 1000):
        batches.on_epoch_begin()
        items = np.array([batches[index][1] for index in range(len(batches))])
        batches.on_epoch_end()
        np.testing.assert_array_equal(items, rows_of(batches, range(step, step + PER_PASS)))


def test_an_epoch_without_a_step_to_follow_is_refused():
    with pytest.raises(RuntimeError, match=r"batches\.follow"):
        numbered().batches(BATCH).on_epoch_begin()
    with pytest.raises(TypeError, match="Received: step_function=3"):
        numbered().batches(BATCH).follow(3)
    with pytest.raises(ValueError, match="Received: step=-1"):
        numbered().batches(BATCH).follow(lambda: -1).on_epoch_begin()


def test_items_in_another_order_are_refused_during_an_epoch():
    batches = numbered().batches(BATCH).follow(lambda: 0)
    assert batches[3][1].shape == (BATCH,)
    batches.on_epoch_begin()
    with pytest.raises(ValueError, match="shuffle=False"):
        batches[1]


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": -3}, "batch_size=-3"),
        ({"batch_size": 2.0}, "batch_size=2.0"),
        ({"batch_size": COUNT + 1}, f"batch_size={COUNT + 1} for Dataset"),
        ({"batch_size": 4, "seed": -1}, "seed=-1"),
        ({"batch_size": 4, "seed": 2**64}, f"seed={2**64}"),
        ({"batch_size": 4, "seed": 1.5}, "seed=1.5"),
        ({"batch_size": 4, "steps_per_epoch": 0}, "steps_per_epoch=0"),
    ],
)
def test_bad_arguments_are_refused(arguments, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        numbered().batches(**arguments)


def test_negative_steps_and_indices_out_of_range_are_refused():
    batches = numbered().batches(BATCH)
    with pytest.raises(ValueError, match="Received: step=-1"):
        batches.batch(-1)
    for index in (-1, PER_PASS):
        with pytest.raises(IndexError, match=f"Received: index={index}"):
            batches[index]


GOLDEN = [[6, 13, 1, 18], [11, 19, 8, 5], [8, 16, 13, 14]]
