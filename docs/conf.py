"""Configuration of the site, which `make docs` writes to build/docs."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]

import ganzoo  # noqa: E402

project = "ganzoo"
author = "The ganzoo authors"
release = version = ganzoo.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "api_links",
    "docstrings",
    "repository_links",
]
exclude_patterns = ["figures", "_extensions"]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

autodoc_member_order = "alphabetical"
autodoc_inherit_docstrings = False
autodoc_default_options = {"members": True}
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Reference", "References"), "Deviations"]
add_module_names = False
toc_object_entries = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"ganzoo {release}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
