"""`ganzoo project`: the samples that are nearest to images in files."""

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import drawing
from ganzoo_cli.main import main
from support.gans import pictures

SHORT = ["--steps=20", "--restarts=2"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.keras"
    gan = pictures.gan(num_classes=2, class_names=["cat", "dog"])
    gan.save(path)
    return str(path), gan


def test_images_and_the_nearest_samples_are_drawn_in_pairs(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path, gan = model
    images = gan.sample(2, seed=5, labels=1)
    Image.fromarray(images[0, ..., 0]).save("a.png")
    # A larger color image is cropped, resized and made gray.
    large = np.repeat(np.repeat(images[1], 2, axis=0), 2, axis=1)
    Image.fromarray(np.repeat(large, 3, axis=2)).save("b.png")

    assert main(["project", path, "a.png", "b.png", *SHORT, "--labels=dog", "--save=z.npz"]) == 0

    saved = np.load("z.npz")
    expected = gan.project(images[0], 1, 20, 2)
    np.testing.assert_array_equal(saved["latents"][0], expected.latents[0])
    assert saved["latents"].shape == (2, 2) and saved["labels"].tolist() == [1, 1]
    with Image.open("projection.png") as picture:
        pairs = np.stack([images[0], saved["images"][0], images[1], saved["images"][1]])
        drawn, wanted = np.asarray(picture), drawing.image_grid(pairs, columns=2)[..., 0]
        # The first row holds the image that needed no change.
        half = len(wanted) // 2
        np.testing.assert_array_equal(drawn[:half], wanted[:half])
        assert drawn.shape == wanted.shape
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"a.png: {expected.errors[0]:.1f} gray levels, class dog"
    assert lines[-1] == "2 images and the nearest samples in projection.png"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "Expected a model and at least one image file"),
        (["nosuch.png"], "none at these paths. Received: nosuch.png"),
        (["text.png"], "text.png cannot be read"),
        (
            ["good.png", "--labels=0,1"],
            "--labels must be one class or one for each of the 1 images",
        ),
        (["good.png", "--save=z.txt"], "--save must end in .npz"),
        (["good.png", "--output=z.npz"], "--output must end in"),
    ],
    ids=["no_image", "no_file", "no_pixels", "labels", "save", "output"],
)
def test_mistakes_are_answered_with_one_line(
    arguments, message, model, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("no image")
    Image.new("L", (8, 8)).save("good.png")
    assert main(["project", model[0], *arguments]) == 2
    out, err = capsys.readouterr()
    assert message in err and len(err.splitlines()) == 1 and out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.png", "text.png"]


def test_the_styles_of_an_image_are_found(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    generator, discriminator = ganzoo.architectures.build(
        "stylegan2", (8, 8, 1), latent_dim=4, width=2, mapping_layers=1
    )
    gan = ganzoo.GAN(generator, discriminator)
    gan.save("model.keras")
    image = gan.sample(1, seed=5)
    Image.fromarray(image[0, ..., 0]).save("a.png")
    flags = ["--space=style_rows", "--noise", "--steps=2", "--save=z.npz"]
    assert main(["project", "model.keras", "a.png", *flags]) == 0
    saved = np.load("z.npz")
    assert set(saved) == {"styles", "images", "errors", "noise_0", "noise_1", "noise_2"}
    noise = [saved[f"noise_{number}"] for number in range(3)]
    again = gan.generate_from_styles(saved["styles"], noise)
    assert np.abs(again.astype(int) - saved["images"].astype(int)).max() <= 1
    capsys.readouterr()
    Image.fromarray(image[0, :4, :6, 0]).save("b.png")
    assert main(["project", "model.keras", "b.png", "--space=style", "--steps=1"]) == 0
    assert capsys.readouterr().out.startswith("b.png has 6 x 4 pixels, enlarged to 8 x 8\n")
    assert main(["project", "model.keras", "a.png", "--noise"]) == 2
    assert "--noise is for --space=style or --space=style_rows" in capsys.readouterr().err
    assert main(["project", "model.keras", "a.png", "--space=style", "--restarts=2"]) == 2
    assert "--restarts is for --space=latents" in capsys.readouterr().err
