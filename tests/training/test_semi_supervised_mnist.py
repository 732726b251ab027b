"""The paper's experiment on MNIST with 100 labels, cut to 10 of its 300 epochs."""

import keras
import pytest

import ganzoo

EPOCHS = 10


@pytest.mark.slow
def test_ten_epochs_with_100_labels_make_less_than_2000_errors():
    try:
        train, test = (ganzoo.data.load("tfds:mnist", split=split) for split in ("train", "test"))
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        pytest.skip(f"needs MNIST from TensorFlow Datasets: {error}")
    keras.utils.set_random_seed(0)
    gan = ganzoo.GAN.from_recipe("semi_supervised_mnist", train)
    gan.fit(train, labels_per_class=10, batch_size=100, epochs=EPOCHS, verbose=2)
    error = gan.evaluate(test)["error"]
    print(f"{error * len(test):.0f} errors of {len(test):,} after {EPOCHS} epochs")
    assert error < 0.2
