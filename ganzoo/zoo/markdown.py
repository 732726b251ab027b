"""Tables in Markdown."""


def table(header, rows):
    """Returns a table.

    Args:
        header: The names of the columns.
        rows: The cells of each row.

    Example:

    >>> print(table(("model", "FID"), [("dcgan", 9.5)]))
    | model | FID |
    | --- | --- |
    | dcgan | 9.5 |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
