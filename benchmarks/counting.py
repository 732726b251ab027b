"""How many floating-point operations a training step needs.

Counted are the kernels of the dense layers and of the convolutions, a multiplication and an
addition as two operations:

- A pass forwards costs, for each example, the kernel's size times the number of places it is
  applied at: outputs of a convolution, inputs of a transposed one, 1 of a dense layer. Places where
  the kernel overlaps the padding count in full.
- A pass backwards costs as much again for the gradient by the kernel, and as much for the gradient
  by the layer's inputs.
- Only what the algorithm needs counts. The discriminator's update: the generator forwards; the
  discriminator forwards and backwards on real and on fake images, without the gradient by the
  images. The generator's update: both networks forwards; backwards through the discriminator
  without the gradients by its kernels, and through the generator without that by the latents.

Normalization, activations, optimizers, averages and random numbers count nothing: what they cost
shows as a lower share of the peak.
"""

import math

import keras


def step_operations(generator, discriminator, batch_size, discriminator_steps=1):
    """Returns the floating-point operations of one training step without penalties.

    Args:
        generator: A functional Keras model.
        discriminator: The same.
        batch_size: Real examples of a discriminator's update, and fakes of each update.
        discriminator_steps: Updates of the discriminator in a step.
    """
    g, d = _forward_products(generator), _forward_products(discriminator)
    d_update = sum(g) + 2 * (3 * sum(d) - d[0])
    g_update = 3 * sum(g) - g[0] + 2 * sum(d)
    return 2 * batch_size * (discriminator_steps * d_update + g_update)


def _forward_products(network):
    """Multiplications of each layer for one example, in the order of the layers."""
    products = []
    for layer in network.layers:
        layer_input, layer_output = layer.input, layer.output
        layer = getattr(layer, "layer", layer)  # Spectral normalization wraps a layer.
        if isinstance(layer, keras.layers.Dense):
            places = 1
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            places = math.prod(layer_input.shape[1:3])
        elif isinstance(layer, keras.layers.Conv2D):
            places = math.prod(layer_output.shape[1:3])
        else:
            continue
        products.append(math.prod(layer.kernel.shape) * places)
    return products
