"""Lists of integers on a command line."""

import re

_PART = re.compile(r"\s*(\d+)(?:-(\d+))?\s*")
_MOST = 100_000


def parse_integers(name, text):
    """Returns the integers of a text such as `"3"`, `"3,17,204"` or `"0-7,100"`.

    Raises:
        ValueError: If it is no such text, or one of more than 100,000 integers.
    """
    parts = [_PART.fullmatch(part) for part in text.split(",")]
    ranges = [(int(p[1]), int(p[2] or p[1])) for p in parts if p]
    if len(ranges) != len(parts) or any(last < first for first, last in ranges):
        raise ValueError(
            f"`{name}` must be integers between commas, or ranges, such as 3,17,204 or 0-7. "
            f"Received: {name}={text!r}"
        )
    if sum(last - first + 1 for first, last in ranges) > _MOST:
        raise ValueError(f"`{name}` must be at most {_MOST:,} integers. Received: {name}={text!r}")
    return [integer for first, last in ranges for integer in range(first, last + 1)]
