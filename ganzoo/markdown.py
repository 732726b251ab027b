"""Tables in Markdown."""

from collections.abc import Iterable


def table(header: Iterable, rows: Iterable[Iterable]) -> str:
    """Returns a table in Markdown.

    Args:
        header: Names of the columns.
        rows: Cells of each row, in Markdown. Their vertical bars are escaped, and line breaks
            become spaces.

    Example:

    >>> print(table(("model", "FID"), [("dcgan", 9.5)]))
    | model | FID |
    | --- | --- |
    | dcgan | 9.5 |
    """
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value):
    return " ".join(str(value).splitlines()).replace("|", "\\|")
