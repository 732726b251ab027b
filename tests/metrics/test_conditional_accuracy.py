import numpy as np
import pytest

from ganzoo.metrics import conditional_accuracy


def test_accuracy_is_the_share_of_samples_with_their_class():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.5, 0.4], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3]])
    assert conditional_accuracy(probabilities, np.array([0, 1, 2, 0])) == 0.75
    assert conditional_accuracy(probabilities, np.array([0, 1, 2, 1])) == 1.0
    # Logits have the same order as their probabilities.
    assert conditional_accuracy(np.log(probabilities), np.array([2, 0, 1, 0])) == 0.0


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1]), r"one label for each sample. Received: 2 labels, probabilities of sh"),
        (np.array([0, 1, 2]), r"from 0 to 1. Received: modes from 0 to 2"),
        (np.array([0.0, 1.0, 1.0]), r"must be integers of shape"),
    ],
)
def test_wrong_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        conditional_accuracy(np.full((3, 2), 0.5), labels)
