"""The page of a study: its protocol, tables, figures, decided claims and raw records."""

import json
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from ganzoo.files import new_file, user_path
from ganzoo.markdown import table
from ganzoo.studies import figures
from ganzoo.studies.study import Study, names
from ganzoo.studies.summary import Row, decide, mean_and_spread, summarize

_WIDTH = 100


def report(study: Study, folder: str | Path, output: str | Path) -> list[Path]:
    """Writes the page of a study in Markdown, with its figures and its records.

    Args:
        study: The study.
        folder: Folder of its records.
        output: Folder for `NAME.md`, `NAME.json`, `NAME.png`, `NAME_samples.png`, and
            `NAME_spectra.png` if cells have a `SpectralMonitor`.

    Returns:
        The list of the files.

    Raises:
        ValueError: If there is no record, or one is of another study.
        ImportError: If matplotlib is not installed.
    """
    rows, output = summarize(study, folder), user_path(output)
    if not rows:
        raise ValueError(
            "A report needs records: run the study first. "
            f"Received: {str(folder)!r}, without a record of {study.name!r}"
        )
    output.mkdir(parents=True, exist_ok=True)
    dots, spectra, samples = (
        output / f"{study.name}{kind}.png" for kind in ("", "_spectra", "_samples")
    )
    pictures = {}
    if figures.values(study, rows, dots) is not None:
        pictures["Values of each run, and their means"] = dots
    if figures.spectra(rows, spectra) is not None:
        pictures["Norms and condition numbers of the discriminator's kernels"] = spectra
    if figures.samples(study, rows, folder, samples) is not None:
        pictures["Samples of the first seed"] = samples
    records = output / f"{study.name}.json"
    with new_file(records, replace=True) as path:
        lines = [json.dumps(record) for row in rows for record in row.records]
        path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    page = output / f"{study.name}.md"
    with new_file(page, replace=True) as path:
        path.write_text(_page(study, rows, pictures))
    return [page, *pictures.values(), records]


def tables(study: Study, rows: Sequence[Row]) -> str:
    """Returns the tables of a study in Markdown, one for each option of all axes but the last."""
    *outer, last = study.axes
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row.cell.labels[axis] for axis in outer), []).append(row)
    parts = []
    for labels, members in groups.items():
        if labels:
            heads = [f"{axis}: {label}" for axis, label in zip(outer, labels, strict=True)]
            parts.append(f"### {', '.join(heads)}\n")
        parts.append(_table(study, members, last))
    return "\n".join(parts)


def _table(study, rows, axis):
    heads = [axis, *(column.title for column in study.columns), "runs", "failed"]
    lines = []
    for row in rows:
        values = [_value(row.values[column.value], column.digits) for column in study.columns]
        lines.append([row.cell.labels[axis], *values, len(row.records), row.failed])
    return table(heads, lines) + "\n"


def _value(values, digits):
    if not values:
        return "-"
    mean, spread = mean_and_spread(values)
    text = f"{mean:.{digits}f}"
    return text if math.isnan(spread) else f"{text} ± {spread:.{digits}f}"


def _page(study, rows, pictures):
    records = [record for row in rows for record in row.records]
    file = study.name if study.name in names() else f"{study.name}.toml"
    parts = [
        f"# {study.title}",
        _paragraph(study.question),
        f"```\nganzoo ablate {file}\n```",
        "## Results",
        _paragraph(
            "Mean ± standard deviation over seeds; `failed` counts the runs that diverged, which "
            f"have no values. {_cost(records)}"
        ),
        tables(study, rows).strip(),
    ]
    parts += [f"![{caption}]({path.name})" for caption, path in pictures.items()]
    if verdicts := decide(study, rows):
        parts += ["## Claims", _verdicts(verdicts)]
    if said := _warnings(rows):
        parts += ["## What the monitors said", said]
    if study.remarks:
        parts += ["## What it says", study.remarks.strip()]
    parts += ["## Protocol", _paragraph(study.protocol), _facts(study, rows, records)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _verdicts(verdicts):
    rows = [(one.claim.text, one.claim.source, one.figures, one.word) for one in verdicts]
    note = "Confirmed or denied: the means differ in a two-sided t-test at 95%."
    if any(verdict.claim.than or "*" in verdict.claim.better for verdict in verdicts):
        note += (
            " Claims about several cells, or about two values of the same runs, are decided by the "
            "differences between runs that are otherwise equal."
        )
    return f"{table(('claim', 'by', 'records', 'verdict'), rows)}\n\n{_paragraph(note)}"


def _warnings(rows):
    """Returns a list of the warnings of each cell with a monitor, for its first seed."""
    lines = []
    for row in rows:
        if row.cell.collapse is None and row.cell.spectral is None:
            continue
        warnings = row.records[0].get("warnings") or ["Nothing."]
        lines.append(f"- **{', '.join(row.cell.labels.values())}**: {' '.join(warnings)}")
    return _wrapped(lines)


def _cost(records):
    seconds = sum(record["seconds"] for record in records)
    machines = sorted({record["hardware"] for record in records})
    threads = sorted({record["threads"] for record in records})
    return (
        f"Together, the runs took {seconds / 60:.0f} minutes by the clock, each with "
        f"{' or '.join(map(str, threads))} thread{'s' if threads != [1] else ''} on "
        f"{' and '.join(machines)}."
    )


def _facts(study, rows, records):
    planned = len(study.cells) * len(study.seeds)
    versions = sorted({f"{name} {v}" for r in records for name, v in r["versions"].items()})
    lines = [
        f"- Runs: {len(records)} of the {planned} of the study ({len(study.cells)} cells, seeds "
        f"{', '.join(map(str, study.seeds))}).",
        f"- Versions: {', '.join(versions)}.",
        f"- All settings, values and logs of each run: [{study.name}.json]({study.name}.json).",
    ]
    return _wrapped(lines)


def _wrapped(lines):
    """Returns the items of a list in Markdown."""
    return "\n".join(
        "\n".join(textwrap.wrap(line, _WIDTH, subsequent_indent="  ")) for line in lines
    )


def _paragraph(text):
    return "\n".join(textwrap.wrap(" ".join(text.split()), _WIDTH))
