"""Promises of all metrics: batches do not matter, state and configuration are complete."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from metric_cases import CASES, Projection, images, stream, streamed, values

from ganzoo import metrics


def test_every_registered_metric_is_tested_here():
    assert metrics.names() == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_size_of_the_batches_does_not_matter(name):
    whole = values(streamed(name, batch_size=1000))
    for batch_size in (1, 64):
        np.testing.assert_allclose(values(streamed(name, batch_size)), whole, rtol=1e-9)
    assert np.isfinite(whole).all()


@pytest.mark.parametrize("name", CASES)
def test_the_same_samples_give_the_same_bits(name):
    np.testing.assert_array_equal(values(streamed(name)), values(streamed(name)))


DRAWN_BY_POSITION = {"inception_score", "kernel_distance", "structural_similarity"}


@pytest.mark.parametrize("name", sorted(CASES.keys() - DRAWN_BY_POSITION))
def test_the_order_of_the_samples_does_not_matter(name):
    shuffled = streamed(name, order=np.random.default_rng(5))
    np.testing.assert_allclose(values(shuffled), values(streamed(name)), rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_a_metric_is_rebuilt_from_its_configuration(name):
    metric = streamed(name)
    config = keras.saving.serialize_keras_object(metric)
    again = metrics.get(config)
    assert type(again) is type(metric) and again.get_config() == metric.get_config()
    _, samples, reference = CASES[name]
    np.testing.assert_array_equal(values(stream(again, samples, reference)), values(metric))


@pytest.mark.parametrize("name", CASES)
def test_a_reset_metric_equals_a_new_one(name):
    metric = streamed(name)
    expected = values(metric)
    metric.reset_state()
    with pytest.raises(ValueError, match=r"no samples.*Received"):
        metric.result()
    _, samples, reference = CASES[name]
    np.testing.assert_array_equal(values(stream(metric, samples, reference)), expected)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2] is not None])
def test_the_reference_is_kept_when_only_the_samples_are_reset(name):
    metric = streamed(name)
    expected = values(metric)
    metric.reset_samples()
    np.testing.assert_array_equal(values(stream(metric, CASES[name][1])), expected)
    metric.reset_state()
    metric.update_state(CASES[name][1])
    with pytest.raises(ValueError, match=r"update_reference.*Received"):
        metric.result()


def test_the_caller_may_overwrite_the_array_of_a_batch():
    arguments, samples, reference = CASES["kernel_distance"]
    metric = metrics.KernelDistance(**arguments)
    metric.update_reference(reference)
    batch = np.empty((13, 8))
    for start in range(0, 130, 13):
        batch[:] = samples[start : start + 13]
        metric.update_state(batch)
    np.testing.assert_array_equal(values(metric), values(streamed("kernel_distance")))


@pytest.mark.parametrize("name", CASES)
def test_an_update_in_a_traced_function_is_refused(name):
    arguments, samples, _ = CASES[name]
    metric = metrics.get(name, **arguments)

    @tf.function(autograph=False)
    def symbolic(batch):
        metric.update_state(batch)

    @tf.function(autograph=False)
    def constant():
        metric.update_state(samples)

    for call in (lambda: symbolic(samples), constant):
        with pytest.raises(RuntimeError, match=r"eagerly.*Received"):
            call()
    assert metric.samples.count == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_tensors_of_any_floating_type_are_converted_exactly(dtype):
    samples = keras.ops.cast(CASES["frechet_distance"][1], dtype)
    exact = np.array(keras.ops.cast(samples, "float64"))
    metric = metrics.FrechetDistance()
    metric.update_reference(exact)
    metric.update_state(samples)
    assert metric.result() < 1e-12


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.ones((3, 4), "int32"), r"must be floating.*int32"),
        (np.ones(3), r"shape \(count, dimensions\).*\(3,\)"),
        (np.ones((3, 4, 4, 1)), r"shape \(count, dimensions\).*\(3, 4, 4, 1\)"),
        (np.ones((0, 4)), r"at least 1 rows.*\(0, 4\)"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), r"finite.*row 1"),
        (np.array([[np.inf, 2.0], [3.0, 1.0]]), r"finite.*row 0"),
    ],
)
def test_unusable_features_are_refused(samples, message):
    for name in ("frechet_distance", "inception_score", "kernel_distance", "pairwise_distance"):
        with pytest.raises(ValueError, match=f"{message}|Received.*{message}"):
            metrics.get(name).update_state(samples)
    with pytest.raises(ValueError, match=message):
        metrics.precision_recall(samples, samples)


@pytest.mark.parametrize("name", ["frechet_distance", "kernel_distance", "precision_recall"])
def test_other_dimensions_are_refused(name):
    metric = streamed(name)
    with pytest.raises(ValueError, match=r"Received: a batch of shape \(2, 3\)"):
        metric.update_state(np.ones((2, 3)))
    # Also in the first batch, and not when all samples have been made.
    metric.reset_samples()
    with pytest.raises(ValueError, match=r"dimensions of the real examples, here 8. Received"):
        metric.update_state(np.ones((100, 3)))
    metric.reset_state()
    metric.update_state(np.ones((100, 3)))
    with pytest.raises(ValueError, match=r"dimensions of the samples, here 3. Received"):
        metric.update_reference(np.ones((100, 8)))


def test_an_extractor_converts_images_to_features():
    extractor = Projection()
    fake, real = images(40, seed=1), images(50, seed=2)
    metric = stream(metrics.FrechetDistance(extractor), fake, real, batch_size=16)
    expected = metrics.frechet_distance(extractor(real), extractor(fake))
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-9)
    again = metrics.get(keras.saving.serialize_keras_object(metric))
    assert isinstance(again.extractor, Projection)
    np.testing.assert_array_equal(stream(again, fake, real, 16).result(), metric.result())


@pytest.mark.parametrize(
    "samples",
    [images(4)[0], images(4) / 127.5 - 1, images(4).astype("int32"), images(0)],
    ids=["one image", "floats", "int32", "empty"],
)
def test_only_uint8_images_reach_an_extractor(samples):
    with pytest.raises(ValueError, match=r"uint8 images in \[0, 255\].*Received"):
        metrics.FrechetDistance(Projection()).update_state(samples)


def test_an_extractor_that_returns_nan_is_named():
    def broken(images):
        return Projection()(images) * float("nan")

    broken.name, broken.sha256 = "broken", "00"
    with pytest.raises(ValueError, match=r"features of broken.*finite"):
        metrics.FrechetDistance(broken).update_state(images(4))


@pytest.mark.parametrize("extractor", [3, print, lambda images: images])
def test_an_extractor_without_name_and_hash_is_refused(extractor):
    with pytest.raises(ValueError, match=r"`name` and `sha256`.*Received: extractor="):
        metrics.KernelDistance(extractor)


def test_metrics_are_found_by_name():
    assert metrics.get("kernel_distance", subsets=7).subsets == 7
    metric = metrics.PairwiseDistance()
    assert metrics.get(metric) is metric
    with pytest.raises(ValueError, match=r"Unknown metric.*fid, .*Received: 'fod'"):
        metrics.get("fod")
    with pytest.raises(ValueError, match=r"given by its name.*Received"):
        metrics.get(metric, subsets=7)
    with pytest.raises(ValueError, match=r"SampleMetric.*Received: 3"):
        metrics.get(3)


def test_the_report_carries_the_protocol():
    metric = stream(metrics.FrechetDistance(Projection()), images(40), images(50, seed=3))
    (result,) = metric.report(reference="toy test", seed=5)
    assert float(result) == metric.result()
    assert str(result) == f"FID@projection {metric.result():.4g} (40/50 toy test, seed 5)"
    assert result.protocol.extractor_sha256 == "0a1b"
    reports = streamed("precision_recall").report()
    assert [result.name for result in reports] == ["precision", "recall", "density", "coverage"]
    assert all(dict(result.protocol.settings) == {"k": 3, "density_k": 5} for result in reports)
    (result,) = streamed("kernel_distance").report(seed=2)
    assert result.spread > 0
    assert str(result).endswith(
        "(130/150, degree 3, subset_seed 0, subset_size 60, subsets 3, seed 2)"
    )


@pytest.mark.parametrize("name", CASES)
def test_every_report_survives_json(name):
    for result in streamed(name).report(reference="test", seed=1):
        assert metrics.Result.from_dict(result.to_dict()) == result
        assert "\n" not in str(result)
