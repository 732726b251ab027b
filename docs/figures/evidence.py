"""The index of the evidence, from the pages of the studies: `python docs/figures/evidence.py`.

`ganzoo ablate NAME --report --page_folder=docs/evidence` writes the page of a study.
"""

import pathlib

from ganzoo import studies

FOLDER = pathlib.Path(__file__).parents[1] / "evidence"
INDEX = FOLDER / "index.md"
_HEAD = """\
# Evidence

Claims of the papers and folklore of the field, each measured by one command. Each page has its
protocol, a table over seeds, figures, and the claims that the records confirm, deny, or do not
decide. Most protocols are much shorter than in the papers: each page says how.
[Studies](../studies.md) explains the command, and how you measure your own data.

| study | question |
|---|---|
"""


def text():
    """Returns the page."""
    shown, rows, others = [], [], []
    for name in studies.names():
        study = studies.Study.load(name)
        if (FOLDER / f"{name}.md").is_file():
            shown.append(name)
            rows.append(f"| [{study.title}]({name}.md) | {' '.join(study.question.split())} |\n")
        else:
            others.append(f"- `ganzoo ablate {name}`: {study.title}\n")
    if others:
        rows += ["\nThese studies have no page yet. The command runs them:\n\n", *others]
    contents = "\n".join(["```{toctree}", ":hidden:", "", *shown, "```"])
    return f"{_HEAD}{''.join(rows)}\n{contents}\n"


if __name__ == "__main__":
    INDEX.write_text(text())
