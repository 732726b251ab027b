"""`ganzoo ablate`: trains and compares recipes that differ in one thing, over several seeds."""

from pathlib import Path

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import add_debug_flag

_ALONE = ("cells", "seeds", "processes", "dry_run", "report", "page_folder", "output")


def _check(options, others):
    if options.list:
        given = sorted(options.given & {*_ALONE})
        if others or given:
            received = " ".join([*others, *(f"--{name}" for name in given)])
            raise ValueError(f"--list takes nothing else. Received: {received}")
        return
    if len(others) != 1:
        raise ValueError(
            "Expected one study: a name that `ganzoo ablate --list` lists, or a TOML file. "
            f"Received: {' '.join(others) or 'none'}"
        )
    if others[0].endswith(".toml") and not Path(others[0]).is_file():
        raise FileNotFoundError(
            "There is no such study: give the path of a TOML file, or a name of `ganzoo ablate "
            f"--list`. Received: {others[0]}"
        )
    if options.report and (extra := sorted(options.given & {"dry_run", "processes"})):
        raise ValueError(
            "--report trains nothing: leave out the flags of a run. "
            f"Received: --report {' '.join(f'--{name}' for name in extra)}"
        )


COMMAND = Command(
    "ablate",
    "Train recipes that differ in one thing, over several seeds, and compare them.",
    "STUDY [flags]\n--list",
    description="""STUDY is one of the studies of this package or a TOML file of yours. Each cell of
        a study, for each of its seeds, has a record in the output folder. A run may be stopped at
        any time: the same command continues it, and trains no cell twice. The same command in
        another terminal takes cells that nobody trains. Runs that diverge are counted. At the end
        the table of all records is printed, and a page with the table, the figures and the records
        is written.""",
    examples=(
        "ganzoo ablate --list",
        "ganzoo ablate gaussians --dry_run",
        "ganzoo ablate gaussians --cells=ring/r1,ring/spectral_* --seeds=0-2",
        "ganzoo ablate my_study.toml --processes=4 --output=runs/my_study",
        "ganzoo ablate gaussians --report --page_folder=docs/evidence",
    ),
    check=_check,
)
COMMAND.group("Studies")
COMMAND.switch("list", "List the studies of this package, and end.")
COMMAND.group("What to train")
COMMAND.names("cells", "Names of cells between commas; * stands for any text. By default all.")
COMMAND.integers("seeds", "LIST", "Seeds, such as 0-4 or 0,2. By default the seeds of the study.")
COMMAND.positive_integer(
    "processes", "Processes that train cells side by side. They share the cores.", default=1
)
COMMAND.switch(
    "dry_run",
    """Check the study, and print its cells with the estimated time, from records or from a few
    steps of each cell.""",
)
COMMAND.group("Files")
COMMAND.path("output", "FOLDER", "Folder of the records. By default runs/studies/STUDY.")
COMMAND.switch("report", "Write the page from the records that exist, and train nothing.")
COMMAND.path("page_folder", "FOLDER", "Folder of the page. By default the folder of the records.")
COMMAND.group("Other")
add_debug_flag(COMMAND)
