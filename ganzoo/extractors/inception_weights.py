"""The published weights of the Inception network, read from any of their files."""

import hashlib
import io
import os
import pathlib
import re
import tarfile
from collections.abc import Iterable

import keras
import numpy as np

from ganzoo.download import cached, fetch
from ganzoo.extractors.frozen_graph import read_constants
from ganzoo.files import new_file, user_path

GRAPH = "classify_image_graph_def.pb"
# PyTorch's copy of the graph's weights, which pytorch-fid and torch-fidelity use.
PORT = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth"
)
PORT_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
_MOST_BYTES = 200 * 2**20  # It has 96 MB.
_MOST_SECONDS = 1800.0

_STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
_BLOCKS = ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")
# The port's names of the branches that the graph calls "", tower, tower_1 and tower_2.
_BRANCHES = {
    "5": ("branch1x1", "branch5x5", "branch3x3dbl", "branch_pool"),
    "6a": ("branch3x3", "branch3x3dbl"),
    "6": ("branch1x1", "branch7x7", "branch7x7dbl", "branch_pool"),
    "7a": (None, "branch3x3", "branch7x7x3"),
    "7": ("branch1x1", "branch3x3", "branch3x3dbl", "branch_pool"),
}
_VARIABLES = {
    "kernel": "conv2d_params",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "moving_mean",
    "moving_variance": "moving_variance",
}
_PORT_VARIABLES = {
    "conv2d_params": "conv.weight",
    "batchnorm/gamma": "bn.weight",
    "batchnorm/beta": "bn.bias",
    "batchnorm/moving_mean": "bn.running_mean",
    "batchnorm/moving_variance": "bn.running_var",
}


def variables_by_graph_name(network: keras.Model) -> dict:
    """Returns a dictionary from the graph's names to the variables of `inception_network`."""
    variables = {}
    for variable in network.weights:
        layer, kind = variable.path.split("/")[-2:]
        name = f"{layer.replace('.', '/')}/{_VARIABLES[kind]}"
        variables["softmax/weights" if layer == "softmax" else name] = variable
    return variables


def port_name(graph_name: str) -> str:
    """Returns the name that a weight of the graph has in PyTorch's copy."""
    if graph_name == "softmax/weights":
        return "fc.weight"
    scope, kind = re.fullmatch(r"(.+?)/(conv2d_params|batchnorm/\w+)", graph_name).groups()
    *towers, convolution = scope.split("/")
    index = _number(convolution)
    if not towers:
        return f"{_STEM[index]}.{_PORT_VARIABLES[kind]}"
    block = _BLOCKS[_number(towers[0])]
    branches = _BRANCHES.get(block) or _BRANCHES[block[0]]
    tower = 0 if len(towers) == 1 else 1 + _number(towers[1])
    name = branches[tower]
    if len(towers) == 3:
        # Two parallel convolutions, which follow one convolution in `tower` and two in `tower_1`.
        name += f"_{tower + 1}{'ab'[index]}"
    elif tower and name != "branch_pool":
        name += f"_{index + 1}"
    return f"Mixed_{block}.{name}.{_PORT_VARIABLES[kind]}"


def read(path: str | os.PathLike, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Returns the weights in a file, a dictionary from the graph's names to arrays.

    Args:
        path: `inception-2015-12-05.tgz`, or the `.pb` in it; PyTorch's copy, a `.pth`; or the
            `.npz` that `write` wrote.
        names: The graph's names of the wanted weights.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If it is PyTorch's copy, and PyTorch is not installed.
        ValueError: If it is a file of another kind, or weights are missing.
    """
    path = user_path(path)
    readers = {".tgz": _read_archive, ".pb": _read_graph, ".pth": _read_port, ".npz": _read_npz}
    if path.suffix not in readers:
        raise ValueError(
            f"`path` must end in one of {', '.join(readers)}. Received: path={str(path)!r}"
        )
    weights = readers[path.suffix](path)
    if path.suffix == ".pth":
        weights = {name: _from_port(weights, name) for name in names if port_name(name) in weights}
    missing = sorted(set(names) - weights.keys())
    if missing:
        raise ValueError(
            f"This is not the network of {GRAPH}: it lacks {len(missing)} of {len(names)} weights, "
            f"e.g. {missing[0]!r}. Received: path={str(path)!r}"
        )
    return {name: np.asarray(weights[name], np.float32) for name in names}


def download(names: Iterable[str]) -> dict[str, np.ndarray]:
    """Returns the weights of PyTorch's copy, as `read` does.

    The copy is downloaded once into Keras's cache. The converted weights are kept there too, so
    that PyTorch is needed only once.

    Raises:
        OSError: If it cannot be downloaded, has another hash, or takes more than half an hour.
    """
    converted = cached("inception-2015-12-05.npz")
    if converted.exists():
        return read(converted, names)
    # Fails before 96 MB are downloaded.
    _import_torch()
    name = PORT.rsplit("/", 1)[-1]
    try:
        path = fetch(PORT, name, PORT_SHA256, _MOST_BYTES, _MOST_SECONDS)
    except OSError as error:
        raise OSError(
            "The Inception weights could not be downloaded. Without a network, copy the file to "
            f"{cached(name)}, where commands find it too; or give it, or inception-2015-12-05.tgz "
            f"of TensorFlow, as `ganzoo.extractors.Inception(path=...)`. Received: {error}, for "
            f"{PORT}"
        ) from error
    weights = read(path, names)
    write(converted, weights)
    return weights


def write(path: pathlib.Path, weights: dict[str, np.ndarray]) -> None:
    """Writes weights as a `.npz` file, and its SHA-256 to a `.sha256` file."""
    buffer = io.BytesIO()
    np.savez(buffer, **weights)
    # The hash is written first, and the file gets its name only when it is complete.
    sha256 = hashlib.sha256(buffer.getbuffer()).hexdigest()
    path.with_suffix(".sha256").write_text(sha256 + "\n")
    with new_file(path, replace=True) as partial:
        partial.write_bytes(buffer.getbuffer())


def content_sha256(weights: dict[str, np.ndarray]) -> str:
    """Returns a hash of the values, which does not depend on the kind of file."""
    sha256 = hashlib.sha256()
    for name in sorted(weights):
        sha256.update(f"{name}{weights[name].shape}".encode())
        sha256.update(np.ascontiguousarray(weights[name], "<f4").data)
    return sha256.hexdigest()


def _read_archive(path):
    with tarfile.open(path) as archive:
        if GRAPH not in archive.getnames():
            raise ValueError(f"The archive must hold {GRAPH}. Received: path={str(path)!r}")
        return read_constants(archive.extractfile(GRAPH).read())


def _read_graph(path):
    return read_constants(path.read_bytes())


def _read_port(path):
    # Without `weights_only`, loading could run code of the file.
    return _import_torch().load(path, map_location="cpu", weights_only=True)


def _import_torch():
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "Reading PyTorch's copy of the weights needs PyTorch, once: `pip install "
            "'ganzoo[inception]'`. Without it, give TensorFlow's inception-2015-12-05.tgz as "
            f"`ganzoo.extractors.Inception(path=...)`. {error}"
        ) from error
    return torch


def _read_npz(path):
    content = path.read_bytes()
    hash_file = path.with_suffix(".sha256")
    if not hash_file.is_file():
        raise FileNotFoundError(
            f"The weights have no hash: expected {hash_file.name} in their folder. Copy it there, "
            f"or delete the weights, and they will be written again. Received: {path}"
        )
    expected = hash_file.read_text().strip()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != expected:
        raise ValueError(
            f"{path} is damaged: delete it, and it will be written again. "
            f"Expected the SHA-256 {expected}. Received: {sha256}"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def _from_port(weights, name):
    """Returns a weight of PyTorch's copy in the layout of the graph."""
    array = weights[port_name(name)].numpy()
    # Kernels from (out, in, height, width), the classes from (out, in).
    return array.transpose((2, 3, 1, 0)) if array.ndim == 4 else array.T


def _number(name):
    """Returns the number after the underscore, e.g. 1 for `conv_1`; 0 for `conv`."""
    return int(name.partition("_")[2] or 0)
