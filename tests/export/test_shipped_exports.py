"""The exports in `saved_models/`, loaded without ganzoo and without Keras, as a server does."""

import json

import numpy as np
import pytest

import ganzoo
from ganzoo.generation import Directions
from support.processes import ROOT, run_python

NAMES = sorted(path.name for path in (ROOT / "saved_models").iterdir() if path.is_dir())
SEEDS = list(range(5, 21))

_SAMPLING = """
import sys
sys.modules["ganzoo"] = sys.modules["keras"] = None  # An import of them fails.
import json
import pathlib
import numpy as np
import tensorflow as tf
for name in {names}:
    (version,) = pathlib.Path("saved_models", name).iterdir()
    model = tf.saved_model.load(str(version))
    sample = model.signatures["sample"]
    seeds = tf.constant({seeds}, "int64")
    inputs = {{"seed": seeds}}
    if "label" in sample.structured_input_signature[1]:
        inputs["label"] = seeds % 10
    np.save(pathlib.Path({folder!r}, name), sample(**inputs)["images"].numpy())
    names = json.loads((version / "assets.extra/ganzoo.json").read_text())["directions"]
    inputs["direction"] = tf.range(len(seeds), dtype="int64") % len(names)
    inputs["amount"] = tf.linspace(-3.0, 3.0, len(seeds))
    edited = model.signatures["edit"](**inputs)["images"].numpy()
    np.save(pathlib.Path({folder!r}, name + "_edited"), edited)
assert sys.modules["ganzoo"] is sys.modules["keras"] is None
"""


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """Samples and edited samples of all exports, from a process without ganzoo and Keras."""
    folder = tmp_path_factory.mktemp("samples")
    run_python(_SAMPLING.format(names=NAMES, seeds=SEEDS, folder=str(folder)), imported=())
    return {path.stem: np.load(path) for path in folder.iterdir()}


def test_there_are_exports_of_published_models():
    assert NAMES
    assert set(NAMES) <= set(ganzoo.list_models())


@pytest.mark.parametrize("name", NAMES)
def test_an_export_gives_the_samples_of_its_preset(name, sampled):
    gan = ganzoo.GAN.from_preset(name)
    expected = gan.sample(len(SEEDS), seed=SEEDS[0])
    assert_same_pixels(sampled[name], expected)

    found = gan.stored_directions
    amounts = np.zeros((len(SEEDS), len(found)))
    rows = np.arange(len(SEEDS))
    amounts[rows, rows % len(found)] = np.linspace(-3.0, 3.0, len(SEEDS))
    labels = None if gan.num_classes is None else np.array(SEEDS) % 10
    edited = gan.edit(gan.latents_of(SEEDS), found, amounts, labels)
    assert_same_pixels(sampled[f"{name}_edited"], edited)
    assert (np.abs(edited.astype("int32") - expected) > 16).any(axis=(1, 2, 3)).all()


def assert_same_pixels(images, expected):
    difference = np.abs(images.astype("int32") - expected)
    # Processors round the last bit differently, which may show as one gray level.
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_an_export_matches_the_present_preset(name):
    (version,) = (ROOT / "saved_models" / name).iterdir()
    metadata = json.loads((version / "assets.extra/ganzoo.json").read_text())
    preset = json.loads((ROOT / "models" / name / "metadata.json").read_text())
    sha256 = preset["files"]["generator.safetensors"]["sha256"]
    assert metadata["preset"] == {"name": name, "sha256": sha256}
    directions = Directions.load(ROOT / "models" / name / "directions.npz")
    assert metadata["directions"] == list(directions.names)


def test_they_are_small_enough_for_a_repository():
    files = [path for path in (ROOT / "saved_models").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20e6
