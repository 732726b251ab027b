"""A SavedModel in the layout that TF Serving reads, with all that a person needs to call it."""

import hashlib
import json
from pathlib import Path

import keras
import tensorflow as tf

from ganzoo.export import instructions, warm_up
from ganzoo.export.signatures import signatures
from ganzoo.export.versions import next_version
from ganzoo.files import new_folder

METADATA = "assets.extra/ganzoo.json"


def export_saved_model(gan, path, version=None, truncation=False, discriminator=False):
    """Writes `<path>/<version>/`; the arguments are those of `ganzoo.GAN.export`.

    Returns:
        Path of the version's folder.
    """
    folder = Path(path)
    version = next_version(folder) if version is None else version
    built = signatures(gan, truncation, discriminator)
    archive = keras.export.ExportArchive()
    for name, (function, specs) in built.items():
        archive.add_endpoint(name, function, input_signature=specs)
    specs = {name: specs for name, (_, specs) in built.items()}
    outputs = {name: function(*_zeros(specs)) for name, (function, specs) in built.items()}
    description = describe(gan, folder.name)
    with new_folder(folder / str(version)) as partial:
        archive.write_out(str(partial), verbose=False)
        (partial / "assets.extra").mkdir()
        warm_up.write(partial / warm_up.PATH, folder.name, specs)
        (partial / METADATA).write_text(json.dumps(description, indent=1) + "\n")
        text = instructions.write(folder.name, version, description, specs, outputs)
        (partial / "README.md").write_text(text)
    return folder / str(version)


def _zeros(specs):
    """Returns one row of zeros for each spec, which are in the range of every input."""
    return [tf.zeros((1, *spec.shape[1:]), spec.dtype) for spec in specs]


def describe(gan, name):
    """Returns the metadata of an exported GAN, as plain data."""
    from ganzoo import __version__  # The package is complete only after its parts.

    return {
        "name": name,
        "ganzoo": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "class_name": type(gan).__name__,
        "latent_dim": gan.latent_dim,
        "latent": gan.latent,
        "num_classes": gan.num_classes,
        "example_shape": list(gan.example_shape),
        "preset": gan.preset and dict(gan.preset),
        "steps": gan.step,
        "generator_sha256": _hash(gan.sampler),
    }


def _hash(network):
    """Returns the SHA-256 of a network's weights, in their order, as little-endian numbers."""
    digest = hashlib.sha256()
    for weight in network.weights:
        values = keras.ops.convert_to_numpy(weight)
        digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
