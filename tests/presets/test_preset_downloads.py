import contextlib
import hashlib
import http.server
import io
import socket
import tarfile
import threading
import time

import numpy as np
import pytest

import ganzoo
from ganzoo.presets import PresetError, archives, lookup
from support import presets


class Server(http.server.ThreadingHTTPServer):
    """Answers each path from a dictionary, and counts what it was asked for.

    An answer is the content, or the content and the length that the header claims.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = {}, []

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        answer = self.server.answers.get(self.path.strip("/"))
        if answer is None:
            self.send_error(404)
            return
        content, length = answer if isinstance(answer, tuple) else (answer, len(answer))
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        with contextlib.suppress(OSError):  # The client may have seen enough.
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server on loopback, with a cache of downloads that begins empty."""
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def gan():
    return presets.mlp_gan()


@pytest.fixture(scope="module")
def folder(gan, tmp_path_factory):
    path = tmp_path_factory.mktemp("downloads") / "preset"
    gan.save_to_preset(path)
    return path


def test_a_zip_and_a_tar_load(server, gan, folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, arcname=".")
    packed = buffer.getvalue()
    server.answers["tar"] = packed
    server.answers["zip"], zip_hash = presets.zipped(folder)
    for path, sha256 in (("zip", zip_hash.upper()), ("tar", hashlib.sha256(packed).hexdigest())):
        loaded = ganzoo.GAN.from_preset(server.url(path), sha256=sha256)
        np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
        assert loaded.preset["name"] == server.url(path)


def test_the_name_of_a_preset_has_no_secrets_of_its_url(tmp_path):
    url = "https://me:secret@example.org:8000/models/a.zip?token=secret#secret"
    assert lookup.name_of(url, tmp_path) == "https://example.org:8000/models/a.zip"


def test_a_cached_archive_needs_no_network(server, gan, folder):
    server.answers["zip"], sha256 = presets.zipped(folder)
    url = server.url("zip")
    ganzoo.GAN.from_preset(url, sha256=sha256)
    server.shutdown()
    server.socket.close()
    loaded = ganzoo.GAN.from_preset(url, sha256=sha256)
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    assert server.requests == ["/zip"]
    with pytest.raises(PresetError, match=r"could not be fetched.*Received: http"):
        ganzoo.GAN.from_preset(url, sha256="0" * 64)


@pytest.mark.parametrize("failure", ["404", "half", "half without saying so", "another file"])
def test_a_failed_download_is_not_used_and_the_next_one_works(server, gan, folder, failure):
    content, sha256 = presets.zipped(folder)
    half = content[: len(content) // 2]
    answers = {
        "half": (half, len(content)),
        "half without saying so": half,
        "another file": presets.zipped(folder, prefix="other/")[0],
    }
    if failure in answers:
        server.answers["zip"] = answers[failure]
    for _ in range(2):
        with pytest.raises(PresetError, match=r"could not be fetched; nothing of it was used"):
            ganzoo.GAN.from_preset(server.url("zip"), sha256=sha256)
    server.answers["zip"] = content
    loaded = ganzoo.GAN.from_preset(server.url("zip"), sha256=sha256)
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))


@pytest.mark.parametrize("says_so", [True, False])
def test_an_archive_that_is_too_large_is_not_fetched(server, tmp_path, monkeypatch, says_so):
    monkeypatch.setattr(archives, "MAX_ARCHIVE_BYTES", 2**20)
    server.answers["zip"] = b"" if says_so else bytes(2**21), 2**40 if says_so else None
    with pytest.raises(PresetError, match=r"could not be fetched.*more than 1,048,576"):
        ganzoo.GAN.from_preset(server.url("zip"), sha256="0" * 64)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("slow", ["headers", "body"])
def test_a_server_that_sends_a_byte_now_and_then_is_left_behind(tmp_path, monkeypatch, slow):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(archives, "MAX_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                if slow == "body":
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
                for _ in range(20):
                    connection.sendall(b"H")
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        start = time.monotonic()
        with pytest.raises(PresetError, match=r"could not be fetched.*TimeoutError"):
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            ganzoo.GAN.from_preset(address, sha256="0" * 64)
        assert time.monotonic() - start < 1.5
        thread.join()


def test_a_damaged_cache_is_fetched_again(server, gan, folder, tmp_path):
    server.answers["zip"], sha256 = presets.zipped(folder)
    ganzoo.GAN.from_preset(server.url("zip"), sha256=sha256)
    (cached,) = (path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    cached.write_bytes(cached.read_bytes()[:-1] + b"?")
    loaded = ganzoo.GAN.from_preset(server.url("zip"), sha256=sha256)
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    assert len(server.requests) == 2


@pytest.mark.parametrize("sha256", [None, "abc", 5])
def test_nothing_is_fetched_without_a_hash(server, sha256):
    with pytest.raises(PresetError, match=r"only loaded with the hash of its archive.*Received"):
        ganzoo.GAN.from_preset(server.url("zip"), sha256=sha256)
    assert server.requests == []


def test_tars_with_links_outside_paths_or_compression_are_refused(folder, tmp_path):
    (tmp_path / "target").mkdir()
    link = tarfile.TarInfo("README.md")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    for mode, entry, message in (
        ("w", link, "holds plain files"),
        ("w", tarfile.TarInfo("../outside"), "must stay in its folder"),
        ("w", tarfile.TarInfo("/outside"), "must stay in its folder"),
        ("w", tarfile.TarInfo("./config.json"), "a file twice"),
        ("w:gz", tarfile.TarInfo("other"), "a tar without compression"),
    ):
        with tarfile.open(tmp_path / "archive", mode) as archive:
            for name in ("metadata.json", "config.json"):
                archive.add(folder / name, arcname=name)
            archive.addfile(entry)
        with pytest.raises(PresetError, match=message):
            archives.extract(tmp_path / "archive", tmp_path / "target")
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "target"}
    assert list((tmp_path / "target").iterdir()) == []
