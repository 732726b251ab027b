"""How a small classifier of images is trained, with shifted and mirrored images."""

from collections.abc import Callable

import keras
import numpy as np


def shifted_and_flipped(
    images: np.ndarray, shift: int, flip: bool, rng: np.random.Generator
) -> np.ndarray:
    """Returns images that are shifted, and mirrored left to right with probability 1/2.

    Args:
        images: `(count, height, width, channels)`.
        shift: Each image is shifted by up to this many pixels in each direction, mirrored at the
            border.
        flip: Whether to mirror images.
        rng: NumPy's generator of random numbers.
    """
    count, height, width = images.shape[:3]
    padded = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)), mode="reflect")
    top, left = rng.integers(0, 2 * shift + 1, (2, count, 1))
    rows, columns = top + np.arange(height), left + np.arange(width)
    images = padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    if flip:
        mirrored = rng.random(count) < 0.5
        images[mirrored] = images[mirrored, :, ::-1]
    return images


def fit_classifier(
    network: keras.Model,
    batch: Callable[[int], tuple[np.ndarray, np.ndarray]],
    steps: int,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-2,
    average: float | None = None,
    epochs: int = 1,
    verbose: int = 0,
) -> None:
    """Trains a classifier with AdamW, whose rate falls to 0 along half a cosine.

    Args:
        network: What `ganzoo.extractors.classifier_network.classifier_network` returned.
        batch: Function of a step that returns images and their classes.
        steps: Number of batches.
        learning_rate: First learning rate.
        weight_decay: Weight decay of AdamW.
        average: Decay of the moving average of the weights, which replaces them at the end; or
            `None` for no average.
        epochs: Number of equal parts of the steps, for the output.
        verbose: As for `keras.Model.fit`.
    """
    model = keras.Model(network.input, network.output["logits"])
    averaged = {} if average is None else {"use_ema": True, "ema_momentum": average}
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(learning_rate, steps),
        weight_decay=weight_decay,
        **averaged,
    )
    # TensorFlow traces a step again if the first trace creates variables.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
    )
    model.fit(
        (batch(step) for step in range(steps)),
        steps_per_epoch=steps // epochs,
        epochs=epochs,
        shuffle=False,
        verbose=verbose,
    )
