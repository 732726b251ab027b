import augment_equations as equations
import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.augment import AdaptiveAugment
from ganzoo.random import Draws

ALL = [
    *("flip", "rotate90", "translation", "brightness", "contrast", "luma_flip", "hue"),
    *("saturation", "cutout"),
]


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


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_images_do_not_change_by_a_bit_at_p_zero(dtype):
    images, part = tf.cast(images_of(), dtype), AdaptiveAugment(ALL)
    result = part(images, Draws(0, 0), part.state())
    assert result.dtype == images.dtype
    np.testing.assert_array_equal(result, images)


def test_each_transform_is_applied_to_a_share_of_p_of_the_images():
    images = images_of((2000, 4, 4, 1), "float32")
    for name in ("brightness", "contrast"):
        result = AdaptiveAugment([name], initial=0.3)(images, Draws(0, 0)).numpy()
        share = np.mean(np.any(result != images, axis=(1, 2, 3)))
        np.testing.assert_allclose(share, 0.3, atol=5 * np.sqrt(0.3 * 0.7 / 2000))


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

    @tf.function
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
        {"transforms": "flip"},
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


def test_the_defaults_are_the_papers():
    config = AdaptiveAugment().get_config()
    assert config.pop("transforms") == ALL[:-1]
    assert config == {"target": 0.6, "interval": 4, "images_to_one": 500_000, "initial": 0.0}
