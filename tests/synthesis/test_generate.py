"""Data sets of samples: rows, seeds, classes, shards, and what is read from them."""

import concurrent.futures.process
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import ganzoo
from ganzoo import synthesis
from ganzoo.data import PixelFormat
from ganzoo.data.generated import MANIFEST
from ganzoo.distribution import hardware
from ganzoo.folder_lock import FolderLock
from ganzoo.runs import load_model
from ganzoo.synthesis import workers, writing
from ganzoo.synthesis.plan import Plan, make_plan
from ganzoo_cli.commands.generate import FORMATS
from ganzoo_cli.main import main
from support import presets
from support.gans import pictures

SETTINGS = {"n": 10, "shard_size": 4, "batch_size": 4, "seed": 5}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A conditional GAN of images with three classes, as a preset, and its path."""
    gan = pictures.gan(num_classes=3, shape=(8, 8, 3), class_names=["cat", "dog", "owl"])
    path = tmp_path_factory.mktemp("model") / "preset"
    gan.save_to_preset(path)
    return ganzoo.GAN.from_preset(path), path


@pytest.fixture(scope="module", autouse=True)
def loaded_once(model):
    """Loads the model once, because its functions are compiled at the first use."""
    gan, path = model

    def load(name):
        return gan if str(name) == str(path) else load_model(name)

    with pytest.MonkeyPatch.context() as patch:
        for module in ("writing", "workers"):
            patch.setattr(f"ganzoo.synthesis.{module}.load_model", load)
        yield


@pytest.fixture(scope="module")
def folders(model, tmp_path_factory):
    """The folder of a data set in each format."""
    root = tmp_path_factory.mktemp("generated")
    for name in FORMATS:
        synthesis.generate(model[1], root / name, format=name, **SETTINGS)
    return root


def shards_of(folder):
    """Returns the bytes of all files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", FORMATS)
def test_row_i_is_the_sample_of_seed_i(model, folders, name):
    gan, _ = model
    data = ganzoo.data.load(f"generated:{folders / name}")
    seeds = np.arange(5, 15)
    np.testing.assert_array_equal(data.labels, seeds % 3)
    for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
        expected = gan.sample(len(seeds[rows]), seeds[rows], batch_size=4)
        np.testing.assert_array_equal(data.examples[rows], expected)
    assert data.class_names == ("cat", "dog", "owl") and data.num_classes == 3
    manifest = json.loads((folders / name / MANIFEST).read_text())
    assert [shard["rows"] for shard in manifest["shards"]] == [4, 4, 2]
    smaller = ganzoo.data.load(f"generated:{folders / name}", size=4, channels=1)
    assert smaller.examples.shape == (10, 4, 4, 1)


def test_other_libraries_read_the_shards(folders):
    expected = ganzoo.data.load(f"generated:{folders / 'packed'}")
    builder = tfds.builder_from_directory(str(folders / "tfrecord"))
    assert builder.info.features["label"].names == ["cat", "dog", "owl"]
    assert builder.info.splits["train"].num_examples == 10
    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    rows = builder.as_dataset(split="train", as_supervised=True, read_config=in_order)
    rows = list(rows.as_numpy_iterator())
    np.testing.assert_array_equal(np.stack([image for image, _ in rows]), expected.examples)
    np.testing.assert_array_equal([label for _, label in rows], expected.labels)
    features = {
        "image": tf.io.FixedLenFeature([], "string"),
        "label": tf.io.FixedLenFeature([], "int64"),
    }
    files = sorted(map(str, (folders / "tfrecord").glob("*.tfrecord-*")))
    parsed = [tf.io.parse_single_example(one, features) for one in tf.data.TFRecordDataset(files)]
    images = np.stack([tf.io.decode_png(one["image"]) for one in parsed])
    np.testing.assert_array_equal(images, expected.examples)
    packed = ganzoo.data.load(folders / "packed/shard-00001.npz")
    np.testing.assert_array_equal(packed.examples, expected.examples[4:8])


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_and_the_worker_of_a_shard_do_not_matter(model, folders, tmp_path, name):
    content = json.loads((folders / name / MANIFEST).read_text())
    plan = Plan(
        **{key: tuple(v) if isinstance(v, list) else v for key, v in content["plan"].items()}
    )
    worker = workers.Worker(model[1], plan, tmp_path)
    for index in (2, 0, 1):
        assert worker.write(index) == content["shards"][index]


def test_an_interrupted_data_set_continues(model, folders, tmp_path, monkeypatch):
    expected, folder = shards_of(folders / "tfrecord"), tmp_path / "generated"

    def stop(stage, done, total):
        assert (stage, total) == ("samples", 10)
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesis.generate(model[1], folder, format="tfrecord", progress=stop, **SETTINGS)
    with pytest.raises(ValueError, match=r"is not complete.*Received: 2 shards in"):
        ganzoo.data.load(f"generated:{folder}")
    made = []
    write = workers.write_shard
    monkeypatch.setattr(
        workers, "write_shard", lambda *arguments: made.append(arguments[2]) or write(*arguments)
    )
    synthesis.generate(model[1], folder, format="tfrecord", **SETTINGS)
    assert made == [2] and shards_of(folder) == expected
    # A damaged shard and a missing one are made again.
    first, second, _ = sorted(folder.glob("*.tfrecord-*"))
    first.write_bytes(first.read_bytes()[:-1])
    second.unlink()
    with pytest.raises(ValueError, match=r"missing or damaged.*Received: .*00000-of-00003"):
        ganzoo.data.load(f"generated:{folder}")
    synthesis.generate(model[1], folder, format="tfrecord", **SETTINGS)
    assert made == [2, 0, 1] and shards_of(folder) == expected
    synthesis.generate(model[1], folder, format="tfrecord", **SETTINGS)
    assert made == [2, 0, 1]


def test_the_command_takes_classes_that_take_turns(model, tmp_path, capsys):
    gan, path = model
    folder = tmp_path / "chosen"
    flags = [f"--output={folder}", "--n=5", "--labels=owl,0", "--seed=18446744073709551614"]
    threads = f"--threads={hardware.threads()}"
    assert main(["generate", str(path), *flags, threads, "--truncation=0.5"]) == 0
    assert "samples     5 in 1 shards" in capsys.readouterr().out
    data = ganzoo.data.load(f"generated:{folder}")
    np.testing.assert_array_equal(data.labels, [2, 0, 2, 0, 2])
    # The largest seed is followed by 0.
    seeds = [2**64 - 2, 2**64 - 1, 0, 1, 2]
    expected = gan.sample(5, seeds, data.labels, truncation=0.5)
    np.testing.assert_array_equal(data.examples, expected)


def test_vectors_are_stored_as_arrays(tmp_path):
    gan = presets.mlp_gan()
    gan.save_to_preset(tmp_path / "model")
    for name in ("tfrecord", "webdataset"):
        synthesis.generate(tmp_path / "model", tmp_path / name, 5, name, shard_size=3)
        data = ganzoo.data.load(f"generated:{tmp_path / name}")
        np.testing.assert_allclose(data.examples, gan.sample(5), rtol=1e-6)
        assert data.labels is None
    builder = tfds.builder_from_directory(str(tmp_path / "tfrecord"))
    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    rows = builder.as_dataset(split="train", read_config=in_order)
    rows = [row["example"] for row in rows.as_numpy_iterator()]
    np.testing.assert_array_equal(rows, data.examples)
    with pytest.raises(ValueError, match=r"Packed files hold images.*shape \(2,\)"):
        synthesis.generate(tmp_path / "model", tmp_path / "packed", 5)


def test_what_does_not_fit_is_refused_before_anything_is_written(model, folders, tmp_path, capsys):
    _, path = model
    copy = shutil.copytree(folders / "webdataset", tmp_path / "copy")
    for changes, message in (
        ({"format": "zip"}, r"`format` must be .*Received: format='zip'"),
        ({"n": 0}, r"`n` must be a positive integer"),
        ({"labels": ["bird"]}, r"`labels` must be among 'cat'.*Received: labels='bird'"),
        ({"labels": [3]}, r"classes from 0 to 2"),
        ({"truncation": -1.0}, r"truncation"),
        ({"workers": 0}, r"`workers` must be a positive integer"),
    ):
        with pytest.raises(ValueError, match=message):
            synthesis.generate(path, tmp_path / "new", **{**SETTINGS, **changes})
    assert not (tmp_path / "new").exists()
    with pytest.raises(ValueError, match=r"other settings, n=10, seed=5: .*Received: n=11, seed=6"):
        synthesis.generate(path, copy, **{**SETTINGS, "n": 11, "seed": 6}, format="webdataset")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"must be empty or not exist"):
        synthesis.generate(path, tmp_path / "full", **SETTINGS)
    (copy / MANIFEST).write_text("{")
    with pytest.raises(ValueError, match=r"generated.json is damaged: it may be of another"):
        ganzoo.data.load(f"generated:{copy}")
    with pytest.raises(FileNotFoundError, match=r"Expected a folder that `ganzoo generate` wrote"):
        ganzoo.data.load(f"generated:{tmp_path}")
    for flags, message in (
        ([f"--output={tmp_path / 'x'}"], "--n must be given"),
        (["--n=5"], "--output must be given"),
    ):
        assert main(["generate", str(path), *flags]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_processes_write_the_same_bytes(model, folders, tmp_path):
    synthesis.generate(model[1], tmp_path / "two", format="webdataset", workers=2, **SETTINGS)
    assert shards_of(tmp_path / "two") == shards_of(folders / "webdataset")


@pytest.mark.slow
def test_ray_writes_the_same_bytes(model, folders, tmp_path):
    pytest.importorskip("ray")
    synthesis.generate(
        model[1], tmp_path / "ray", format="webdataset", workers=2, ray=True, **SETTINGS
    )
    assert shards_of(tmp_path / "ray") == shards_of(folders / "webdataset")


@pytest.mark.parametrize("name", FORMATS)
def test_floats_of_a_range_are_written_and_read(name, tmp_path, monkeypatch):
    gan = pictures.gan(pixels=PixelFormat("float32", -80, 0))
    monkeypatch.setattr("ganzoo.synthesis.writing.load_model", lambda model: gan)
    manifest = synthesis.generate("model", tmp_path / "data", 5, name, shard_size=3)
    assert manifest["plan"]["pixels"] == {"dtype": "float32", "low": -80.0, "high": 0.0}
    data = ganzoo.data.load(f"generated:{tmp_path / 'data'}")
    assert data.pixels == gan.pixels
    expected = np.concatenate([gan.sample(3), gan.sample(2, seed=3)])
    np.testing.assert_array_equal(data.examples, gan.pixels.to_signed(expected))


def test_plans_of_earlier_versions_can_be_read_and_continued(model, folders, tmp_path):
    folder = shutil.copytree(folders / "packed", tmp_path / "copy")
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["plan"]["pixels"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert ganzoo.data.load(f"generated:{folder}").pixels == PixelFormat()
    synthesis.generate(model[1], folder, **SETTINGS)
    assert shards_of(folder) == shards_of(folders / "packed")


def test_a_folder_has_one_writer(model, folders, tmp_path):
    folder = shutil.copytree(folders / "packed", tmp_path / "copy")
    with FolderLock(folder), pytest.raises(BlockingIOError, match="a folder has one writer"):
        synthesis.generate(model[1], folder, **SETTINGS)
    synthesis.generate(model[1], folder, **SETTINGS)
    assert shards_of(folder) == shards_of(folders / "packed")


def test_the_manifest_takes_a_tenth_of_the_time_at_most(monkeypatch):
    now, written = [0.0], []

    def write(folder, plan, shards):
        now[0] += 1.0
        written.append(len(shards))

    monkeypatch.setattr(writing, "_write_manifest", write)
    monkeypatch.setattr(writing.time, "monotonic", lambda: now[0])
    with pytest.raises(KeyboardInterrupt), writing._Manifest(None, None, {}) as manifest:
        for index in range(25):
            manifest.add({"index": index, "rows": 2})
            now[0] += 1.0
        assert manifest.rows == 50
        raise KeyboardInterrupt
    assert written == [1, 10, 19, 25]


def test_one_class_is_given_by_number_or_name(model):
    for labels, expected in ((2, (2,)), ("owl", (2,)), (["owl", "cat"], (2, 0))):
        plan = make_plan(model[0], 1, 1, "packed", 0, labels, None, 1.0, 1, None)
        assert plan.labels == expected


def test_an_error_of_a_worker_is_told(model, folders, tmp_path, monkeypatch):
    content = json.loads((folders / "packed" / MANIFEST).read_text())["plan"]
    monkeypatch.setattr(workers, "_WORKER", [])
    workers._load(model[1], Plan(**{**content, "model_sha256": "other"}), tmp_path)
    with pytest.raises(ValueError, match="A worker has loaded another model"):
        workers._write(0)

    class Pool:
        def submit(self, *arguments):
            raise concurrent.futures.process.BrokenProcessPool("broken")

        def shutdown(self, cancel_futures):
            closed.append(cancel_futures)

    closed = []
    with pytest.raises(OSError, match="may lack memory"):
        list(workers._with_processes(Pool(), [0]))
    assert closed == [True]
