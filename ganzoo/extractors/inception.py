"""The network whose features and classes give published FIDs and Inception scores."""

import os

import keras
import numpy as np
from keras import ops

from ganzoo.extractors import inception_weights
from ganzoo.extractors.inception_network import (
    SIDE,
    folded,
    inception_network,
    resized,
    scaled,
)
from ganzoo.extractors.network_extractor import NetworkExtractor, float32, softmax


@keras.saving.register_keras_serializable(package="ganzoo")
class Inception(NetworkExtractor):
    """The Inception network `inception-2015-12-05` of published FID, KID and Inception scores.

    Images of any size are resized to 299 x 299 in the same way as in TensorFlow 1, because the
    published values depend on it. Grayscale images are repeated in three channels.

    The weights are not part of this package. By default, PyTorch's copy is downloaded (96 MB). Its
    conversion needs PyTorch once.

    Args:
        output: What a call returns: `"features"`, 2048 numbers, for the distances; or
            `"probabilities"`, float64 of 1008 classes, for the Inception score.
        batch_size: Number of images in a pass through the network.
        path: A file of the weights: TensorFlow's `inception-2015-12-05.tgz` or the
            `classify_image_graph_def.pb` in it, or PyTorch's copy
            `pt_inception-2015-12-05-6726825d.pth`. `None` downloads PyTorch's copy.

    Attributes:
        sha256: Hash of the values of the weights. It does not depend on the kind of file.

    Raises:
        ImportError: If the weights are in PyTorch's format and PyTorch is not installed.
        OSError: If the weights cannot be downloaded.
        ValueError: If the file has other weights, or an argument is out of range.

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 4; as in
        its official code, the logits have no bias;
        [GANs Trained by a Two Time-Scale Update Rule](https://arxiv.org/abs/1706.08500), section 4.
    """

    name = "inception-2015-12-05"
    outputs = ("features", "probabilities")
    resize = f"TensorFlow 1 bilinear to {SIDE}x{SIDE}"

    def __init__(
        self,
        output: str = "features",
        batch_size: int = 50,
        path: str | os.PathLike | None = None,
    ):
        super().__init__(output, batch_size)
        self.path = None if path is None else str(path)
        with float32():
            network = inception_network()
        variables = inception_weights.variables_by_graph_name(network)
        if path is None:
            weights = inception_weights.download(variables.keys())
        else:
            weights = inception_weights.read(path, variables.keys())
        for name, variable in variables.items():
            if weights[name].shape != tuple(variable.shape):
                raise ValueError(
                    f"The weight {name!r} must be of shape {tuple(variable.shape)}. "
                    f"Received: {weights[name].shape} in path={path!r}"
                )
            variable.assign(weights[name])
        self.sha256 = inception_weights.content_sha256(weights)
        with float32():
            self._inception = folded(network)
        self._networks = {}

    def features(self, images) -> np.ndarray:
        """Returns the features of uint8 images, float32 `(batch, 2048)`."""
        return self.run(images, "features")

    def probabilities(self, images) -> np.ndarray:
        """Returns the probabilities of the classes of uint8 images, `(batch, 1008)`."""
        return softmax(self.run(images, "logits"))

    def network(self, image_shape):
        """Returns the network that resizes images of this shape; there is one for each shape."""
        if image_shape not in self._networks:
            with float32():
                images = keras.Input(image_shape, dtype="uint8")
                outputs = self._inception(scaled(resized(_in_color(images))))
                self._networks[image_shape] = keras.Model(images, outputs)
        return self._networks[image_shape]

    def differentiable_features(self, images):
        """Returns the features of a float tensor of images in [0, 255]."""
        return self._inception(scaled(resized(_in_color(images))), training=False)["features"]

    def resize_alone(self, image):
        return ops.convert_to_numpy(resized(_in_color(ops.convert_to_tensor(image))))

    def network_after_resize(self, image_shape):
        if "resized" not in self._networks:
            with float32():
                images = keras.Input(image_shape, dtype="float32")
                self._networks["resized"] = keras.Model(images, self._inception(scaled(images)))
        return self._networks["resized"]

    def prepare(self, images):
        if images.shape[3] not in (1, 3):
            raise ValueError(
                "Inception takes images of 1 or 3 channels. "
                f"Received: images of shape {images.shape}"
            )
        return images


def _in_color(images):
    """Returns float32 images; grays are repeated in three channels."""
    images = ops.cast(images, "float32")
    return ops.repeat(images, 3, axis=3) if images.shape[3] == 1 else images
