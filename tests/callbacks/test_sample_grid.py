import builtins
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import drawing
from ganzoo.callbacks import SampleGrid
from support.gans import dense


def fit(gan, *callbacks, epochs=2, conditional=False):
    """Trains with 3 steps in each epoch."""
    gan.fit(
        dense.dataset(conditional=conditional),
        batch_size=16,
        epochs=epochs,
        callbacks=list(callbacks),
        verbose=0,
    )


def names(folder, pattern="*"):
    return sorted(path.name for path in folder.glob(pattern))


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_it_draws_before_training_after_every_kth_epoch_and_at_the_end(gan, tmp_path):
    fit(gan, SampleGrid(tmp_path, n=4, every=2, gif=False), epochs=5)

    assert names(tmp_path) == [f"step_{step:08d}.png" for step in (0, 6, 12, 15)]


def test_it_draws_after_every_kth_step(gan, tmp_path):
    fit(gan, SampleGrid(tmp_path, n=4, every=2, unit="steps", gif=False), epochs=2)

    assert names(tmp_path) == [f"step_{step:08d}.png" for step in (0, 2, 4, 6)]


def test_a_picture_shows_the_samples_of_its_seeds(gan, tmp_path):
    fit(gan, SampleGrid(tmp_path / "made" / "here", n=6, seed=11, columns=3))

    expected = drawing.image_grid(gan.sample(6, seed=11), columns=3)[..., 0]
    np.testing.assert_array_equal(read(tmp_path / "made" / "here" / "step_00000006.png"), expected)


def test_the_latents_stay_the_same_while_the_weights_change(tmp_path):
    gan = gan_of_examples((8, 8, 1), optimizer="adam", ema_decay=None)
    before = gan.sample(4)

    gan.fit(dense.images(8), batch_size=8, verbose=0, callbacks=[SampleGrid(tmp_path, n=4)])

    first, last = (read(path) for path in sorted(tmp_path.glob("*.png")))
    np.testing.assert_array_equal(first, drawing.image_grid(before)[..., 0])
    np.testing.assert_array_equal(last, drawing.image_grid(gan.sample(4))[..., 0])
    assert (first != last).any()


@pytest.fixture(scope="module")
def conditional_gan():
    return dense.build(conditional=True)


@pytest.mark.parametrize(
    ("n", "labels", "columns"),
    [
        (6, [0, 0, 1, 1, 2, 2], 2),
        (8, [0, 1, 2, 0, 1, 2, 0, 1], 3),
        (None, [0] * 21 + [1] * 21 + [2] * 21, 21),
    ],
)
def test_each_row_or_column_of_a_conditional_gan_is_a_class(
    conditional_gan, tmp_path, n, labels, columns
):
    gan = conditional_gan
    gan._step.assign(0)

    fit(gan, SampleGrid(tmp_path, n=n, gif=False), conditional=True)

    samples = gan.sample(len(labels), labels=labels)
    expected = drawing.image_grid(samples, columns)[..., 0]
    np.testing.assert_array_equal(read(tmp_path / "step_00000006.png"), expected)


def test_labels_that_do_not_fit_are_an_error_before_the_first_step(gan, tmp_path):
    with pytest.raises(ValueError, match=r"no classes.*Received: labels=3"):
        fit(gan, SampleGrid(tmp_path, labels=3))
    assert gan.step == 0


def test_vectors_are_drawn_as_points(tmp_path):
    generator, discriminator = ganzoo.architectures.build("mlp", (2,), width=4)
    gan = ganzoo.GAN(generator, discriminator)
    gan.compile(g_optimizer="adam", d_optimizer="adam", run_eagerly=True)
    ring = ganzoo.data.load("toy:ring", count=32)

    gan.fit(ring, batch_size=32, callbacks=[SampleGrid(tmp_path, n=9)], verbose=0)

    expected = drawing.scatter_plot(gan.sample(9))
    np.testing.assert_array_equal(read(tmp_path / "step_00000001.png"), expected)


def test_a_run_that_goes_back_draws_its_steps_again(gan, tmp_path):
    pictures = SampleGrid(tmp_path, n=4, every=20, unit="steps")
    pictures.set_model(gan)
    gan._step.assign(0)
    pictures.on_train_begin()

    def train(start, end):
        gan._step.assign(start)
        pictures.on_epoch_begin(0)
        for batch, step in enumerate(range(start + 1, end + 1)):
            gan._step.assign(step)
            pictures.on_train_batch_end(batch)

    train(0, 85)
    shutil.copy(tmp_path / "step_00000000.png", tmp_path / "step_00000200.png")
    train(50, 65)
    pictures.on_train_end()

    # The picture of step 200 is of another run in this folder.
    assert names(tmp_path, "*.png") == [f"step_{step:08d}.png" for step in (0, 20, 40, 60, 65, 200)]


def test_the_animation_shows_the_run_in_order(gan, tmp_path):
    fit(gan, SampleGrid(tmp_path, n=4), epochs=3)

    with Image.open(tmp_path / "samples.gif") as image:
        assert image.n_frames == 4
        for frame, step in enumerate((0, 3, 6, 9)):
            image.seek(frame)
            expected = read(tmp_path / f"step_{step:08d}.png")
            np.testing.assert_allclose(np.asarray(image.convert("L")), expected, atol=3)


def test_the_animation_of_a_long_run_is_short(gan, tmp_path):
    pictures = SampleGrid(tmp_path, n=1)
    for step in range(200):
        shade = np.full((10, 10, 1), step, "uint8")
        drawing.save_picture(tmp_path / f"step_{step:08d}.png", shade)
    pictures._drawn_step = 199

    pictures.save_gif()

    with Image.open(tmp_path / "samples.gif") as image:
        assert image.n_frames == 60
        assert np.asarray(image.convert("L")).mean() < 2
        image.seek(59)
        assert np.asarray(image.convert("L")).mean() == pytest.approx(199, abs=2)


def test_a_resumed_run_continues_the_pictures(gan, tmp_path):
    fit(gan, SampleGrid(tmp_path, n=4), epochs=1)
    fit(gan, SampleGrid(tmp_path, n=4), epochs=1)

    assert names(tmp_path, "*.png") == [f"step_{step:08d}.png" for step in (0, 3, 6)]
    with Image.open(tmp_path / "samples.gif") as image:
        assert image.n_frames == 3


@pytest.mark.parametrize("damage", ["emptied", "cut", "bit flip"])
def test_a_damaged_picture_is_left_out_with_a_warning(gan, tmp_path, damage):
    gan._step.assign(0)
    fit(gan, SampleGrid(tmp_path, n=4))
    path = tmp_path / "step_00000003.png"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"emptied": b"", "cut": content[:-9]}.get(damage, content))

    with pytest.warns(UserWarning, match=r"damaged picture .*step_00000003.png") as caught:
        fit(gan, SampleGrid(tmp_path, n=4))

    assert len([one for one in caught if "damaged picture is" in str(one.message)]) == 1
    with Image.open(tmp_path / "samples.gif") as animation:
        assert animation.n_frames > 1


def test_a_folder_with_pictures_of_another_size_is_refused_before_the_first_step(gan, tmp_path):
    fit(gan, SampleGrid(tmp_path, n=4), epochs=1)
    step = gan.step

    with pytest.raises(ValueError, match=r"must have one size\. Received: folder="):
        fit(gan, SampleGrid(tmp_path, n=9), epochs=1)
    assert gan.step == step


def test_a_folder_that_is_not_writable_is_an_error_before_the_first_step(gan, tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OSError):
        fit(gan, SampleGrid(tmp_path / "file" / "samples"))
    assert gan.step == 0


def test_tensorboard_gets_the_pictures(gan, tmp_path):
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )

    pictures = SampleGrid(tmp_path / "samples", n=4, tensorboard=tmp_path / "events")
    fit(gan, pictures, epochs=1)
    fit(gan, pictures, epochs=1)

    events = event_accumulator.EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    written = events.Tensors("samples")
    assert [event.step for event in written] == [0, 3, 3, 6]
    png = written[-1].tensor_proto.string_val[2]
    assert png.startswith(b"\x89PNG")


@pytest.mark.parametrize("missing", ["tensorboard", "tensorflow"])
def test_the_error_names_the_extra_if_tensorboard_is_missing(monkeypatch, tmp_path, missing):
    import_module = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] == missing:
            raise ImportError(f"No module named {name!r}")
        return import_module(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ImportError, match=r"ganzoo\[tensorboard\].* tensorflow.*Received:"):
        SampleGrid(tmp_path, tensorboard=tmp_path)


@pytest.mark.parametrize(
    "arguments", [{"n": 0}, {"every": 0}, {"unit": "hours"}, {"columns": -1}, {"n": 2.5}]
)
def test_arguments_out_of_range_are_refused(tmp_path, arguments):
    with pytest.raises(ValueError, match="Received:"):
        SampleGrid(tmp_path, **arguments)


def test_a_model_that_is_not_a_gan_is_refused(tmp_path):
    pictures = SampleGrid(tmp_path)
    pictures.set_model(keras.Sequential())

    with pytest.raises(ValueError, match=r"Received: <Sequential"):
        pictures.on_train_begin()


def gan_of_examples(shape, **settings):
    """A GAN that makes examples of any shape, and trains eagerly."""
    latents, examples = keras.Input((2,)), keras.Input(shape)
    x = keras.layers.Dense(int(np.prod(shape)), activation="tanh")(latents)
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(examples))
    generator = keras.Model(latents, keras.layers.Reshape(shape)(x))
    gan = ganzoo.GAN(generator, keras.Model(examples, logits))
    gan.compile(run_eagerly=True, **settings)
    return gan


def test_pictures_with_four_channels_are_rgba(tmp_path):
    gan = gan_of_examples((4, 4, 4))
    data = np.random.default_rng(0).integers(0, 256, (4, 4, 4, 4), "uint8")
    gan.fit(data, batch_size=4, verbose=0, callbacks=[SampleGrid(tmp_path, n=4)])
    with Image.open(tmp_path / "step_00000001.png") as image:
        assert image.mode == "RGBA"
        np.testing.assert_array_equal(image, drawing.picture(gan.sample(4)))
    assert (tmp_path / "samples.gif").exists()


@pytest.mark.parametrize("shape", [(4, 4, 2), (8, 3), (2, 2, 2, 1)])
def test_examples_that_are_no_pictures_are_refused_before_training(shape, tmp_path):
    gan = gan_of_examples(shape)
    data = np.random.default_rng(0).uniform(-1, 1, (4, *shape)).astype("float32")
    with pytest.raises(ValueError, match="Received: "):
        gan.fit(data, batch_size=4, verbose=0, callbacks=[SampleGrid(tmp_path, n=4)])
    assert gan.step == 0
