"""Weight normalization of a layer's kernel (Salimans and Kingma 2016)."""

from typing import Any

import keras
from keras import ops

from ganzoo.layers.data_dependent_initialization import add_initialized_flag
from ganzoo.layers.reparametrization import (
    KernelWrapper,
    call_with_kernel,
    check_norms,
    output_axis,
)
from ganzoo.validation import check_positive


@keras.saving.register_keras_serializable(package="ganzoo")
class WeightNormalization(KernelWrapper):
    """Separates the length of each output's weights from their direction: `w = g v / ||v||`.

    The layer computes with `g v / ||v||`, a reparametrization. `v` is the kernel that the wrapped
    layer stores. The norm is over the weights of one output (for an `Embedding`, of one category),
    and `g` has one scale for each output. Gradients flow to both. Under mixed precision, the norm
    and the division are computed in the dtype of the variables, and the wrapped layer computes in
    its own. An output whose weights are all zero cannot be normalized: it is refused when the layer
    is built.

    Args:
        layer: The layer to normalize: `Dense`, `Conv1D`, `Conv2D`, `Conv3D`, `Conv2DTranspose` or
            `Embedding`. Its dtype policy is used.
        trainable_scale: Whether `g` is trained.
        scale_initializer: Initializer of `g`. If `None`, `g = ||v||`, so that the wrapper starts
            with the outputs of the layer that it wraps.
        data_dependent: Whether `ganzoo.layers.initialize_from_data` initializes this layer.
        initial_scale: Standard deviation of the pre-activations after `initialize`.
        **kwargs: `name` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the layer is of another kind, if an argument is outside its range, or if a
            `dtype` is given. When the layer is built: if all weights of an output are zero.

    Example:

    >>> layer = WeightNormalization(keras.layers.Conv2D(8, 3))
    >>> tuple(layer(keras.ops.ones((1, 6, 6, 3))).shape)
    (1, 4, 4, 8)

    Reference:
        [Weight Normalization](https://arxiv.org/abs/1602.07868), equations 2 and 6. In the official
        code of [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), the
        scales of the hidden layers are not trained after their initialization, which is
        `trainable_scale=False`.

    Deviations:
        `g` starts as `||v||` unless it is initialized from data. The paper always initializes from
        data.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        trainable_scale: bool = True,
        scale_initializer: Any = None,
        data_dependent: bool = False,
        initial_scale: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(layer, **kwargs)
        self.trainable_scale = bool(trainable_scale)
        self.scale_initializer = keras.initializers.get(scale_initializer)
        self.data_dependent = bool(data_dependent)
        self.initial_scale = check_positive("initial_scale", initial_scale)
        if self.data_dependent and isinstance(layer, keras.layers.Embedding):
            raise ValueError(
                "An `Embedding` has no pre-activations to initialize from. "
                f"Received: data_dependent=True, layer={layer!r}"
            )

    @property
    def initializes_from_data(self) -> bool:
        """Whether `initialize` must be called before training."""
        return self.data_dependent

    def build(self, input_shape):
        super().build(input_shape)
        check_norms(self, self.kernel, self._axes_of_inputs(self.kernel))
        self.g = self.add_weight(
            name="g",
            shape=(self.kernel.shape[output_axis(self.layer)],),
            initializer=self.scale_initializer or self._initial_norms,
            trainable=self.trainable_scale,
            autocast=False,
        )
        if self.data_dependent:
            add_initialized_flag(self)

    def call(self, inputs):
        return call_with_kernel(self.layer, self.effective_kernel(), inputs)

    def effective_kernel(self) -> Any:
        v = ops.convert_to_tensor(self.kernel)
        scales = ops.reshape(ops.convert_to_tensor(self.g), self._shape_of_scales())
        return v * (scales / self._norms(v))

    def initialize(self, inputs: Any, training: bool = True) -> Any:
        """Sets `g` and the bias so that the pre-activations of these inputs are standardized.

        Before the activation, each output then has the mean 0 and the standard deviation
        `initial_scale` over the batch and all positions. Without a bias the means do not change.

        Args:
            inputs: The layer's inputs, at least two different examples.
            training: Not used. The layer does the same in inference.

        Returns:
            The layer's outputs with the new values.

        Raises:
            ValueError: If an output has the same value for all examples, or one that is not finite.
        """
        if not self.built:
            self.build(inputs.shape)
        if self.layer.use_bias:
            self.layer.bias.assign(ops.zeros(self.layer.bias.shape))
        outputs = ops.cast(self._pre_activations(inputs), self.variable_dtype)
        is_first = getattr(self.layer, "data_format", None) == "channels_first"
        outputs = ops.moveaxis(outputs, 1, -1) if is_first else outputs
        axes = tuple(range(len(outputs.shape) - 1))
        mean = ops.mean(outputs, axis=axes)
        deviation = ops.sqrt(ops.mean(ops.square(outputs - mean), axis=axes))
        if not ops.all(ops.logical_and(deviation > 0, ops.isfinite(deviation))):
            raise ValueError(
                f"Each output of {self.name!r} must vary over the examples that it is initialized "
                f"from. Received: standard deviations from {float(ops.min(deviation))} to "
                f"{float(ops.max(deviation))} over inputs of shape {tuple(inputs.shape)}"
            )
        factor = self.initial_scale / deviation
        self.g.assign(self.g * factor)
        if self.layer.use_bias:
            self.layer.bias.assign(-mean * factor)
        return self(inputs)

    def _pre_activations(self, inputs):
        activation = self.layer.activation
        self.layer.activation = keras.activations.linear
        try:
            return self(inputs)
        finally:
            self.layer.activation = activation

    def _initial_norms(self, shape, dtype=None):
        return ops.cast(ops.reshape(self._norms(ops.convert_to_tensor(self.kernel)), shape), dtype)

    def _norms(self, v):
        """Returns the norm of each output's weights. The other axes of the kernel have size 1."""
        return ops.sqrt(ops.sum(ops.square(v), axis=self._axes_of_inputs(v), keepdims=True))

    def _axes_of_inputs(self, kernel):
        axis = output_axis(self.layer) % len(kernel.shape)
        return tuple(i for i in range(len(kernel.shape)) if i != axis)

    def _shape_of_scales(self):
        axis = output_axis(self.layer) % len(self.kernel.shape)
        return tuple(-1 if i == axis else 1 for i in range(len(self.kernel.shape)))

    def get_config(self):
        return {
            **super().get_config(),
            "trainable_scale": self.trainable_scale,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer)
            if self.scale_initializer
            else None,
            "data_dependent": self.data_dependent,
            "initial_scale": self.initial_scale,
        }
