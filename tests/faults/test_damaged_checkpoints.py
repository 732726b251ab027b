"""Damage to checkpoints, and to the disk that they are written to; without training."""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from ganzoo.callbacks import checkpoint_files
from support.processes import ROOT

FILES = ("arrays.npz", "state.json", "manifest.json")


def save(folder, step, size=2000):
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"weights": np.full(size, step, "float32"), "more": np.arange(3)}
    return checkpoint_files.write(folder, step, arrays, {"step": step})


def flip(path, bit):
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def is_intact(path):
    try:
        checkpoint_files.verify(path)
    except checkpoint_files.DamagedCheckpoint:
        return False
    return True


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    arrays, state = checkpoint_files.read(save(tmp_path, 7))

    np.testing.assert_array_equal(arrays["weights"], np.full(2000, 7, "float32"))
    assert set(arrays) == {"weights", "more"} and state == {"step": 7}


def test_all_bit_flips_are_found(tmp_path, count):
    path = save(tmp_path, 1)
    rng = np.random.default_rng(0)
    for file in [FILES[0]] * 80 + [FILES[1]] * 10 + [FILES[2]] * 10:
        bit = int(rng.integers(8 * (path / file).stat().st_size))
        flip(path / file, bit)
        assert not is_intact(path), (file, bit)
        flip(path / file, bit)
    assert is_intact(path)
    count("bit flips: 100, found: 100")


def test_each_part_of_the_manifest_is_checked(tmp_path):
    path = save(tmp_path, 1, size=1)
    for bit in range(0, 8 * (path / "manifest.json").stat().st_size, 13):
        flip(path / "manifest.json", bit)
        assert not is_intact(path), bit
        flip(path / "manifest.json", bit)


def test_truncated_and_missing_files_lead_to_the_previous_checkpoint(tmp_path, count):
    good, bad = save(tmp_path, 1), save(tmp_path, 2)
    for file in FILES:
        content = (bad / file).read_bytes()
        for percent in (0, 10, 50, 90, 99):
            (bad / file).write_bytes(content[: len(content) * percent // 100])
            with pytest.warns(UserWarning, match=f"step_00000002/{file}") as caught:
                assert checkpoint_files.newest(tmp_path) == good
            assert len(caught) == 1
        (bad / file).unlink()
        with pytest.warns(UserWarning, match=f"step_00000002/{file}"):
            assert checkpoint_files.newest(tmp_path) == good
        (bad / file).write_bytes(content)
    assert checkpoint_files.newest(tmp_path) == bad
    count("truncations: 15, missing files: 3, led to the previous checkpoint: 18")


def test_without_an_intact_checkpoint_there_is_one_clear_error(tmp_path):
    for step in (1, 2):
        (save(tmp_path, step) / "arrays.npz").write_bytes(b"")

    with pytest.raises(checkpoint_files.DamagedCheckpoint, match=r"step_00000002.*step_00000001"):
        checkpoint_files.newest(tmp_path)


def test_a_damaged_checkpoint_of_the_same_step_is_replaced(tmp_path):
    (save(tmp_path, 1) / "arrays.npz").write_bytes(b"")

    assert is_intact(save(tmp_path, 1))


def steps(folder):
    return [checkpoint_files.step_of(path) for path in checkpoint_files.every(folder)]


def test_the_newest_and_the_best_are_kept(tmp_path):
    for step in range(1, 7):
        written = save(tmp_path, step)

    checkpoint_files.prune(tmp_path, 2, 3, written)

    assert steps(tmp_path) == [3, 5, 6]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("damage", ["emptied", "bit flip", "no manifest", "a file"])
def test_damaged_checkpoints_do_not_count_as_kept_ones(tmp_path, damage):
    for step in (4, 8, 12, 16):
        save(tmp_path, step)
    for step in (8, 12, 16):
        path = tmp_path / f"step_{step:08d}"
        if damage == "emptied":
            (path / "arrays.npz").write_bytes(b"")
        elif damage == "bit flip":
            flip(path / "state.json", 11)
        elif damage == "no manifest":
            (path / "manifest.json").unlink()
        else:
            shutil.rmtree(path)
            path.write_text("no folder")

    # The run went on from step 4.
    for step, kept in (
        (5, [4, 5, 8, 12, 16]),
        (6, [4, 5, 6, 8, 12, 16]),
        (7, [5, 6, 7, 8, 12, 16]),
        (9, [6, 7, 8, 9, 12, 16]),
        (10, [7, 8, 9, 10, 12, 16]),
        (11, [9, 10, 11, 12, 16]),
        (12, [10, 11, 12, 16]),
    ):
        checkpoint_files.prune(tmp_path, 3, None, save(tmp_path, step))
        assert steps(tmp_path) == kept
        assert is_intact(tmp_path / f"step_{step:08d}")


def test_the_last_intact_checkpoint_and_the_newest_written_one_are_never_removed(tmp_path):
    save(tmp_path, 1)
    (save(tmp_path, 9) / "arrays.npz").write_bytes(b"")
    checkpoint_files.prune(tmp_path, 1, None, save(tmp_path, 2))
    assert steps(tmp_path) == [2, 9]
    # One that is intact again, or that another process has written, does not cost the new one.
    save(tmp_path, 9)
    checkpoint_files.prune(tmp_path, 1, None, save(tmp_path, 3))
    assert steps(tmp_path) == [3, 9]


def test_a_checkpoint_that_was_intact_and_is_damaged_now_does_not_count(tmp_path):
    for step in (1, 2, 3):
        checkpoint_files.prune(tmp_path, 2, None, save(tmp_path, step))
    flip(tmp_path / "step_00000003" / "arrays.npz", 12_000)
    checkpoint_files.prune(tmp_path, 2, None, save(tmp_path, 4))
    assert steps(tmp_path) == [2, 3, 4]


def test_intact_checkpoints_are_read_once(tmp_path, monkeypatch):
    for step in (1, 2, 3, 4):
        checkpoint_files.prune(tmp_path, 3, None, save(tmp_path, step))
    reads = []
    monkeypatch.setattr(checkpoint_files, "verify", reads.append)
    checkpoint_files.prune(tmp_path, 3, None, save(tmp_path, 5))
    # Step 3 was read before.
    assert [checkpoint_files.step_of(path) for path in reads] == [4]


# The work of the process that is killed. It imports only what the files need.
_SAVING = """
import importlib.util, pathlib, sys, types
import numpy as np
# A package of ganzoo that imports neither its rooms nor Keras.
sys.modules["ganzoo"] = types.ModuleType("ganzoo")
sys.modules["ganzoo"].__path__ = ["ganzoo"]
spec = importlib.util.spec_from_file_location("files", "ganzoo/callbacks/checkpoint_files.py")
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)
folder, first, size = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
files.prepare(folder, 0)
for step in range(first, first + 10_000):
    arrays = {str(i): np.full(size // 40, step, "float32") for i in range(10)}
    written = files.write(folder, step, arrays, {"step": step})
    print(step, flush=True)
    files.prune(folder, 2, None, written)
"""


def _kill_while_saving(folder, kills, size):
    """Kills processes that save checkpoints; returns how often nothing was lost."""
    rng, kept, completed = np.random.default_rng(0), 0, 0
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", _SAVING, str(folder), str(completed + 1), str(size)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.3))
        process.kill()
        # The first line was read above.
        lines = process.stdout.read().split()
        process.wait()
        completed = max([completed + 1, *map(int, lines)])
        partial = [path for path in folder.iterdir() if path.name.startswith(".partial")]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            path = checkpoint_files.newest(folder)
        arrays, state = checkpoint_files.read(path)
        step = checkpoint_files.step_of(path)
        intact = state["step"] == step and all((a == step).all() for a in arrays.values())
        # The last one may be complete, but not reported.
        kept += intact and step in (completed, completed + 1) and len(partial) <= 2
        completed = step
    return kept


def test_kills_during_saves_lose_nothing(tmp_path, count):
    assert _kill_while_saving(tmp_path, 1, size=4_000_000) == 1
    checkpoint_files.prepare(tmp_path, 0)
    assert all(path.name.startswith("step_") for path in tmp_path.iterdir())
    count("kills during saves: 1, checkpoints lost: 0")


@pytest.mark.slow
def test_many_kills_during_saves_of_30_megabytes_lose_nothing(tmp_path, count):
    assert _kill_while_saving(tmp_path, 50, size=32_000_000) == 50
    count("kills during saves of 32 MB: 50, checkpoints lost: 0")


def test_a_full_quota_leaves_the_earlier_checkpoint_intact(tmp_path):
    good = save(tmp_path, 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(OSError) as error:
            save(tmp_path, 2, size=100_000)
    finally:
        signal.signal(signal.SIGXFSZ, handler)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert error.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == [good] and is_intact(good)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_earlier_checkpoint_intact(small_disk):
    good = save(small_disk, 1, size=100_000)

    with pytest.raises(OSError) as error:
        save(small_disk, 2, size=200_000)

    assert error.value.errno == errno.ENOSPC
    assert list(small_disk.iterdir()) == [good] and is_intact(good)
    with pytest.raises(OSError, match=r"must be room.*bytes free"):
        checkpoint_files.prepare(small_disk, 900_000)


def test_a_vanished_folder_is_an_error(tmp_path):
    folder = tmp_path / "checkpoints"
    save(folder, 1)
    shutil.rmtree(folder)

    with pytest.raises(FileNotFoundError):
        checkpoint_files.write(folder, 2, {"weights": np.zeros(3)}, {})

    assert not folder.exists()


def test_a_read_only_disk_is_refused(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(OSError) as error:
        checkpoint_files.prepare(small_disk, 0)

    assert error.value.errno == errno.EROFS


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser writes anywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        checkpoint_files.prepare(tmp_path, 0)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(FileExistsError):
        checkpoint_files.prepare(tmp_path / "file", 0)
