"""A new loss and a new augmentation touch only the files that docs/contributing.md lists.

The test copies the repository, adds both parts as the page says, and looks for them everywhere.
"""

import re
import shutil

import pytest

from support.processes import ROOT, run_python

LOSS = '''
"""Exponential loss, of boosting."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, AdversarialLoss


@LOSSES.register("exponential")
@keras.saving.register_keras_serializable(package="ganzoo")
class Exponential(AdversarialLoss):
    """Both players minimize exponentials of logits.

    Reference:
        [A paper](https://arxiv.org/abs/1234.56789).
    """

    def __init__(self, scale: float = 1.0):
        self.scale = scale

    def d_loss(self, real, fake):
        return ops.mean(ops.exp(-self.scale * real)) + ops.mean(ops.exp(self.scale * fake))

    def g_loss(self, fake, real):
        return ops.mean(ops.exp(-self.scale * fake))
'''
AUGMENTATION = '''
"""Darkening by a random amount."""

import keras
from keras import ops

from ganzoo.augment.base import AUGMENTATIONS, Augmentation


@AUGMENTATIONS.register("darken")
@keras.saving.register_keras_serializable(package="ganzoo")
class Darken(Augmentation):
    """Each image becomes darker.

    Reference:
        [Another paper](https://arxiv.org/abs/1234.56780).
    """

    name = "darken"

    def __init__(self, most: float = 0.1):
        self.most = most

    def augment(self, images, draws, state):
        amounts = draws.uniform("darken", ops.shape(images)[0], (1, 1, 1))
        return images - ops.cast(self.most * amounts, images.dtype)
'''
USE = """
import os
import runpy
import sys

os.chdir({folder!r})
sys.path[:0] = [{folder!r}, {folder!r} + "/tests"]

import keras
from keras import layers

import ganzoo
from ganzoo.cli import list as cli_list
from ganzoo_cli.main import command
from conformance import test_part_list

assert ganzoo.__file__.startswith({folder!r}), ganzoo.__file__
assert "exponential" in ganzoo.losses.names() and "darken" in ganzoo.augment.names()

generator = keras.Sequential([layers.Input((2,)), layers.Dense(12), layers.Reshape((2, 2, 3))])
discriminator = keras.Sequential([layers.Input((2, 2, 3)), layers.Flatten(), layers.Dense(1)])
gan = ganzoo.GAN(generator, discriminator)
gan.compile(loss="exponential", augment="darken", run_eagerly=True)
images = keras.random.uniform((8, 2, 2, 3), -1, 1).numpy()
assert gan.fit(images, batch_size=4, epochs=1, verbose=0).history["d_loss"][0] > 0
gan.compile(augment="color,translation", run_eagerly=True)
assert gan.augment.policy == "color,translation"

recipe = ganzoo.recipes.get("dcgan")
import dataclasses
recipe = dataclasses.replace(recipe, loss="exponential", augment="darken")
assert ganzoo.recipes.Recipe.from_json(recipe.to_json()) == recipe
assert recipe.build_augment().get_config() == {{"most": 0.1}}

with open("list.txt", "w") as stream:
    import contextlib
    with contextlib.redirect_stdout(stream):
        cli_list.run(command("list").parse([]), {{}})
listed = open("list.txt").read()
assert "exponential" in listed and "darken" in listed, listed

test_part_list.test_every_registered_name_is_listed()
test_part_list.test_every_class_that_files_can_name_is_listed()
for package in test_part_list.PACKAGES:
    test_part_list.test_every_public_class_is_listed(package)

sys.argv = ["techniques.py"]
try:
    runpy.run_path("docs/figures/techniques.py", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
print("all found")
"""


def insert(path, before, line):
    """Inserts a line before the first line that starts with a text."""
    text = path.read_text()
    assert f"\n{before}" in text, (path, before)
    path.write_text(text.replace(f"\n{before}", f"\n{line}\n{before}", 1))


@pytest.fixture
def repository(tmp_path):
    for name in ("ganzoo", "ganzoo_cli", "tests/conformance", "tests/support", "docs/techniques"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.png"))
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("*.png"))
    for folder in ("losses", "layers", "regularizers", "augment", "metrics", "training"):
        (tmp_path / "tests" / folder).mkdir()
        for path in (ROOT / "tests" / folder).glob("*.py"):
            shutil.copy(path, tmp_path / "tests" / folder)
    for name in ("README.md", "docs/figures/techniques.py", "docs/performance.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("docs/metrics.md", "docs/semi_supervised.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.process
def test_new_parts_are_found_everywhere(repository):
    ganzoo = repository / "ganzoo"
    # For each part: its file, one import with its public name, one line of the conformance tests.
    (ganzoo / "losses/exponential.py").write_text(LOSS.lstrip())
    import_line = "from ganzoo.losses.exponential import Exponential"
    insert(ganzoo / "losses/__init__.py", "from ganzoo.losses.feature_matching", import_line)
    insert(ganzoo / "losses/__init__.py", '    "FeatureMatching",', '    "Exponential",')
    (ganzoo / "augment/darken.py").write_text(AUGMENTATION.lstrip())
    import_line = "from ganzoo.augment.darken import Darken"
    insert(ganzoo / "augment/__init__.py", "from ganzoo.augment.diff_augment", import_line)
    text = (ganzoo / "augment/__init__.py").read_text()
    text = re.sub(r'("Augmentation",)', r'\1 "Darken",', text, count=1)
    (ganzoo / "augment/__init__.py").write_text(text)
    parts = repository / "tests/conformance/parts.py"
    line = '    Part("loss", "exponential", lambda: losses.Exponential(scale=0.5)),'
    insert(parts, '    Part("loss", "hinge"', line)
    line = '    Part("augmentation", "darken", lambda: augment.Darken(most=0.2)),'
    text = parts.read_text()
    parts.write_text(text.replace("_AUGMENTATIONS = [\n", f"_AUGMENTATIONS = [\n{line}\n"))

    assert "all found" in run_python(USE.format(folder=str(repository)), imported=())
    readme = (repository / "README.md").read_text()
    row = "| [Exponential loss, of boosting](https://arxiv.org/abs/1234.56789) |"
    assert f"{row} `losses.Exponential` |" in readme
    index = (repository / "docs/techniques/index.md").read_text()
    assert "| `augment.Darken` | Each image becomes darker. |" in index
