"""The base of wrappers with which a layer computes with another kernel than the one it stores."""

import contextlib
import contextvars
from typing import Any

import keras
import numpy as np

_SMALLEST_NORM = 1e-12
# The axis of the kernel that holds the outputs: the rows of the papers' matrix W. All other layers
# (the dense layer and the convolutions) have their outputs on the last axis.
_OUTPUT_AXIS = {
    keras.layers.Conv2DTranspose: -2,
    keras.layers.Embedding: 0,
}
SUPPORTED = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    *_OUTPUT_AXIS,
)


_has_final_kernels = contextvars.ContextVar("has_final_kernels", default=True)


def check_layer(layer, supported=SUPPORTED):
    """Returns `layer` if it is of one of the supported kinds, or raises `ValueError`."""
    if not isinstance(layer, supported):
        names = ", ".join(kind.__name__ for kind in supported)
        raise ValueError(
            f"`layer` must be one of {names}. Received: layer={layer!r} "
            f"of type {type(layer).__name__}"
        )
    return layer


def output_axis(layer):
    """Returns the axis of the layer's kernel that holds its outputs, or its categories."""
    for kind, axis in _OUTPUT_AXIS.items():
        if isinstance(layer, kind):
            return axis
    return -1


def kernel_variable(layer):
    """Returns the variable that holds the layer's kernel, or its embeddings."""
    return layer.embeddings if isinstance(layer, keras.layers.Embedding) else layer.kernel


def check_norms(layer, kernel, axes=None):
    """Raises `ValueError` if a kernel, or a part of it, is zero: its norm divides nothing.

    Args:
        layer: The layer that divides by the norms, for the message.
        kernel: The variable, with its initial values.
        axes: Axes over which a norm is taken; by default all.
    """
    # While Keras infers shapes, there are no values.
    if kernel._value is None or not _has_final_kernels.get():
        return
    norms = np.sqrt(np.sum(np.square(np.asarray(kernel.numpy(), "float64")), axis=axes))
    is_right = np.isfinite(norms) & (norms > _SMALLEST_NORM)
    if not is_right.all():
        raise ValueError(
            f"`{type(layer).__name__}` divides a kernel by its norm, which must not be 0: the "
            "outputs would be NaN. Choose an initializer other than zeros. A branch that should "
            "start at zero can be multiplied by a trainable scale that starts at zero. Received: "
            f"the layer {layer.name!r} with a kernel of shape {tuple(kernel.shape)}, in which "
            f"{np.size(is_right) - np.sum(is_right)} of {np.size(is_right)} norms are zero or not "
            "finite"
        )


@contextlib.contextmanager
def initial_kernels():
    """Lets layers be built whose kernels are zero until they get the ones of other layers."""
    token = _has_final_kernels.set(False)
    try:
        yield
    finally:
        _has_final_kernels.reset(token)


def call_with_kernel(layer, kernel, inputs, bias=None):
    """Returns the layer's outputs with `kernel` in place of its own kernel.

    The layer's variables are not assigned, and gradients flow to `kernel` and `bias`.

    Args:
        layer: A built layer of one of the `SUPPORTED` kinds.
        kernel: Tensor with the shape of the layer's kernel.
        inputs: The layer's inputs.
        bias: Tensor in place of the layer's own bias, or `None` for its own.
    """
    values = [(kernel_variable(layer), kernel), *([] if bias is None else [(layer.bias, bias)])]
    replaced = {id(variable) for variable, _ in values}
    # The scope hides an outer one. So it needs the values of the other variables, and the losses of
    # an activity regularizer are passed on by hand.
    others = [(v, v.value) for v in layer.variables if id(v) not in replaced]
    with keras.StatelessScope([*values, *others], collect_losses=True) as scope:
        outputs = layer(inputs)
    layer.add_loss(scope.losses)
    return outputs


class KernelWrapper(keras.layers.Wrapper):
    """The base of wrappers that give the wrapped layer a kernel computed from the stored one.

    The dtype is the wrapped layer's own. The wrapper has the dtype of the variables and does not
    cast: it reads the kernel in full precision and does not change the inputs. The wrapped layer
    casts both itself.

    Attributes:
        replaces_kernel: Whether the wrapped layer computes with another kernel than it stores.
        normalizes_spectrum: Whether the kernel is divided by its largest singular value. Then there
            are `u`, `num_singular_values`, `singular_values()` and `scale()`, as in
            `SpectralNormalization`.

    Args:
        layer: The layer to wrap, of one of the `SUPPORTED` kinds.
        **kwargs: `name` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the layer is of another kind, or if a `dtype` is given.
    """

    replaces_kernel = True
    normalizes_spectrum = False

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any):
        check_layer(layer)
        if "dtype" in kwargs:
            raise ValueError(
                f"`{type(self).__name__}` takes its dtype from the wrapped layer: give it there. "
                f"Received: dtype={kwargs['dtype']!r}"
            )
        super().__init__(layer, dtype=layer.variable_dtype, autocast=False, **kwargs)
        self.supports_masking = layer.supports_masking

    @property
    def kernel(self):
        """The variable of the wrapped layer that holds its kernel, as it is stored."""
        return kernel_variable(self.layer)

    def effective_kernel(self) -> Any:
        """Returns the kernel that the wrapped layer computes with in inference, a tensor."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs, training=False):
        return self.layer.compute_output_spec(inputs)

    def compute_mask(self, inputs, previous_mask=None):
        return self.layer.compute_mask(inputs, previous_mask)

    def get_config(self):
        config = super().get_config()
        del config["dtype"]
        return config
