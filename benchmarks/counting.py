"""Counts the floating-point operations of a training step.

Only the kernels of dense layers and convolutions count, without the kernels of a mapping network. A
multiplication and an addition are two operations.

- A forward pass costs, per example, the size of the kernel times the number of positions where it
  is applied: the outputs of a convolution, the inputs of a transposed one, 1 for a dense layer.
  Positions where the kernel overlaps the padding count in full.
- A backward pass costs the same for the gradient with respect to the kernel, and the same again for
  the gradient with respect to the inputs of the layer.
- Only what the algorithm needs counts. For an update of the discriminator: the generator forward,
  the discriminator forward and backward on real and on fake images, without the gradient with
  respect to the images. For an update of the generator: both networks forward, backward through the
  discriminator without the gradients of its kernels, and backward through the generator without the
  gradient with respect to the latents.

Normalization, activations, optimizers, averages and random numbers are not counted. Their cost
shows as a lower share of the peak.
"""

import math

import keras

from ganzoo.layers import ModulatedConv2D


def step_operations(generator, discriminator, batch_size, discriminator_steps=1):
    """Returns the number of floating-point operations of a training step without penalties.

    Args:
        generator: A functional Keras model.
        discriminator: A functional Keras model.
        batch_size: Real examples in a discriminator update, and fakes in each update.
        discriminator_steps: Discriminator updates per step.
    """
    g, d = _forward_products(generator), _forward_products(discriminator)
    d_update = sum(g) + 2 * (3 * sum(d) - d[0])
    g_update = 3 * sum(g) - g[0] + 2 * sum(d)
    return 2 * batch_size * (discriminator_steps * d_update + g_update)


def _forward_products(network):
    """Returns the multiplications of each layer for one example, in the order of the layers."""
    products = []
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            products += _forward_products(layer)
            continue
        layer_input, layer_output = layer.input, layer.output
        layer = getattr(layer, "layer", layer)  # Spectral normalization wraps a layer.
        if isinstance(layer, keras.layers.Dense):
            places = 1
        elif isinstance(layer, ModulatedConv2D):
            places = math.prod((layer_input[0] if layer.upsample else layer_output).shape[1:3])
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            places = math.prod(layer_input.shape[1:3])
        elif isinstance(layer, keras.layers.Conv2D):
            places = math.prod(layer_output.shape[1:3])
        else:
            continue
        products.append(math.prod(layer.kernel.shape) * places)
    return products
