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


def step_operations(
    generator,
    discriminator,
    batch_size,
    discriminator_steps=1,
    packing=1,
    reference_rows=0,
    penalties=None,
    pairs=False,
):
    """Returns the number of floating-point operations of a training step.

    Args:
        generator: A functional Keras model.
        discriminator: A functional Keras model.
        batch_size: Real examples in a discriminator update, and fakes in each update.
        discriminator_steps: Discriminator updates per step.
        packing: Examples in a row of the discriminator.
        reference_rows: Rows that virtual batch normalization adds to each batch of the generator.
        penalties: Dictionary from names of penalties to the updates from one to the next.
        pairs: Whether the generator's loss needs the logits of real images.
    """
    g, d = _forward_products(generator), _forward_products(discriminator)
    rows, fakes = batch_size // packing, batch_size + reference_rows
    d_update = fakes * sum(g) + 2 * rows * (3 * sum(d) - d[0])
    for name, every in (penalties or {}).items():
        passes = least_passes(name, d[0] / sum(d), has_batch_normalization(discriminator))
        d_update += rows * passes * sum(d) / every
    g_update = fakes * (3 * sum(g) - g[0]) + (3 if pairs else 2) * rows * sum(d)
    return 2 * (discriminator_steps * d_update + g_update)


def least_passes(penalty, first_layer, batch_normalization):
    """Returns the forward passes of a discriminator that cost as much as a penalty needs.

    - R1 and R2 need the gradient of a pass that the loss makes anyway with respect to the images,
      and the gradients of that with respect to kernels and to incoming gradients.
    - Consistency regularization needs a pass on the transformed images, forward and backward.
    - The gradient penalty and DRAGAN need a forward pass on new images and what R1 needs. With
      batch normalization, a gradient flows back through the forward pass too. Without it, a
      piecewise linear network passes nothing back.

    Penalties of weights and of logits need no products of a discriminator: 0.

    Args:
        penalty: Name of the penalty.
        first_layer: Share of the first layer in a forward pass: a backward pass does not need its
            gradient with respect to the images.
        batch_normalization: Whether the discriminator has batch normalization.
    """
    backward = 2 - first_layer
    of_gradient = 4 + (backward if batch_normalization else 0)
    return {
        "r1": 3,
        "r2": 3,
        "consistency": 1 + backward,
        "gradient_penalty": of_gradient,
        "dragan": of_gradient,
    }.get(penalty, 0)


def has_batch_normalization(network):
    """Returns whether a network has a layer of batch normalization."""
    return any(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers)


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
