"""The tables of techniques in the README and in docs/techniques/index.md follow the parts."""

import re

import pytest

from ganzoo import augment, layers, losses, regularizers
from support.processes import ROOT

ROOMS = {"augment": augment, "layers": layers, "losses": losses, "regularizers": regularizers}
# Public classes that are not techniques.
BASES = {"AdversarialLoss", "Augmentation", "Constraint", "Loss", "Penalty", "Regularizer"}
BASES |= {"Chain", "GeneratorPenalty", "WeightPenalty"}


@pytest.fixture
def techniques(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs/figures")
    import techniques

    return techniques


def test_the_tables_are_current(techniques):
    for page in (techniques.README, techniques.INDEX):
        assert techniques.text_of(page) == page.read_text(), "python docs/figures/techniques.py"


def test_every_public_part_is_in_both_tables(techniques):
    parts = {
        f"`{room}.{name}`"
        for room, package in ROOMS.items()
        for name in package.__all__
        if isinstance(getattr(package, name), type) and name not in BASES
    }
    assert len(parts) > 25
    for page in (techniques.README, techniques.INDEX):
        table = techniques.table(page)
        cells = {cell.strip(" []").partition("](")[0] for cell in table.split("|")}
        assert not parts - cells


def test_every_row_has_a_paper_a_test_and_files_that_exist(techniques):
    for row in techniques.techniques():
        assert re.fullmatch(r"https?://[^)\s]+", row.paper), row.part
        assert row.title and row.summary
        assert row.test.is_file(), row.part
        assert row.page is None or row.page.is_file()


def test_the_costs_are_the_measured_ratios(techniques):
    costs = {row.part: row.cost for row in techniques.techniques()}
    performance = (ROOT / "docs/performance.md").read_text()
    performance = performance[performance.index("<!-- The table of costs:") :]
    ratio = re.search(r"\| gradient penalty \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", performance)[1]
    assert costs["`regularizers.GradientPenalty`"] == f"{float(ratio):.2f}"
    assert costs["`losses.Hinge`"] == ""


def test_a_stale_table_is_found(techniques, monkeypatch):
    monkeypatch.setattr(techniques.sys, "argv", ["techniques.py", "--check"])
    assert techniques.main() == 0
    measured = {**techniques.MEASURED, "losses.Hinge": {"EMA": "{}"}}
    monkeypatch.setattr(techniques, "MEASURED", measured)
    assert "README.md" in techniques.main()


def test_a_row_that_was_not_measured_is_refused(techniques):
    with pytest.raises(ValueError, match=r"Received: 'no such row'"):
        techniques._ratio("no such row")
