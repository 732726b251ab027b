import augment_equations as equations
import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.augment import AdaptiveAugment, affine, pipeline
from ganzoo.random import Draws

ALL = [
    *("flip", "rotate90", "translation", "brightness", "contrast", "luma_flip", "hue"),
    *("saturation", "cutout"),
]


PIXELS = ["flip", "rotate90", "translation"]
GEOMETRY = [*PIXELS, "scale", "rotate", "anisotropic_scale", "rotate", "fractional_translation"]
COLORS = ["brightness", "contrast", "luma_flip", "hue", "saturation"]


def images_of(shape=(12, 8, 8, 3), dtype="float64"):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(dtype)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("p", [0.4, 1.0])
def test_images_equal_the_written_out_transforms_of_the_same_draws(p, channels):
    images, draws = images_of((12, 8, 8, channels)), Draws(seed=1, step=2)
    result = AdaptiveAugment(ALL, initial=p)(tf.constant(images), draws)

    uniforms = draws.scope("augment").uniform("adaptive_augment", len(images), (len(ALL), 3))
    for i, image in enumerate(images):
        for name, (u, v, gate) in zip(ALL, np.float64(uniforms[i]), strict=True):
            if gate < p:
                image = equations.adaptive_transform(name, image, u, v)
        np.testing.assert_allclose(result[i], image, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("p", "shape"), [(0.5, (10, 8, 8, 3)), (1.0, (3, 7, 10, 1))])
def test_the_papers_pipeline_equals_the_written_out_one(p, shape):
    images, draws = images_of(shape), Draws(seed=1, step=2)
    result = AdaptiveAugment("bgcfnc", initial=p)(tf.constant(images), draws)

    names = [*GEOMETRY, *COLORS, "filter", "noise", "cutout"]
    draws, (height, width) = draws.scope("augment"), shape[1:3]
    uniforms = np.float64(draws.uniform("adaptive_augment", len(images), (len(names), 3)))
    of_bands = np.float64(draws.uniform("filter_13", len(images), (4, 3)))
    noise = np.float64(draws.normal("noise_14", len(images), shape[1:]))
    resampled = 0
    for i, image in enumerate(images):
        drawn = [(n, *uniforms[i, k]) for k, n in enumerate(names)]
        p_rotation = 1 - np.sqrt(1 - p)
        moves = [d for d in drawn[:8] if d[3] < (p_rotation if d[0] == "rotate" else p)]
        of_pixels = PIXELS if height == width else ["flip", "translation"]
        if {name for name, *_ in moves} <= {*of_pixels}:
            for name, u, v, _ in moves:
                image = equations.adaptive_transform(name, image, u, v)
        else:
            resampled += 1
            matrix = np.eye(3)
            for name, u, v, _ in moves:
                matrix = equations.affine_map(name, u, v, height, width) @ matrix
            image = equations.resample(image, matrix)
        for name, u, v, gate in drawn[8:13]:
            if gate < p:
                image = equations.adaptive_transform(name, image, u, v)
        u, v, gate = of_bands[i].T
        normal = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
        image = equations.scale_bands(
            image, equations.band_gains(np.where(gate < p, 2**normal, 1.0))
        )
        (_, u, v, gate), (_, *cut) = drawn[14:]
        if gate < p:
            deviation = 0.1 * abs(np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v))
            image = image + deviation * noise[i]
        if cut[2] < p:
            image = equations.adaptive_transform("cutout", image, *cut[:2])
        np.testing.assert_allclose(result[i], image, rtol=1e-4, atol=1e-4)
    assert resampled >= 3


def test_the_affine_maps_are_the_papers():
    rng = np.random.default_rng(0)
    u, v = rng.uniform(size=(2, 20)).astype("float32")
    inverses = []
    for name in dict.fromkeys(GEOMETRY):
        inverse = np.asarray(getattr(affine, name)(tf.constant(u), tf.constant(v), 16, 24))
        maps = [equations.affine_map(name, *uv, 16, 24) for uv in np.float64([u, v]).T]
        np.testing.assert_allclose(inverse, np.linalg.inv(maps), rtol=1e-4, atol=1e-5)
        inverses.append(inverse)
    chosen = rng.uniform(size=(len(inverses), 20)) < 0.5
    expected = np.tile(np.eye(3), (20, 1, 1))
    for inverse, is_made in zip(inverses, chosen, strict=True):
        expected[is_made] = expected[is_made] @ inverse[is_made]
    composed = affine.compose([tf.constant(i) for i in inverses], list(tf.constant(chosen)))
    np.testing.assert_allclose(composed, expected, rtol=1e-4, atol=1e-4)


def test_the_numbers_have_the_papers_distributions():
    u, v = np.random.default_rng(0).uniform(size=(2, 10_000)).astype("float32")
    logs = -np.log2(np.asarray(affine.scale(tf.constant(u), tf.constant(v), 8, 8))[:, 0, 0])
    np.testing.assert_allclose([logs.mean(), logs.std()], [0, 0.2], atol=4 * 0.2 / 100)
    shifts = -np.asarray(affine.fractional_translation(tf.constant(u), tf.constant(v), 8, 16))
    np.testing.assert_allclose(shifts[:, :2, 2].std(axis=0), [2, 1], rtol=0.03)
    np.testing.assert_allclose(np.corrcoef(shifts[:, :2, 2].T)[0, 1], 0, atol=0.04)


def test_band_gains_keep_the_expected_power():
    gains = pipeline.band_gains(tf.constant([[1.0, 2, 1, 1], [0.5, 3, 1, 0.2]]))
    np.testing.assert_allclose(gains[0], [0.901388, 1.802776, 0.901388, 0.901388], atol=1e-6)
    np.testing.assert_allclose(gains[1], equations.band_gains([0.5, 3, 1, 0.2]), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_images_do_not_change_by_a_bit_at_p_zero(dtype):
    images, part = tf.cast(images_of(), dtype), AdaptiveAugment("bgcfnc")
    result = part(images, Draws(0, 0), part.state())
    assert result.dtype == images.dtype
    np.testing.assert_array_equal(result, images)


# Shares of the applied transforms that change an image.
SHARES = {"flip": 1 / 2, "rotate90": 3 / 4, "luma_flip": 1 / 2}


@pytest.mark.parametrize("name", [*dict.fromkeys(GEOMETRY), *COLORS, "noise", "cutout"])
def test_each_transform_is_applied_to_a_share_of_strength_times_p_of_the_images(name):
    size = 9 if name == "translation" else 3
    images = images_of((10_000, size, size, 3), "float32")
    part = AdaptiveAugment({name: 0.6}, initial=0.5)
    changed = np.any(part(images, Draws(0, 0)).numpy() != images, axis=(1, 2, 3))
    share = 0.3 * SHARES.get(name, 1)
    if name == "translation":  # Shifts of -1, 0 and 1 pixels; 0 for a number below half a pixel.
        share *= 1 - (0.5 / 1.125) ** 2
    deviation = np.sqrt(share * (1 - share) / len(images))
    np.testing.assert_allclose(changed.mean(), share, atol=4 * deviation)


def test_bands_and_rotations_share_the_probability():
    images = images_of((10_000, 3, 3, 1), "float32")

    def share(transforms):
        result = AdaptiveAugment(transforms, initial=0.5)(images, Draws(0, 0)).numpy()
        return np.mean(np.any(result != images, axis=(1, 2, 3)))

    np.testing.assert_allclose(share(["rotate"]), 0.5, atol=0.02)
    np.testing.assert_allclose(share(["rotate", "rotate"]), 0.5, atol=0.02)
    np.testing.assert_allclose(share("filter"), 1 - 0.5**4, atol=0.01)


def test_names_groups_and_policies_may_be_mixed():
    def names(transforms):
        return AdaptiveAugment(transforms)._pipeline._names

    assert names("bgc") == [*GEOMETRY, *COLORS]
    assert names("bgcfnc") == [*GEOMETRY, *COLORS, "filter", "noise", "cutout"]
    assert names("blit,color") == names(["blit", "color"]) == [*PIXELS, *COLORS]
    part = AdaptiveAugment({"bg": 1, "color": 0.5, "cutout": 3})
    assert part._pipeline._names == [*GEOMETRY, *COLORS, "cutout"]
    np.testing.assert_array_equal(part._pipeline._strengths, [1] * 8 + [0.5] * 5 + [3])
    np.testing.assert_allclose(
        part._pipeline._probabilities(0.5), [0.5] * 4 + [0.292893, 0.5, 0.292893, 0.5]
        + [0.25] * 5 + [1.0], rtol=1e-6
    )  # fmt: skip


def test_transforms_are_independent_of_each_other():
    images = images_of((2000, 4, 4, 1), "float32")
    result = AdaptiveAugment(["brightness", "cutout"], initial=0.5)(images, Draws(0, 0)).numpy()
    brighter = np.any((result != images) & (result != 0), axis=(1, 2, 3))
    cut = np.any(result == 0, axis=(1, 2, 3))
    np.testing.assert_allclose(np.mean(brighter & cut), 0.25, atol=0.05)


def test_p_follows_the_papers_rule():
    part = AdaptiveAugment(interval=3, images_to_one=100, target=0.5, initial=0.2)
    state = part.state()
    generator = np.random.default_rng(0)
    p, seen = np.float64(np.float32(0.2)), []
    for batch in range(60):
        # Overfitting at first, then the opposite.
        logits = generator.normal(1.5 if batch < 30 else 0.2, size=(7, 1)).astype("float32")
        part.update_state(logits, state)
        seen.append(np.sign(logits))
        if len(seen) == 3:
            r = np.mean(seen)
            p = np.clip(p + np.sign(r - 0.5) * 3 * 7 / 100, 0.0, 1.0)
            seen = []
        np.testing.assert_allclose(float(state.probability), p, atol=1e-5)


@pytest.mark.parametrize(("logit", "last"), [(2.0, 1.0), (-2.0, 0.0)])
def test_p_stays_in_its_range(logit, last):
    part = AdaptiveAugment(interval=1, images_to_one=20, initial=0.5)
    state = part.state()
    path = []
    for _ in range(4):
        part.update_state(np.full((4, 1), logit, "float32"), state)
        path.append(float(state.probability))
    assert path[0] not in (0.5, last) and path[-1] == last


@pytest.mark.parametrize("jit_compile", [None, True], ids=["graph", "xla"])
def test_p_grows_by_one_in_images_to_one_images(jit_compile):
    part = AdaptiveAugment(interval=4, images_to_one=1280)
    state = part.state()
    update = tf.function(
        lambda logits: part.update_state(logits, state), jit_compile=jit_compile, autograph=False
    )
    for _ in range(16):
        update(tf.ones((64, 1)))
    np.testing.assert_allclose(float(state.probability), 16 * 64 / 1280, rtol=1e-6)


def test_the_state_is_saved_and_restored(tmp_path):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.state = AdaptiveAugment().state()
            self.built = True

    part = AdaptiveAugment(interval=2, images_to_one=100)
    saved, restored = Model(), Model()
    for _ in range(3):
        part.update_state(np.ones((4, 1), "float32"), saved.state)
    saved.save_weights(tmp_path / "m.weights.h5")
    restored.load_weights(tmp_path / "m.weights.h5")
    for model in (saved, restored):
        part.update_state(np.ones((4, 1), "float32"), model.state)
    assert float(restored.state.probability) == float(saved.state.probability)
    np.testing.assert_allclose(float(restored.state.probability), 0.16, rtol=1e-6)


def test_replicas_have_the_p_of_the_global_batch(two_replicas):
    part = AdaptiveAugment(interval=2, images_to_one=100, target=0.0)
    # The sum over the replicas decides: the first replica alone would lower p.
    logits = np.array([[-1.0], [-1.0], [1.0], [-1.0], [1.0], [1.0], [1.0], [1.0]], "float32")
    alone = part.state()
    with two_replicas.scope():
        shared = part.state()

    @tf.function(autograph=False)
    def update(logits):
        two_replicas.run(lambda values: part.update_state(values, shared), args=(logits,))

    halves = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(logits, 2)[context.replica_id_in_sync_group])
    )
    for _ in range(4):
        update(halves)
        part.update_state(logits, alone)
    replicas = two_replicas.experimental_local_results(shared.probability.value)
    assert len(replicas) == 2
    for p in replicas:
        assert float(p) == float(alone.probability) == np.float32(0.32)


@pytest.mark.parametrize(
    "arguments",
    [
        {"transforms": []},
        {"transforms": "bgcc"},
        {"transforms": {}},
        {"transforms": 3},
        {"transforms": ["flip", "zoom"]},
        {"target": 1.1},
        {"target": None},
        {"interval": 0},
        {"images_to_one": 0},
        {"initial": -0.1},
        {"initial": "1"},
    ],
    ids=str,
)
def test_bad_arguments_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"Received: {name}="):
        AdaptiveAugment(**arguments)


def test_a_negative_strength_is_refused():
    with pytest.raises(ValueError, match=r"transforms\['hue'\].*Received: "):
        AdaptiveAugment({"flip": 1, "hue": -1})


def test_the_defaults_are_the_papers():
    config = AdaptiveAugment().get_config()
    assert config == {"transforms": "bgc"} | {
        "target": 0.6,
        "interval": 4,
        "images_to_one": 500_000,
        "initial": 0.0,
    }
