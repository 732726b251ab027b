"""Converts the Markdown of ganzoo's docstrings to reStructuredText for Sphinx.

Docstrings are written for readers of the source: `code` in single backticks, links and tables as in
Markdown, indented equations, `>>>` examples. This runs before napoleon, which parses the sections.
"""

import inspect
import re

_SECTION = re.compile(r"\s*[A-Z]\w+:$")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\[(?P<text>[^\]]+)\]\(\s*(?P<url>https?://[^)\s]+)\s*\)"
    r"|(?P<bare>https?://[^\s)>]+[\w/])"
    r"|(?P<bold>\*\*\w[^*\n]*[\w.]\*\*)"
    r"|(?P<special>[*|]|_(?!\w))"
)


def setup(app):
    # Listeners run in the order of their priorities. Napoleon has the default, 500.
    app.connect("autodoc-process-docstring", _convert, priority=400)
    app.connect("autodoc-process-signature", _signature_of_init)
    app.connect("autodoc-skip-member", _skip_what_keras_wrote)
    return {"parallel_read_safe": True}


def _convert(app, what, name, obj, options, lines):
    lines[:] = to_restructured_text("\n".join(lines)).split("\n")


def _signature_of_init(app, what, name, obj, options, signature, return_annotation):
    """Returns the signature of `__init__`: the `__new__` of Keras classes takes anything."""
    if what == "class" and signature == "(*args, **kwargs)":
        own = inspect.signature(obj.__init__)
        parameters = list(own.parameters.values())[1:]
        return str(own.replace(parameters=parameters)), return_annotation
    return None


def _skip_what_keras_wrote(app, what, name, obj, skip, options):
    module = getattr(getattr(obj, "fget", None) or obj, "__module__", None) or "ganzoo"
    return skip or not module.startswith("ganzoo")


def to_restructured_text(docstring):
    """Returns a docstring with inline Markdown, equations and tables as reStructuredText."""
    indent, converted = 0, []
    for block in re.split(r"\n[ ]*\n", docstring):
        lines = block.split("\n")
        first = lines[0].strip()
        if first.startswith(">>>"):
            converted.append(block)
        elif first.startswith("|") and lines[1:] and lines[1].strip().startswith("|--"):
            converted.append(_table(lines))
        elif min(map(_indentation, lines)) >= indent + 4:
            converted.append(f"{' ' * indent}::\n\n{block}")
        else:
            converted.append(_INLINE.sub(_inline, block))
            indent = _indentation(lines[0]) + (4 if _SECTION.match(lines[0]) else 0)
    return "\n\n".join(converted)


def _inline(match):
    if match["code"]:
        return f"``{' '.join(match['code'].split())}``"
    if match["text"]:
        return f"`{' '.join(match['text'].split())} <{match['url']}>`__"
    return match["bare"] or match["bold"] or "\\" + match["special"]


def _table(lines):
    rows = [[cell.strip() for cell in line.strip(" |").split("|")] for line in lines]
    made = [".. list-table::", "   :header-rows: 1", ""]
    for row in [rows[0], *rows[2:]]:
        cells = [_INLINE.sub(_inline, cell) for cell in row]
        made += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(cells)]
    return "\n".join(made)


def _indentation(line):
    return len(line) - len(line.lstrip(" "))
