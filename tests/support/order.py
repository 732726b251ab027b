"""Slow files first, so that all workers end at about the same time.

pytest-xdist hands out whole files, in the order of the collection with `--no-loadscope-reorder`.
`make test-seconds` measures the files again.
"""

import json
import pathlib

TABLE = pathlib.Path(__file__).with_name("seconds.json")
# For a file that was never measured.
DEFAULT_SECONDS = 10.0


def slow_files_first(items):
    """Sorts tests in place: files by their measured seconds, and the tests of a file as before."""
    seconds = json.loads(TABLE.read_text())

    def place(item):
        name = _file(item.nodeid)
        return -seconds.get(name, DEFAULT_SECONDS), name

    items.sort(key=place)


def record(terminalreporter):
    """Writes the seconds of the files that ran to the table, which keeps the other files."""
    measured = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration") and hasattr(report, "when"):
                name = _file(report.nodeid)
                measured[name] = measured.get(name, 0.0) + report.duration
    seconds = json.loads(TABLE.read_text()) | {k: round(v, 1) for k, v in measured.items()}
    present = {name: s for name, s in sorted(seconds.items()) if _exists(name)}
    TABLE.write_text(json.dumps(present, indent=1) + "\n")


def _file(nodeid):
    return nodeid.split("::", 1)[0]


def _exists(name):
    return (TABLE.parents[2] / name).exists()
