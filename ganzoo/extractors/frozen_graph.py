"""Reads the constants of a frozen TensorFlow graph, without TensorFlow."""

import math

import numpy as np

# Kinds of fields in protocol buffers, and the numbers of the fields that are read from GraphDef,
# NodeDef, AttrValue, TensorProto and TensorShapeProto.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GRAPH_NODE = 1
_NODE_NAME, _NODE_OP, _NODE_ATTRIBUTE = 1, 2, 5
_KEY, _VALUE = 1, 2
_ATTRIBUTE_TENSOR = 8
_TENSOR_DTYPE, _TENSOR_SHAPE, _TENSOR_CONTENT, _TENSOR_FLOATS = 1, 2, 4, 5
_SHAPE_DIMENSION, _DIMENSION_SIZE = 2, 1
_DT_FLOAT = 1


def read_constants(content: bytes) -> dict[str, np.ndarray]:
    """Returns a dictionary from the name of every float32 constant of a graph to its array.

    Args:
        content: The bytes of a serialized `GraphDef`.

    Raises:
        ValueError: If the bytes are not such a message, or truncated.

    Reference:
        [Encoding of protocol buffers](https://protobuf.dev/programming-guides/encoding/) and
        TensorFlow's `graph.proto`, `node_def.proto`, `attr_value.proto` and `tensor.proto`.
    """
    try:
        nodes = [_node(node) for node in _all(memoryview(content), _GRAPH_NODE)]
    except (ValueError, IndexError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(
            "This is not a frozen TensorFlow graph, or it is truncated. "
            f"{type(error).__name__}: {error}. Received: {len(content)} bytes"
        ) from error
    return {name: array for name, array in nodes if array is not None}


def _node(message):
    """Returns the name of a node, and the array of a float32 constant, otherwise `None`."""
    fields = list(_fields(message))
    name = bytes(_last(fields, _NODE_NAME, b"")).decode()
    if bytes(_last(fields, _NODE_OP, b"")) == b"Const":
        for number, entry in fields:
            if number == _NODE_ATTRIBUTE:
                pair = list(_fields(entry))
                if bytes(_last(pair, _KEY, b"")) == b"value":
                    tensor = _last(list(_fields(_last(pair, _VALUE, b""))), _ATTRIBUTE_TENSOR, b"")
                    return name, _tensor(tensor)
    return name, None


def _tensor(message):
    """Returns the array of a `TensorProto`; `None` if it is not float32."""
    fields = list(_fields(message))
    if _last(fields, _TENSOR_DTYPE, 0) != _DT_FLOAT:
        return None
    shape = tuple(
        _last(list(_fields(dimension)), _DIMENSION_SIZE, 0)
        for dimension in _all(_last(fields, _TENSOR_SHAPE, b""), _SHAPE_DIMENSION)
    )
    content = _last(fields, _TENSOR_CONTENT, b"")
    # Few values are stored one by one, and the last one stands for all values that are missing.
    content = content or b"".join(v for number, v in fields if number == _TENSOR_FLOATS)
    values = np.frombuffer(content, "<f4")
    count = math.prod(shape)
    if len(values) > count or (count and not len(values)):
        raise ValueError(f"a tensor of shape {shape} holds {len(values)} values")
    if len(values) < count:
        values = np.pad(values, (0, count - len(values)), mode="edge")
    return values.reshape(shape)


def _last(fields, wanted, default):
    return next((value for number, value in reversed(fields) if number == wanted), default)


def _all(message, wanted):
    return [value for number, value in _fields(message) if number == wanted]


def _fields(message):
    """Yields (number, value) of the fields: an integer, or a view of the bytes."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
        elif kind in (_BYTES, _FIXED32, _FIXED64):
            size = {_FIXED32: 4, _FIXED64: 8}.get(kind)
            if size is None:
                size, position = _varint(message, position)
            value = message[position : position + size]
            position += size
            if len(value) < size:
                raise ValueError("a field goes beyond the end")
        else:
            raise ValueError(f"a field of the kind {kind}")
        yield number, value


def _varint(message, position):
    result = shift = 0
    while True:
        byte = message[position]
        position += 1
        result |= (byte & 127) << shift
        if byte < 128:
            return result, position
        shift += 7
        if shift > 63:
            raise ValueError("an integer of more than 64 bits")
