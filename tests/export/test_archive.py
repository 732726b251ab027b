import keras
import numpy as np
import tensorflow as tf

from ganzoo.export import archive


def test_each_function_is_traced_once_and_reads_its_variables(tmp_path):
    weight, traced = keras.Variable([2.0, 3.0]), []

    def scaled(x):
        traced.append(x.shape)
        return {"y": weight.value * x}

    specs = [tf.TensorSpec((None, 2), tf.float32, name="x")]
    archive.write(str(tmp_path), {"serving_default": (scaled, specs)}, [weight])
    assert traced == [(None, 2)]
    loaded = tf.saved_model.load(tmp_path)
    for outputs in (
        loaded.serving_default(tf.ones((3, 2))),
        loaded.signatures["serving_default"](x=tf.ones((3, 2))),
    ):
        np.testing.assert_array_equal(outputs["y"], 3 * [[2.0, 3.0]])
