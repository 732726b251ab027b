"""Spectral normalization of a whole existing network."""

import warnings
from typing import Any

import keras

from ganzoo.layers.networks import is_network
from ganzoo.layers.reparametrization import SUPPORTED, initial_kernels
from ganzoo.layers.spectral_normalization import SpectralNormalization, singular_value_count

# Layers that contain other layers have an option of this name if they can wrap them.
_OPTION = "spectral_normalization"


def spectral_normalize(model: keras.Model, **options: Any) -> keras.Model:
    """Returns a copy of a network with every layer that can be wrapped in `SpectralNormalization`.

    The copy has the same weights, `trainable` flags and names of layers. (Only an `Input` without a
    given name gets another name.) A wrapper has the name of its layer. A shared layer is wrapped
    once and stays shared. Nested models are copied in the same way, and layers that are already
    wrapped do not change. A layer with its own `spectral_normalization` option, such as
    `ProjectionHead` or `SelfAttention`, is recreated with that option, which uses the wrapper's
    defaults. The outputs change, because each kernel is now divided by its norm.

    A warning names layers that have a kernel and cannot be wrapped. `unnormalized_layers(copy)`
    returns them too.

    Args:
        model: A built functional or Sequential `keras.Model`.
        **options: Options of `SpectralNormalization` for every layer that is wrapped. A kernel with
            fewer than `num_singular_values` singular values uses all it has, and an `Embedding` has
            the norm of a matrix.

    Returns:
        A new `keras.Model`, compiled if `model` is.

    Raises:
        ValueError: If `model` is of another kind or not built, or if it has nothing to wrap.

    Example:

    >>> discriminator = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, name="logits")])
    >>> spectral_normalize(discriminator).get_layer("logits")
    <SpectralNormalization name=logits, built=True>
    """
    if not is_network(model):
        raise ValueError(
            "`model` must be a functional or Sequential `keras.Model` that is built. In a model "
            "of another class, wrap the layers where they are created. "
            f"Received: model={model!r} of type {type(model).__name__}"
        )
    copier = _Copier(options)
    # `copy_state` assigns and checks the kernels of the model.
    with initial_kernels():
        copy = copier.copy(model)
    if not copier.wrapped:
        raise ValueError(
            "`model` has no layer that could be wrapped in `SpectralNormalization`"
            f"{_listed(unnormalized_layers(model))}. Received: model={model!r}"
        )
    copier.copy_state()
    if left := unnormalized_layers(copy):
        warnings.warn(
            f"Some layers of {model.name!r} stay without spectral normalization{_listed(left)}",
            stacklevel=2,
        )
    return copy


def unnormalized_layers(model: keras.Model) -> dict[str, str]:
    """Returns the layers with a kernel or embeddings that are not under spectral normalization.

    Args:
        model: A functional or Sequential `keras.Model`.

    Returns:
        Dictionary of the reasons by the path of the layer, such as `"logits"`, or `"encoder/conv"`
        in a nested model.

    Example:

    >>> layer = keras.layers.DepthwiseConv2D(3, name="d")
    >>> unnormalized_layers(keras.Sequential([keras.Input((8, 8, 3)), layer]))
    {'d': 'SpectralNormalization does not support DepthwiseConv2D'}
    """
    left = {}
    for layer in model.layers:
        if is_network(layer):
            inner = unnormalized_layers(layer)
            left.update({f"{layer.name}/{path}": reason for path, reason in inner.items()})
        elif not _is_normalized(layer) and _has_kernel(layer):
            left[layer.name] = _reason(layer)
    return left


class _Copier:
    """Copies networks layer by layer. A layer that is used several times is copied once."""

    def __init__(self, options):
        self.options = options
        self.wrapped = []
        self._copies = {}

    def copy(self, layer):
        """Returns the copy of a layer, an operation or a network, without its state."""
        if id(layer) not in self._copies:
            self._copies[id(layer)] = layer, self._new(layer)
        return self._copies[id(layer)][1]

    def _new(self, layer):
        if is_network(layer):
            return self._new_graph(layer)
        if isinstance(layer, SUPPORTED):
            inner = type(layer).from_config(layer.get_config())
            # The wrapper divides by the norm of the present kernel, not of an initial one.
            inner.build_from_config(layer.get_build_config())
            inner.set_weights(layer.get_weights())
            wrapper = SpectralNormalization(
                inner, name=layer.name, trainable=layer.trainable, **self._options_for(layer)
            )
            self.wrapped.append(wrapper)
            return wrapper
        config = layer.get_config()
        if isinstance(layer, keras.Layer) and config.get(_OPTION) is False:
            copy = type(layer).from_config({**config, _OPTION: True})
            self.wrapped.append(copy)
            return copy
        return type(layer).from_config(config)

    def _new_graph(self, model):
        copy = keras.models.clone_model(model, clone_function=self.copy)
        if type(copy) is not type(model):
            raise ValueError(
                "A model of a subclass of `keras.Model` cannot be copied: Keras would create a "
                f"plain model. Received: {model!r} of type {type(model).__name__}"
            )
        return copy

    def _options_for(self, layer):
        options = dict(self.options)
        if isinstance(layer, keras.layers.Embedding):
            options.pop("norm", None)
        if isinstance(k := options.get("num_singular_values"), int):
            options["num_singular_values"] = min(k, singular_value_count(layer))
        return options

    def copy_state(self):
        """Gives the copies the weights and flags of the originals, then computes the norms."""
        # Networks first, because the flag of a network overwrites the flags of its layers.
        for layer, copy in reversed(self._copies.values()):
            if isinstance(layer, keras.Layer) and copy.trainable != layer.trainable:
                copy.trainable = layer.trainable
        for layer, copy in self._copies.values():
            if isinstance(layer, keras.Layer) and not is_network(layer):
                self._copy_weights(layer, copy)

    def _copy_weights(self, layer, copy):
        wrappers = []
        if any(copy is one for one in self.wrapped):
            # Keras has no public access to the layers inside of a layer.
            parts = copy._flatten_layers()
            wrappers = [part for part in parts if isinstance(part, SpectralNormalization)]
        inner = {id(weight) for wrapper in wrappers for weight in wrapper.layer.weights}
        added = {id(weight) for wrapper in wrappers for weight in wrapper.weights} - inner
        targets = [weight for weight in copy.weights if id(weight) not in added]
        for weight, target in zip(layer.weights, targets, strict=True):
            target.assign(weight)
        for wrapper in wrappers:
            wrapper.warm_start()


def _is_normalized(layer):
    return isinstance(layer, SpectralNormalization) or bool(getattr(layer, _OPTION, False))


def _has_kernel(layer):
    return any(weight.name.endswith(("kernel", "embeddings")) for weight in layer.weights)


def _reason(layer):
    kind = type(layer).__name__
    if isinstance(layer, SUPPORTED):
        return f"{kind} is not wrapped"
    if getattr(layer, _OPTION, None) is False:
        return f"{kind} has the option {_OPTION}=False"
    return f"SpectralNormalization does not support {kind}"


def _listed(layers):
    reasons = ", ".join(f"{path} ({reason})" for path, reason in layers.items())
    return reasons and f": {reasons}"
