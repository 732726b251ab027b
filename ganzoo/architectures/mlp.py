"""Fully connected networks for toy data, as in WGAN-GP (Gulrajani et al. 2017)."""

import keras
from keras import layers

from ganzoo.architectures import base
from ganzoo.validation import check_positive_integer


def mlp_generator(
    shape: tuple[int, ...],
    latent_dim: int = 2,
    width: int = 512,
    num_classes: int | None = None,
    condition_dim: int | None = None,
    hidden_layers: int = 3,
    normalization: str | None = None,
    reference_size: int | None = None,
) -> keras.Model:
    """Builds a generator of vectors: hidden layers with ReLU, then a linear one.

    Args:
        shape: `(d,)`, the length of the vectors.
        latent_dim: Length of the latent vectors.
        width: Units of each hidden layer.
        num_classes: Number of classes of a conditional generator: its inputs are
            `[latents, labels]`, and a conditional batch normalization comes before each ReLU.
        condition_dim: Length of the vectors of conditions of a generator of `[latents,
            conditions]`, whose batch normalization depends on them.
        hidden_layers: Number of hidden layers.
        normalization: `"batch"` or `"virtual"` before each ReLU. By default a conditional generator
            has conditional batch normalization, and all others have none.
        reference_size: Size of the reference batch of virtual batch normalization, by default 64.

    Returns:
        A `keras.Model` from latents `(batch, latent_dim)` to vectors `(batch, d)` of any range.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> mlp_generator((2,), width=8).output_shape
    (None, 2)

    Reference:
        [Improved Training of Wasserstein GANs](https://arxiv.org/abs/1704.00028), the toy
        experiments of section 4 and figure 1.
    """
    (outputs,) = _check_vector_shape(shape)
    check_positive_integer("width", width)
    check_positive_integer("hidden_layers", hidden_layers)
    builder = base.GeneratorBuilder(
        latent_dim,
        num_classes,
        normalization=normalization or "batch",
        reference_size=reference_size,
        condition_dim=condition_dim,
    )
    is_normalized = normalization is not None or builder.condition is not None
    x = builder.latents
    for layer in range(1, hidden_layers + 1):
        name = f"hidden_{layer}"
        x = layers.Dense(
            width, use_bias=not is_normalized, kernel_initializer="he_uniform", name=name
        )(x)
        x = builder.relu(x, name, normalized=is_normalized)
    return builder.model(layers.Dense(outputs, dtype=base.full_precision(), name="vectors")(x))


def mlp_discriminator(
    shape: tuple[int, ...],
    width: int = 512,
    num_classes: int | None = None,
    normalization: str = "none",
    conditioning: str = "projection",
    minibatch_features: str = "none",
    condition_dim: int | None = None,
    head: str = "linear",
    normalization_options: dict | None = None,
    minibatch_options: dict | None = None,
    hidden_layers: int = 3,
) -> keras.Model:
    """Builds a discriminator of vectors: hidden layers with ReLU, then a linear one.

    Args:
        shape: `(d,)`, the length of the vectors.
        width: Units of each hidden layer.
        num_classes: Number of classes of a conditional discriminator. See `conditioning`.
        normalization: `"none"`, `"spectral"` or `"weight"` (of every kernel), `"batch"` or
            `"layer"` (after every hidden layer except the first).
        conditioning: With `"projection"`, a conditional discriminator has the inputs
            `[vectors, labels]` and a projection head as its last layer. With `"auxiliary"`, it has
            the outputs `[logits, class_logits]`, and `class_logits` has the shape
            `(batch, num_classes)`.
        minibatch_features: `"none"`, or `"discrimination"` for minibatch discrimination between the
            features and the last layer.
        condition_dim: Length of the vectors of conditions of a discriminator of `[vectors,
            conditions]`, with a projection.
        head: `"linear"`, or `"san"` for a `SANHead` as the last layer, without spectral
            normalization.
        normalization_options: Further arguments of each `SpectralNormalization`, such as
            `{"power_iterations": 5}`, for `normalization="spectral"` without a projection.
        minibatch_options: Arguments of the `MinibatchDiscrimination`: `num_kernels`, `kernel_dim`
            and `include_self`.
        hidden_layers: Number of hidden layers.

    Returns:
        A `keras.Model` from vectors `(batch, d)` to logits `(batch, 1)`.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> mlp_discriminator((2,), width=8).output_shape
    (None, 1)

    Reference:
        [Improved Training of Wasserstein GANs](https://arxiv.org/abs/1704.00028), the toy
        experiments of section 4 and figure 1.
    """
    shape = _check_vector_shape(shape)
    check_positive_integer("width", width)
    check_positive_integer("hidden_layers", hidden_layers)
    builder = base.DiscriminatorBuilder(
        shape,
        num_classes,
        normalization,
        conditioning=conditioning,
        minibatch_features=minibatch_features,
        condition_dim=condition_dim,
        head=head,
        normalization_options=normalization_options,
        minibatch_options=minibatch_options,
    )
    x = builder.examples
    for layer in range(1, hidden_layers + 1):
        x = builder.dense(x, width, "he_uniform", f"dense_{layer}", normalized=layer > 1)
    return builder.model(x, "glorot_uniform")


base.families.register("mlp")(base.Family(mlp_generator, mlp_discriminator))


def _check_vector_shape(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) != 1:
        raise ValueError(
            "The shape for an mlp must be one positive integer, (d,): it generates vectors. The "
            f"other architectures generate images. Received: shape={shape!r}"
        )
    return (check_positive_integer("shape", shape[0]),)
