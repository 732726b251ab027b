"""Weights of a network in a safetensors file: a JSON header, then the numbers.

Such a file contains nothing to execute, to unpack or to follow. The format is documented at
https://github.com/huggingface/safetensors, and other tools can read it.
"""

import json
import math
from typing import BinaryIO

import keras
import numpy as np

from ganzoo.presets.errors import PresetError
from ganzoo.presets.manifest import parse_json

MAX_HEADER_BYTES = 2**20
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "U32": "<u4",
    "U8": "|u1",
    "BOOL": "|b1",
}
_CODES = {np.dtype(dtype): code for code, dtype in _TYPES.items()}
_FLOATS = ("F64", "F32", "F16")


def write(file: BinaryIO, variables: list, dtype: str = "float32") -> None:
    """Writes variables in their order.

    Args:
        file: Binary file, opened for writing.
        variables: List of Keras variables.
        dtype: `"float32"`, or `"float16"` to store the float32 arrays of two and more axes in
            half the space. Vectors, such as moving statistics, keep their precision.

    Raises:
        PresetError: If a number is not finite, or too large for float16.
    """
    header, offset = {}, 0
    for index, variable in enumerate(variables):
        code, array = _encoded(variable, dtype)
        header[_key(index, variable)] = {
            "dtype": code,
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    content = json.dumps(header, separators=(",", ":")).encode()
    content += b" " * (-len(content) % 8)
    file.write(len(content).to_bytes(8, "little") + content)
    for variable in variables:
        file.write(_encoded(variable, dtype)[1].tobytes())


def read_into(file: BinaryIO, size: int, expected: list[tuple], networks: list) -> None:
    """Assigns the weights in a file to networks, one array at a time.

    Args:
        file: Binary file, or another reader of bytes, at its start.
        size: Size of the file in bytes.
        expected: List of `(name, shape, dtype)` of the weights, according to the config.
        networks: List of built networks of that config.

    Raises:
        PresetError: If the file does not hold exactly these weights.
    """
    codes = _check_header(file, size, expected)
    for index, code in enumerate(codes):
        variables = [network.weights[index] for network in networks]
        dtype = np.dtype(_TYPES[code])
        count = math.prod(variables[0].shape)
        array = np.frombuffer(file.read(count * dtype.itemsize), dtype)
        for variable in variables:
            variable.assign(array.reshape(variable.shape).astype(variable.dtype))


def check(file: BinaryIO, size: int, expected: list[tuple]) -> None:
    """Raises unless the header of a file describes the expected weights. It reads no array."""
    _check_header(file, size, expected)


def _check_header(file, size, expected):
    """Returns the types of the arrays, and leaves the file at the first one."""
    length = int.from_bytes(file.read(8), "little")
    if length > min(MAX_HEADER_BYTES, size - 8):
        raise PresetError(f"The header of the weights is damaged. Received: {length} bytes")
    header = parse_json("The header of the weights", file.read(length))
    if not isinstance(header, dict):
        raise PresetError(f"The header of the weights is damaged. Received: {header!r:.200}")
    header.pop("__metadata__", None)
    if len(header) != len(expected):
        raise PresetError(
            f"The weights do not match the config. Expected: {len(expected)} arrays. "
            f"Received: {len(header)}"
        )
    offset, codes = 0, []
    for index, ((name, shape, dtype), (key, entry)) in enumerate(
        zip(expected, header.items(), strict=True)
    ):
        code = entry.get("dtype") if isinstance(entry, dict) else None
        if isinstance(code, str) and code in _TYPES:
            end = offset + math.prod(shape) * np.dtype(_TYPES[code]).itemsize
            described = {"dtype": code, "shape": list(shape), "data_offsets": [offset, end]}
            if _names(key) == (index, name) and entry == described and _fits(code, dtype):
                offset = end
                codes.append(code)
                continue
        raise PresetError(
            f"The weights do not match the config. Expected: `{name}` of shape {tuple(shape)} "
            f"and {dtype} at byte {offset}. Received: {key!r:.200}: {entry!r:.200}"
        )
    if 8 + length + offset != size:
        raise PresetError(
            f"The weights do not match the config. Expected: {8 + length + offset} bytes. "
            f"Received: {size} bytes"
        )
    return codes


def _encoded(variable, dtype):
    """Returns the code of an array's type in the file, and the array."""
    array = keras.ops.convert_to_numpy(variable)
    if array.dtype not in _CODES:
        array = array.astype("float32")  # bfloat16, which NumPy does not have.
    if dtype == "float16" and array.dtype == np.float32 and array.ndim >= 2:
        with np.errstate(over="ignore"):
            array = array.astype("float16")
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise PresetError(
            "Weights must be finite, and in the range of the type in which they are stored. "
            f"Received: {variable.path} as {array.dtype}"
        )
    return _CODES[array.dtype], np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _fits(code, dtype):
    """Returns whether a variable can hold numbers of a type in a file."""
    if dtype in ("bfloat16", "float16", "float32"):
        return code in ("F32", "F16")
    if dtype == "float64":
        return code in _FLOATS
    return _CODES.get(np.dtype(dtype)) == code


def _key(index, variable):
    return f"{index:04d}/{variable.path.removeprefix('ema/')}"


def _names(key):
    """Returns the index and the name of the variable, which must agree.

    The names of layers between them are for readers: Keras may number layers differently.
    """
    index, _, path = key.partition("/")
    return (int(index) if index.isdecimal() else None), path.rpartition("/")[2]
