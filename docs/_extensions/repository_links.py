"""Replaces links to files that are not pages, such as those in examples/, by their paths.

The site does not contain these files. A link to a file that does not exist remains a warning.
"""

import re
from pathlib import Path

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#\s]+)\)")


def setup(app):
    app.connect("source-read", _rewrite)
    return {"parallel_read_safe": True}


def _rewrite(app, docname, source):
    docs = Path(app.srcdir)
    page = docs / f"{docname}.md"

    def path_of(match):
        target = (page.parent / match[2]).resolve()
        if target.is_relative_to(docs) or not target.exists():
            return match[0]
        path = target.relative_to(docs.parent)
        return f"`{path}`" if match[1].strip("`") == str(path) else f"{match[1]} (`{path}`)"

    source[0] = _LINK.sub(path_of, source[0])
