"""The mapping network of a style-based generator (Karras et al. 2019)."""

from typing import Any

import keras
from keras import layers, ops

from ganzoo.layers.equalized_learning_rate import EqualizedLearningRate
from ganzoo.layers.pixel_normalization import PixelNormalization
from ganzoo.layers.random_layer import RandomLayer
from ganzoo.layers.scaled_leaky_relu import ScaledLeakyReLU
from ganzoo.numerics import dtype_of_means, to_class_numbers
from ganzoo.validation import check_choice, check_fraction, check_positive_integer, describe

# Learning rate of the mapping network, in parts of the other layers' rate.
RATE = 0.01


@keras.saving.register_keras_serializable(package="ganzoo")
class StyleMapping(RandomLayer):
    """Maps latents to styles, one row for each layer of the synthesis network.

    Latents are normalized to a mean square of 1 and pass `depth` dense layers with a learning rate
    of 0.01. Classes are embedded, normalized in the same way, and appended to the latents; vectors
    of conditions pass a dense layer in place of the embedding. All rows of the styles are the same,
    `w`.

    In training, two more things happen. `style_average` moves toward the mean of `w` over the
    batch, for truncation. And with the probability `mixing`, the rows from a random one on come
    from a second latent vector of each example (style mixing). There is one such row for the whole
    batch. In a training step of `ganzoo.GAN`, all draws are a function of the seed, the step and
    the row.

    Call argument: latents of shape `(batch, latent_dim)`; or a list of latents and labels, integers
    of shape `(batch,)` or `(batch, 1)` in `[0, num_classes)`, or of latents and conditions,
    floating of shape `(batch, condition_dim)`. The output has the shape
    `(batch, num_rows, style_dim)`.

    Args:
        num_rows: Number of rows of the styles, at least 2.
        style_dim: Length of a style.
        depth: Number of dense layers.
        num_classes: Number of classes, or `None`.
        mixing: Probability of style mixing, in [0, 1).
        average_decay: Share of the old `style_average` that stays in each update, in [0, 1).
        latent: Distribution of the second latents, as for `ganzoo.GAN`: `"normal"` or `"uniform"`.
        condition_dim: Length of the vectors of conditions, or `None`.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> mapping = StyleMapping(num_rows=8, style_dim=16, depth=2)
    >>> styles = mapping(keras.ops.ones((2, 32)))
    >>> tuple(styles.shape), tuple(mapping.truncate(styles, 0.7).shape)
    ((2, 8, 16), (2, 8, 16))

    Reference:
        [A Style-Based Generator Architecture for Generative Adversarial Networks](
        https://arxiv.org/abs/1812.04948), sections 2 and 3.1, appendices B and C; one random row
        for the batch and 2 to 8 layers: [Training Generative Adversarial Networks with Limited
        Data](https://arxiv.org/abs/2006.06676), the official code.

    Deviations:
        The embedding of the classes has no bias: the embedding of each class contains it.
    """

    def __init__(
        self,
        num_rows: int,
        style_dim: int = 512,
        depth: int = 8,
        num_classes: int | None = None,
        mixing: float = 0.0,
        average_decay: float = 0.995,
        latent: str = "normal",
        condition_dim: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.num_rows = check_positive_integer("num_rows", num_rows)
        if self.num_rows < 2:
            raise ValueError(f"`num_rows` must be at least 2. Received: num_rows={num_rows}")
        self.style_dim = check_positive_integer("style_dim", style_dim)
        self.depth = check_positive_integer("depth", depth)
        self.num_classes = (
            None if num_classes is None else check_positive_integer("num_classes", num_classes)
        )
        self.condition_dim = (
            None
            if condition_dim is None
            else check_positive_integer("condition_dim", condition_dim)
        )
        if num_classes is not None and condition_dim is not None:
            raise ValueError(
                "A mapping network takes classes or vectors of conditions. "
                f"Received: num_classes={num_classes}, condition_dim={condition_dim}"
            )
        self.mixing = check_fraction("mixing", mixing)
        self.average_decay = check_fraction("average_decay", average_decay)
        self.latent = check_choice("latent", latent, ("normal", "uniform"))
        settings = {"dtype": self.dtype_policy.name}
        self.normalization = PixelNormalization(name="normalization", **settings)
        self.embedding = None
        if self.num_classes is not None:
            normal = EqualizedLearningRate.initializer()
            embedding = layers.Embedding(
                self.num_classes, self.style_dim, embeddings_initializer=normal, **settings
            )
            self.embedding = EqualizedLearningRate(embedding, name="embedding")
        elif self.condition_dim is not None:
            self.embedding = equalized_dense(self.style_dim, name="embedding", **settings)
        self.dense_layers = [
            equalized_dense(self.style_dim, RATE, name=f"dense_{i}", **settings)
            for i in range(1, self.depth + 1)
        ]
        self.activation = ScaledLeakyReLU(name="activation", **settings)

    def build(self, input_shape):
        latent_shape = input_shape
        if self.embedding is not None:
            latent_shape, condition_shape = input_shape
            self.embedding.build(condition_shape)
        # On JAX, Keras calls a model that has a layer that is not built.
        self.normalization.build(latent_shape)
        self.activation.build((None, self.style_dim))
        width = latent_shape[-1] + (0 if self.embedding is None else self.style_dim)
        for dense in self.dense_layers:
            dense.build((None, width))
            width = self.style_dim
        self.style_average = self.add_weight(
            name="style_average",
            shape=(self.style_dim,),
            dtype=dtype_of_means(self.variable_dtype),
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",
        )
        self.add_seed_state()

    def call(self, inputs, training=False):
        latents, condition = (inputs, None) if self.embedding is None else inputs
        styles = self._map(latents, condition)
        if training:
            self._move_average(styles)
        rows = self._broadcast(styles)
        if not training or not self.mixing:
            return rows
        draws, of_batch = self.next_draws()
        others = draws.latents(ops.shape(latents)[0], latents.shape[-1], self.latent)
        others = self._broadcast(self._map(ops.cast(others, latents.dtype), condition))
        first = self._first_mixed_row(of_batch)
        is_own = ops.reshape(ops.arange(self.num_rows, dtype="int32") < first, (1, -1, 1))
        return ops.where(is_own, rows, others)

    def _map(self, latents, condition):
        x = self.normalization(latents)
        if condition is not None:
            if self.num_classes is not None:
                condition = to_class_numbers(condition)
            embedded = self.normalization(self.embedding(condition))
            x = ops.concatenate([x, ops.cast(embedded, x.dtype)], axis=-1)
        for dense in self.dense_layers:
            x = self.activation(dense(x))
        return x

    def _broadcast(self, styles):
        return ops.tile(styles[:, None], (1, self.num_rows, 1))

    def _move_average(self, styles):
        mean = ops.mean(ops.cast(styles, self.style_average.dtype), axis=0)
        difference = ops.convert_to_tensor(self.style_average) - mean
        self.style_average.assign(mean + self.average_decay * difference)

    def _first_mixed_row(self, draws):
        """Returns the first row that is not the example's own, 1 to `num_rows`, a scalar."""
        chance, position = ops.unstack(draws.uniform("mixing", 1, (2,))[0], num=2)
        row = 1 + ops.cast(ops.floor(position * (self.num_rows - 1)), "int32")
        return ops.where(chance < self.mixing, row, self.num_rows)

    def truncate(self, styles: Any, truncation: Any, cutoff: int | None = None) -> Any:
        """Moves styles toward their average.

        Args:
            styles: Floating tensor of shape `(batch, num_rows, style_dim)`.
            truncation: 1 leaves the styles as they are, and 0 gives the average: a number, or a
                tensor of shape `()` or `(batch, 1)`.
            cutoff: Number of the first rows that move. By default all.

        Returns:
            A tensor of the shape of `styles`.

        Raises:
            ValueError: If there are fewer rows than `cutoff`.
        """
        cutoff = self.num_rows if cutoff is None else check_positive_integer("cutoff", cutoff)
        if cutoff > self.num_rows:
            raise ValueError(
                f"`cutoff` must be at most the number of rows of the styles, {self.num_rows}. "
                f"Received: cutoff={describe(cutoff)}"
            )
        amount = ops.reshape(ops.cast(truncation, styles.dtype), (-1, 1, 1))
        average = ops.cast(self.style_average, styles.dtype)
        moves = ops.reshape(ops.arange(self.num_rows) < cutoff, (1, -1, 1))
        # Rounding would change the styles a little where nothing is truncated.
        moves = ops.logical_and(moves, ops.not_equal(amount, 1.0))
        return ops.where(moves, average + amount * (styles - average), styles)

    @property
    def drawn_latents(self) -> str | None:
        """Distribution of the latents that the layer draws in training, or `None`."""
        return self.latent if self.mixing else None

    def compute_output_shape(self, input_shape):
        batch = input_shape[0] if self.embedding is None else input_shape[0][0]
        return (batch, self.num_rows, self.style_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "num_rows": self.num_rows,
            "style_dim": self.style_dim,
            "depth": self.depth,
            "num_classes": self.num_classes,
            "mixing": self.mixing,
            "average_decay": self.average_decay,
            "latent": self.latent,
            "condition_dim": self.condition_dim,
        }


def equalized_dense(units, rate=1.0, name=None, bias_initializer="zeros", **settings):
    """Returns a dense layer with an equalized learning rate."""
    dense = layers.Dense(
        units,
        kernel_initializer=EqualizedLearningRate.initializer(rate),
        bias_initializer=bias_initializer,
        **settings,
    )
    return EqualizedLearningRate(dense, rate, name=name)


def split_at_styles(network: keras.Model) -> tuple[keras.layers.Layer, keras.Model] | None:
    """Returns the layer of a generator that gives styles, and the rest of the network.

    Args:
        network: A generator. Its layer of styles takes the generator's inputs and has a method
            `truncate`, as `StyleMapping`.

    Returns:
        The layer, and a `keras.Model` from its outputs to the outputs of the network; or `None` if
        the network has no such layer.

    Raises:
        ValueError: If other layers take the generator's inputs too.

    Example:

    >>> generator, _ = ganzoo.architectures.build("stylegan2", (8, 8, 1), latent_dim=4, width=2)
    >>> mapping, rest = split_at_styles(generator)
    >>> mapping.name, rest.input_shape
    ('mapping', (None, 4, 4))
    """
    for layer in network.layers:
        if hasattr(layer, "truncate"):
            try:
                return layer, keras.Model(layer.output, network.outputs, name="after_styles")
            except ValueError as error:
                raise ValueError(
                    "In a generator with styles, only the layer that gives styles may take the "
                    "latents, and the classes or conditions. Received: a generator in which "
                    f"other layers than {layer.name!r} take them"
                ) from error
    return None
