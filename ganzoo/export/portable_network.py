"""The inference of a GAN in a form that runtimes other than TensorFlow can compute.

A copy of the inference generator computes in float32, whatever the training precision was. It
enlarges feature maps by an operation that gives the runtime their size.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from ganzoo.export.signatures import examples_name, generation

_CHECKED_ROWS = 5
_FULL_PRECISIONS = ("float32", "float64")


class ResizingUpSampling2D(keras.layers.UpSampling2D):
    """`UpSampling2D` by nearest neighbors as one operation.

    Keras's layer repeats rows and columns by reshapes, from which LiteRT's converter cannot infer
    the size if the batch size is open. For images with channels last.
    """

    def call(self, inputs):
        _, height, width, _ = inputs.shape
        return ops.image.resize(inputs, (height * self.size[0], width * self.size[1]), "nearest")


def portable_generation(gan):
    """Returns the function from latents to examples for other runtimes, and its specs.

    A label out of range becomes the first integer above the range, for which no table of a
    conditional layer has a row: runtimes would otherwise take rows for negative labels from the end
    of the table. Each input takes the number of rows of the other: runtimes would otherwise repeat
    a single row for all rows of the other.

    Args:
        gan: A `ganzoo.GAN` on the TensorFlow backend.

    Returns:
        A Python function of tensors that returns a dictionary with one tensor, the network that it
        calls, and the `tf.TensorSpec` of each of its arguments.
    """
    _, specs = generation(gan)
    network = _portable(gan.inference_generator)
    name = examples_name(gan)

    def generate(latents, label=None):
        inputs = latents
        if gan.condition_dim is not None:
            conditions = tf.reshape(label, tf.stack([tf.shape(latents)[0], gan.condition_dim]))
            inputs = [tf.reshape(latents, tf.stack([tf.shape(label)[0], gan.latent_dim]))]
            inputs.append(conditions)
        elif label is not None:
            is_class = tf.logical_and(label >= 0, label < gan.num_classes)
            label = tf.where(is_class, label, tf.cast(gan.num_classes, label.dtype))
            inputs = [
                tf.reshape(latents, tf.stack([tf.shape(label)[0], gan.latent_dim])),
                tf.reshape(tf.cast(label, "int32"), tf.shape(latents)[:1]),
            ]
        return {name: tf.cast(network(inputs, training=False), "float32")}

    return generate, network, specs


def check_examples(gan, network, run, tolerance):
    """Raises unless an exported GAN gives the same examples as the GAN.

    A GAN that computes in half precision is exported, and compared, in single precision.

    Args:
        gan: The `ganzoo.GAN`.
        network: Its portable network.
        run: Function from a dictionary of NumPy inputs to the examples.
        tolerance: The largest root mean square of the differences, where examples reach from -1 to
            1, and in proportion if they reach further.

    Raises:
        RuntimeError: If it is larger, or not a number.
    """
    rows = max(_CHECKED_ROWS, gan.num_classes or 0)
    inputs = {"latents": gan.latents_of(range(rows))}
    if gan.num_classes is not None:
        inputs["label"] = np.arange(rows, dtype="int64") % gan.num_classes
    if gan.condition_dim is not None:
        noise = np.random.default_rng(0).standard_normal((rows, gan.condition_dim))
        inputs["conditions"] = noise.astype("float32")
    layers = gan.inference_generator._flatten_layers()
    in_full = all(layer.compute_dtype in _FULL_PRECISIONS for layer in layers)
    tensors = [ops.convert_to_tensor(array) for array in inputs.values()]
    expected = (gan.inference_generator if in_full else network)(
        tensors if len(tensors) > 1 else tensors[0], training=False
    )
    expected = ops.convert_to_numpy(expected)
    difference = np.sqrt(np.mean(np.square(run(inputs) - expected)))
    tolerance *= max(1.0, np.abs(expected).max())
    if not difference <= tolerance:  # NaN is not.
        raise RuntimeError(
            "The exported GAN gives other examples than the GAN, so nothing was written. Expected: "
            f"a root mean square of the differences of at most {tolerance:.1g}. "
            f"Received: {difference:.1g}"
        )


def _portable(network):
    """Returns a copy of a network that other runtimes can compute."""
    config = keras.saving.serialize_keras_object(network)
    copy = keras.saving.deserialize_keras_object(
        _rewritten(config), custom_objects={ResizingUpSampling2D.__name__: ResizingUpSampling2D}
    )
    copy.set_weights(network.get_weights())
    return copy


def _rewritten(config):
    """Returns the config of a network, or a part of it, with the precision and layers replaced."""
    if isinstance(config, list | tuple):
        return type(config)(map(_rewritten, config))
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {"name": "float32"}}
    config = {name: _rewritten(value) for name, value in config.items()}
    if config.get("dtype") in ("float64", "float16", "bfloat16"):
        config["dtype"] = "float32"
    settings = config.get("config") if config.get("class_name") == "UpSampling2D" else {}
    if (settings.get("interpolation"), settings.get("data_format")) == ("nearest", "channels_last"):
        name = ResizingUpSampling2D.__name__
        config |= {"module": None, "class_name": name, "registered_name": name}
    return config
