"""From a trained GAN to the folder of a published model."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import tempfile
import uuid
from pathlib import Path

import ganzoo
from ganzoo import presets
from ganzoo.presets import manifest
from ganzoo.recipes import Recipe
from ganzoo.version import __version__
from ganzoo.zoo import measure, model_card, pictures

# A discriminator that is larger would make up most of the download, for the few who train on.
_LARGEST_DISCRIMINATOR = 2_000_000


@dataclasses.dataclass(frozen=True)
class Training:
    """A training that has ended.

    Args:
        gan: The trained `ganzoo.GAN` of images.
        recipe: Its `ganzoo.recipes.Recipe`, with data.
        data: The `ganzoo.data.Dataset` that it was trained on.
        test: Likewise, with images that it was not trained on, or `None`.
        log: List of dictionaries with the numbers of an epoch by name, with `step` and `seconds`.
        command: The command line that repeats it.
        seed: Its seed.
        precision: What the networks computed in.
        version: The version of ganzoo that it ran on.
        hardware: What it ran on, in words, or `None` where that is not known.
    """

    gan: object
    recipe: Recipe
    data: object
    test: object
    log: list
    command: str
    seed: int
    precision: str = "float32"
    version: str = __version__
    hardware: str | None = None


def publish(training, folder, extractor=None, n=None, name=None, replace=False, progress=None):
    """Measures a trained GAN, and writes it as a preset with its card and pictures.

    What is measured and drawn are the weights as they are stored, which is what others load. The
    folder appears whole or not at all.

    Args:
        training: The `Training`.
        folder: Path of the new folder.
        extractor: Extractor of `ganzoo.metrics.extractors` that knows such images, or `None` for
            figures that need none.
        n: Number of samples that are measured; by default as many as real images.
        name: Name of the model; by default that of the folder.
        replace: Whether a preset in the folder may be replaced.
        progress: As for `ganzoo.metrics.Evaluation.measure`.

    Returns:
        The facts, as they are in its `metrics.json`.

    Raises:
        ValueError: If the GAN is not one of images, or the folder has something in it.
    """
    folder, gan, data = Path(folder), training.gan, training.data
    if not data.has_images:
        raise ValueError(f"Published models make images. Received: {data!r}")
    check_folder(folder, replace)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ganzoo-publish-") as temporary:
        weights = _store(gan, Path(temporary, "weights"))
        stored = presets.load_folder(Path(temporary, "weights"))
    labels = training.recipe.labels_per_class
    found, neighbors = measure.measure(
        stored,
        data,
        training.test,
        extractor,
        n,
        labels=None if labels is None else labels * data.num_classes,
        progress=progress,
    )
    recipe = without_paths(training.recipe)
    facts = _facts(training, recipe, name or folder.name, weights, found)
    drawn = {
        pictures.SAMPLES: pictures.samples(stored),
        pictures.INTERPOLATION: pictures.interpolation(stored),
        pictures.NEIGHBORS: neighbors,
        pictures.CURVES: pictures.curves(training.log),
    }
    with _replacing(folder, replace) as target:
        presets.save(
            gan,
            target,
            recipe,
            facts,
            model_card.text(facts, recipe, folder, read_all(folder.parent)),
            discriminator=weights["discriminator_bytes"] is not None,
            dtype=weights["dtype"],
            beside={name: pictures.encoded(picture) for name, picture in drawn.items()},
        )
    return facts


def check_folder(folder, replace=False):
    """Raises `ValueError` if a model cannot be published in a folder."""
    folder = Path(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    is_preset = (folder / manifest.METADATA).is_file()
    if replace and is_preset:
        return
    way_out = "remove what is in it"
    if is_preset:
        way_out = "replace the preset in it with --replace, in Python replace=True"
    raise ValueError(
        f"The folder of a new model must be empty or not exist. Give another one, or {way_out}. "
        f"Received: {str(folder)!r}"
    )


def read_all(folder):
    """Returns a dictionary from the folders of the published models in a folder to their facts."""
    return {
        path.parent: facts
        for path in sorted(Path(folder).glob(f"*/{manifest.METRICS}"))
        if not path.parent.name.startswith(".")
        and (path.parent / manifest.METADATA).is_file()
        and (facts := read(path.parent))
    }


def read(folder):
    """Returns the facts of a published model, or `None` of a preset that was not published."""
    facts = json.loads(Path(folder, manifest.METRICS).read_text())
    return facts if isinstance(facts, dict) and {"summary", "figures"} <= set(facts) else None


def _store(gan, folder):
    """Stores the weights in as few bytes as samples allow, and returns how."""
    try:
        presets.save(gan, folder, dtype="float16")
        dtype = "float16"
    except presets.PresetError:
        # Not within a gray level, or not within the range of float16.
        presets.save(gan, folder, dtype="float32")
        dtype = "float32"
    sizes = {
        player: (folder / name).stat().st_size for player, name in manifest.WEIGHT_FILES.items()
    }
    judge = sizes["discriminator"]
    is_kept = judge < _LARGEST_DISCRIMINATOR or isinstance(gan, ganzoo.SemiSupervisedGAN)
    return {
        "dtype": dtype,
        "generator_bytes": sizes["generator"],
        "discriminator_bytes": judge if is_kept else None,
    }


def _facts(training, recipe, name, weights, found):
    gan, data = training.gan, training.data
    class_names = data.class_names
    if class_names is None and data.num_classes is not None:
        class_names = map(str, range(data.num_classes))
    facts = {
        "name": name,
        "data": {
            "source": recipe.data,
            "split": data.split,
            "count": len(data),
            "shape": list(data.example_shape),
            "class_names": None if class_names is None else list(class_names),
        },
        "network": {
            "class_name": type(gan).__name__,
            "latent": gan.latent,
            "latent_dim": gan.latent_dim,
            "num_classes": gan.num_classes,
            "generator_parameters": gan.generator.count_params(),
            "discriminator_parameters": gan.discriminator.count_params(),
        },
        "weights": weights,
        "training": {
            "command": training.command,
            "steps": gan.step,
            "seconds": round(sum(float(row["seconds"]) for row in training.log), 1),
            "hardware": training.hardware,
            "seed": training.seed,
            "precision": training.precision,
            "ganzoo": training.version,
        },
        "figures": found,
    }
    return {"summary": model_card.summary(facts, recipe), **facts}


def without_paths(recipe):
    """Returns the recipe without the folders above its data, which are nobody's business."""
    if not is_local(recipe.data):
        return recipe
    kind, path = re.fullmatch(r"(folder:|packed:)?(.*)", recipe.data, re.DOTALL).groups("")
    return dataclasses.replace(recipe, data=kind + Path(path).resolve().name)


def is_local(source):
    """Whether a source of data is a folder or a file, and not a data set that has a name."""
    return source.startswith("folder:") or source.endswith(".npz")


@contextlib.contextmanager
def _replacing(folder, replace):
    """Gives the path to save to; an old preset makes way once the new one is whole."""
    if not replace or not folder.exists():
        yield folder
        return
    suffix = uuid.uuid4().hex[:8]
    new, old = (folder.with_name(f".{folder.name}.{suffix}.{age}") for age in ("new", "old"))
    try:
        yield new
        os.rename(folder, old)
        os.rename(new, folder)
    finally:
        # Wherever it was interrupted, one of them is there again, and whole.
        if old.exists() and not folder.exists():
            os.rename(old, folder)
        for path in (new, old):
            shutil.rmtree(path, ignore_errors=True)
