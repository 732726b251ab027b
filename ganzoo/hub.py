"""The Hugging Face Hub: files of a repository at one commit, verified by their hashes; uploads."""

import contextlib
import dataclasses
import hashlib
import os
import re
import warnings
from collections.abc import Collection, Iterable
from pathlib import Path

from ganzoo.files import sha256_of, user_path
from ganzoo.version import __version__

SCHEME = "hf://"
_ADDRESS = re.compile(r"hf:(?://)?([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256_DIGITS = 64
# Small files have Git's hash, and large ones SHA-256.
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class HubError(OSError):
    """A repository cannot be reached or read, or has a file with another hash."""


class _NoAnswer(Exception):
    """The Hub cannot be reached, or cannot answer now. The cause is its cause."""


@dataclasses.dataclass(frozen=True)
class Repository:
    """A repository on the Hub.

    Attributes:
        id: Its owner and its name, e.g. `"user/name"`.
        revision: A branch, a tag or a commit; `None` for the default branch.
        kind: `"model"` or `"dataset"`.
    """

    id: str
    revision: str | None = None
    kind: str = "model"

    @classmethod
    def parse(cls, address: str, kind: str = "model") -> "Repository":
        """Returns the repository of an address such as `"hf://user/name@revision"`.

        Raises:
            ValueError: If it is no such address.
        """
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise ValueError(
                "Expected a repository of the Hugging Face Hub, `hf://user/name` or "
                f"`hf://user/name@revision`. Received: {address!r}"
            )
        return cls(match[1], match[2], kind)

    def __str__(self):
        return f"{SCHEME}{self.id}{f'@{self.revision}' if self.revision else ''}"


def snapshot(
    repository: Repository,
    names: Collection[str] | None = None,
    limits: dict[str, int] | None = None,
) -> tuple[Path, Repository]:
    """Returns a folder in the Hub's cache with files of a repository, all of one commit.

    Files that are not in the cache are downloaded. Every file is compared with the hash that the
    Hub lists; a damaged one is downloaded once more. Without a network, what is in the cache is
    used, with a warning if the revision may have moved.

    Args:
        repository: The `Repository`.
        names: Paths of the files that are taken if they are there; by default all.
        limits: Largest sizes of files in bytes by path.

    Returns:
        The folder, and the repository at its commit.

    Raises:
        ImportError: If the extra `hub` is not installed.
        HubError: If there is no such repository or revision, if it cannot be reached and is not in
            the cache, or if a file is too large or has another hash.
    """
    try:
        files, commit = _listing(repository)
    except _NoAnswer as error:
        folder = _cached(repository, names, error.__cause__)
        expected = _hashes_in_cache(folder, names)
    else:
        files = {name: files[name] for name in files if names is None or name in names}
        for name, (size, _) in files.items():
            if size > (limits or {}).get(name, size):
                raise HubError(f"{name} is too large. Received: {size:,} bytes in {repository}")
        expected = {name: digest for name, (_, digest) in files.items()}
        folder = _fetch(repository, commit, list(expected))
        if damaged := _damaged(folder, expected):
            _fetch(repository, commit, damaged, force_download=True)
    if damaged := _damaged(folder, expected):
        raise HubError(
            f"Files of {repository} have other hashes than the Hub lists, and nothing of them was "
            f"used. Received: {', '.join(damaged)}"
        )
    return folder, dataclasses.replace(repository, revision=folder.name)


def push(
    folder: Path | str,
    repository: Repository,
    message: str,
    obsolete: Iterable[str] = (),
    private: bool | None = None,
) -> Repository:
    """Uploads the files of a folder in one commit, and creates the repository if there is none.

    The Hub takes the token from `hf auth login` or from the environment variable `HF_TOKEN`.

    Args:
        folder: The folder. Its sub-folders are not uploaded.
        repository: The `Repository`; its revision is the branch.
        message: Message of the commit.
        obsolete: Names of files that are removed unless they are in the folder.
        private: Whether a new repository is private; by default as the owner's settings say.

    Returns:
        The repository at the new commit.

    Raises:
        ImportError: If the extra `hub` is not installed.
        HubError: If the Hub cannot be reached, or does not accept it.
    """
    client = _client()
    api = _api(client)
    paths = sorted(path for path in user_path(folder).iterdir() if path.is_file())
    where = {"repo_id": repository.id, "repo_type": repository.kind}
    with _errors(f"The model could not be pushed to {repository}. Received"):
        api.create_repo(**where, private=private, exist_ok=True)
        there = set(api.list_repo_files(**where, revision=repository.revision))
        gone = (there & set(obsolete)) - {path.name for path in paths}
        operations = [
            *(client.CommitOperationAdd(path.name, str(path)) for path in paths),
            *(client.CommitOperationDelete(name) for name in sorted(gone)),
        ]
        commit = api.create_commit(
            **where, operations=operations, commit_message=message, revision=repository.revision
        )
    return dataclasses.replace(repository, revision=commit.oid)


def check_installed() -> None:
    """Raises `ImportError` if the extra `hub` is not installed."""
    _client()


def _client():
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError as error:
        raise ImportError(
            f'The Hugging Face Hub needs an extra: pip install "ganzoo[hub]". {error}'
        ) from error
    return huggingface_hub


def _api(client):
    return client.HfApi(
        endpoint=os.environ.get("HF_ENDPOINT"), library_name="ganzoo", library_version=__version__
    )


def _listing(repository):
    """Returns the size and the hash of each file, and the commit; or raises `_NoAnswer`."""
    client = _client()
    definite = (
        client.errors.RepositoryNotFoundError,
        client.errors.RevisionNotFoundError,
        client.errors.HFValidationError,
    )
    try:
        info = _api(client).repo_info(
            repository.id,
            repo_type=repository.kind,
            revision=repository.revision,
            files_metadata=True,
        )
    except definite as error:
        raise HubError(
            "There is no such repository or revision on the Hugging Face Hub, or it is private: "
            f"`hf auth login` gives access to private ones. Received: {repository}: "
            f"{_first_line(error)}"
        ) from error
    except Exception as error:  # Those of the client's HTTP library, which changes.
        raise _NoAnswer from error
    files = {
        one.rfilename: (one.size, one.blob_id if one.lfs is None else one.lfs.sha256)
        for one in info.siblings
    }
    return files, info.sha


def _cached(repository, names, error):
    """Returns the folder of a repository in the cache, and warns if it may be old."""
    try:
        folder = Path(
            _client().snapshot_download(
                repository.id,
                repo_type=repository.kind,
                revision=repository.revision,
                allow_patterns=None if names is None else list(names),
                local_files_only=True,
            )
        )
    except Exception as missing:  # As above.
        raise HubError(
            f"The Hugging Face Hub cannot be reached, and {repository} is not in the cache. Check "
            "the network, or download it on another machine and give the path of its folder. "
            f"Received: {_first_line(error)}"
        ) from missing
    is_asked_for = isinstance(error, _client().errors.OfflineModeIsEnabled)
    if not is_asked_for and not _COMMIT.fullmatch(repository.revision or ""):
        warnings.warn(
            f"The Hugging Face Hub cannot be reached: {repository} is taken from the cache, at "
            f"commit {folder.name}, and may have changed since. Received: {_first_line(error)}",
            stacklevel=2,
        )
    return folder


def _fetch(repository, commit, names, force_download=False):
    """Returns the folder of a commit in the cache, with files that are there or are downloaded."""
    from tqdm.auto import tqdm  # The client depends on it.

    class Bar(tqdm):
        """A progress bar on a terminal alone."""

        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **{**options, "disable": None})

    with _errors(f"{repository} could not be downloaded; nothing of it was used. Received"):
        folder = _client().snapshot_download(
            repository.id,
            repo_type=repository.kind,
            # Not the commit: the cache has to know which one the name of a branch means.
            revision=repository.revision,
            allow_patterns=names,
            force_download=force_download,
            endpoint=os.environ.get("HF_ENDPOINT"),
            library_name="ganzoo",
            library_version=__version__,
            tqdm_class=Bar,
        )
    if Path(folder).name != commit:
        raise HubError(
            f"{repository} has changed while it was downloaded: load it again. Received: commit "
            f"{Path(folder).name}, after {commit}"
        )
    return Path(folder)


@contextlib.contextmanager
def _errors(message):
    """Turns each error of the client into a `HubError` with a message."""
    try:
        yield
    except Exception as error:  # As above.
        raise HubError(f"{message}: {_first_line(error)}") from error


def _first_line(error):
    """Returns the kind of an error and the first line of its message."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _hashes_in_cache(folder, names):
    """Returns the hash of each file by which the cache names its content.

    Without symbolic links, the cache does not know the hashes: it has `None` for them.
    """
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    contents = {
        name: (folder / name).resolve().name for name in found if names is None or name in names
    }
    return {name: text if _HASH.fullmatch(text) else None for name, text in contents.items()}


def _damaged(folder, expected):
    """Returns the names of the files that are missing or have other hashes than expected."""
    return [
        name
        for name, digest in expected.items()
        if digest is not None and _digest(folder / name, len(digest)) != digest
    ]


def _digest(path, digits):
    """Returns the SHA-256 of a file, or the hash that Git gives to its content; `None` without."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        if digits == _SHA256_DIGITS:
            return sha256_of(file)
        content = file.read()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
