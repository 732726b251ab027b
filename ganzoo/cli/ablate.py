"""`ganzoo ablate`: trains the cells of a study, and writes what their records say."""

import sys
from pathlib import Path

from ganzoo import studies
from ganzoo.callbacks.interruption import Interrupted
from ganzoo.files import check_place
from ganzoo.runs.progress import duration
from ganzoo.studies import Study
from ganzoo.studies.report import tables
from ganzoo_cli.errors import expected


def run(options, others):
    """Checks the study and its records, and returns the work."""
    if options.list:
        _list()
        return None
    study = Study.load(others[0])
    folder = Path(options.output or Path("runs", "studies", study.name))
    pages = Path(options.page_folder or folder)
    if not options.dry_run:
        check_place("--page_folder" if options.page_folder else "--output", pages, is_folder=True)
    if options.report:
        print("\n".join(map(str, studies.report(study, folder, pages))))
        return None
    seeds = study.seeds if options.seeds is None else _check_seeds(study, options.seeds)
    todo = studies.pending(study, folder, options.cells, seeds)
    total = len(study.select(options.cells)) * len(seeds)
    print(f"{study.name}: {study.title}\n{total - len(todo)} of {total} runs have records.")
    if options.dry_run:
        _estimate(todo, folder)
        return None
    check_place("--output", folder, is_folder=True)
    studies.check(todo)

    def work():
        try:
            with expected(ValueError, RuntimeError, OSError):
                studies.run(study, folder, options.cells, seeds, options.processes, _show)
        except Interrupted as interrupted:
            print("\nInterrupted. The same command continues from here.")
            return interrupted.code
        print(f"\n{tables(study, studies.summarize(study, folder))}")
        try:
            written = studies.report(study, folder, pages)
        except ImportError as error:
            print(f"ganzoo ablate: no page was written. {error}", file=sys.stderr)
        else:
            print("\n".join(map(str, written)))
        return 0

    return work


def _list():
    width = max(map(len, studies.names())) + 2
    for name in studies.names():
        study = Study.load(name)
        runs = len(study.cells) * len(study.seeds)
        print(f"  {name:<{width}}{study.title} ({len(study.cells)} cells, {runs} runs)")


def _check_seeds(study, seeds):
    unknown = [seed for seed in seeds if seed not in study.seeds]
    if unknown:
        raise ValueError(
            f"--seeds must be seeds of the study: {', '.join(map(str, study.seeds))}. "
            f"Received: {', '.join(map(str, unknown))}"
        )
    return seeds


def _estimate(todo, folder):
    seconds = studies.estimate(todo, folder)
    for name, one in seconds.items():
        runs = sum(cell.name == name for cell, _ in todo)
        print(f"  {name:<40}{runs} x {duration(one)}")
    print(f"\nAll of them take {duration(sum(seconds[cell.name] for cell, _ in todo))} in a row.")


def _show(cell, seed, results):
    """Prints a line of a run that is done."""
    values = ", ".join(f"{name} {value:.4g}" for name, value in results["values"].items())
    said = f"failed: {results['failed']:.100}" if results["failed"] else values
    print(f"{cell.name} seed {seed} ({duration(results['seconds'])}): {said}", flush=True)
