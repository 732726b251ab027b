"""Writes the tables of docs/performance.md whose measurements are stored in benchmarks/results.

    python docs/figures/performance.py            # Writes them.
    python docs/figures/performance.py --check    # Fails if one is not current.

`benchmarks/train_step.py --json benchmarks/results/NAME.json`, `benchmarks/memory.py` and
`benchmarks/kernels.py` store measurements. The table of NAME stands between two comments of the
page: `<!-- The table of NAME: ... -->` and `<!-- /The table -->`.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/performance.md"
RESULTS = ROOT / "benchmarks/results"
_TABLE = re.compile(r"(<!-- The table of (\w+): [^\n]* -->\n).*?(<!-- /The table -->)", re.DOTALL)

sys.path.append(str(ROOT / "benchmarks"))
import report  # noqa: E402


def table(name):
    """Returns the Markdown of stored measurements."""
    results = json.loads((RESULTS / f"{name}.json").read_text())
    return TABLES.get(name, report.document)(results).strip()


def _memory(rows):
    """Returns a row for each network and setting, and a column for each backend."""
    backends = _backends(rows)
    head = ["network", "pixels", "batch", "`compile`", *(f"{BACKENDS[b]}, MB" for b in backends)]
    lines = {}
    for row in rows:
        settings = ", ".join(f"{name}={value}" for name, value in row["settings"].items())
        network = f"`{row['network']}`, width {row['width']}"
        fields = [network, row["side"], row["batch"], f"`{settings}`" if settings else ""]
        measured = [_megabytes(rows, row, name) for name in backends]
        lines.setdefault((network, settings), [*fields, *measured])
    return _markdown(head, lines.values())


def _megabytes(rows, row, backend):
    """Returns the memory of a row on a backend, and its share of the row without settings.

    It is "-" where ganzoo refuses the settings, and empty where nobody measured.
    """
    case = {"network": row["network"], "backend": backend}
    found = _found(rows, settings=row["settings"], **case)
    if found is None:
        return ""
    if found["megabytes"] is None:
        return "-"
    share = ""
    if row["settings"]:
        plain = _found(rows, settings={}, **case)
        share = f" ({found['megabytes'] / plain['megabytes']:.2f})"
    return f"{found['megabytes']:,.0f}{share}"


def _kernels(rows):
    """Returns a row for each network and case, and a column for each backend."""
    backends = _backends(rows)
    lines = []
    for network, case in dict.fromkeys((row["network"], row["case"]) for row in rows):
        counts = [_found(rows, network=network, case=case, backend=backend) for backend in backends]
        counts = [f"{row['operations']:,}" if row else "" for row in counts]
        lines.append([NETWORKS[network] if not case else "", case or "as it is", *counts])
    return _markdown(["network", "step", *(BACKENDS[b] for b in backends)], lines)


def _penalties(rows):
    """Returns a row for each penalty and network."""
    head = ["penalty", "network", "convolutions of a pass", "the least", "counted"]
    return _markdown(
        head,
        [
            [
                f"`{row['penalty']}`",
                NETWORKS[row["network"]],
                row["convolutions"],
                f"{row['least']:.2f}",
                f"{row['passes']:.2f}",
            ]
            for row in rows
        ],
    )


def _parts(results):
    """Returns the costs of parts, after a line about the machine and the versions."""
    return "\n".join([report.header(results), *map(report.parts, results["models"])])


TABLES = {
    "memory": _memory,
    "kernels": _kernels,
    "penalties": _penalties,
    "costs": _parts,
    "fit_jax": _parts,
    "fit_tensorflow": _parts,
}
BACKENDS = {"jax": "JAX", "tensorflow": "TensorFlow"}
NETWORKS = {"mlp": "MLP", "dcgan": "DCGAN", "sngan": "SN-GAN"}


def _backends(rows):
    return [name for name in BACKENDS if name in {row["backend"] for row in rows}]


def _found(rows, **fields):
    """Returns the row that has all of these values, or `None`."""
    found = [row for row in rows if all(row[name] == value for name, value in fields.items())]
    return found[0] if found else None


def _markdown(head, lines):
    lines = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


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
