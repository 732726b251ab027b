"""The path length is the squared speed of the features."""

import numpy as np
import pytest

from ganzoo.metrics import perceptual_path_length

DRAWS = np.random.default_rng(0)
STARTS, ENDS = DRAWS.normal(size=(2, 200, 6))
MATRIX = DRAWS.normal(size=(6, 12))


def generate(latents):
    return (latents @ MATRIX).reshape(-1, 2, 2, 3)


def extract(images):
    return 3 * images.reshape(len(images), -1)


def test_a_linear_path_of_a_linear_generator_has_the_speed_of_its_ends():
    speeds = ((3 * (ENDS - STARTS) @ MATRIX) ** 2).sum(axis=1)
    length = perceptual_path_length(
        generate, extract, STARTS, ENDS, "linear", percentiles=(0, 100), batch_size=37
    )
    np.testing.assert_allclose(length, speeds.mean(), rtol=1e-6)


def test_terms_outside_of_the_percentiles_do_not_count():
    speeds = ((3 * (ENDS - STARTS) @ MATRIX) ** 2).sum(axis=1)
    lowest = np.percentile(speeds, 1, method="lower")
    highest = np.percentile(speeds, 99, method="higher")
    kept = speeds[(lowest <= speeds) & (speeds <= highest)]
    assert len(kept) == 198
    length = perceptual_path_length(generate, extract, STARTS, ENDS, "linear")
    np.testing.assert_allclose(length, kept.mean(), rtol=1e-6)


def test_a_spherical_path_has_the_speed_of_its_angle():
    starts, ends = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (STARTS, ENDS))
    angles = np.arccos((starts * ends).sum(axis=1))

    def length(a, b):
        return perceptual_path_length(lambda z: z, lambda x: x, a, b, percentiles=(0, 100), seed=3)

    np.testing.assert_allclose(length(starts, ends), (angles**2).mean(), rtol=1e-6)
    np.testing.assert_allclose(length(5 * starts, 5 * ends), 25 * (angles**2).mean(), rtol=1e-6)
    # Along one direction, only the norm changes.
    np.testing.assert_allclose(length(starts, 3 * starts), 4, rtol=1e-6)


def test_a_spherical_path_leads_from_start_to_end():
    seen = []

    def record(latents):
        seen.append(latents)
        return latents

    perceptual_path_length(record, lambda x: x, STARTS, ENDS, epsilon=1.0, batch_size=200)
    before, after = seen
    # t + 1 is as far beyond the end as t is beyond the start.
    norms = [np.linalg.norm(z, axis=1) for z in (STARTS, ENDS, before, after)]
    t = (norms[2] - norms[0]) / (norms[1] - norms[0])
    assert (t >= -1e-9).all() and (t < 1).all() and 0.2 < np.median(t) < 0.8
    cosine = (before * STARTS).sum(1) / norms[2] / norms[0]
    angle = np.arccos((STARTS * ENDS).sum(1) / norms[0] / norms[1])
    np.testing.assert_allclose(cosine, np.cos(t * angle), atol=1e-9)


def test_the_batch_size_does_not_matter_and_the_seed_does():
    def bent(latents):
        return np.tanh(generate(latents))

    lengths = [
        perceptual_path_length(bent, extract, STARTS, ENDS, batch_size=batch_size, seed=seed)
        for batch_size, seed in ((1, 0), (64, 0), (64, 1))
    ]
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-6)
    assert abs(lengths[2] / lengths[1] - 1) > 1e-4


def test_rounded_images_are_refused():
    def rounded(latents):
        return np.zeros((len(latents), 2, 2, 3), "uint8")

    with pytest.raises(ValueError, match=r"floating images.*Received.*uint8"):
        perceptual_path_length(rounded, extract, STARTS, ENDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ends": ENDS[:9]}, r"the same shape"),
        ({"starts": 0 * STARTS}, r"must not be 0"),
        ({"starts": STARTS * np.nan}, r"`starts` must be finite"),
        ({"interpolation": "cubic"}, r"`interpolation`"),
        ({"epsilon": 0}, r"`epsilon`"),
        ({"batch_size": 0}, r"`batch_size`"),
        ({"percentiles": (99, 1)}, r"`percentiles`"),
        ({"extractor": lambda images: images}, r"`features`.*shape"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    defaults = {"generate": generate, "extractor": extract, "starts": STARTS, "ends": ENDS}
    with pytest.raises(ValueError, match=rf"{message}.*Received"):
        perceptual_path_length(**(defaults | arguments))
