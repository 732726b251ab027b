"""GANs with weights and statistics of the same size as after a training run, and their examples."""

import keras
import numpy as np

import ganzoo
from ganzoo import architectures
from ganzoo.layers import EqualizedLearningRate, ModulatedConv2D

LATENT_DIM = 6
NUM_CLASSES = 3
_POSITIVE = ("gamma", "g", "moving_variance")


def gan(architecture, image_shape=(8, 8, 3), num_classes=None, width=4, **options):
    """Returns a GAN of one of the architectures, the semi-supervised ones included."""
    if architecture in architectures.semi_supervised_names():
        networks = architectures.build_semi_supervised(
            architecture, image_shape, NUM_CLASSES, LATENT_DIM, generator_width=width, **options
        )
        return as_trained(ganzoo.SemiSupervisedGAN(*networks))
    shape = (2,) if architecture == "mlp" else image_shape
    networks = architectures.build(architecture, shape, LATENT_DIM, width, num_classes, **options)
    packing = options.get("packing", 1)
    return as_trained(ganzoo.GAN(*networks, num_classes=num_classes, packing=packing))


def as_trained(gan):
    """Gives the sampler weights of its own, which change no example by more than tanh resolves."""
    rng = np.random.default_rng(0)
    equalized = {
        id(layer.kernel)
        for layer in gan.inference_generator._flatten_layers()
        if isinstance(layer, (EqualizedLearningRate, ModulatedConv2D))
    }
    for weight in gan.inference_generator.weights:
        if id(weight) in equalized:
            continue  # It is random already, and of the size that its layer expects.
        if weight.name in _POSITIVE:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif len(weight.shape) > 1 and weight.name != "beta":
            inputs = np.prod(weight.shape[:-1])
            weight.assign(rng.standard_normal(weight.shape) / np.sqrt(inputs))
        elif keras.backend.is_float_dtype(weight.dtype):
            weight.assign(0.3 * rng.standard_normal(weight.shape))
    gan._step.assign(1)
    gan.update_inference_state()
    return gan


def inputs(gan, rows):
    """Returns NumPy inputs of an export, as random as the rows are many."""
    rng = np.random.default_rng(rows)
    drawn = {"latents": rng.standard_normal((rows, gan.latent_dim), "float32")}
    if gan.num_classes is not None:
        drawn["label"] = rng.integers(0, gan.num_classes, rows)
    return drawn


def examples(network, inputs):
    """Returns what Keras gives, in inference."""
    tensors = [keras.ops.convert_to_tensor(inputs["latents"])]
    if "label" in inputs:
        tensors.append(keras.ops.convert_to_tensor(inputs["label"].astype("int32")))
    outputs = network(tensors if len(tensors) > 1 else tensors[0], training=False)
    return keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32"))
