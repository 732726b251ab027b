"""Suggestions for mistyped words."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, candidates: Iterable[str], prefix: str = "") -> str:
    """Returns a sentence that suggests the candidate most like a word.

    Args:
        word: The word that was typed.
        candidates: The words that are allowed.
        prefix: What the sentence shows before the candidate, such as `"--"`.

    Returns:
        The sentence with a space before it, or `""` if no candidate is similar.

    Example:

    >>> did_you_mean("trian", ["train", "sample"])
    ' Did you mean train?'
    """
    close = difflib.get_close_matches(word, candidates, n=1)
    return f" Did you mean {prefix}{close[0]}?" if close else ""
