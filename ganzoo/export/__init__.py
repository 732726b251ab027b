"""Exports of trained GANs: SavedModels, ONNX and LiteRT files, pages for browsers, and a client.

Call `ganzoo.GAN.export`, on any backend. An export needs TensorFlow; all but a SavedModel need an
extra.
"""

from pathlib import Path
from typing import Any

import keras

from ganzoo.export.versions import check_version
from ganzoo.export.web_runtime import read_runtime
from ganzoo.file_names import check_output_file, check_output_folder
from ganzoo.files import user_path
from ganzoo.generation import Directions
from ganzoo.generation.directions import check_directions, current_directions
from ganzoo.generation.editing import offsets_of
from ganzoo.validation import check_choice, describe

__all__ = ["FORMATS", "QUANTIZATIONS", "SUFFIXES", "check_options", "export"]

SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}
FORMATS = ("saved_model", *SUFFIXES, "web")
QUANTIZATIONS = ("float16", "dynamic_range")


def export(
    gan,
    path: str | Path,
    version: int | None = None,
    format: str | None = None,
    truncation: bool = False,
    discriminator: bool = False,
    quantization: str | None = None,
    directions: Directions | bool | None = None,
    runtime: str | Path | None = None,
    conditions: Any = None,
) -> Path:
    """Exports a GAN. `ganzoo.GAN.export` describes the arguments."""
    path = user_path(path)
    runtime = None if runtime is None else user_path(runtime)
    format = check_options(path, version, format, truncation, discriminator, quantization, runtime)
    directions = _directions(gan, directions, format)
    if conditions is not None and format != "web":
        raise ValueError(
            "`conditions` are for the format 'web'. "
            f"Received: conditions={describe(conditions)} with format={format!r}"
        )
    if gan.step == 0 and gan.preset is None:
        raise ValueError(
            "Only a trained GAN is exported: train it by `gan.fit(...)`, or load one by "
            "`ganzoo.GAN.from_preset` or `keras.saving.load_model`. One whose weights were set in "
            "another way becomes a preset by `gan.save_to_preset`. Received: a GAN after 0 steps"
        )
    if discriminator and gan.packing > 1:
        raise ValueError(
            "`discriminate` takes single examples, and this discriminator takes rows of several. "
            f"Export without discriminator=True. Received: packing={gan.packing}"
        )
    if discriminator and "discriminator" in gan.random_players:
        raise ValueError(
            "The GAN's preset did not hold the weights of its discriminator: export without "
            "discriminator=True, or train it first. Received: a discriminator with random weights"
        )
    if keras.backend.backend() != "tensorflow":
        from ganzoo.export.tensorflow_subprocess import export_in_tensorflow

        switches = {"truncation": truncation, "discriminator": discriminator}
        settings = {"version": version, "quantization": quantization, "runtime": runtime}
        return export_in_tensorflow(gan, path, format, switches, settings, directions, conditions)
    gan.preset_networks()  # Updates the stored statistics of the inference generator.
    if format == "onnx":
        from ganzoo.export.onnx import export_onnx

        return export_onnx(gan, path)
    if format == "litert":
        from ganzoo.export.litert import export_litert

        return export_litert(gan, path, quantization)
    if format == "web":
        from ganzoo.export.web import export_web

        return export_web(gan, path, directions, runtime, conditions)
    from ganzoo.export.saved_model import export_saved_model

    return export_saved_model(gan, path, version, truncation, discriminator, directions or None)


def _directions(gan, directions, format):
    """Returns the directions along which an export can move samples, `False` for none.

    Pages find some in closed form if it is `None`.

    Raises:
        ValueError: If they do not fit the format or the GAN.
    """
    if directions is False:
        return False
    if directions is None:
        return None if format in SUFFIXES else current_directions(gan)
    if format in SUFFIXES:
        raise ValueError(
            "`directions` are for the formats 'saved_model' and 'web'. "
            f"Received: directions={directions!r} with format={format!r}"
        )
    check_directions(directions)
    directions.check(gan)
    offsets_of(gan, directions, {}, 1)
    return directions


def check_options(path, version, format, truncation, discriminator, quantization, runtime=None):
    """Returns the format of an export. `ganzoo.GAN.export` describes the arguments.

    Raises:
        ValueError: If the arguments do not fit each other or the files on the disk.
        OSError: If nothing can be written at the path.
    """
    if format is None:
        by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}
        format = by_suffix.get(Path(path).suffix.lower(), "saved_model")
    check_choice("format", format, FORMATS)
    if quantization is not None:
        if format != "litert":
            raise ValueError(
                "`quantization` is for the format 'litert'. "
                f"Received: quantization={quantization!r} with format={format!r}"
            )
        check_choice("quantization", quantization, QUANTIZATIONS)
    if runtime is not None and format != "web":
        raise ValueError(
            "`runtime` is for the format 'web'. "
            f"Received: runtime={str(runtime)!r} with format={format!r}"
        )
    if format == "saved_model":
        files = ", ".join(f"{suffix} of {name}" for name, suffix in SUFFIXES.items())
        check_output_folder("path", path, f"A SavedModel is such a folder. The files are {files}.")
        check_version(Path(path), version)
        return format
    if format == "web":
        check_output_folder("path", path)
        if runtime is not None:
            read_runtime(runtime)
    else:
        check_output_file("path", path, (SUFFIXES[format],))
    given = {"version": version, "truncation": truncation, "discriminator": discriminator}
    if wrong := [f"{name}={x!r}" for name, x in given.items() if x is not None and x is not False]:
        raise ValueError(
            f"An export in the format {format!r} has neither versions nor signatures: "
            f"`version`, `truncation` and `discriminator` are for 'saved_model'. "
            f"Received: {', '.join(wrong)}"
        )
    if Path(path).exists():
        raise ValueError(
            f"There is such a {'folder' if format == 'web' else 'file'} already: give another "
            "`path`, or remove it. "
            f"Received: path={str(path)!r}"
        )
    return format
