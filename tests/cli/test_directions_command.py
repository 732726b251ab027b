"""`ganzoo directions`: strips, the printed table, and the file of directions."""

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import drawing
from ganzoo.generation import Directions
from ganzoo_cli.main import main


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.keras"
    generator, discriminator = ganzoo.architectures.build(
        "dcgan", (8, 8, 1), latent_dim=3, width=2, num_classes=3
    )
    gan = ganzoo.GAN(generator, discriminator, num_classes=3, class_names=["cat", "dog", "fox"])
    gan.save(path)
    return str(path), gan


def test_each_row_moves_one_sample_along_one_direction(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path, gan = model

    arguments = ["--n=2", "--seeds=3,7", "--steps=3", "--span=2", "--labels=fox", "--save=d.npz"]
    assert main(["directions", path, *arguments]) == 0

    found = Directions.load("d.npz")
    np.testing.assert_allclose(found.vectors, gan.directions("sefa", k=2).vectors, atol=1e-6)
    rows = [
        gan.edit(gan.latents_of([seed] * 3), found, {number: [-2, 0, 2]}, labels=2)
        for number in (0, 1)
        for seed in (3, 7)
    ]
    with Image.open("directions.png") as picture:
        expected = drawing.image_grid(np.concatenate(rows), columns=3)[..., 0]
        np.testing.assert_array_equal(np.asarray(picture), expected)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["direction", "value"]
    assert [line.split()[0] for line in lines[1:3]] == ["0", "1"]
    assert lines[-1] == "2 directions in directions.png"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--method=classes"], "needs a --classifier that tells classes"),
        (["--labels=0,1"], "--labels must be one class or one for each of the 1 --seeds"),
        (["--labels=3"], "`labels` must be classes from 0 to 2. Received: labels from 3 to 3"),
        (["--layers=nosuch"], "`layers` must be among"),
        (["--output=strips.npz"], "--output must end in"),
        (["--save=strips.png"], "--save must end in .npz"),
        (["--n=4"], "`k` must be at most 3"),
        (["--n=1000", "--steps=100"], "at most 10,000 images"),
        (["--method=pcb"], "--method must be one of stored, sefa, pca, classes"),
    ],
    ids=lambda value: value[0].strip("-") if isinstance(value, list) else "",
)
def test_mistakes_are_answered_with_one_line(
    arguments, message, model, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["directions", model[0], *arguments]) == 2
    out, err = capsys.readouterr()
    assert message in err and len(err.splitlines()) == 1 and out == ""
    assert list(tmp_path.iterdir()) == []
