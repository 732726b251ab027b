"""What the config of a preset may name, which is checked before Keras sees any of it."""

import copy
import re
import threading

import keras

from ganzoo.presets.errors import PresetError

# Layers that compute with their inputs and weights alone: none runs code of a config, opens a
# file, or wraps another framework.
_KERAS_LAYERS = """
    Activation Add AlphaDropout Average AveragePooling1D AveragePooling2D BatchNormalization
    CategoryEncoding Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Cropping1D Cropping2D
    Dense DepthwiseConv2D Dot Dropout ELU Embedding Flatten GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D
    GroupNormalization InputLayer LayerNormalization LeakyReLU MaxPooling1D MaxPooling2D Maximum
    Minimum Multiply Normalization PReLU Permute ReLU RepeatVector Rescaling Reshape SeparableConv2D
    Softmax SpatialDropout1D SpatialDropout2D SpectralNormalization Subtract UnitNormalization
    UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D
"""
_KERAS_INITIALIZERS = """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
    Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
"""
_KERAS_CONSTRAINTS = "MaxNorm MinMaxNorm NonNeg UnitNorm"
_ALLOWED = {
    *(("keras.layers", name, None) for name in _KERAS_LAYERS.split()),
    *(("keras.initializers", name, None) for name in _KERAS_INITIALIZERS.split()),
    *(("keras.constraints", name, None) for name in _KERAS_CONSTRAINTS.split()),
    ("keras", "DTypePolicy", None),
    ("keras", "Sequential", None),
    ("keras.src.models.functional", "Functional", "Functional"),
}
_KEYS = {"class_name", "config", "module", "registered_name", "name", "build_config"}
_KEYS |= {"inbound_nodes", "shared_object_id", "compile_config"}
_SETTINGS = {"latent_dim", "latent", "name", "averaging", "seed", "generator", "discriminator"}
_CLASSES = {"GAN": _SETTINGS | {"num_classes", "packing"}, "SemiSupervisedGAN": _SETTINGS}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}")

# No size in a network is near it; what is beyond is made to fill the memory.
_MAX_INTEGER = 2**20
_MAX_OBJECTS = 20_000
_MAX_LAYERS = 2_000
_MAX_DEPTH = 60
MAX_ELEMENTS = 2**26
_TEXTS = (str, bool, type(None), float)


def check(config, class_name):
    """Raises unless a config is that of a GAN made of ganzoo's and Keras's own plain parts.

    Args:
        config: What `config.json` says, as plain data.
        class_name: `"GAN"` or `"SemiSupervisedGAN"`.

    Raises:
        PresetError: If it names anything else, or sizes that no network has.
    """
    if class_name not in _CLASSES:
        raise PresetError(
            f"A preset holds one of {', '.join(_CLASSES)}. Received: class_name={class_name!r:.200}"
        )
    if not isinstance(config, dict) or set(config) != _CLASSES[class_name]:
        raise PresetError(
            f"The config of a {class_name} has the keys {', '.join(sorted(_CLASSES[class_name]))}. "
            f"Received: {config!r:.200}"
        )
    counts = {"objects": 0, "layers": 0}
    for key, value in config.items():
        if key in ("generator", "discriminator"):
            if not isinstance(value, dict) or value.get("class_name") not in (
                "Functional",
                "Sequential",
            ):
                raise PresetError(f"The {key} must be a Keras model. Received: {value!r:.200}")
            _check_value(key, value, counts, 0)
        elif key == "seed":
            if isinstance(value, bool) or not isinstance(value, int):
                raise PresetError(f"The seed must be an integer. Received: {value!r:.200}")
        else:
            if not isinstance(value, (*_TEXTS, int)):
                raise PresetError(f"`{key}` must be plain. Received: {value!r:.200}")
            _check_value(key, value, counts, 0)


def _check_value(key, value, counts, depth):
    if depth > _MAX_DEPTH:
        raise PresetError("The config of a network is nested too deeply.")
    if isinstance(value, dict):
        if "class_name" in value:
            _check_object(value, counts)
        elif not {"module", "registered_name"}.isdisjoint(value):
            raise PresetError(f"A part without a class. Received: {value!r:.200}")
        for name, inner in value.items():
            _check_value(name, inner, counts, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_value(key, inner, counts, depth + 1)
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > _MAX_INTEGER and key != "seed":
            raise PresetError(f"No network has such a size. Received: {key!r:.200}: {value!s:.20}")
    elif not isinstance(value, _TEXTS):
        raise PresetError(f"The config must be plain data. Received: {value!r:.200}")
    if key == "name" and value is not None and not _is_name(value):
        raise PresetError(
            f"Names are made of letters, digits, `_`, `.` and `-`. Received: name={value!r:.200}"
        )


def _is_name(value):
    return isinstance(value, str) and _NAME.fullmatch(value) and ".." not in value


def _check_object(value, counts):
    """Raises unless a dictionary names a part that is allowed, in the form that Keras writes."""
    module, name, registered = (value.get(k) for k in ("module", "class_name", "registered_name"))
    if not _is_tensor(value) and not _is_allowed_part(value, module, name, registered):
        raise PresetError(
            "A preset may only name the layers of ganzoo, and Keras's plain layers, initializers "
            f"and constraints. Received: class_name={name!r:.200}, "
            f"module={module!r:.200}, registered_name={registered!r:.200}"
        )
    counts["objects"] += 1
    counts["layers"] += isinstance(module, str) and "layers" in module
    if counts["objects"] > _MAX_OBJECTS or counts["layers"] > _MAX_LAYERS:
        raise PresetError(f"A preset has at most {_MAX_LAYERS} layers.")


def _is_tensor(value):
    """Returns whether a dictionary stands for a tensor between two layers."""
    return (
        value["class_name"] == "__keras_tensor__"
        and set(value) == {"class_name", "config"}
        and isinstance(value["config"], dict)
        and set(value["config"]) == {"shape", "dtype", "keras_history"}
    )


def _is_allowed_part(value, module, name, registered):
    return (
        {"class_name", "config", "module"} <= set(value) <= _KEYS
        and isinstance(value["config"], dict)
        and value.get("compile_config") is None
        and isinstance(module, str)
        and isinstance(name, str)
        and (registered is None or isinstance(registered, str))
        and ((module, name, registered) in _ALLOWED or _is_ours(module, name, registered))
    )


def _is_ours(module, name, registered):
    """Returns whether a layer of ganzoo is registered under this name, wherever it lies by now."""
    if not module.startswith("ganzoo.layers.") or registered != f"ganzoo>{name}":
        return False
    part = keras.saving.get_registered_object(registered)
    return (
        isinstance(part, type)
        and issubclass(part, keras.layers.Layer)
        and part.__module__.startswith("ganzoo.layers.")
    )


def expected_weights(config):
    """Returns what weights the networks of a checked config have, without making any.

    Args:
        config: The config of a GAN.

    Returns:
        Dictionary from `"generator"` and `"discriminator"` to lists of `(name, shape, dtype)`.

    Raises:
        PresetError: If Keras cannot build a network, or if an example fills too much memory.
    """
    found, failures = {}, []

    def build():
        try:
            # Variables that are made in such a scope have a shape but no value.
            with keras.StatelessScope(initialize_variables=False):
                for player in ("generator", "discriminator"):
                    # Keras takes the config apart.
                    network = keras.saving.deserialize_keras_object(copy.deepcopy(config[player]))
                    _check_activations(network)
                    found[player] = [_description(weight) for weight in network.weights]
        except Exception as error:  # Keras raises whatever its layers raise.
            failures.append(error)

    # Keras remembers such variables in the thread's state, to give them values when the thread's
    # next scope ends; this thread ends before.
    thread = threading.Thread(target=build)
    thread.start()
    thread.join()
    for error in failures:
        raise PresetError(
            f"The networks of the config cannot be built. Received: {type(error).__name__}: "
            f"{error!s:.500}"
        ) from error
    return found


def _description(weight):
    return weight.name, tuple(weight.shape), keras.backend.standardize_dtype(weight.dtype)


def _check_activations(network):
    for layer in network.layers:
        for tensor in keras.tree.flatten(_output(layer)):
            size = 1
            for side in tensor.shape[1:]:
                size *= side or 1
            if size > MAX_ELEMENTS:
                raise PresetError(
                    f"An example must have at most {MAX_ELEMENTS} numbers in each layer. "
                    f"Received: {layer.name} of shape {tensor.shape}"
                )


def _output(layer):
    """Returns the output of a layer, or nothing where it has several calls with one each."""
    try:
        return layer.output
    except AttributeError:
        return []
