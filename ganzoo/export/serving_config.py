"""The list of models that TF Serving serves, written for a folder of exported ones.

```
python -m ganzoo.export.serving_config saved_models --output=examples/serving/models.config
```

It is a `ModelServerConfig` as text, for the server's `--model_config_file`. The server serves the
newest version of a model, also when a newer one is exported later. A pinned model keeps its
versions: pin one to roll back.
"""

import argparse
import json
import sys
from pathlib import Path

from ganzoo.export.versions import is_version
from ganzoo.file_names import check_file_name
from ganzoo.files import new_file

_SUFFIXES = (".config", ".pbtxt", ".textproto", ".txt")


def model_config(folder: Path | str, base_path: str = "/models", pinned: dict | None = None) -> str:
    """Returns the configuration that serves every model in a folder.

    Args:
        folder: Folder of exported models, `<folder>/<name>/<version>/`.
        base_path: Path of this folder on the server.
        pinned: Dictionary from the names of models to the version to serve instead of the newest,
            or to a list of versions.

    Returns:
        A `ModelServerConfig` in the text format of Protocol Buffers.

    Raises:
        ValueError: If a pinned version does not exist.

    Example:

    >>> print(model_config("saved_models", pinned={"dcgan_mnist": 1}))
    """
    versions = _versions(Path(folder))
    pinned = {name: _as_list(numbers) for name, numbers in (pinned or {}).items()}
    for name, numbers in pinned.items():
        if missing := set(numbers) - set(versions.get(name, ())):
            raise ValueError(
                f"`pinned` must be versions of models in {folder}, which has {versions}. "
                f"Received: {name!r} at {sorted(missing)}"
            )
    lines = ["model_config_list {"]
    for name in sorted(versions):
        lines += [
            "  config {",
            f"    name: {json.dumps(name)}",
            f"    base_path: {json.dumps(f'{base_path}/{name}')}",
            '    model_platform: "tensorflow"',
        ]
        if name in pinned:
            numbers = " ".join(f"versions: {number}" for number in sorted(pinned[name]))
            lines.append(f"    model_version_policy {{ specific {{ {numbers} }} }}")
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def write_model_config(
    path: Path | str, folder: Path | str, base_path: str = "/models", pinned: dict | None = None
) -> None:
    """Writes `model_config` to a file in one step: a server may be reading the file."""
    check_file_name("path", path, _SUFFIXES)
    text = model_config(folder, base_path, pinned)
    with new_file(path, replace=True) as partial:
        partial.write_text(text)


def main(arguments=None):
    """Runs the command line of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m ganzoo.export.serving_config",
        description="List the exported models of a folder for TF Serving's --model_config_file.",
    )
    parser.add_argument("folder", help="folder of exported models, such as saved_models")
    parser.add_argument("--output", help="file to write; by default it is printed")
    parser.add_argument(
        "--base-path", default="/models", help="path of the folder on the server: %(default)s"
    )
    parser.add_argument(
        "--pin",
        action="append",
        default=[],
        metavar="NAME=VERSION",
        help="serve this version instead of the newest; may be given several times",
    )
    options = parser.parse_args(arguments)
    try:
        pinned = {}
        for pin in options.pin:
            name, number = _parse_pin(pin)
            pinned.setdefault(name, []).append(number)
        if options.output:
            write_model_config(options.output, options.folder, options.base_path, pinned)
        else:
            print(model_config(options.folder, options.base_path, pinned), end="")
    except (ValueError, OSError) as error:
        parser.error(str(error))


def _versions(folder):
    """Returns the versions of each model in a folder."""
    if not folder.is_dir():
        raise ValueError(f"`folder` must be a folder of exported models. Received: {folder}")
    versions = {}
    for path in folder.glob("[!.]*/*/saved_model.pb"):
        if is_version(path.parent):
            versions.setdefault(path.parents[1].name, []).append(int(path.parent.name))
    if not versions:
        hint = ": give its parent" if any(folder.glob("*/saved_model.pb")) else ""
        raise ValueError(
            f"`folder` must hold models, and this one holds none{hint}. Received: {folder}"
        )
    return {name: sorted(numbers) for name, numbers in sorted(versions.items())}


def _parse_pin(pin):
    name, _, number = pin.rpartition("=")
    if not name or not number.isdigit():
        raise ValueError(f"`pin` must be NAME=VERSION. Received: pin={pin!r}")
    return name, int(number)


def _as_list(numbers):
    return [numbers] if isinstance(numbers, int) else list(numbers)


if __name__ == "__main__":
    sys.exit(main())
