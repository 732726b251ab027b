"""The files of onnxruntime-web that a page needs: from a local copy, or from its CDN by hash."""

import tarfile
from pathlib import Path

from ganzoo.files import user_path

# The script, the module that starts the WebAssembly binary, and the binary, by their roles.
FILES = {
    "script": "ort.wasm.min.mjs",
    "module": "ort-wasm-simd-threaded.mjs",
    "binary": "ort-wasm-simd-threaded.wasm",
}
VERSION = "1.30.0"
_CDN = f"https://cdn.jsdelivr.net/npm/onnxruntime-web@{VERSION}/dist"
# Hashes of the files in the npm package of this version. Browsers refuse a file with another one.
INTEGRITY = {
    "script": "sha384-SfFfy/pvthiOsgaw3KX0bV5TfQ6Iq+oY9KutMe4SxIuHH4cl+DCSD4rTsYOoG1tJ",
    "module": "sha384-XcXA/MtAf0WpB8e023xQH9CM7RIjiugakT7x99DIwpFf7k56BIFFcAPerIF7FDad",
    "binary": "sha384-vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM",
}
_FOLDER = "runtime"


def write_runtime(folder: Path, source: str | Path | None) -> dict:
    """Puts the files into the folder of a page, if there is a local copy.

    Args:
        folder: The folder of the page.
        source: A folder that holds the files, the folder of the npm package `onnxruntime-web`, or
            its `.tgz` file, which `npm pack onnxruntime-web` writes; or `None` for the CDN.

    Returns:
        Dictionary from roles to `path` and `integrity`, the hash or `None`.

    Raises:
        ValueError: If files are missing; the message lists them.
    """
    if source is None:
        return {
            role: {"path": f"{_CDN}/{name}", "integrity": INTEGRITY[role]}
            for role, name in FILES.items()
        }
    (folder / _FOLDER).mkdir()
    for name, content in read_runtime(source).items():
        (folder / _FOLDER / name).write_bytes(content)
    return {role: {"path": f"{_FOLDER}/{name}", "integrity": None} for role, name in FILES.items()}


def read_runtime(source: str | Path) -> dict[str, bytes]:
    """Returns the contents of the files by name; `write_runtime` describes the argument."""
    source = user_path(source)
    if source.is_dir():
        folder = source / "dist" if (source / "dist").is_dir() else source
        found = {name: folder / name for name in FILES.values()}
        found = {name: path.read_bytes() for name, path in found.items() if path.is_file()}
    elif tarfile.is_tarfile(source):
        found = {}
        with tarfile.open(source) as package:
            for name in FILES.values():
                member = f"package/dist/{name}"
                if member in package.getnames():
                    found[name] = package.extractfile(member).read()
    else:
        raise ValueError(
            "`runtime` must be a folder or the .tgz file of the npm package onnxruntime-web. "
            f"Received: runtime={str(source)!r}"
        )
    if missing := [name for name in FILES.values() if name not in found]:
        raise ValueError(
            f"`runtime` must hold {', '.join(FILES.values())}, as the npm package onnxruntime-web "
            f"{VERSION} does. Received: runtime={str(source)!r} without {', '.join(missing)}"
        )
    return found
