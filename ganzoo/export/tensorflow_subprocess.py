"""Exports from another backend by a process in which Keras runs on TensorFlow."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ganzoo.export.versions import next_version

_PACKAGES = {
    "saved_model": (),
    "onnx": ("onnx", "onnxruntime", "tf2onnx"),
    "litert": ("ai_edge_litert",),
    "web": ("onnx", "onnxruntime", "tf2onnx"),
}
_EXTRAS = {"web": "onnx"}
_REFUSED = 2


def export_in_tensorflow(gan, path, format, switches, settings, directions, conditions):
    """Saves a GAN, and exports it in another process.

    Args:
        gan, path, format, directions, conditions: As for `ganzoo.GAN.export`.
        switches: Its arguments that are on or off, by name.
        settings: Its other arguments, by name.
    """
    check_packages(format)
    written = Path(path)
    if format == "saved_model":
        version = settings["version"]
        version = next_version(Path(path)) if version is None else version
        written, settings = Path(path, str(version)), {**settings, "version": version}
    flags = {"format": format, "output": path, **settings}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.keras")
        gan.save(model)
        if directions is False:
            flags["directions"] = "none"
        elif directions is not None:
            flags["directions"] = Path(folder, "directions.npz")
            directions.save(flags["directions"])
        if conditions is not None:
            flags["conditions"] = Path(folder, "conditions.npy")
            np.save(flags["conditions"], np.asarray(conditions, "float32"))
        command = [sys.executable, "-m", "ganzoo_cli", "export", model]
        command += [f"--{name}={value}" for name, value in flags.items() if value is not None]
        command += [f"--{name}" for name, value in switches.items() if value]
        done = subprocess.run(
            list(map(str, command)),
            env={**os.environ, "KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise _error(done)
    return written


def check_packages(format):
    """Raises `ImportError` if a package of an export from another backend is not installed."""
    for package in ("tensorflow", *_PACKAGES[format]):
        if importlib.util.find_spec(package) is None:
            extra = f"'ganzoo[{_EXTRAS.get(format, format)}]'"
            extra = "tensorflow" if package == "tensorflow" else extra
            raise ImportError(
                f"This export needs {package}: `pip install {extra}`, or save the model by "
                "`gan.save(...)` and run `ganzoo export` on it where that is installed."
            )


def _error(process):
    """Returns the error message of the command, or everything that it wrote."""
    messages = [line for line in process.stderr.splitlines() if line.startswith("ganzoo export: ")]
    if process.returncode == _REFUSED and messages:
        return ValueError(messages[-1].removeprefix("ganzoo export: "))
    return RuntimeError(f"The export in a process with TensorFlow failed:\n{process.stderr}")
