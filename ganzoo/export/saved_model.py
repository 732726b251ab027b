"""A SavedModel in the layout of TF Serving, with everything that a person needs to call it."""

import json
from pathlib import Path

import keras
import tensorflow as tf

from ganzoo.export import archive, readme, warm_up
from ganzoo.export.signatures import signatures, zeros
from ganzoo.export.versions import model_name, next_version
from ganzoo.files import new_folder
from ganzoo.generation.directions import digest_of
from ganzoo.generation.truncation import describe_range, largest_truncation
from ganzoo.version import __version__

METADATA = "assets.extra/ganzoo.json"


def export_saved_model(
    gan, path, version=None, truncation=False, discriminator=False, directions=None
):
    """Writes `<path>/<version>/`. `ganzoo.GAN.export` describes the arguments.

    Returns:
        Path of the version's folder.
    """
    folder = Path(path)
    name = model_name(folder)
    built = signatures(gan, truncation, discriminator, directions)
    variables = gan.inference_generator.variables
    if discriminator:
        variables = [*variables, *gan.inference_discriminator.variables]
    specs = {signature: specs for signature, (_, specs) in built.items()}
    outputs = {key: function(*zeros(specs, 1)) for key, (function, specs) in built.items()}
    description = describe(gan, name)
    if directions is not None:
        description["directions"] = list(directions.names)
    while True:
        number = next_version(folder) if version is None else version
        try:
            with new_folder(folder / str(number)) as partial:
                archive.write(str(partial), built, variables)
                (partial / "assets.extra").mkdir()
                warm_up.write(partial / warm_up.PATH, name, specs)
                (partial / METADATA).write_text(json.dumps(description, indent=1) + "\n")
                text = readme.write(name, number, description, specs, outputs)
                (partial / "README.md").write_text(text)
            return folder / str(number)
        except FileExistsError:
            if version is not None:
                raise
            # Another export took this number meanwhile: try the next one.


def describe(gan, name):
    """Returns the metadata of an exported GAN, as plain data."""
    return {
        "name": name,
        "ganzoo": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "class_name": type(gan).__name__,
        "latent_dim": gan.latent_dim,
        "latent": gan.latent,
        "num_classes": gan.num_classes,
        "condition_dim": gan.condition_dim,
        "class_names": None if gan.class_names is None else list(gan.class_names),
        # Descriptions of GANs without them have no such key.
        **({"condition_names": list(gan.condition_names)} if gan.condition_names else {}),
        "example_shape": list(gan.example_shape),
        **({} if gan.pixels.is_eight_bits else {"pixels": gan.pixels.to_dict()}),
        "preset": gan.preset and dict(gan.preset),
        "steps": gan.step,
        "truncation": describe_range(largest_truncation(gan)),
        "generator_sha256": digest_of(gan.inference_generator),
    }
