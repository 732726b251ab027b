"""On JAX, without TensorFlow, packed data load and train; only TFDS asks for TensorFlow."""

from ganzoo import data
from support.processes import run_python


def test_a_packed_file_trains_on_jax_without_tensorflow(tmp_path):
    path = data.pack(data.load("digits", size=8), tmp_path / "digits.npz")
    printed = run_python(
        f"""
import keras
import ganzoo.data
dataset = ganzoo.data.load({str(path)!r})
model = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
batches = dataset.batches(64).follow(lambda: int(model.optimizer.iterations.numpy()))
history = model.fit(batches, epochs=5, shuffle=False, verbose=0)
print(keras.backend.backend(), history.history["accuracy"][-1] > 0.8)
ganzoo.data.load("toy:ring", count=10)
ganzoo.data.load("digits")
try:
    ganzoo.data.load("tfds:mnist")
except ImportError as error:
    print(error)
""",
        backend="jax",
        without_tensorflow=True,
    )
    assert "jax True" in printed
    assert "'tfds:mnist' needs TensorFlow" in printed
    assert "`ganzoo data pack tfds:mnist`" in printed
