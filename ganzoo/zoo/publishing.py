"""From a trained GAN to the folder of a published model."""

import copy
import dataclasses
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ganzoo import json_files, presets
from ganzoo.drawing import CHANNELS
from ganzoo.file_names import check_output_folder
from ganzoo.files import user_path
from ganzoo.generation import Directions
from ganzoo.generation.directions import check_directions, digest
from ganzoo.plot.line_picture import curves_picture
from ganzoo.presets import manifest, stored_directions
from ganzoo.recipes import Recipe
from ganzoo.training import SemiSupervisedGAN
from ganzoo.version import __version__
from ganzoo.zoo import directions as model_directions
from ganzoo.zoo import measure, model_card, pictures
from ganzoo.zoo.data_facts import check_stated

# A larger discriminator would be most of the download. With it, others start from the model.
_LARGEST_DISCRIMINATOR = 12_000_000
_FIND = "find"
# What the facts of every published model have. The `metrics.json` of other presets may hold
# anything.
_FACTS = {"name", "summary", "data", "network", "training", "weights", "figures"}
_PUBLISH_AGAIN = "publish the run of the model again, or move the folder of the model away"


@dataclasses.dataclass(frozen=True)
class Training:
    """A finished training run.

    Args:
        gan: The trained `ganzoo.GAN` of images.
        recipe: Its `ganzoo.recipes.Recipe`, with data.
        data: The `ganzoo.data.Dataset` that it was trained on.
        test: A data set of images that it was not trained on, or `None`.
        log: List of dictionaries with the values of an epoch by name: with `epoch`, `step` and
            `seconds`.
        command: The command line that repeats the run.
        seed: Seed of the run.
        precision: The precision in which the networks computed.
        version: The version of ganzoo that trained it.
        hardware: The hardware that trained it, in words, or `None` if unknown.
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


def publish(
    training: Training,
    folder: Path | str,
    extractor=None,
    n: int | None = None,
    name: str | None = None,
    replace: bool = False,
    progress=None,
    license: str | None = None,
    directions: Directions | str | None = "find",
    about_data: Mapping[str, str] | None = None,
) -> dict:
    """Measures a trained GAN, and writes it as a preset with its card and pictures.

    The stored weights are measured and drawn, because these are the ones that others load. The
    folder appears complete or not at all.

    Args:
        training: The `Training`.
        folder: Path of the new folder.
        extractor: Extractor of `ganzoo.extractors` that knows such images; with `None`, the card
            gives metrics that need no extractor.
        n: Number of samples to measure; by default as many as real images.
        name: Name of the model; by default the name of the folder.
        replace: Whether a preset in the folder may be replaced.
        progress: As for `ganzoo.metrics.Evaluation.measure`.
        license: License of the weights, in the spelling of model hubs, such as `"apache-2.0"`; the
            card says if it is not stated.
        directions: Directions to store with the model: `"find"`, as `ganzoo.zoo.directions.find`;
            `Directions` of the trained or of the stored generator; or `None`.
        about_data: What the card says about the data, in place of what ganzoo knows: a mapping
            with some of `title`, `license` and `origin`, each in one line.

    Returns:
        The facts, the content of `metrics.json`.

    Raises:
        ValueError: If the GAN does not generate images of 1, 3 or 4 channels like the ones of the
            data, the folder is not empty, the log has no epoch, the license has another spelling,
            or `about_data` has other names.
        ganzoo.presets.PresetError: If the facts of another model next to the folder are damaged.
    """
    folder, gan = user_path(folder), training.gan
    data, test = _without_path(training.data), _without_path(training.test)
    check_license(license)
    check_stated(about_data or {})
    _check_images(gan, data)
    check_folder(folder, replace)
    # What can fail without a measurement is done before it.
    recipe = without_paths(training.recipe)
    facts = _facts(training, recipe, name or folder.name, about_data)
    curves = curves_picture(training.log)
    models = read_all(folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ganzoo-publish-") as temporary:
        weights = {**_store(gan, Path(temporary, "weights")), "license": license}
        stored = presets.load_folder(Path(temporary, "weights"))
    directions = _given_directions(stored, gan, directions)
    labels = training.recipe.labels_per_class
    found, neighbors = measure.measure(
        stored,
        data,
        test,
        extractor,
        n,
        labels=None if labels is None else labels * data.num_classes,
        progress=progress,
    )
    facts |= {"weights": weights, "figures": found}
    directions, of_directions = _directions(stored, training, directions, extractor)
    facts |= {} if of_directions is None else {"directions": of_directions}
    drawn = {
        pictures.SAMPLES: pictures.samples(stored, data),
        pictures.INTERPOLATION: pictures.interpolation(stored, data),
        pictures.NEIGHBORS: neighbors,
        pictures.CURVES: curves,
    }
    if directions is not None:
        drawn[pictures.DIRECTIONS] = pictures.directions(stored, directions, data.conditions)
    presets.save(
        gan,
        folder,
        recipe,
        facts,
        model_card.text(facts, recipe, folder, models),
        discriminator=weights["discriminator_bytes"] is not None,
        dtype=weights["dtype"],
        directions=None if directions is None else directions.of_model(digest(gan)),
        extra_files={name: pictures.encoded(picture) for name, picture in drawn.items()},
        replace=replace,
    )
    return facts


def _check_images(gan, data) -> None:
    """Raises `ValueError` unless a GAN generates images like the data, which pictures can show."""
    if not data.has_images or data.example_shape[-1] not in CHANNELS:
        raise ValueError(
            f"Published models generate images of 1, 3 or 4 channels. Received: {data!r}"
        )
    if gan.example_shape != data.example_shape:
        raise ValueError(
            "A model is published with the data that it was trained on. "
            f"Received: a GAN of examples of shape {gan.example_shape}, and {data!r}"
        )


def _given_directions(stored, gan, directions):
    """Returns the directions for the stored GAN, and `"find"` and `None` as they are."""
    if directions is None or (isinstance(directions, str) and directions == _FIND):
        return directions
    check_directions(directions)
    if directions.model == digest(gan):
        directions = directions.of_model(digest(stored))
    stored_directions.check(stored, directions)
    return directions


def _directions(stored, training, directions, extractor):
    """Returns the directions of the stored GAN, and the facts about them, or `None` for each."""
    if directions is None:
        return None, None
    about = _class_names(training.data), extractor, training.data.conditions
    if directions == _FIND:
        return model_directions.find(stored, *about)
    return directions, model_directions.measured(stored, directions, *about)


def check_license(license: str | None) -> None:
    """Raises `ValueError` unless a license has the spelling of model hubs, or is not stated."""
    if license is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", license):
        raise ValueError(
            "`license` must be spelled as model hubs spell it, in lower case: apache-2.0, mit, "
            f"cc-by-4.0, ... Received: license={license!r}"
        )


def check_folder(folder: Path | str, replace: bool = False) -> None:
    """Raises `ValueError`, or `OSError` if it is not writable, unless a folder can get a model."""
    folder = user_path(folder)
    check_output_folder("folder", folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    is_preset = (folder / manifest.METADATA).is_file()
    if replace and is_preset:
        return
    way_out = "empty it"
    if is_preset:
        way_out = "replace the preset in it with --replace, in Python replace=True"
    raise ValueError(
        f"The folder of a new model must be empty or not exist. Give another one, or {way_out}. "
        f"Received: {str(folder)!r}"
    )


def read_all(folder: Path | str) -> dict[Path, dict]:
    """Returns a dictionary from the folders of the published models in a folder to their facts.

    Presets without a recipe, or with other metrics, are no published models.

    Raises:
        ganzoo.presets.PresetError: If the facts of a model are damaged.
    """
    return {
        path.parent: facts
        for path in sorted(user_path(folder).glob(f"*/{manifest.METRICS}"))
        if not path.parent.name.startswith(".")
        and (path.parent / manifest.METADATA).is_file()
        and (facts := _published(json_files.read(path, _PUBLISH_AGAIN, presets.PresetError)))
        and manifest.RECIPE in manifest.read(path.parent).files
    }


def read(folder: Path | str) -> dict | None:
    """Returns the verified facts of a published model, or `None` for any other preset.

    Raises:
        ganzoo.presets.PresetError: If the folder holds no preset, or is damaged.
    """
    return _published(presets.read_metrics(folder))


def read_published(folder: Path | str) -> tuple[dict, Recipe]:
    """Returns the verified facts and the recipe of a published model.

    Raises:
        ValueError: If the folder holds a preset that is no published model.
        ganzoo.presets.PresetError: If the folder holds no preset, or is damaged.
    """
    folder = user_path(folder)
    facts = read(folder)
    if facts is None or manifest.RECIPE not in manifest.read(folder).files:
        raise ValueError(
            "Expected the folder of a published model: `ganzoo publish` measures a run, and writes "
            f"one. Received: {str(folder)!r}"
        )
    return facts, recipe_of(folder)


def recipe_of(folder: Path) -> Recipe:
    """Returns the recipe of a published model.

    Raises:
        ganzoo.presets.PresetError: If it is missing or damaged.
    """
    path = folder / manifest.RECIPE
    if not path.is_file():
        raise presets.PresetError(f"A file is missing: {_PUBLISH_AGAIN}. Received: no {path}")
    with json_files.reading(path, _PUBLISH_AGAIN, presets.PresetError) as content:
        return Recipe.from_json(json.dumps(content))


def _published(facts):
    """Returns the facts in the content of a `metrics.json`, or `None` if there are none."""
    return facts if isinstance(facts, dict) and set(facts) >= _FACTS else None


def _store(gan, folder):
    """Stores the weights in as few bytes as samples allow, and returns their type and sizes."""
    try:
        presets.save(gan, folder, dtype="float16")
        dtype = "float16"
    except presets.PresetError:
        # Samples changed by more than a gray level, or weights exceed the range of float16.
        presets.save(gan, folder, dtype="float32")
        dtype = "float32"
    sizes = {
        player: (folder / name).stat().st_size for player, name in manifest.WEIGHT_FILES.items()
    }
    discriminator_bytes = sizes["discriminator"]
    is_small = discriminator_bytes < _LARGEST_DISCRIMINATOR
    is_kept = is_small or isinstance(gan, SemiSupervisedGAN)
    return {
        "dtype": dtype,
        "generator_bytes": sizes["generator"],
        "discriminator_bytes": discriminator_bytes if is_kept else None,
    }


def _facts(training, recipe, name, about_data=None):
    """Returns the facts of a run that are known before its model is stored and measured."""
    gan, data = training.gan, training.data
    facts = {
        "name": name,
        "data": {
            "source": recipe.data,
            "split": data.split,
            "count": len(data),
            "shape": list(data.example_shape),
            "class_names": _class_names(data),
            **_conditions(data),
            **({"about": dict(about_data)} if about_data else {}),
        },
        "network": {
            "class_name": type(gan).__name__,
            "latent": gan.latent,
            "latent_dim": gan.latent_dim,
            "num_classes": gan.num_classes,
            "pixels": gan.pixels.to_dict(),
            "generator_parameters": gan.generator.count_params(),
            "discriminator_parameters": gan.discriminator.count_params(),
        },
        "training": {
            "command": training.command,
            "steps": gan.step,
            "seconds": round(sum(float(row["seconds"]) for row in training.log), 1),
            "hardware": training.hardware,
            "seed": training.seed,
            "precision": training.precision,
            "ganzoo": training.version,
        },
    }
    return {"summary": model_card.summary(facts, recipe), **facts}


def _class_names(data):
    """Returns the names of the classes of data, or their numbers as texts; or `None`."""
    if data.class_names is not None:
        return list(data.class_names)
    return None if data.num_classes is None else list(map(str, range(data.num_classes)))


def _conditions(data):
    """Returns facts about vectors of conditions; data without them have none."""
    if data.conditions is None:
        return {}
    names = data.condition_names
    return {
        "condition_dim": data.condition_dim,
        "condition_names": None if names is None else list(names),
    }


def without_paths(recipe: Recipe) -> Recipe:
    """Returns the recipe without the folders above its data, which are private."""
    return dataclasses.replace(recipe, data=_source_without_path(recipe.data))


def _without_path(data):
    """Returns data without the folders above them in their name; `None` stays `None`."""
    if data is None or not is_local(data.name):
        return data
    renamed = copy.copy(data)
    renamed.name = _source_without_path(data.name)
    return renamed


def _source_without_path(source):
    if not is_local(source):
        return source
    kind, path = re.fullmatch(r"(folder:|packed:)?(.*)", source, re.DOTALL).groups("")
    return kind + Path(path).resolve().name


def is_local(source: str) -> bool:
    """Whether a data source is a folder or a file, and not a named data set."""
    return source.startswith("folder:") or source.endswith(".npz")
