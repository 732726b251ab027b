"""Exports of trained GANs: SavedModels for TF Serving, ONNX and LiteRT files, and a client.

Call `ganzoo.GAN.export`, on any backend. An export needs TensorFlow. ONNX and LiteRT need an extra.
"""

from pathlib import Path

import keras

from ganzoo.export.versions import check_version
from ganzoo.file_names import check_file_name, check_folder_name
from ganzoo.validation import check_choice

__all__ = ["FORMATS", "QUANTIZATIONS", "SUFFIXES", "check_options", "export"]

SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}
FORMATS = ("saved_model", *SUFFIXES)
QUANTIZATIONS = ("float16", "dynamic_range")


def export(
    gan,
    path: str | Path,
    version: int | None = None,
    format: str | None = None,
    truncation: bool = False,
    discriminator: bool = False,
    quantization: str | None = None,
) -> Path:
    """Exports a GAN. `ganzoo.GAN.export` describes the arguments."""
    format = check_options(path, version, format, truncation, discriminator, quantization)
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
    if keras.backend.backend() != "tensorflow":
        from ganzoo.export.tensorflow_subprocess import export_in_tensorflow

        return export_in_tensorflow(
            gan, path, version, format, truncation, discriminator, quantization
        )
    gan.preset_networks()  # Updates the stored statistics of the inference generator.
    if format == "onnx":
        from ganzoo.export.onnx import export_onnx

        return export_onnx(gan, path)
    if format == "litert":
        from ganzoo.export.litert import export_litert

        return export_litert(gan, path, quantization)
    from ganzoo.export.saved_model import export_saved_model

    return export_saved_model(gan, path, version, truncation, discriminator)


def check_options(path, version, format, truncation, discriminator, quantization):
    """Returns the format of an export. `ganzoo.GAN.export` describes the arguments.

    Raises:
        ValueError: If the arguments do not fit each other or the files on the disk.
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
    if format == "saved_model":
        check_folder_name("path", path)
        check_version(Path(path), version)
        return format
    check_file_name("path", path, (SUFFIXES[format],))
    given = {"version": version, "truncation": truncation, "discriminator": discriminator}
    if wrong := [f"{name}={x!r}" for name, x in given.items() if x is not None and x is not False]:
        raise ValueError(
            f"A file of the format {format!r} maps latents to examples, and has no versions: "
            f"`version`, `truncation` and `discriminator` are for 'saved_model'. "
            f"Received: {', '.join(wrong)}"
        )
    if Path(path).exists():
        raise ValueError(
            "There is such a file already: give another `path`, or remove it. "
            f"Received: path={str(path)!r}"
        )
    return format
