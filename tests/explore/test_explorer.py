"""The functions behind the page of `ganzoo explore`, without a page."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.explore import Explorer, View
from ganzoo_cli.main import main
from support import presets
from support.gans import tiny


@pytest.fixture(scope="module")
def conditional():
    return Explorer(tiny.gan(num_classes=3))


@pytest.fixture(scope="module")
def styles():
    generator, discriminator = ganzoo.architectures.build(
        "stylegan2", (8, 8, 3), latent_dim=6, width=2, mapping_layers=2
    )
    return Explorer(ganzoo.GAN(generator, discriminator))


def assert_same_images(images, expected):
    """Batches of other sizes round differently: by a gray level at most."""
    assert images.shape == expected.shape and images.dtype == expected.dtype == np.uint8
    assert np.abs(images.astype(int) - expected.astype(int)).max() <= 1


def test_controls_are_the_ones_that_a_model_has(conditional, styles):
    assert conditional.class_names == ("0", "1", "2")
    assert conditional.style_rows is None and conditional.most_truncation == 3.0
    assert len(conditional.directions) == 6 and conditional.why_no_directions is None
    assert styles.class_names is None and styles.most_truncation == 1.0
    assert styles.style_rows == 4 and styles.directions.space == "styles"


def test_a_view_without_directions_is_what_sample_draws(conditional, styles):
    gan = conditional.gan
    assert_same_images(conditional.samples(View(5, 4)), gan.sample(4, seed=5))
    view = View(5, 4, label=2, truncation=0.5, latent_scale=0.8)
    expected = gan.sample(4, seed=5, labels=2, truncation=0.5, latent_scale=0.8)
    assert_same_images(conditional.samples(view), expected)
    assert_same_images(
        styles.samples(View(2, 2, truncation=0.3)), styles.gan.sample(2, seed=2, truncation=0.3)
    )


def test_the_factor_of_the_latents_is_of_given_latents_too(conditional):
    latents = conditional.gan.latents_of([9])
    given = conditional.samples(View(label=1, latents=latents, latent_scale=0.5))
    assert_same_images(given, conditional.samples(View(9, label=1, latent_scale=0.5)))


def test_directions_move_the_samples(conditional):
    amounts = (0.0, 3.0, 0.0, -1.0, 0.0, 0.0)
    gan, latents = conditional.gan, conditional.gan.latents_of([7, 8])
    expected = gan.edit(latents, conditional.directions, np.array(amounts), 1)
    assert_same_images(conditional.samples(View(7, 2, 1, amounts=amounts)), expected)
    assert (expected != gan.generate(latents, 1)).any()


def test_walks_start_and_end_at_the_samples(conditional):
    gan = conditional.gan
    frames = conditional.walk(View(3, label=0), 9, end_label=2, steps=3, loop=False)
    assert len(frames) == 4
    for frame, seed, label in ((frames[0], 3, 0), (frames[-1], 9, 2)):
        assert_same_images(frame[::32, ::32], gan.sample(1, seed=seed, labels=label)[0])
    assert len(conditional.walk(View(3), 9, steps=3, loop=True)) == 6
    # A smooth walk is nearer to its start after the first step.
    straight, smooth = (
        conditional.walk(View(3, label=0), 9, steps=8, easing=easing)[1].astype(float)
        for easing in ("linear", "smooth")
    )
    assert np.abs(smooth - frames[0]).sum() < np.abs(straight - frames[0]).sum()


def test_a_table_of_mixed_styles(styles):
    gan = styles.gan
    table = styles.mixed(View(3, 2), other_seed=10, columns=2, first=0, last=1)
    scale, padding = 8, 2  # As `drawing.image_grid` enlarges 8 x 8 images.
    cell = 8 * scale + padding

    def image(row, column):
        top, left = padding + row * cell, padding + column * cell
        return table[top : top + 64 : scale, left : left + 64 : scale]

    assert (image(0, 0) == 255).all()
    assert_same_images(image(0, 2), gan.sample(1, seed=11)[0])
    assert_same_images(image(1, 0), gan.sample(1, seed=3)[0])
    mixed = gan.mix_styles(gan.latents_of(4), gan.latents_of(11), [0, 1])
    assert_same_images(image(2, 2), mixed[0])
    with pytest.raises(ValueError, match="The first row must not lie after the last"):
        styles.mixed(View(3, 2), 10, 2, first=2, last=1)


def test_the_latent_file_makes_the_view_again(conditional):
    view = View(4, 2, label=1, truncation=0.7, latent_scale=0.5, amounts=(1.0, 0, 0, 0, 0, 0))
    saved = np.load(io.BytesIO(conditional.latent_file(view)))
    moved = dict(zip(saved["directions"].tolist(), saved["amounts"].tolist(), strict=True))
    images = conditional.gan.edit(
        saved["latents"],
        conditional.directions,
        moved,
        saved["labels"],
        float(saved["truncation"]),
    )
    assert_same_images(images, conditional.samples(view))
    assert set(np.load(io.BytesIO(conditional.latent_file(View())))) == {"latents", "labels"}


def test_a_png_of_one_image_has_its_pixels(conditional):
    images = conditional.samples(View(1))
    with Image.open(io.BytesIO(conditional.png(images))) as png:
        np.testing.assert_array_equal(np.asarray(png), images[0, ..., 0])
    assert conditional.grid(images).shape == (512, 512, 1)
    assert conditional.grid(np.repeat(images, 4, 0)).shape[0] <= 520


def test_uploaded_images_are_read_in_the_shape_of_the_samples(conditional, tmp_path):
    image = conditional.gan.sample(1)[0, ..., 0]
    Image.fromarray(image).save(tmp_path / "same.png")
    read, note = conditional.read(tmp_path / "same.png")
    np.testing.assert_array_equal(read[..., 0], image)
    assert note is None
    Image.fromarray(np.zeros((40, 60, 3), "uint8")).save(tmp_path / "large.png")
    read, note = conditional.read(tmp_path / "large.png")
    assert read.shape == (16, 16, 1) and note == "60 x 40 pixels, cropped and resized to 16 x 16"
    Image.fromarray(np.zeros((40, 8), "uint8")).save(tmp_path / "small.png")
    with pytest.raises(ValueError, match=r"at least 16 x 16 pixels.*Received: 8 x 40 pixels"):
        conditional.read(tmp_path / "small.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ValueError, match="is not an image that can be read"):
        conditional.read(tmp_path / "text.png")


def test_a_search_starts_the_controls_from_its_latents(conditional):
    found = conditional.gan.project(conditional.gan.sample(1, seed=2), 2, steps=5, restarts=1)
    view = View(label=2, latents=found.latents)
    assert_same_images(conditional.samples(view), found.images)


def test_conditions_are_those_of_the_view_or_the_first_ones():
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), 4, 2, condition_dim=2)
    gan = ganzoo.GAN(*networks, condition_names=("age", "hat"))
    presets.scramble(gan)
    explorer = Explorer(gan, conditions=[0.5, 1.0])
    assert explorer.conditions.names == ("age", "hat")
    assert explorer.conditions.kinds == ("number", "number")
    assert_same_images(explorer.samples(View(3, 2)), gan.sample(2, 3, conditions=[0.5, 1.0]))
    view = View(3, 2, conditions=(-1.0, 0.0), truncation=0.7)
    expected = gan.sample(2, 3, conditions=[-1.0, 0.0], truncation=0.7)
    assert_same_images(explorer.samples(view), expected)
    assert len(explorer.walk(view, 9, steps=2, loop=False)) == 3
    np.testing.assert_array_equal(
        np.load(io.BytesIO(explorer.latent_file(view)))["conditions"], [-1.0, 0.0]
    )
    with pytest.raises(ValueError, match=r"takes no vectors of conditions.*Received"):
        Explorer(tiny.gan(), conditions=[0.5, 1.0])


def test_images_of_other_pixels_are_shown_in_eight_bits():
    pixels = ganzoo.data.PixelFormat("float32", -80, 0)
    gan = ganzoo.GAN(*ganzoo.architectures.build("dcgan", (8, 8, 1), 4, 2), pixels=pixels)
    explorer = Explorer(gan)
    assert explorer.grid(explorer.samples(View(1))).dtype == np.uint8
    assert_same_images(explorer.samples(View(1)), pixels.in_eight_bits(gan.sample(1, seed=1)))


@pytest.mark.parametrize("seed", [-1, 2**53, 1.5])
def test_seeds_that_a_browser_cannot_hold(conditional, seed):
    with pytest.raises(ValueError, match="Seeds are integers from 0 to"):
        conditional.samples(View(seed))


def test_models_that_do_not_fit(conditional, styles):
    vectors = ganzoo.GAN(*ganzoo.architectures.build("mlp", (2,), latent_dim=2, width=2))
    with pytest.raises(ValueError, match="A page draws images of 1, 3 or 4 channels"):
        Explorer(vectors)
    with pytest.raises(ValueError, match="were found with another generator"):
        Explorer(styles.gan, conditional.directions)


def test_a_generator_without_directions_is_explored_without_them(monkeypatch, conditional):
    def refuse(*arguments, **keywords):
        raise ValueError("The latents reach no layer directly.")

    monkeypatch.setattr(conditional.gan, "directions", refuse)
    explorer = Explorer(conditional.gan)
    assert explorer.directions is None
    assert explorer.why_no_directions == "The latents reach no layer directly."
    assert_same_images(explorer.samples(View(5)), conditional.gan.sample(1, seed=5))


def test_the_command_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    for name in ("page", "widgets"):
        monkeypatch.delitem(sys.modules, f"ganzoo.explore.{name}", raising=False)
    assert main(["explore", "dcgan_digits"]) == 2
    assert "pip install 'ganzoo[explore]'" in capsys.readouterr().err
    assert main(["explore", "dcgan_digits", "--port=70000"]) == 2
    assert "--port must be at most 65535" in capsys.readouterr().err
