"""What decides the results of a training run, as values that have names and that JSON can hold."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from ganzoo import backend, distribution, onednn
from ganzoo.data import Batches
from ganzoo.data.sharded_array import blocks_of
from ganzoo.data.sharding import OwnBatches
from ganzoo.distribution import hardware
from ganzoo.players import PLAYERS
from ganzoo.version import __version__

_SETTINGS = (
    *("seed", "latent", "latent_dim", "num_classes", "class_names", "packing", "ema_decay"),
    *("discriminator_steps", "generator_steps", "generator_batch_ratio"),
)
_PARTS = {
    **{name: name for name in (*PLAYERS, "regularizers", "augment")},
    **{"loss": "adversarial_loss", "generator_loss": "generator_loss"},
    "classifier_loss": "classifier_loss",
}
# What Keras numbers within a process or repeats, and what only new weights need.
_NOT_COMPARED = {"class_name", "config", "module", "registered_name", "name", "build_config"}
_NOT_COMPARED |= {"compile_config", "shared_object_id", "build_input_shape"}
# Larger data are read in evenly spaced rows.
_MOST_BYTES = 2**30
_SHOWN_CHARACTERS = 60
_MISSING = "nothing"


def fingerprint(gan, batches: Any) -> dict[str, Any]:
    """Returns what decides the results of training a GAN on batches, except for the machine.

    It holds the seed, the networks, the losses and other settings of `compile`, both optimizers,
    and the data with their batch size. A hash stands for the content of a `Dataset` or of arrays:
    all labels, and all examples up to 1 GiB, or evenly spaced ones. The content of other data is
    not compared, because reading it could change it.

    Args:
        gan: A compiled GAN.
        batches: The batches that `fit` trains on.
    """
    content = {name: getattr(gan, name, None) for name in _SETTINGS}
    content["ema_half_life"] = _serialized(gan.ema_half_life)
    content |= {name: _serialized(getattr(gan, part, None)) for name, part in _PARTS.items()}
    content["optimizer"] = {name: _serialized(getattr(gan.optimizer, name)) for name in PLAYERS}
    content["data"] = _data(gan, batches)
    return json.loads(json.dumps({"class": type(gan).__name__, **content}, default=str))


def environment(gan) -> dict[str, Any]:
    """Returns what else decides the last bits of the results: the machine and the versions."""
    name = keras.backend.backend()
    return {
        "machine": hardware.machine(),
        "threads": hardware.threads(),
        "onednn": (name == "tensorflow" and onednn.is_on()) or None,
        "devices": backend.share_count(gan),
        "processes": distribution.process_count(),
        "jit_compile": bool(gan.jit_compile),
        "accumulate": None if gan.accumulate == 1 else gan.accumulate,
        "remat": gan.remat or None,
        "backend": name,
        name: hardware.backend_version(),
        "keras": keras.__version__,
        "numpy": np.__version__,
        "ganzoo": __version__,
    }


def differences(
    saved: Any, current: Any, only_common: bool = False, name: str = ""
) -> Iterator[tuple[str, str]]:
    """Yields the name of each value that differs, and both values in words.

    Args:
        saved: Values of a checkpoint.
        current: The values now.
        only_common: Whether names that only one of the two has are left out. Other versions of
            Keras write other settings of a layer.
        name: Name of the values.

    Example:

    >>> list(differences({"seed": 0}, {"seed": 1}))
    [('seed', 'seed=1 (0 in the checkpoint)')]
    """
    kind = dict if isinstance(saved, dict) and isinstance(current, dict) else list
    if not isinstance(saved, kind) or not isinstance(current, kind):
        # Checkpoints of earlier versions lack settings that are not used.
        if saved != current and (saved, current) != (_MISSING, None):
            yield name, f"{name}={_short(current)} ({_short(saved)} in the checkpoint)"
        return
    if kind is dict:
        keys = [*current, *(key for key in saved if key not in current)]
        for key in keys:
            if not only_common or (key in saved and key in current):
                inner = f"{name}.{key}" if name else key
                values = saved.get(key, _MISSING), current.get(key, _MISSING)
                yield from differences(*values, only_common, inner)
    elif len(saved) != len(current):
        yield name, f"{len(current)} {name} ({len(saved)} in the checkpoint)"
    else:
        for index, values in enumerate(zip(saved, current, strict=True)):
            yield from differences(*values, only_common, f"{name}[{index}]")


def is_accepted(name: str, accepted: Iterable[str]) -> bool:
    """Returns whether the name of a value, or the name of a whole that it is in, is accepted."""
    return any(
        one == "all" or name == one or name.startswith((f"{one}.", f"{one}[")) for one in accepted
    )


def _data(gan, batches):
    """Returns the kind, the order and the content of the data."""
    if isinstance(batches, OwnBatches):
        batches = batches.batches
    kind = getattr(batches, "kind", type(batches).__name__)
    if not isinstance(batches, Batches):
        spec = getattr(batches, "element_spec", None)
        return {"kind": kind, "batches": None if spec is None else repr(spec)}
    data = batches.dataset
    plain = (int, float, str, type(None))
    order = {name: value for name, value in vars(batches).items() if isinstance(value, plain)}
    return {
        **{name: value for name, value in order.items() if not name.startswith("_")},
        "kind": None if kind == "Batches" else kind,
        "examples": f"{data.examples.dtype} {list(data.examples.shape)} {_hash(data.whole)}",
        # Other GANs do not read them.
        "labels": _hash(data.labels) if gan.class_count and data.labels is not None else None,
        **({"conditions": _hash(data.conditions)} if gan.condition_dim is not None else {}),
    }


def _hash(array):
    every = -(-array.nbytes // _MOST_BYTES)
    result = hashlib.sha256()
    for block in blocks_of(array, every):
        result.update(np.ascontiguousarray(block))
    return result.hexdigest()[:32]


def _serialized(part):
    """Returns a network, an optimizer or another part as plain data."""
    if isinstance(part, (list, tuple)):
        return [_serialized(one) for one in part]
    try:
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(part), default=str))
    except Exception:  # Classes of a user's own may raise any error.
        # Layers that cannot be saved can be trained.
        layers = getattr(part, "layers", None)
        if not layers:
            return {"class": type(part).__name__}
        return {"class": type(part).__name__, "layers": [_serialized(layer) for layer in layers]}
    return _plain(config, {})


def _plain(value, layers):
    """Returns a config without the names that Keras numbers within a process.

    Args:
        value: Config as Keras writes it.
        layers: Dictionary from the name of a layer to its index in the network around it.
    """
    if isinstance(value, list):
        if value and isinstance(value[0], str) and value[0] in layers and len(value) == 3:
            return [layers[value[0]], *value[1:]]
        return [_plain(inner, layers) for inner in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        kept = {name: inner for name, inner in value.items() if name not in _NOT_COMPARED}
        return {name: _plain(inner, layers) for name, inner in kept.items()}
    config = value.get("config")
    if value["class_name"] == "__lambda__" or not isinstance(config, dict):
        # The code of a function holds the place of its lines in a file.
        return {"class": value["class_name"], "function": config if isinstance(config, str) else ""}
    if value["class_name"] == "DTypePolicy":
        return config.get("name")
    inner = _indices(config.get("layers"))
    plain = {
        name: _plain(part, inner or layers)
        for name, part in config.items()
        if name not in _NOT_COMPARED and not name.endswith("_initializer")
    }
    plain["class"] = value.get("registered_name") or value["class_name"]
    if value.get("inbound_nodes"):
        plain["inbound_nodes"] = _plain(value["inbound_nodes"], layers)
    return plain


def _indices(layers):
    """Returns the index of each layer in the config of a network by its name."""
    if not isinstance(layers, list):
        return {}
    names = (layer.get("name", layer["config"].get("name")) for layer in layers)
    return {name: index for index, name in enumerate(names)}


def _short(value):
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    text = value if value == _MISSING else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
