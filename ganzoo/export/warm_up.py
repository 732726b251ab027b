"""The requests that TF Serving runs to warm an exported model up before it accepts others.

They are a TFRecord file of `tensorflow.serving.PredictionLog` messages. Their four message types
are written here by field number, in the wire format of Protocol Buffers. The package that defines
them, `tensorflow-serving-api`, belongs to the client, and an export must not need it.
"""

import tensorflow as tf

from ganzoo.export.signatures import zeros

PATH = "assets.extra/tf_serving_warmup_requests"
BATCH_SIZES = (1, 8)


def write(path, name, signatures):
    """Writes one request for each signature and batch size.

    Args:
        path: Path of the file.
        name: Name of the model.
        signatures: Dictionary from the names of signatures to the `tf.TensorSpec` of their inputs.
    """
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, specs in signatures.items():
            for size in BATCH_SIZES:
                rows = zip(specs, zeros(specs, size), strict=True)
                inputs = {spec.name: tf.make_tensor_proto(tensor) for spec, tensor in rows}
                writer.write(_prediction_log(name, signature, inputs))


def _prediction_log(name, signature, inputs):
    model_spec = _field(1, name.encode()) + _field(3, signature.encode())
    entries = (
        _field(1, key.encode()) + _field(2, tensor.SerializeToString())
        for key, tensor in inputs.items()
    )
    predict_request = _field(1, model_spec) + b"".join(_field(2, entry) for entry in entries)
    predict_log = _field(1, predict_request)
    return _field(6, predict_log)


def _field(number, content):
    """Returns a field that holds bytes: its number and wire type 2, their count, the bytes."""
    return bytes([number << 3 | 2]) + _variable_length(len(content)) + content


def _variable_length(value):
    """Returns an integer in groups of 7 bits, the lowest first, the last without its top bit."""
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
