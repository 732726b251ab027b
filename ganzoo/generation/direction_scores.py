"""How much of an attribute a direction moves, and how little else."""

from typing import NamedTuple

import numpy as np

from ganzoo.generation.conditioning import labels_of
from ganzoo.generation.direction_methods import check_classifier
from ganzoo.generation.directions import check_directions
from ganzoo.generation.editing import edit
from ganzoo.generation.sampling import seeds_of_rows
from ganzoo.validation import check_non_negative, check_positive_integer, check_seed

_SMALLEST = 1e-6


class DirectionScores(NamedTuple):
    """What moving along each of k directions changes, as `score` measures it.

    Attributes:
        effects: float64 of shape `(k, attributes)`: the mean change of an attribute's log-odds from
            the one end to the other. Without a classifier there are no attributes.
        attributes: Names of the attributes.
        selectivity: float64 of shape `(k,)`: the share of the attribute that changes most in the
            changes of all attributes, in (0, 1]. At 1 a direction moves one attribute alone. NaN
            without a classifier.
        changes: float64 of shape `(k,)`: the root mean squared difference between the images at
            both ends, in gray levels.
    """

    effects: np.ndarray
    attributes: tuple[str, ...]
    selectivity: np.ndarray
    changes: np.ndarray


def score(
    gan,
    directions,
    classifier,
    amount: float = 2.0,
    samples: int = 256,
    seed: int = 0,
    batch_size: int = 64,
    conditions: np.ndarray | None = None,
) -> DirectionScores:
    """Measures what moving along each direction changes.

    Args:
        gan: A `ganzoo.GAN` of images.
        directions: The `Directions`.
        classifier: Has a method `probabilities` of uint8 images, which returns
            `(batch, attributes)`, and may have `class_names`, as the classifiers of
            `ganzoo.extractors`. `None` measures `changes` alone.
        amount: Samples are compared at this amount and at its negative.
        samples: Number of samples.
        seed: Seed of the first sample.
        batch_size: Examples per call of the generator.
        conditions: As for `GAN.sample`.

    Returns:
        A `DirectionScores`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> found = gan.directions("sefa", k=3)
    >>> scores = ganzoo.generation.score(gan, found, ganzoo.extractors.get("digits"))
    >>> best = scores.selectivity.argmax()
    """
    check_directions(directions)
    directions.check(gan)
    check_positive_integer("samples", samples)
    check_classifier(classifier)
    amount = check_non_negative("amount", amount)
    seeds = seeds_of_rows(check_seed(seed), samples)
    latents, labels = gan.latents_of(seeds), labels_of(seeds, gan.num_classes)
    effects, changes = [], []
    for number in range(len(directions)):
        ends = [
            gan.pixels.in_eight_bits(
                edit(gan, latents, directions, {number: end}, labels, None, batch_size, conditions)
            )
            for end in (-amount, amount)
        ]
        if classifier is not None:
            low, high = (_log_odds(classifier.probabilities(images)) for images in ends)
            effects.append((high - low).mean(axis=0))
        difference = ends[1].astype("float64") - ends[0].astype("float64")
        changes.append(np.sqrt(np.mean(np.square(difference))))
    if classifier is None:
        nothing = np.zeros((len(directions), 0)), (), np.full(len(directions), np.nan)
        return DirectionScores(*nothing, np.array(changes))
    effects = np.array(effects)
    sizes = np.abs(effects)
    selectivity = sizes.max(axis=1) / np.maximum(sizes.sum(axis=1), _SMALLEST)
    names = getattr(classifier, "class_names", None) or map(str, range(effects.shape[1]))
    return DirectionScores(effects, tuple(names), selectivity, np.array(changes))


def _log_odds(probabilities):
    shares = np.clip(np.asarray(probabilities, "float64"), _SMALLEST, 1 - _SMALLEST)
    return np.log(shares) - np.log1p(-shares)
