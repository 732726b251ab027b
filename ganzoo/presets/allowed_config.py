"""What the config of a preset may name. It is checked before Keras sees any of it."""

import re
from collections.abc import Iterable

import keras

from ganzoo.data.pixel_format import PixelFormat
from ganzoo.players import PLAYERS
from ganzoo.presets.errors import PresetError

# Layers that compute with their inputs and weights alone. None of them runs code of a config, opens
# a file, or wraps another framework.
_KERAS_LAYERS = """
    Activation Add AlphaDropout Average AveragePooling1D AveragePooling2D AveragePooling3D
    BatchNormalization CategoryEncoding Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose
    Conv3D Conv3DTranspose Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D
    Dot Dropout ELU Embedding Flatten GaussianDropout GaussianNoise GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D GroupNormalization InputLayer LayerNormalization LeakyReLU MaxPooling1D
    MaxPooling2D MaxPooling3D Maximum Minimum Multiply Normalization PReLU Permute ReLU RepeatVector
    Rescaling Reshape SeparableConv1D SeparableConv2D Softmax SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SpectralNormalization Subtract UnitNormalization UpSampling1D UpSampling2D
    UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
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
_SETTINGS = {"latent_dim", "latent", "name", "averaging", "seed", *PLAYERS}
_CLASSES = {"GAN": _SETTINGS | {"num_classes", "packing"}, "SemiSupervisedGAN": _SETTINGS}
_OPTIONAL = {"class_names", "condition_dim", "condition_names", "pixels"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}")
# The kinds of a user's own classes that a preset may name.
_OWN_KINDS = (keras.layers.Layer, keras.initializers.Initializer, keras.constraints.Constraint)
# Packages whose parts are in the lists above, and that no caller can allow as a whole.
_RESERVED_PACKAGES = ("ganzoo", "keras")

# No network has a size near this one. A larger number is there to exhaust the memory.
_MAX_INTEGER = 2**20
_MAX_OBJECTS = 20_000
_MAX_LAYERS = 2_000
_MAX_DEPTH = 60
_MAX_CLASSES, _MAX_CLASS_NAME = 100_000, 255
_TEXTS = (str, bool, type(None), float)


def check_packages(allow: Iterable[str]) -> tuple[str, ...]:
    """Returns the names of packages that a caller allows.

    Args:
        allow: List of names of packages, as in
            `keras.saving.register_keras_serializable(package="mypackage")`.

    Raises:
        ValueError: If it is no list of names, or names ganzoo or Keras.
    """
    if not isinstance(allow, (list, tuple)) or not all(isinstance(name, str) for name in allow):
        raise ValueError(
            '`allow` must be a list of names of packages, such as ["mypackage"]. '
            f"Received: allow={allow!r}"
        )
    for name in allow:
        if not name or ">" in name or name.lower() in _RESERVED_PACKAGES:
            raise ValueError(
                "`allow` must name packages of your own: what a preset may name of ganzoo and "
                f"Keras is fixed. Received: allow={allow!r}"
            )
    return tuple(allow)


def own_packages(config) -> tuple[str, ...]:
    """Returns the packages of the registered parts in a config that are not ganzoo's or Keras's."""
    found = set()

    def search(value):
        if isinstance(value, dict):
            found.add(_package_of(value.get("registered_name")))
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, (dict, list)):
                search(inner)

    search(config)
    return tuple(sorted(found - {None, *_RESERVED_PACKAGES}))


def check(config, class_name: str, allow: tuple[str, ...] = ()) -> None:
    """Raises unless a config describes a GAN that is made of allowed parts.

    These are ganzoo's layers, Keras's plain layers, initializers and constraints, and the classes
    that are registered in this process under a package in `allow`.

    Args:
        config: The content of `config.json`, as plain data.
        class_name: `"GAN"` or `"SemiSupervisedGAN"`.
        allow: Names of packages whose layers, initializers and constraints are allowed.

    Raises:
        PresetError: If it names anything else, or sizes that no network has.
    """
    if class_name not in _CLASSES:
        raise PresetError(
            f"A preset holds one of {', '.join(_CLASSES)}. Received: class_name={class_name!r:.200}"
        )
    if not isinstance(config, dict) or set(config) - _OPTIONAL != _CLASSES[class_name]:
        raise PresetError(
            f"The config of a {class_name} has the keys {', '.join(sorted(_CLASSES[class_name]))}. "
            f"Received: {config!r:.200}"
        )
    checker = _Checker(allow)
    for key, value in config.items():
        if key in PLAYERS:
            if not isinstance(value, dict) or value.get("class_name") not in (
                "Functional",
                "Sequential",
            ):
                raise PresetError(f"The {key} must be a Keras model. Received: {value!r:.200}")
            checker.check_value(key, value, 0)
        elif key == "seed":
            if isinstance(value, bool) or not isinstance(value, int):
                raise PresetError(f"The seed must be an integer. Received: {value!r:.200}")
        elif key in ("class_names", "condition_names"):
            _check_names(key, value)
        elif key == "pixels":
            _check_pixels(value)
        else:
            if not isinstance(value, (*_TEXTS, int)):
                raise PresetError(f"`{key}` must be a number or a text. Received: {value!r:.200}")
            checker.check_value(key, value, 0)


def _check_names(key, names):
    if not (
        isinstance(names, list)
        and len(names) <= _MAX_CLASSES
        and all(isinstance(name, str) and len(name) <= _MAX_CLASS_NAME for name in names)
        and all(map(str.isprintable, names))
    ):
        raise PresetError(
            f"`{key}` must be a list of at most {_MAX_CLASSES:,} texts of up to "
            f"{_MAX_CLASS_NAME} characters that can be printed. Received: {names!r:.200}"
        )


def _check_pixels(value):
    try:
        PixelFormat(**value)
    except (TypeError, ValueError) as error:
        raise PresetError(
            f"`pixels` must be a format of pixels. Received: {value!r:.200}"
        ) from error


class _Checker:
    """Checks the values of one config, and counts the parts in it."""

    def __init__(self, allow):
        self._allow = allow
        self._objects = self._layers = 0

    def check_value(self, key, value, depth):
        if depth > _MAX_DEPTH:
            raise PresetError("The config of a network is nested too deeply.")
        if isinstance(value, dict):
            if "class_name" in value:
                self._check_object(value)
            elif not {"module", "registered_name"}.isdisjoint(value):
                raise PresetError(f"A part must have a `class_name`. Received: {value!r:.200}")
            for name, inner in value.items():
                self.check_value(name, inner, depth + 1)
        elif isinstance(value, list):
            for inner in value:
                self.check_value(key, inner, depth + 1)
        elif isinstance(value, int) and not isinstance(value, bool):
            if abs(value) > _MAX_INTEGER and key != "seed":
                raise PresetError(
                    f"No network has such a size. Received: {key!r:.200}: {value!s:.20}"
                )
        elif not isinstance(value, _TEXTS):
            raise PresetError(f"The config must be plain data. Received: {value!r:.200}")
        if key == "name" and value is not None and not _is_name(value):
            raise PresetError(
                "Names must consist of letters, digits, `_`, `.` and `-`. "
                f"Received: name={value!r:.200}"
            )

    def _check_object(self, value):
        """Raises unless a dictionary names a part that is allowed, in the form of Keras."""
        if not _is_tensor(value) and not _is_listed(value):
            _check_own_part(value, self._allow)
        module = value.get("module")
        self._objects += 1
        self._layers += isinstance(module, str) and "layers" in module
        if self._objects > _MAX_OBJECTS or self._layers > _MAX_LAYERS:
            raise PresetError(f"A preset has at most {_MAX_LAYERS} layers.")


def _is_name(value):
    return isinstance(value, str) and _NAME.fullmatch(value) and ".." not in value


def _is_tensor(value):
    """Returns whether a dictionary stands for a tensor between two layers."""
    return (
        value["class_name"] == "__keras_tensor__"
        and set(value) == {"class_name", "config"}
        and isinstance(value["config"], dict)
        and set(value["config"]) == {"shape", "dtype", "keras_history"}
    )


def _has_form_of_part(value):
    """Returns whether a dictionary has the keys of a part, as Keras writes them."""
    registered = value.get("registered_name")
    return (
        {"class_name", "config", "module"} <= set(value) <= _KEYS
        and isinstance(value["config"], dict)
        and value.get("compile_config") in (None, {})
        and isinstance(value["module"], str)
        and isinstance(value["class_name"], str)
        and (registered is None or isinstance(registered, str))
    )


def _is_listed(value):
    """Returns whether a dictionary names a part that every preset may name."""
    if not _has_form_of_part(value):
        return False
    part = value["module"], value["class_name"], value.get("registered_name")
    return part in _ALLOWED or _is_ours(*part)


def _check_own_part(value, allow):
    """Raises unless a dictionary names a registered class of an allowed package."""
    module, name, registered = (value.get(k) for k in ("module", "class_name", "registered_name"))
    package = _package_of(registered)
    received = (
        f"Received: class_name={name!r:.200}, module={module!r:.200}, "
        f"registered_name={registered!r:.200}"
    )
    if not _has_form_of_part(value) or package is None or package.lower() in _RESERVED_PACKAGES:
        raise PresetError(
            "A preset may only name the layers of ganzoo, Keras's plain layers, initializers and "
            "constraints, and registered layers of your own. Decorate a class of your own with "
            '`@keras.saving.register_keras_serializable(package="mypackage")`, and load the '
            f'preset with `allow=["mypackage"]`. {received}'
        )
    if package not in allow:
        raise PresetError(
            f"The preset needs the class {name!r:.200} of the package {package!r:.200}, which is "
            "not part of ganzoo or Keras. If you trust this package, import the module that "
            f"registers the class and pass `allow=[{package!r:.200}]`. {received}, "
            f"allow={list(allow)!r}"
        )
    part = keras.saving.get_custom_objects().get(registered)
    if not isinstance(part, type) or not issubclass(part, _OWN_KINDS) or part.__name__ != name:
        raise PresetError(
            f"The preset needs the class {name!r:.200} of the package {package!r:.200}, but no "
            "layer, initializer or constraint of this name is registered in this process. Import "
            "the module that registers it with `keras.saving.register_keras_serializable`. "
            f"{received}"
        )


def _package_of(registered):
    """Returns the package in a registered name, or `None` if it has none."""
    package, separator, _ = registered.partition(">") if isinstance(registered, str) else ("",) * 3
    return package if package and separator else None


def _is_ours(module, name, registered):
    """Returns whether a layer of ganzoo is registered under this name, in whatever module."""
    if not module.startswith("ganzoo.layers.") or registered != f"ganzoo>{name}":
        return False
    part = keras.saving.get_registered_object(registered)
    return (
        isinstance(part, type)
        and issubclass(part, keras.layers.Layer)
        and part.__module__.startswith("ganzoo.layers.")
    )
