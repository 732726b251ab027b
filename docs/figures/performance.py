"""Writes the tables of docs/performance.md whose measurements are stored in benchmarks/results.

    python docs/figures/performance.py            # Writes them.
    python docs/figures/performance.py --check    # Fails if one is not current.

`benchmarks/train_step.py --json benchmarks/results/NAME.json` and `benchmarks/memory.py` store
measurements. The table of NAME stands between two comments of the page: `<!-- The table of NAME:
... -->` and `<!-- /The table -->`.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/performance.md"
RESULTS = ROOT / "benchmarks/results"
_TABLE = re.compile(r"(<!-- The table of (\w+): .* -->\n).*?(<!-- /The table -->)", re.DOTALL)

sys.path.append(str(ROOT / "benchmarks"))
import report  # noqa: E402


def table(name):
    """Returns the Markdown of stored measurements."""
    results = json.loads((RESULTS / f"{name}.json").read_text())
    return (_memory(results) if isinstance(results, list) else report.document(results)).strip()


def _memory(rows):
    """Returns a row for each network and setting, and a column for each backend."""
    backends = [name for name in ("jax", "tensorflow") if name in {r["backend"] for r in rows}]
    titles = {"jax": "JAX, MB", "tensorflow": "TensorFlow, MB"}
    head = ["network", "pixels", "batch", "`compile`", *(titles[name] for name in backends)]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        if row["backend"] == backends[0]:
            settings = ", ".join(f"{name}={value}" for name, value in row["settings"].items())
            fields = [f"`{row['network']}`, width {row['width']}", row["side"], row["batch"]]
            fields.append(f"`{settings}`" if settings else "")
            lines.append([*fields, *(_megabytes(rows, row, name) for name in backends)])
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _megabytes(rows, row, backend):
    """Returns the memory of a row on a backend, and its share of the row without settings."""

    def measured(settings):
        key = row["network"], settings, backend
        found = [r for r in rows if (r["network"], r["settings"], r["backend"]) == key]
        return found[0]["megabytes"] if found else None

    megabytes, plain = measured(row["settings"]), measured({})
    if megabytes is None:
        return "-"
    return f"{megabytes:,.0f}" + (f" ({megabytes / plain:.2f})" if row["settings"] else "")


def text_of_page():
    """Returns the text of the page with current tables."""
    return _TABLE.sub(
        lambda match: f"{match[1]}\n{table(match[2])}\n\n{match[3]}", PAGE.read_text()
    )


def main():
    text = text_of_page()
    if "--check" in sys.argv[1:]:
        stale = text != PAGE.read_text()
        return "Run `python docs/figures/performance.py`: the page is stale" if stale else 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
