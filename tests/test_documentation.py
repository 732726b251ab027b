"""The Python code in the README and in docs/ runs unchanged, block by block."""

import inspect
import re
import shlex

import keras
import pytest
from test_imports import ROOMS

import ganzoo
from ganzoo_cli import main
from support.processes import ROOT

DOCS = ROOT / "docs"
# The site also has copies of cards and notebooks, in a folder that is not in the repository.
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if "_pages" not in page.parts]
# Pages that train several models or trace many functions.
SLOW = {
    "data_of_other_libraries.md",
    *("getting_started.md", "index.md", "metrics.md", "own_images.md", "other_examples.md"),
    *("semi_supervised.md", "text_to_image.md", "trained_generators.md"),
    *("migration_from_keras_examples.md", "migration_from_tfgan.md", "training_runs.md"),
}


def _pages():
    pages = [ROOT / "README.md", *PAGES]
    for page in pages:
        name = page.relative_to(ROOT).as_posix()
        if "```python\n" in page.read_text():
            is_slow = name.removeprefix("docs/") in SLOW
            yield pytest.param(page, id=name, marks=[pytest.mark.slow] if is_slow else [])


@pytest.fixture
def few_steps(page):
    keras.config.set_max_epochs(1)
    # The README trains networks of a paper's width.
    keras.config.set_max_steps_per_epoch(1 if page.name == "README.md" else 3)
    yield
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
    keras.mixed_precision.set_global_policy("float32")


@pytest.mark.parametrize("page", _pages())
def test_the_code_of_the_page_runs(page, few_steps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(block, names)
    if page.name == "README.md":
        assert names["sevens"].shape == (16, 28, 28, 1)
        assert (tmp_path / "saved_models/digits/1/saved_model.pb").is_file()


def _command_lines():
    """Yields (page, words of the line) for each `ganzoo` command on a page."""
    folders = (ROOT / name for name in ("examples", "models"))
    pages = [*PAGES, *(page for folder in folders for page in folder.rglob("*.md"))]
    for page in [ROOT / "README.md", *pages]:
        blocks = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
        for block in [block for language, block in blocks if language in ("", "bash")]:
            for line in block.replace("\\\n", " ").splitlines():
                if re.match(r"\s*(\w+=\w+ |srun )?ganzoo [a-z]", line):
                    yield page.relative_to(ROOT).as_posix(), shlex.split(line, comments=True)


def test_the_flags_of_the_commands_on_the_pages_exist():
    lines = list(_command_lines())
    assert len(lines) > 60
    for page, words in lines:
        name, *rest = words[words.index("ganzoo") + 1 :]
        try:
            main.command(name).parse([word for word in rest if not word.startswith("$")])
        except ValueError as error:
            pytest.fail(f"{page}: {' '.join(words)}: {error}")


def test_the_design_lists_the_rooms_in_the_order_of_imports():
    page = (DOCS / "design.md").read_text()
    rows = re.findall(r"^\| (`.*?`) \| ", page[: page.index("`ganzoo_cli`")], re.MULTILINE)
    listed = [name for row in rows for name in row.replace("`", "").split()]
    assert listed == [room for room in ROOMS if room != "ganzoo"]


def test_the_published_models_are_listed(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "figures")
    import zoo

    for page, folder in zoo.PAGES.items():
        text = page.read_text()
        assert zoo.text_of(page) == text
        assert all(f"[{name}]({folder}{name})" in text for name in ganzoo.list_models())


def test_the_page_of_the_commands_is_their_help(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "figures")
    import commands

    assert commands.text() == commands.PAGE.read_text()


def test_the_index_of_the_evidence_lists_its_pages(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "figures")
    import evidence

    assert evidence.text() == evidence.INDEX.read_text()


def test_every_picture_of_a_page_is_there_and_every_page_is_in_a_table_of_contents():
    listed = set()
    for page in PAGES:
        text = page.read_text()
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
            assert (page.parent / picture).is_file(), (page.name, picture)
        for body in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL):
            names = [line for line in body.splitlines() if line and line[0] not in ":_"]
            listed |= {(page.parent / f"{name}.md").resolve() for name in names}
    assert listed | {DOCS / "index.md"} == set(PAGES)


def _stray_stars(text):
    """Returns the paragraphs of a page that start or end with a star after they are parsed."""
    mdit = pytest.importorskip("markdown_it", reason='needs pip install ".[docs]"')
    dollarmath = pytest.importorskip("mdit_py_plugins.dollarmath").dollarmath_plugin
    parser = mdit.MarkdownIt("commonmark").enable("table").use(dollarmath)
    found = []
    for block in parser.parse(text):
        if block.type == "inline":
            parts = [part for part in block.children if part.type != "text" or part.content]
            texts = [part.content.strip() if part.type == "text" else "" for part in parts]
            if texts and (texts[0].startswith("*") or texts[-1].endswith("*")):
                found.append(block.content)
    return found


def test_no_paragraph_starts_or_ends_with_a_star():
    # A number at the start of a line ends the paragraph and opens a list.
    assert _stray_stars("*One of\n\n1. two*") == ["*One of", "two*"]
    assert _stray_stars("*One* of **two**, `*` and $a*b$.") == []
    for page in [ROOT / "README.md", *PAGES, *(ROOT / "models").rglob("*.md")]:
        assert _stray_stars(page.read_text()) == [], page


def test_the_api_reference_has_a_page_for_every_public_module():
    modules = {name for name in ganzoo.__all__ if inspect.ismodule(getattr(ganzoo, name))}
    missing = {name for name in modules if not (DOCS / f"api/{name}.md").is_file()}
    assert not missing


def test_docstrings_become_restructured_text(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    from docstrings import to_restructured_text

    docstring = (
        "**Now.** With `D` the *logits* of x_i,\n\n    L = |D|\n\nsee [the\npaper](\nhttps://arxiv.org/abs/1).\n\n"
        "Args:\n    a: One.\n\n    b: `B`."
    )
    assert to_restructured_text(docstring) == (
        "**Now.** With ``D`` the \\*logits\\* of x_i,\n\n::\n\n    L = |D|\n\n"
        "see `the paper <https://arxiv.org/abs/1>`__.\n\n"
        "Args:\n    a: One.\n\n    b: ``B``."
    )


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_documents_every_public_name(tmp_path):
    sphinx = pytest.importorskip("sphinx.cmd.build", reason='needs pip install ".[docs]"')
    assert sphinx.main(["-W", "-q", "-b", "html", str(DOCS), str(tmp_path / "html")]) == 0
    pages = [page.read_text() for page in (tmp_path / "html").rglob("*.html")]
    assert not [page for page in pages if re.search(r"<p>\s*\*|\*\s*</p>", page)]
    reference = "".join(page.read_text() for page in (tmp_path / "html/api").glob("*.html"))
    missing = {name for name in _public_names() if f'id="{name}"' not in reference}
    assert not missing


def _public_names():
    """Yields the full names of the public classes and functions, each under its shortest name."""
    for name in ganzoo.__all__:
        member = getattr(ganzoo, name)
        if inspect.isclass(member) or inspect.isfunction(member):
            yield f"ganzoo.{name}"
        for inner in getattr(member, "__all__", ()) if inspect.ismodule(member) else ():
            value = getattr(member, inner)
            if value is not getattr(ganzoo, inner, None) and (
                inspect.isclass(value) or inspect.isfunction(value)
            ):
                yield f"ganzoo.{name}.{inner}"
