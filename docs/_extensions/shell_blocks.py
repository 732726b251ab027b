"""Highlights code blocks without a language as shell, if they hold commands."""

import re

from docutils import nodes

_COMMAND = re.compile(
    r"(\w+=\S+ )*(ganzoo|pip|make|python3?|docker|curl|git|tensorboard|srun|export|cd) ?"
)


def setup(app):
    app.connect("doctree-read", _highlight)
    return {"parallel_read_safe": True}


def _highlight(app, doctree):
    for block in doctree.findall(nodes.literal_block):
        if block.get("language", "none") in ("none", "default", "") and _COMMAND.match(
            block.astext()
        ):
            block["language"] = "bash"
