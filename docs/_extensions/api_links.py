"""Adds links to public names that a page writes as code, for example `losses.Hinge`."""

import re
import types

import keras_links
from docutils import nodes
from sphinx import addnodes

import ganzoo

_CALL = re.compile(r"\(.*\)$", re.DOTALL)


def setup(app):
    app.add_config_value("api_link_names", _public_names(), "env", [dict])
    app.connect("doctree-read", _link)
    return {"parallel_read_safe": True}


def _public_names():
    """Returns the full name of each public class and function, by the forms in which it is written.

    A class may be written without its module. A function may not, because names such as `load` are
    also words.
    """
    modules = {"": ganzoo}
    modules |= {f"{n}.": getattr(ganzoo, n) for n in ganzoo.__all__}
    modules = {prefix: m for prefix, m in modules.items() if isinstance(m, types.ModuleType)}
    names = {name: name for name in keras_links.PAGES}
    for prefix, module in modules.items():
        for name in getattr(module, "__all__", ()):
            member = getattr(module, name)
            if not callable(member):
                continue
            full = f"ganzoo.{prefix}{name}"
            names[full] = names[f"{prefix}{name}"] = full
            if isinstance(member, type):
                names.setdefault(name, full)
    return names


def _link(app, doctree):
    names = app.config.api_link_names
    for node in list(doctree.findall(nodes.literal)):
        if isinstance(node.parent, (nodes.reference, nodes.title, addnodes.pending_xref)):
            continue
        full = names.get(_CALL.sub("", node.astext()))
        if full is None:
            continue
        link = addnodes.pending_xref(
            "", refdomain="py", reftype="obj", reftarget=full, refdoc=app.env.docname, refwarn=False
        )
        node.replace_self(link)
        link += node
