"""`ganzoo info`: versions, devices, the backend and the extras."""

import platform
import re
from importlib import metadata

import keras
import numpy as np

from ganzoo import onednn
from ganzoo.distribution import available, hardware
from ganzoo.version import __version__

# Extras for working on ganzoo itself.
_FOR_DEVELOPERS = {"bench", "dev", "docs", "notebooks"}


def run(options, others):
    """Prints what a report of a fault needs."""
    name = keras.backend.backend()
    facts = {
        "ganzoo": __version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "keras": keras.__version__,
        "backend": f"{name} {hardware.backend_version()}{_onednn(name)}",
        "numpy": np.__version__,
        "machine": hardware.machine(),
        "devices": ", ".join(map(str, available())),
        "threads": hardware.threads(),
        "precision": keras.config.dtype_policy().name,
        **_extras(),
    }
    print("\n".join(f"{title:<15}{fact}" for title, fact in facts.items()))


def _onednn(backend):
    if backend != "tensorflow":
        return ""
    return " with oneDNN" if onednn.is_on() else " without oneDNN"


def _extras():
    """Returns the installed and the missing extras, with the missing packages."""
    try:
        requirements = metadata.requires("ganzoo") or ()
    except metadata.PackageNotFoundError:
        return {"extras": "unknown: ganzoo runs from a folder and is not installed"}
    missing = {}
    for requirement in requirements:
        extra = re.search(r"""extra == ['"](.+?)['"]""", requirement)
        if extra is None or extra[1] in _FOR_DEVELOPERS:
            continue
        package = re.match(r"[\w.-]+", requirement)[0]
        missing.setdefault(extra[1], [])
        if not _is_installed(package):
            missing[extra[1]].append(package)
    installed = [name for name, packages in missing.items() if not packages]
    lacking = [f"{name} ({', '.join(packages)})" for name, packages in missing.items() if packages]
    return {
        "extras": ", ".join(installed) or "none",
        "not installed": ", ".join(lacking) or "none",
    }


def _is_installed(package):
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
