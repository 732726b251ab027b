"""Writes the tables of techniques: `python docs/figures/techniques.py`; `--check` only compares.

The README and docs/techniques/index.md have one row for each public part that names a paper. All
fields come from the sources: title and summary from the first lines of the module's and the class's
docstring, the paper from its `Reference:` section, the cost from docs/performance.md. The page is
the one that mentions the part most. This script imports neither ganzoo nor Keras.
"""

import ast
import dataclasses
import functools
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("losses", "layers", "regularizers", "augment", "metrics")
README, INDEX = ROOT / "README.md", ROOT / "docs/techniques/index.md"
PAGES = [page for page in sorted((ROOT / "docs/techniques").glob("*.md")) if page != INDEX]
PAGES += [ROOT / "docs/metrics.md", ROOT / "docs/semi_supervised.md"]
# The tests that compare all parts of a room with their equations.
SHARED_TESTS = {"losses": "test_loss_equations"}
_TABLE = re.compile(r"(<!-- Techniques: .* -->\n).*(<!-- /Techniques -->)", re.DOTALL)

# The rows of docs/performance.md that measured a part, and how the table shows them.
MEASURED = {
    "losses.AuxiliaryClassifier": {"auxiliary classifier, against projection": "{}, to projection"},
    "losses.FeatureMatching": {"feature matching": "{}"},
    "layers.MinibatchDiscrimination": {"minibatch discrimination": "{}"},
    "layers.SpectralNormalization": {"spectral normalization": "{} (SN-GAN)"},
    "layers.VirtualBatchNormalization": {
        "virtual batch normalization, 64 reference rows": "{}",
    },
    "layers.WeightNormalization": {"weight normalization": "{}"},
    "regularizers.Consistency": {"consistency regularization": "{}"},
    "regularizers.DRAGAN": {"DRAGAN": "{}"},
    "regularizers.GradientPenalty": {"gradient penalty": "{}"},
    "regularizers.HistoricalAveraging": {"historical averaging": "{}"},
    "regularizers.Orthogonal": {"orthogonal regularization of the generator": "{}"},
    "regularizers.R1": {"R1 at every step": "{}"},
    "augment.AdaptiveAugment": {"adaptive augmentation, `blit,color`": "{} (`blit,color`)"},
    "augment.DiffAugment": {"DiffAugment, all transforms": "{}"},
    "packing": {"packing of 2": "{}"},
    "ema_decay": {"EMA": "{}"},
}


@dataclasses.dataclass(frozen=True)
class Technique:
    """A row of the tables: texts, the address of a paper, and files or `None`.

    No table shows `test`. It is here so that each technique must have one.
    """

    title: str
    summary: str
    part: str
    paper: str
    page: pathlib.Path | None
    test: pathlib.Path | None
    cost: str


def techniques():
    """Returns the techniques: all parts by room and title, then the arguments of a GAN."""
    rows = []
    for room in ROOMS:
        rows += sorted(_parts(room), key=lambda row: row.title.lower())
    return rows + _arguments_of_gans()


def _arguments_of_gans():
    """Returns the techniques that are no parts."""

    def row(title, summary, part, paper, page, test, measured=None):
        paper = f"https://arxiv.org/abs/{paper}"
        page, test = ROOT / "docs" / page, ROOT / "tests" / test
        return Technique(title, summary, part, paper, page, test, _cost(measured))

    return [
        row(
            "One-sided label smoothing",
            "The target of real images is below 1, the target of fakes stays 0.",
            "`label_smoothing=` of `Minimax`, `NonSaturating`, `LeastSquares`",
            "1606.03498",
            "techniques/losses.md",
            "losses/test_loss_properties.py",
        ),
        row(
            "Semi-supervised GAN",
            "The discriminator is a classifier that learns from few labels.",
            "`SemiSupervisedGAN`",
            "1606.03498",
            "semi_supervised.md",
            "training/test_semi_supervised.py",
        ),
        row(
            "Packing (PacGAN)",
            "The discriminator sees several images of one kind at once.",
            "`GAN(..., packing=2)`",
            "1712.04086",
            "techniques/variety.md",
            "training/test_packing.py",
            "packing",
        ),
        row(
            "The generator's average",
            "Samples come from a moving average of the generator's weights.",
            "`gan.compile(ema_decay=0.999)`",
            "1806.04498",
            "techniques/averages.md",
            "training/test_ema.py",
            "ema_decay",
        ),
    ]


def _parts(room):
    public = _public_names(ROOT / "ganzoo" / room / "__init__.py")
    for path in sorted((ROOT / "ganzoo" / room).glob("*.py")):
        module = ast.parse(path.read_text())
        for node in module.body:
            if isinstance(node, ast.ClassDef) and node.name in public:
                docstring = ast.get_docstring(node)
                reference = docstring.partition("\nReference:\n")[2]
                if reference:
                    yield Technique(
                        title=_title(ast.get_docstring(module)),
                        summary=docstring.splitlines()[0],
                        part=f"`{room}.{node.name}`",
                        paper=_paper(reference),
                        page=_page(room, path.stem, node.name),
                        test=_test(room, path.stem, node.name),
                        cost=_cost(f"{room}.{node.name}"),
                    )


def _public_names(path):
    """Returns the names in `__all__` of a package."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)
    raise ValueError(f"A room must have a literal `__all__`. Received: {path}")


def _title(docstring):
    """Returns the first line without its period and without `(authors, year)`."""
    return re.sub(r" \([^()]* \d{4}\)$", "", docstring.splitlines()[0].removesuffix("."))


def _paper(reference):
    """Returns the first address of a `Reference:` section, or an empty text."""
    url = re.search(r"https?://[^\s)]+", reference)
    return "" if url is None else url[0]


@functools.cache
def _page(room, module, name):
    """Returns the page that mentions a part most, by the name of its class or of its module."""
    found = _most_mentions(PAGES, rf"{name}|{module.replace('_', '[_ -]')}")
    return ROOT / "docs/metrics.md" if found is None and room == "metrics" else found


@functools.cache
def _test(room, module, name):
    """Returns the test named like the module, or the one of the room that tests the class most."""
    tests = sorted((ROOT / "tests" / room).glob("test_*.py"))
    named = [test for test in tests if test.stem.startswith(f"test_{module}")]
    shared = [test for test in tests if test.stem == SHARED_TESTS.get(room)]
    return (named or shared or [_most_mentions(tests, name)])[0]


def _most_mentions(paths, pattern):
    pattern = re.compile(rf"\b({pattern})\b", re.IGNORECASE)
    counts = {path: len(pattern.findall(path.read_text())) for path in paths}
    best = max(counts, key=counts.get, default=None)
    return best if best is not None and counts[best] else None


def _cost(part):
    """Returns the ratios that were measured for a part, or an empty text."""
    shown = []
    for row, form in MEASURED.get(part, {}).items():
        shown.append(form.format(f"{_ratio(row):.2f}"))
    return "; ".join(shown)


def _ratio(row):
    text = (ROOT / "docs/performance.md").read_text()
    # The newest measurement first. Spectral normalization was measured with an SN-GAN, in the first
    # tables of float32.
    starts = ("<!-- The table of costs:", "## What each technique costs", "**sngan, float32**")
    for part in (text[text.index(start) :] for start in starts):
        found = re.search(rf"^\| {re.escape(row)} \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", part, re.M)
        if found:
            return float(found[1])
    raise ValueError(f"docs/performance.md must have the row of a measured part. Received: {row!r}")


def table(page):
    """Returns the Markdown table of a page."""

    def link(text, path):
        if path is None:
            return ""
        return f"[{text}]({pathlib.Path(os.path.relpath(path, page.parent)).as_posix()})"

    if page == README:
        head = ("technique", "part", "step time")
        rows = [
            (
                f"[{row.title}]({row.paper})",
                link(row.part, row.page) if row.page and row.part.count("`") == 2 else row.part,
                row.cost,
            )
            for row in techniques()
        ]
    else:
        head = ("part", "what it does", "cost of a step", "page")
        rows = [
            (row.part, row.summary, row.cost, link(_heading(row.page), row.page))
            for row in techniques()
        ]
    lines = [head, ["---"] * len(head), *rows]
    fields = [[field.replace("|", r"\|") for field in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in fields)


def _heading(page):
    """Returns the first heading of a page, or an empty text for `None`."""
    return "" if page is None else re.search(r"^# (.*)", page.read_text(), re.MULTILINE)[1]


def text_of(page):
    """Returns the text of a page with its current table."""
    return _TABLE.sub(lambda match: f"{match[1]}\n{table(page)}\n\n{match[2]}", page.read_text())


def main():
    stale = [page for page in (README, INDEX) if page.read_text() != text_of(page)]
    if "--check" in sys.argv[1:]:
        names = ", ".join(str(page.relative_to(ROOT)) for page in stale)
        return f"Run `python docs/figures/techniques.py`: stale are {names}" if stale else 0
    for page in stale:
        page.write_text(text_of(page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
