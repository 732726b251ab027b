"""The Inception network agrees with torch-fidelity's for the same random weights."""

import json
import sys
import tarfile

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch_fidelity_metrics

from ganzoo import extractors
from ganzoo.extractors import inception_network, inception_weights
from support.processes import run_python
from support.shapes import without_values

SLOW = pytest.mark.slow


def graph_with(weights):
    """Returns TensorFlow's bytes of a graph with these constants and other nodes."""
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="DecodeJpeg/contents", op="Placeholder")
    shape = graph.node.add(name="pool_3/_reshape/shape", op="Const")
    shape.attr["value"].tensor.CopyFrom(tf.make_tensor_proto([-1, 2048]))
    for name, array in weights.items():
        node = graph.node.add(name=name, op="Const")
        node.attr["dtype"].type = tf.float32.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
    return graph.SerializeToString()


def random_weight(rng, name, shape):
    if len(shape) > 1:
        return rng.standard_normal(shape, "float32") * np.sqrt(2 / np.prod(shape[:-1]))
    if name.endswith(("gamma", "moving_variance")):
        return rng.uniform(0.5, 1.5, shape)
    return rng.normal(size=shape) * 0.2


@pytest.fixture(scope="module")
def weights():
    with without_values():
        network = inception_network.inception_network()
    variables = inception_weights.variables_by_graph_name(network)
    rng = np.random.default_rng(0)
    return {
        name: random_weight(rng, name, tuple(variable.shape)).astype("float32")
        for name, variable in variables.items()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("inception")


@pytest.fixture(scope="module")
def graph_file(weights, folder):
    path = folder / "classify_image_graph_def.pb"
    path.write_bytes(graph_with(weights))
    return path


@pytest.fixture(scope="module")
def port_file(weights, folder):
    torch = pytest.importorskip("torch")
    state = {"fc.bias": torch.zeros(1008)}
    for name, array in weights.items():
        # The graph has (height, width, in, out), or (in, out).
        array = array.transpose((3, 2, 0, 1)) if array.ndim == 4 else array.T
        state[inception_weights.port_name(name)] = torch.from_numpy(np.array(array))
    path = folder / "port.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def inception(graph_file):
    return extractors.get("inception", batch_size=1, path=graph_file)


def images_of(height, width, count=1):
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(32, 32), (75, 100), (299, 299), (320, 310)])
def test_resizing_equals_tensorflow_1_to_the_last_bit(size):
    images = images_of(*size).astype("float32")
    expected = tf.raw_ops.ResizeBilinear(images=images, size=(299, 299), align_corners=False)
    resized = keras.ops.convert_to_numpy(inception_network.resized(images))
    np.testing.assert_array_equal(resized, expected)


@pytest.mark.parametrize(
    "size",
    [(75, 100), pytest.param((32, 32), marks=SLOW), pytest.param((299, 299), marks=SLOW)],
)
def test_features_and_classes_agree_with_torch_fidelity(inception, port_file, size):
    torch = pytest.importorskip("torch")
    module = torch_fidelity_metrics.module("feature_extractor_inceptionv3")
    reference = module.FeatureExtractorInceptionV3(
        "reference", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(port_file)
    )
    images = images_of(*size)
    with torch.no_grad():
        features, logits = reference(torch.from_numpy(images.transpose(0, 3, 1, 2)))
    # The input of `InceptionScore`: the softmax of the logits, whose rows sum to 1.
    expected = {"features": features, "probabilities": torch.softmax(logits.double(), 1)}
    for output, values in expected.items():
        values = values.numpy()
        difference = np.abs(getattr(inception, output)(images) - values).max()
        assert difference <= 1e-4 * np.abs(values).max()


def test_features_with_gradients_are_the_same(inception):
    images = images_of(75, 100)
    found = inception.differentiable_features(keras.ops.convert_to_tensor(images, "float32"))
    expected = inception.features(images)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_both_files_of_the_same_weights_give_the_same_hash(inception, weights, port_file):
    read = inception_weights.read(port_file, weights.keys())
    assert inception_weights.content_sha256(read) == inception.sha256
    changed = {**weights, "softmax/weights": weights["softmax/weights"] + 1e-6}
    assert inception_weights.content_sha256(changed) != inception.sha256


def test_converted_weights_without_their_hash_are_refused(tmp_path):
    path = tmp_path / "weights.npz"
    inception_weights.write(path, {})
    path.with_suffix(".sha256").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected weights\.sha256.*weights\.npz"):
        inception_weights.read(path, [])


@SLOW
def test_jax_without_tensorflow_gives_the_same_features(inception, graph_file):
    pytest.importorskip("jax")
    images = images_of(32, 32)
    script = f"""
import json, numpy as np
from ganzoo import extractors
images = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
extractor = extractors.get("inception", batch_size=1, path={str(graph_file)!r})
print(json.dumps(extractor(images).tolist()))
"""
    found = np.array(json.loads(run_python(script, "jax", without_tensorflow=True)))
    expected = inception(images)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@SLOW
def test_images_of_mixed_sizes_are_resized_one_by_one(inception):
    first, second = images_of(20, 30, 1), images_of(12, 9, 1)[..., :1]
    expected = np.concatenate([inception.features(images) for images in (first, second)])
    found = inception.features([first[0], second[0]])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@SLOW
def test_gray_images_are_repeated_in_three_channels(inception):
    gray = images_of(75, 100)[..., :1]
    np.testing.assert_array_equal(inception(gray), inception(np.repeat(gray, 3, axis=3)))


@pytest.mark.parametrize(
    ("graph_name", "port_name"),
    [
        ("conv/conv2d_params", "Conv2d_1a_3x3.conv.weight"),
        ("conv_4/batchnorm/beta", "Conv2d_4a_3x3.bn.bias"),
        ("mixed/tower_2/conv/batchnorm/gamma", "Mixed_5b.branch_pool.bn.weight"),
        ("mixed_2/tower/conv_1/conv2d_params", "Mixed_5d.branch5x5_2.conv.weight"),
        ("mixed_3/tower/conv_2/conv2d_params", "Mixed_6a.branch3x3dbl_3.conv.weight"),
        ("mixed_3/conv/conv2d_params", "Mixed_6a.branch3x3.conv.weight"),
        (
            "mixed_7/tower_1/conv_4/batchnorm/moving_mean",
            "Mixed_6e.branch7x7dbl_5.bn.running_mean",
        ),
        ("mixed_8/tower_1/conv_3/conv2d_params", "Mixed_7a.branch7x7x3_4.conv.weight"),
        ("mixed_9/tower/mixed/conv/conv2d_params", "Mixed_7b.branch3x3_2a.conv.weight"),
        (
            "mixed_10/tower_1/mixed/conv_1/batchnorm/moving_variance",
            "Mixed_7c.branch3x3dbl_3b.bn.running_var",
        ),
        ("softmax/weights", "fc.weight"),
    ],
)
def test_weights_have_the_published_names(weights, graph_name, port_name):
    assert graph_name in weights
    assert inception_weights.port_name(graph_name) == port_name


def test_the_archive_of_the_graph_is_read_like_the_graph(tmp_path):
    graph = tmp_path / "graph"
    graph.write_bytes(graph_with({"conv/conv2d_params": np.arange(6, dtype="float32")}))
    archive = tmp_path / "inception-2015-12-05.tgz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(graph, "classify_image_graph_def.pb")
    read = inception_weights.read(archive, ["conv/conv2d_params"])
    np.testing.assert_array_equal(read["conv/conv2d_params"], np.arange(6))


def test_download_is_checked_converted_once_and_kept(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    port = tmp_path / "port.pth"
    torch.save({"Conv2d_1a_3x3.bn.bias": torch.arange(3.0)}, port)
    calls = []

    def fetch(url, name, sha256, most_bytes, seconds):
        calls.append(sha256)
        return port

    monkeypatch.setattr(inception_weights, "fetch", fetch)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "ganzoo").mkdir()
    for _ in range(2):
        weights = inception_weights.download(["conv/batchnorm/beta"])
        np.testing.assert_array_equal(weights["conv/batchnorm/beta"], [0.0, 1.0, 2.0])
    (sha256,) = calls
    assert sha256.startswith("6726825d") and len(sha256) == 64

    kept = tmp_path / "ganzoo" / "inception-2015-12-05.npz"
    content = bytearray(kept.read_bytes())
    content[-30] ^= 1
    kept.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged.*Expected the SHA-256"):
        inception_weights.download(["conv/batchnorm/beta"])


def test_without_a_network_the_error_says_what_to_pass(tmp_path, monkeypatch):
    pytest.importorskip("torch")

    def fetch(*arguments):
        raise OSError("no route to host")

    monkeypatch.setattr(inception_weights, "fetch", fetch)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(OSError, match=r"path=.*Received: .*no route to host") as error:
        inception_weights.download(["softmax/weights"])
    name = inception_weights.PORT.rsplit("/", 1)[-1]
    assert f"copy the file to {inception_weights.cached(name)}" in str(error.value)


def test_unusable_files_are_refused(tmp_path):
    other = tmp_path / "other.pb"
    other.write_bytes(graph_with({"dense/kernel": np.ones(3, "float32")}))
    with pytest.raises(ValueError, match=r"lacks 1 of 1 weights, e.g. 'softmax/weights'"):
        inception_weights.read(other, ["softmax/weights"])
    with pytest.raises(ValueError, match=r"must end in one of .*\.pb"):
        inception_weights.read(tmp_path / "inception.h5", ["softmax/weights"])
    with pytest.raises(FileNotFoundError):
        inception_weights.read(tmp_path / "absent.pb", ["softmax/weights"])


def test_without_pytorch_nothing_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(inception_weights, "fetch", None)
    with pytest.raises(ImportError, match=r"ganzoo\[inception\].*inception-2015-12-05.tgz"):
        inception_weights.download(["softmax/weights"])
