"""Makes pages of the site from cards of models and from notebooks, which are outside of docs/.

They are copied to docs/_pages, which is not in the repository.
"""

import json
import re
import shutil
from pathlib import Path

FOLDER = "_pages"
_LINK_TO_A_CARD = re.compile(r"\]\((?:\.\./)?(\w+)\)")


def setup(app):
    app.connect("config-inited", _copy)
    return {"parallel_read_safe": True}


def card_of(name):
    """Returns the name of the page of a model's card."""
    return f"{FOLDER}/models/{name}/README.md"


def _copy(app, config):
    docs = Path(app.srcdir)
    pages = docs / FOLDER
    shutil.rmtree(pages, ignore_errors=True)
    for card in sorted((docs.parent / "models").glob("*/README.md")):
        folder = pages / "models" / card.parent.name
        folder.mkdir(parents=True)
        # What is before the title is for model hubs.
        text = card.read_text()
        text = text[text.index("\n# ") + 1 :]
        (folder / card.name).write_text(_LINK_TO_A_CARD.sub(r"](../\1/README.md)", text))
        for picture in card.parent.glob("*.png"):
            shutil.copy(picture, folder)
    (pages / "notebooks").mkdir()
    for notebook in sorted((docs.parent / "examples").glob("*.ipynb")):
        content = json.loads(notebook.read_text())
        # Notebooks of Colab start with a badge and an installation, which a reader does not need.
        content["cells"] = [
            cell for cell in content["cells"] if "colab" not in cell["metadata"].get("tags", ())
        ]
        (pages / "notebooks" / notebook.name).write_text(json.dumps(content))
