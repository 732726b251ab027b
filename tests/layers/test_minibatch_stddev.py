import numpy as np
import pytest
import tensorflow as tf

from ganzoo.layers import MinibatchStdDev

IMAGES = np.random.default_rng(0).standard_normal((8, 2, 3, 6))


def expected_maps(images, group_size, num_channels=1):
    """The statistics written out: example i is in group i mod (number of groups)."""
    batch, height, width, channels = images.shape
    groups, share = batch // group_size, channels // num_channels
    maps = np.zeros((batch, height, width, num_channels))
    for group in range(groups):
        members = images[group::groups]
        deviations = np.sqrt(((members - members.mean(0)) ** 2).mean(0) + 1e-8)
        for i in range(num_channels):
            maps[group::groups, :, :, i] = deviations[:, :, i * share : (i + 1) * share].mean()
    return maps


@pytest.mark.parametrize(
    ("group_size", "num_channels", "actual_group"),
    [(4, 1, 4), (4, 3, 4), (2, 2, 2), (None, 1, 8), (16, 1, 8), (1, 1, 1)],
)
def test_statistics_of_each_group_are_appended(group_size, num_channels, actual_group):
    layer = MinibatchStdDev(group_size, num_channels, dtype="float64")
    outputs = layer(IMAGES).numpy()
    np.testing.assert_array_equal(outputs[..., :6], IMAGES)
    expected = expected_maps(IMAGES, actual_group, num_channels)
    np.testing.assert_allclose(outputs[..., 6:], expected, rtol=1e-12)


def test_default_is_one_map_of_groups_of_four():
    outputs = MinibatchStdDev(dtype="float64")(IMAGES)
    np.testing.assert_allclose(outputs[..., 6:], expected_maps(IMAGES, 4), rtol=1e-12)


def test_equal_examples_have_a_finite_gradient():
    images = tf.ones((4, 2, 2, 3))
    layer = MinibatchStdDev()
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = layer(images)
        value = tf.reduce_sum(outputs)
    np.testing.assert_allclose(outputs[..., -1], 1e-4, rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(value, images), 1.0, atol=1e-6)


def test_graph_that_does_not_know_the_batch_gives_the_same_or_fails():
    layer = MinibatchStdDev(dtype="float64")
    graph = tf.function(
        lambda x: layer(x),
        input_signature=[tf.TensorSpec((None, None, None, 6), "float64")],
        autograph=False,
    )
    for batch in (3, 4, 8):
        np.testing.assert_allclose(graph(IMAGES[:batch]), layer(IMAGES[:batch]), rtol=1e-12)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"multiple of"):
        graph(IMAGES[:6])


def test_batch_that_groups_do_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"Received: a batch of 6 with group_size=4"):
        MinibatchStdDev()(IMAGES[:6])


@pytest.mark.parametrize("arguments", [{"group_size": 0}, {"num_channels": 1.5}])
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=f"Received: {next(iter(arguments))}="):
        MinibatchStdDev(**arguments)


def test_inputs_must_be_images_with_divisible_channels():
    with pytest.raises(ValueError, match=r"Received: input_shape=\(8, 6\)"):
        MinibatchStdDev()(IMAGES[:, 0, 0])
    with pytest.raises(ValueError, match=r"Received: num_channels=4 for input_shape="):
        MinibatchStdDev(num_channels=4)(IMAGES)


def test_mixed_precision_computes_the_statistics_in_float32():
    images = np.round(4 * IMAGES) + 100
    outputs = MinibatchStdDev(dtype="mixed_bfloat16")(images)
    assert outputs.dtype == "bfloat16"
    expected = expected_maps(images, 4)
    maps = np.array(outputs, "float32")[..., 6:]
    np.testing.assert_allclose(maps, expected, rtol=2**-8)
