"""The reader of frozen graphs, with graphs that TensorFlow writes."""

import numpy as np
import pytest
import tensorflow as tf

from ganzoo.extractors.frozen_graph import read_constants


def constant(graph, name, proto):
    node = graph.node.add(name=name, op="Const", device="/cpu:0", input=["^other"])
    node.attr["dtype"].type = proto.dtype
    node.attr["value"].tensor.CopyFrom(proto)


@pytest.fixture
def graph():
    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = 2**40 % 2**31
    graph.node.add(name="pixels", op="Placeholder").attr["dtype"].type = 1
    constant(graph, "bytes", tf.make_tensor_proto(np.arange(24, dtype="f4").reshape(2, 3, 4)))
    constant(graph, "integers", tf.make_tensor_proto([1, 2, 3]))
    constant(graph, "scalar", tf.make_tensor_proto(np.float32(2.5)))
    floats = tf.make_tensor_proto(np.float32(0))
    floats.tensor_shape.CopyFrom(tf.TensorShape([2, 3]).as_proto())
    floats.float_val[:] = [1.0, 2.0, 3.0, 4.0]
    constant(graph, "floats", floats)
    return graph


def test_constants_agree_with_tensorflow(graph):
    constants = read_constants(graph.SerializeToString())
    expected = {
        node.name: tf.make_ndarray(node.attr["value"].tensor)
        for node in graph.node
        if node.op == "Const" and node.name != "integers"
    }
    assert constants.keys() == expected.keys() == {"bytes", "scalar", "floats"}
    for name, array in expected.items():
        np.testing.assert_array_equal(constants[name], array)
    # The last value stands for all values that are missing.
    np.testing.assert_array_equal(constants["floats"], [[1, 2, 3], [4, 4, 4]])


@pytest.mark.parametrize("shape", [(0, 3), (0,), (2, 0)])
def test_an_empty_constant_is_an_empty_array(shape):
    graph = tf.compat.v1.GraphDef()
    constant(graph, "a", tf.make_tensor_proto([1.0, 2.0]))
    constant(graph, "empty", tf.make_tensor_proto(np.zeros(shape, "float32")))
    constants = read_constants(graph.SerializeToString())
    assert constants["a"].tolist() == [1, 2] and constants["empty"].shape == shape


def test_a_truncated_or_changed_file_is_a_value_error(graph):
    content = graph.SerializeToString()
    rng = np.random.default_rng(0)
    damaged = [content[:length] for length in range(len(content))]
    for _ in range(300):
        changed = bytearray(content)
        changed[rng.integers(len(content))] = rng.integers(256)
        damaged.append(bytes(changed))
    refused = 0
    for message in [b"<html>not found</html>", *damaged]:
        try:
            constants = read_constants(message)
        except ValueError as error:
            assert "frozen TensorFlow graph" in str(error)
            refused += 1
        else:
            assert all(array.size <= 2**20 for array in constants.values())
    assert refused > len(content) / 2
