"""A Hugging Face Hub on loopback: repositories of files, their commits, downloads and pushes."""

import base64
import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse

# Files of these suffixes are in Git LFS, which lists them by SHA-256.
_LFS = (".safetensors", ".png", ".parquet")
_API = re.compile(r"/api/(model|dataset)s/([\w.-]+/[\w.-]+)(?:/(.*))?")
_RESOLVE = re.compile(r"/(datasets/)?([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.*)")


class FakeHub(http.server.ThreadingHTTPServer):
    """Repositories in memory, as lists of commits.

    Attributes:
        repositories: Dictionary from `(kind, id)` to a dictionary from commits to their files,
            the newest last.
        requests: What it was asked for.
        tampered: Dictionary from names to contents that are sent in place of the listed ones.
        is_down: Whether it gives no answer.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories, self.requests, self.tampered = {}, [], {}
        self.is_down = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def commit(self, repository, files, kind="model"):
        """Adds a commit with exactly these files, and returns its hash."""
        commits = self.repositories.setdefault((kind, repository), {})
        content = b"".join(name.encode() + files[name] for name in sorted(files))
        name = hashlib.sha1(b"%d" % len(commits) + content).hexdigest()
        commits[name] = dict(files)
        return name

    def commit_folder(self, repository, folder, kind="model"):
        """Adds a commit with the files of a folder, and returns its hash."""
        paths = (path for path in folder.rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        return self.commit(repository, files, kind)

    def files(self, kind, repository, revision=None):
        """Returns a commit and its files, or `None`."""
        commits = self.repositories.get((kind, repository), {})
        if revision in (None, "main"):
            revision = next(reversed(commits), None)
        return (revision, commits[revision]) if revision in commits else None


@contextlib.contextmanager
def running(monkeypatch, cache):
    """Yields a `FakeHub` that huggingface_hub asks in this process, with an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_TOKEN", "hf_fake")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with FakeHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        thread = threading.Thread(target=hub.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


def _entry(name, content):
    """Returns what the Hub lists of a file."""
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry = {"size": len(content), "blobId": git, "oid": git, "rfilename": name, "path": name}
    if name.endswith(_LFS):
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {
            "sha256": sha256,
            "oid": sha256,
            "size": len(content),
            "pointerSize": 130,
        }
    return {**entry, "type": "file"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.server.is_down:
            self.close_connection = True
            return
        url = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(url.path)
        self.server.requests.append(f"{self.command} {path}")
        if match := _RESOLVE.fullmatch(path):
            self._send_file("dataset" if match[1] else "model", *match.groups()[1:])
        elif match := _API.fullmatch(path):
            self._send_listing(*match.groups())
        else:
            self._send(404)

    do_HEAD = do_GET

    def do_POST(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        self.server.requests.append(f"POST {path}")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if path == "/api/validate-yaml":
            self._send_json({"warnings": [], "errors": []})
        elif self.headers.get("Authorization") != "Bearer hf_fake":
            self._send(401)
        elif path == "/api/repos/create":
            repository = "{organization}/{name}".format(**json.loads(body))
            if ("model", repository) not in self.server.repositories:
                self.server.commit(repository, {".gitattributes": b""})
            self._send_json({"url": f"{self.server.url}/{repository}"})
        else:
            kind, repository, action = _API.fullmatch(path).groups()
            if action.startswith("preupload"):
                names = [file["path"] for file in json.loads(body)["files"]]
                modes = [
                    {"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names
                ]
                self._send_json({"files": modes})
            else:
                self._commit(kind, repository, body)

    def _commit(self, kind, repository, body):
        _, files = self.server.files(kind, repository)
        files = dict(files)
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "deletedFile":
                files.pop(value["path"])
        commit = self.server.commit(repository, files, kind)
        url = f"{self.server.url}/{repository}/commit/{commit}"
        self._send_json({"commitUrl": url, "commitOid": commit, "success": True})

    def _send_listing(self, kind, repository, action):
        action, _, revision = (action or "revision").partition("/")
        found = self.server.files(kind, repository, revision or None)
        if found is None:
            missing = "Revision" if (kind, repository) in self.server.repositories else "Repo"
            self._send(404, {"X-Error-Code": f"{missing}NotFound"})
            return
        commit, files = found
        entries = [_entry(name, content) for name, content in files.items()]
        if action == "tree":
            self._send_json(entries)
        else:
            self._send_json({"id": repository, "sha": commit, "siblings": entries})

    def _send_file(self, kind, repository, revision, name):
        found = self.server.files(kind, repository, revision)
        if found is None or name not in found[1]:
            self._send(404, {"X-Error-Code": "EntryNotFound"})
            return
        commit, files = found
        entry = _entry(name, files[name])
        digest = entry["lfs"]["sha256"] if "lfs" in entry else entry["oid"]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{digest}"'}
        self._send(200, headers, self.server.tampered.get(name, files[name]))

    def _send_json(self, content):
        self._send(200, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def _send(self, code, headers=(), content=b""):
        self.send_response(code)
        for name, value in {**dict(headers), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass
