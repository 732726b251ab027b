"""A name never promises another format than the one that is written, wherever a user gives it."""

import os

import numpy as np
import pytest

import ganzoo
from ganzoo import drawing
from ganzoo.callbacks.epoch_log import EpochLog
from ganzoo.export import serving_config
from ganzoo.file_names import check_file_name, check_folder_name, is_plain_name
from ganzoo.metrics.gaussian import Gaussian
from support.gans import linear

PICTURE = np.zeros((8, 8, 3), "uint8")


def test_the_suffix_is_returned_in_lower_case():
    assert check_file_name("path", "a.b/c.PNG", (".png", ".jpg")) == ".png"


@pytest.mark.parametrize("name", ["x.jpg", "x", "x.png.zip", ".png", "png"])
def test_another_suffix_is_refused(name):
    with pytest.raises(ValueError, match=rf"path must end in \.png or \.gif.*path={name}$"):
        check_file_name("path", name, (".png", ".gif"))


def test_devices_and_fifos_have_any_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        assert check_file_name("path", path, (".png", ".gif")) == ".png"
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=r"must end in"):
        check_file_name("path", tmp_path / "folder", (".png",))


def test_folders_are_not_named_as_files(tmp_path):
    for name in ("photos", "photos.v2", "run.2024", ".hidden"):
        check_folder_name("folder", tmp_path / name)
    (tmp_path / "given.zip").mkdir()
    check_folder_name("folder", tmp_path / "given.zip")
    for name in ("model.keras", "grid.PNG", "gen.onnx"):
        with pytest.raises(ValueError, match=rf"folder is a folder.*{name}$"):
            check_folder_name("folder", tmp_path / name)


def gaussian():
    return Gaussian(np.zeros(2), np.eye(2))


def data():
    return ganzoo.data.Dataset(np.zeros((4, 8, 8, 1), "uint8"))


WRITERS = {
    "picture.gif": lambda path: drawing.save_picture(path, PICTURE),
    "picture": lambda path: drawing.save_picture(path, PICTURE),
    "animation.png": lambda path: drawing.save_gif(path, [PICTURE]),
    "video.gif": lambda path: drawing.save_mp4(path, [PICTURE]),
    "statistics.csv": lambda path: gaussian().save(path),
    "packed.zip": lambda path: ganzoo.data.pack(data(), path),
    "log.txt": lambda path: EpochLog(path),
    "models.json": lambda path: serving_config.write_model_config(path, "saved_models"),
    "preset.keras": lambda path: linear.gan().save_to_preset(path),
    "gan.txt": lambda path: linear.gan().save(path),
    "gan.h5": lambda path: linear.gan().save(path),
    "pictures.png": lambda path: ganzoo.callbacks.SampleGrid(path),
    "checkpoints.h5": lambda path: ganzoo.callbacks.AtomicCheckpoint(path),
    "spectral.jsonl": lambda path: ganzoo.callbacks.SpectralMonitor(folder=path),
    "metrics.jsonl": lambda path: ganzoo.callbacks.EvaluateSamples(["fid"], data(), folder=path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_writers_refuse_names_of_other_formats(name, tmp_path):
    with pytest.raises(ValueError, match=r"[Rr]eceived"):
        WRITERS[name](tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_statistics_and_packed_files_have_exactly_their_name(tmp_path):
    # NumPy adds `.npz` to other names.
    gaussian().save(tmp_path / "statistics.NPZ")
    ganzoo.data.pack(data(), tmp_path / "data.NPZ")
    assert sorted(os.listdir(tmp_path)) == ["data.NPZ", "statistics.NPZ"]


@pytest.mark.parametrize("suffix", ["jpg", "xyz", ""])
def test_figures_have_the_format_of_their_name(suffix, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"figure.{suffix}".rstrip(".")
    draw = lambda: ganzoo.plot.images(PICTURE[None], path=path)  # noqa: E731
    if suffix == "jpg":
        draw()
        assert path.read_bytes().startswith(b"\xff\xd8")
    else:
        with pytest.raises(ValueError, match=r"path must end in \.png"):
            draw()
    assert os.listdir(tmp_path) == ["figure.jpg"] * (suffix == "jpg")


def test_a_plain_name_stays_in_its_folder():
    for name in ("r1", "lr 1e-4", "a.b", "größe", "x" * 100):
        assert is_plain_name(name)
    for name in (
        "",
        ".",
        "..",
        ".claims",
        "a/b",
        "a\\b",
        "a:b",
        "a*",
        "a\n",
        "a.",
        " a",
        "x" * 101,
    ):
        assert not is_plain_name(name)
