"""Studies: their files, their cells, the runner, and what the records say."""

import dataclasses
import json
import math
import types
import warnings

import keras
import numpy as np
import pytest

from ganzoo import studies
from ganzoo.studies import Study, figures, summary, training
from ganzoo.studies.records import Records
from ganzoo.studies.report import tables
from ganzoo.studies.summary import decide
from ganzoo.studies.warning_log import WarningLog

CONTENT = {
    "title": "Tiny",
    "recipe": "mlp",
    "seeds": 2,
    "settings": {"data": "toy:ring", "width": 8, "network_options": {"hidden_layers": 1}},
    "axes": {
        "loss": {"hinge": {"loss": "hinge"}, "ns": {"title": "plain", "loss": "non_saturating"}},
        "norm": {
            "none": {},
            "spectral": {
                "normalization": "spectral",
                "network_options": {"normalization_options": {"factor": 2.0}},
            },
        },
    },
    "columns": {"modes": {"better": "higher", "digits": 1}},
}


def study(**changes):
    return Study.from_dict("tiny", {**CONTENT, **changes})


def results_of(cell, seed, folder=None):
    """What a cell of these tests gives: more modes with the hinge loss, and one that diverges."""
    failed = "NaN" if cell.name == "ns/spectral" and seed == 1 else None
    modes = 5.0 + seed + 10 * cell.name.startswith("hinge")
    values = {} if failed else {"modes": modes}
    results = {"failed": failed, "values": values, "seconds": 60.0}
    return results, np.full((4, 2), modes, "float32")


def test_cells_are_all_combinations_and_merge_their_settings():
    cells = {cell.name: cell for cell in study().cells}
    assert list(cells) == ["hinge/none", "hinge/spectral", "ns/none", "ns/spectral"]
    cell = cells["ns/spectral"]
    assert cell.labels == {"loss": "plain", "norm": "spectral"}
    assert cell.recipe.loss == "non_saturating"
    assert cell.recipe.network_options == {
        "hidden_layers": 1,
        "normalization_options": {"factor": 2.0},
    }
    # What is not merged replaces the recipe's own.
    assert cell.recipe.regularizers == {"gradient_penalty": {"weight": 0.1}}
    settings = {**CONTENT["settings"], "regularizers": {}, "d_optimizer": {"beta_2": 0.5}}
    recipe = study(settings=settings).cells[0].recipe
    assert recipe.regularizers == {}
    assert (recipe.d_optimizer.beta_2, recipe.d_optimizer.learning_rate) == (0.5, 1e-4)


def test_excluded_cells_and_patterns():
    chosen = study(exclude=["hinge/*"])
    assert [cell.name for cell in chosen.cells] == ["ns/none", "ns/spectral"]
    assert [cell.name for cell in study().select(["*/none"])] == ["hinge/none", "ns/none"]
    with pytest.raises(ValueError, match=r"Did you mean 'ns/none'.*Received: cells='ns/nome'"):
        study().select(["ns/nome"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"titel": "x"}, "Did you mean 'title'"),
        ({"settings": {"data": "toy:ring", "batchsize": 2}}, "Did you mean 'batch_size'"),
        ({"settings": {}}, "no data"),
        ({"settings": {"data": "toy:ring", "d_optimizer": {"rate": 1}}}, "`d_optimizer`"),
        ({"axes": {}}, "at least one axis"),
        ({"axes": {"loss": {"a/b": {}}}}, "none of the characters"),
        ({"axes": {"loss": {"..": {}}}}, r"start with no dot.*Received: axes.loss.'..'"),
        (
            {"settings": {"data": "toy:ring", "data_options": {"split": "train"}}},
            r"must not have a `split`.*Received: data_options.split='train'",
        ),
        ({"settings": {"data": "toy:ring", "data_options": 3}}, "`data_options` must be a table"),
        ({"columns": {"modes": {"digits": -1}}}, "`digits` must be an integer of at least 0"),
        ({"evaluation": {"keep_samples": "many"}}, "`keep_samples` must be an integer"),
        ({"evaluation": {"split": 3}}, "`split` must be the name"),
        ({"evaluation": {"classifier": {"shift": 32}}}, "`shift` must be a number from 0 to 31"),
        ({"evaluation": {"classifier": {"flip": "no"}}}, "`flip` must be one of True, False"),
        ({"evaluation": {"classifier": {"widths": []}}}, "`widths` must have the channels"),
        ({"axes": {"loss": {"a": {"loss": "hing"}}}}, "In the cell 'a'.*Did you mean 'hinge'"),
        ({"columns": {"modes": {"beter": "higher"}}}, "Did you mean 'better'"),
        ({"evaluation": {"metrics": ["fyd"]}}, "Unknown metric"),
        ({"seeds": 0}, "`seeds`"),
        ({"recipe": "mpl"}, "Did you mean 'mlp'"),
        (
            {"claims": [{"text": "x", "value": "good", "better": "*", "worse": "*"}]},
            "`value` must be one of 'modes'",
        ),
        (
            {"claims": [{"text": "x", "value": "modes", "better": "*"}]},
            "`worse`, or with another value of the same runs, `than`",
        ),
        ({"evaluation": {"classifier": {"step": 2}}}, "Did you mean 'steps'"),
        ({"evaluation": {"classifier": {"batch_size": 3}}}, "must be even"),
        (
            {"settings": {"data": "toy:ring", "images": 2, "images_per_class": 2}},
            "`images` or `images_per_class`, not both",
        ),
    ],
)
def test_a_mistake_in_a_study_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        study(**changes)


def test_the_studies_of_the_package_can_be_read():
    for name in studies.names():
        loaded = Study.load(name)
        assert loaded.title and loaded.question and loaded.protocol and loaded.columns, name
    with pytest.raises(ValueError, match="Did you mean 'gaussians'"):
        Study.load("gausians")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('title = "Mine"\nrecipe = "dcgan_digits"\n[axes.width.w8]\nwidth = 8\n')
    loaded = Study.load(path)
    assert (loaded.name, loaded.seeds, loaded.cells[0].recipe.width) == ("mine", [0], 8)
    path.write_text("title = ")
    with pytest.raises(ValueError, match=r"TOML.*mine.toml"):
        Study.load(path)


def test_no_cell_is_trained_twice_and_a_stopped_study_goes_on(tmp_path):
    tiny, trained = study(), []

    def work(cell, seed, folder):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append((cell.name, seed))
        return results_of(cell, seed)

    with pytest.raises(KeyboardInterrupt):
        studies.run(tiny, tmp_path, work=work)
    # All cells of a seed come first.
    assert trained == [("hinge/none", 0), ("hinge/spectral", 0), ("ns/none", 0)]
    seen = []
    studies.run(tiny, tmp_path, work=results_of, progress=lambda *a: seen.append(a[:2]))
    assert [(cell.name, seed) for cell, seed in seen] == [
        ("ns/spectral", 0),
        *((cell.name, 1) for cell in tiny.cells),
    ]
    assert studies.pending(tiny, tmp_path) == []
    more = dataclasses.replace(tiny, seeds=[0, 1, 2])
    assert [(c.name, s) for c, s in studies.pending(more, tmp_path, ["ns/*"])] == [
        ("ns/none", 2),
        ("ns/spectral", 2),
    ]


def test_a_cell_is_trained_by_one_process(tmp_path):
    tiny = study()
    cell = tiny.cells[0]
    lock = Records(tmp_path).claim(cell, 0)
    trained = []

    def work(cell, seed, folder):
        trained.append((cell.name, seed))
        return results_of(cell, seed)

    studies.run(tiny, tmp_path, work=work)
    assert len(trained) == 7 and (cell.name, 0) not in trained
    lock.release()
    assert studies.pending(tiny, tmp_path) == [(cell, 0)]
    studies.run(tiny, tmp_path, work=work)
    assert Records(tmp_path).claim(cell, 0) is None


def test_records_of_other_settings_are_refused(tmp_path):
    studies.run(study(), tmp_path, work=results_of)
    changed = study(settings={**CONTENT["settings"], "width": 9})
    with pytest.raises(ValueError, match=r"settings.recipe.width=8 in place of 9"):
        studies.pending(changed, tmp_path)
    # Titles decide nothing.
    renamed = study(title="Other", recipe="mlp")
    assert studies.pending(renamed, tmp_path) == []
    path = tmp_path / "ns/none/seed_1.json"
    path.write_text(path.read_text()[:50])
    with pytest.raises(ValueError, match="damaged"):
        studies.pending(study(), tmp_path)


def test_the_table_has_means_spreads_and_failures(tmp_path):
    tiny = study(seeds=3)
    studies.run(tiny, tmp_path, work=results_of)
    rows = {row.cell.name: row for row in studies.summarize(tiny, tmp_path)}
    assert rows["hinge/none"].values == {"modes": [15.0, 16.0, 17.0]}
    assert (rows["ns/spectral"].values["modes"], rows["ns/spectral"].failed) == ([5.0, 7.0], 1)
    text = tables(tiny, list(rows.values()))
    assert "### loss: plain" in text
    assert "| spectral | 6.0 ± 1.4 | 3 | 1 |" in text


def test_claims_are_decided_by_the_records(tmp_path):
    def claim(better, worse):
        return {"text": "x", "value": "modes", "better": better, "worse": worse}

    tiny = study(
        seeds=3,
        claims=[
            claim("hinge/*", "ns/*"),
            claim("ns/none", "hinge/none"),
            claim("hinge/none", "hinge/spectral"),
        ],
    )
    assert [verdict.word for verdict in decide(tiny, [])] == ["no records"] * 3
    studies.run(tiny, tmp_path, work=results_of)
    verdicts = decide(tiny, studies.summarize(tiny, tmp_path))
    assert [verdict.word for verdict in verdicts] == ["confirmed", "denied", "not decided"]
    assert verdicts[1].figures == "modes: 6.0 of 3 runs against 16.0 of 3"


def test_a_claim_on_two_values_of_the_same_runs_is_decided_by_their_differences(tmp_path):
    def work(cell, seed, folder):
        # The values vary much more over the seeds than within a run.
        first = 10.0 * seed
        values = {"alone": first, "both": first + 1.0 + 0.1 * seed, "loss": first - 1.0}
        return {"failed": None, "values": values, "seconds": 1.0}, None

    def claim(value, than):
        return {"text": "x", "value": value, "better": "hinge/none", "than": than}

    columns = {name: {"better": "higher"} for name in ("alone", "both")}
    claims = [claim("both", "alone"), claim("alone", "both"), claim("loss", "both")]
    columns["loss"] = {"better": "lower"}
    tiny = study(seeds=3, columns=columns, claims=claims)
    assert [verdict.word for verdict in decide(tiny, [])] == ["no records"] * 3
    studies.run(tiny, tmp_path, work=work)
    verdicts = decide(tiny, studies.summarize(tiny, tmp_path))
    assert [verdict.word for verdict in verdicts] == ["confirmed", "denied", "confirmed"]
    assert verdicts[0].figures == "both: 11.10 of 3 runs against alone: 10.00 of 3"


def test_a_claim_on_several_cells_compares_runs_in_pairs(tmp_path):
    """The loss changes the value much more than the normalization, which is compared."""

    def work(cell, seed, folder):
        modes = 100.0 * cell.name.startswith("hinge") + cell.name.endswith("spectral") + 0.1 * seed
        failed = "NaN" if cell.name == "ns/none" and seed == 1 else None
        values = {} if failed else {"modes": modes}
        return {"failed": failed, "values": values, "seconds": 1.0}, None

    claims = [{"text": "x", "value": "modes", "better": "*/spectral", "worse": "*/none"}]
    tiny = study(seeds=2, claims=claims)
    studies.run(tiny, tmp_path, work=work)
    (verdict,) = decide(tiny, studies.summarize(tiny, tmp_path))
    # The pair of the run that diverged is left out.
    assert (verdict.word, verdict.figures) == (
        "confirmed",
        "modes: 67.7 of 3 runs against 66.7 of 3",
    )
    tiny = dataclasses.replace(tiny, claims=[dataclasses.replace(tiny.claims[0], better="*/none")])
    assert decide(tiny, studies.summarize(tiny, tmp_path))[0].word == "not decided"


@pytest.mark.parametrize("sides", [([4.0, 5.5, 5.0], [3.0, 3.5]), ([1.0, -0.2, 0.7, 0.4],)])
def test_the_least_significant_difference_is_that_of_a_t_test(sides):
    """Checked with the area of Student's density, integrated numerically."""
    least = summary._least_difference([np.array(side) for side in sides])
    squares = [np.var(side, ddof=1) / len(side) for side in sides]
    freedom = sum(squares) ** 2 / sum(
        q**2 / (len(s) - 1) for q, s in zip(squares, sides, strict=True)
    )
    freedom = math.floor(freedom)
    t = np.linspace(-least, least, 200_001) / math.sqrt(sum(squares))
    constant = math.gamma((freedom + 1) / 2) / math.gamma(freedom / 2)
    density = constant / math.sqrt(freedom * math.pi) * (1 + t**2 / freedom) ** (-(freedom + 1) / 2)
    assert np.trapezoid(density, t) == pytest.approx(0.95, abs=5e-4)


def test_the_page_has_the_table_the_figures_and_the_records(tmp_path):
    tiny = study(settings={**CONTENT["settings"], "collapse": {}})
    with pytest.raises(ValueError, match="run the study first"):
        studies.report(tiny, tmp_path / "runs", tmp_path / "page")
    studies.run(tiny, tmp_path / "runs", work=results_of)
    written = studies.report(tiny, tmp_path / "runs", tmp_path / "page")
    assert [path.name for path in written] == [
        *("tiny.md", "tiny.png", "tiny_samples.png", "tiny.json")
    ]
    page = written[0].read_text()
    assert "# Tiny" in page and "ganzoo ablate tiny.toml\n" in page and "8 of the 8" in page
    assert "- **plain, none**: Nothing." in page
    records = json.loads(written[-1].read_text())
    assert len(records) == 8 and records[0]["versions"]["ganzoo"]


def test_the_time_of_known_cells_comes_from_their_records(tmp_path):
    tiny = study()
    studies.run(tiny, tmp_path, seeds=[0], work=results_of)
    todo = studies.pending(tiny, tmp_path)
    assert studies.estimate(todo, tmp_path) == {cell.name: 60.0 for cell in tiny.cells}
    assert math.isfinite(sum(studies.estimate(todo, tmp_path).values()))


@pytest.mark.parametrize(
    ("settings", "evaluation", "message"),
    [
        ({"collapse": {"typo": 1}}, {}, "typo"),
        ({"collapse": {"n": 65}}, {}, "`n` must be from 2 to"),
        ({"spectral": {"every": -1}}, {}, "`every`"),
        ({"spectral": {}}, {}, "There is no layer to watch"),
        ({}, {"split": "nonsense"}, "`split` must be one of 'train', 'test'"),
    ],
)
def test_monitors_and_splits_are_checked_before_anything_is_trained(
    monkeypatch, settings, evaluation, message
):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    gan = types.SimpleNamespace(num_classes=None, discriminator=network)
    monkeypatch.setattr(training, "build_gan", lambda *a, **k: gan)
    settings = {**CONTENT["settings"], "data_options": {"count": 64}, **settings}
    cell = study(settings=settings, evaluation=evaluation).cells[0]
    with pytest.raises(ValueError, match=f"In the cell 'hinge/none': .*{message}"):
        studies.check([(cell, 0)])


def test_values_that_are_not_finite_decide_nothing(tmp_path):
    def work(cell, seed, folder):
        results, samples = results_of(cell, seed)
        results["spectral"] = [{"step": 0, "layers": {"a": {"condition": math.inf}}}]
        if cell.name == "hinge/none" and seed == 2:
            results["values"] = {"modes": math.nan}
        return results, samples

    claims = [{"text": "x", "value": "modes", "better": "hinge/*", "worse": "ns/*"}]
    tiny = study(seeds=3, claims=claims, settings={**CONTENT["settings"], "spectral": {}})
    studies.run(tiny, tmp_path, work=work)
    text = (tmp_path / "hinge/none/seed_2.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["values"] == {"modes": None}
    rows = studies.summarize(tiny, tmp_path)
    assert decide(tiny, rows)[0].word == "not decided"
    assert "| none | nan | 3 | 0 |" in tables(tiny, rows)
    assert figures.spectra(rows) is None
    # Earlier versions wrote what is no JSON.
    path = tmp_path / "ns/none/seed_0.json"
    path.write_text(path.read_text().replace('"modes": 5.0', '"modes": Infinity'))
    assert Records(tmp_path).load(tiny.cells[2], 0)["values"] == {"modes": None}


def test_a_column_without_any_value_is_noticed(tmp_path):
    tiny = study(columns={"modess": {}})
    studies.run(tiny, tmp_path, ["hinge/*"], work=results_of)
    studies.summarize(tiny, tmp_path)  # Other cells may have it.
    studies.run(tiny, tmp_path, work=results_of)
    with pytest.warns(UserWarning, match=r"Did you mean 'modes'.*Received: columns.'modess'"):
        studies.summarize(tiny, tmp_path)


def test_texts_of_users_cannot_break_a_table(tmp_path):
    tiny = study(
        columns={"modes": {"title": "good | bad", "better": "higher"}},
        claims=[{"text": "a |\nb", "value": "modes", "better": "hinge/*", "worse": "ns/*"}],
    )
    studies.run(tiny, tmp_path, work=results_of)
    page = studies.report(tiny, tmp_path, tmp_path / "page")[0].read_text()
    assert "| norm | good \\| bad | runs | failed |" in page and "| a \\| b |" in page


def test_a_resumed_run_keeps_the_warnings_that_monitors_do_not_repeat():
    first, second = WarningLog(), WarningLog()
    with first.listening():
        for text in ("start", "step 1"):
            warnings.warn(text, stacklevel=1)
        warnings.warn("not for users", DeprecationWarning, stacklevel=1)
    with second.listening():
        warnings.warn("start", stacklevel=1)
        second.set_state(first.get_state())
        warnings.warn("step 2", stacklevel=1)
    assert second.messages == ["start", "step 1", "step 2"]
