"""Replaces links to files outside of docs/: by their pages, or by links to the repository.

A link to a file that does not exist remains a warning.
"""

import os
import re
from pathlib import Path

from repository_pages import FOLDER

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#\s]+)\)")


def setup(app):
    app.add_config_value("repository", None, "env", [str])
    app.connect("source-read", _rewrite)
    return {"parallel_read_safe": True}


def _rewrite(app, docname, source):
    docs = Path(app.srcdir)
    page = docs / f"{docname}.md"

    def link(match):
        target = (page.parent / match[2]).resolve()
        if target.is_relative_to(docs) or not target.exists():
            return match[0]
        path = target.relative_to(docs.parent)
        copies = (docs / FOLDER / path / "README.md", docs / FOLDER / "notebooks" / path.name)
        for copy in copies:
            if copy.is_file():
                return f"[{match[1]}]({Path(os.path.relpath(copy, page.parent)).as_posix()})"
        kind = "tree" if target.is_dir() else "blob"
        return f"[{match[1]}]({app.config.repository}/{kind}/main/{path.as_posix()})"

    source[0] = _LINK.sub(link, source[0])
