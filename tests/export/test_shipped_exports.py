"""The exports in `saved_models/`, loaded without ganzoo and without Keras, as a server does."""

import json

import numpy as np
import pytest

import ganzoo
from support.processes import ROOT, run_python

NAMES = sorted(path.name for path in (ROOT / "saved_models").iterdir() if path.is_dir())
SEEDS = list(range(5, 21))

_SAMPLING = """
import sys
sys.modules["ganzoo"] = sys.modules["keras"] = None  # An import of them fails.
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
assert sys.modules["ganzoo"] is sys.modules["keras"] is None
"""


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """The samples of all exports by name, drawn in a process without ganzoo and Keras."""
    folder = tmp_path_factory.mktemp("samples")
    run_python(_SAMPLING.format(names=NAMES, seeds=SEEDS, folder=str(folder)))
    return {name: np.load(folder / f"{name}.npy") for name in NAMES}


def test_there_are_exports_of_published_models():
    assert NAMES
    assert set(NAMES) <= set(ganzoo.list_models())


@pytest.mark.parametrize("name", NAMES)
def test_an_export_gives_the_samples_of_its_preset(name, sampled):
    gan = ganzoo.GAN.from_preset(name)
    expected = gan.sample(len(SEEDS), seed=SEEDS[0])
    difference = np.abs(sampled[name].astype("int32") - expected)
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


def test_they_are_small_enough_for_a_repository():
    files = [path for path in (ROOT / "saved_models").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20e6
