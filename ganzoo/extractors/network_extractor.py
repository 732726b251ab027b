"""The base of extractors that run a Keras network."""

import contextlib
import contextvars
from collections.abc import Iterator

import keras
import numpy as np

from ganzoo.extractors.checks import check_image_list, check_images
from ganzoo.part import Part
from ganzoo.validation import check_choice, check_positive_integer

# The latest images of each extractor and their outputs, within `one_pass_per_array`.
_LATEST = contextvars.ContextVar("latest", default=None)


class NetworkExtractor(Part):
    """Runs uint8 images through a network in batches of one size.

    If the last batch is not full, it is filled with zeros, so that a backend compiles the network
    only once for images of one shape. A subclass has `name`, `sha256`, `resize`, a method for each
    of its `outputs`, and

    - `network(image_shape)`: a `keras.Model` from prepared images to a dictionary of outputs;
    - `prepare(images)`: checks uint8 images and converts them to the input of the network;
    - `differentiable_features(images)`: the features of a float tensor of images in [0, 255], with
      gradients, for `GAN.project`.

    Args:
        output: What a call returns, one of `outputs`.
        batch_size: Number of images in a pass through the network.

    Raises:
        ValueError: If an argument is out of range.
    """

    outputs = ("features",)
    resize = None
    takes_lists = True

    def __init__(self, output: str = "features", batch_size: int = 100):
        self.output = check_choice("output", output, self.outputs)
        self.batch_size = check_positive_integer("batch_size", batch_size)

    def __call__(self, images) -> np.ndarray:
        """Returns the `output` for images.

        Args:
            images: uint8 images `(batch, height, width, channels)`; or a list of uint8 images
                `(height, width, channels)` of any sizes, each of which is resized alone.
        """
        return getattr(self, self.output)(images)

    def resize_alone(self, image):
        """Returns one prepared image, `(1, height, width, channels)`, at the network's own size.

        A subclass whose `prepare` does not resize overrides it and `network_after_resize`.
        """
        return image

    def network_after_resize(self, image_shape):
        """Returns the network of images that `resize_alone` has returned."""
        return self.network(image_shape)

    def run(self, images, output: str) -> np.ndarray:
        """Returns one output of the network for all images, float32."""
        latest = _LATEST.get()
        if latest is None:
            return self._outputs(images, (output,))[output]
        seen, outputs = latest.get(self, (None, None))
        if images is not seen:
            outputs = self._outputs(images)
            latest[self] = images, outputs
        return outputs[output]

    def _outputs(self, images, names=None):
        """Returns a dictionary of outputs of the network for all images; by default all outputs."""
        if isinstance(images, list):
            alone = map(self.prepare, check_image_list("images", images))
            images = np.concatenate([self.resize_alone(image) for image in alone])
            network = self.network_after_resize(images.shape[1:])
        else:
            images = self.prepare(check_images("images", images))
            network = self.network(images.shape[1:])
        results = []
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            count = len(batch)
            if count < self.batch_size:
                filling = np.zeros((self.batch_size - count, *batch.shape[1:]), batch.dtype)
                batch = np.concatenate([batch, filling])
            outputs = network.predict_on_batch(batch)
            results.append({name: outputs[name][:count] for name in names or outputs})
        return {name: np.concatenate([one[name] for one in results]) for name in results[0]}


@contextlib.contextmanager
def one_pass_per_array() -> Iterator[None]:
    """Lets all outputs of a network come from one pass while the context lasts.

    An output of the same array or list as in the call before takes no further pass. So images must
    not be changed within the context. The latest images of each extractor stay in memory.
    """
    token = _LATEST.set({})
    try:
        yield
    finally:
        _LATEST.reset(token)


@contextlib.contextmanager
def float32():
    """Builds layers in float32 under any policy, because metrics depend on the precision."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def softmax(logits):
    """Returns the probabilities of logits `(batch, classes)`, in float64."""
    logits = logits.astype(np.float64)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
