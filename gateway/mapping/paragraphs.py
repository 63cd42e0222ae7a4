"""Lines of a message joined to the paragraphs that were written, where the lines themselves show that they were cut.

A format with lines of at most 70 characters (TXT, FTX) makes the sender's software cut sentences. A line goes on in the
next one when it is full (the next word would not have fitted), does not end a sentence, and the next line is not blank,
indented, an item of a list or a label (`Medicatie: …`). Everything else stays on a line of its own, so that no list of
medicines is ever run together. Blank lines stay.
"""

import re
from itertools import pairwise

WIDTH = 70
"""The width of a line of free text in EDIFACT; where a line is longer than that, the longest is taken."""

_SURELY = 3  # so many lines of exactly the width, and no full line that is shorter, are no chance
_ENDS = (".", ":", ";", "!", "?")
_OWN = re.compile(r"\s|[-*•>+] |\d{1,2}[.)] |[A-Za-zÀ-ÿ][\w /-]{0,30}:(?:\s|$)")


def unwrapped(text: str, width: int = WIDTH) -> str:
    """Return a text with its cut lines joined.

    >>> unwrapped("zwaar op de borst sinds twee uur, uitstralend naar de linker arm, en\\nzweten")
    'zwaar op de borst sinds twee uur, uitstralend naar de linker arm, en zweten'
    """
    lines = text.split("\n")
    if len(lines) < 2:
        return text
    if any(line.endswith("  ") for line in lines):
        lines = [line.rstrip() for line in lines]  # filled up with blanks: their lengths say nothing
    width = max(width, *map(len, lines))
    exact = [len(line) == width for line in lines]
    by_word = any(_goes_on(line, after, width) for line, after in pairwise(lines))
    by_width = not by_word and sum(exact[:-1]) >= _SURELY
    made = lines[0]
    for (line, after), is_exact in zip(pairwise(lines), exact, strict=False):
        made += _between(line, after, width, cut=is_exact and by_width, word=by_word) + after
    return made


def _goes_on(line: str, after: str, width: int) -> bool:
    """Return whether a line that is not exactly as long as a line can be was cut before its next word."""
    return len(line) < width and _is_cut(line, after, width)


def _is_cut(line: str, after: str, width: int) -> bool:
    if (
        len(line) + len(after) < width
        or not line.strip()
        or not after.strip()
        or _OWN.match(after)
        or line.rstrip().endswith(_ENDS)
    ):
        return False
    return len(line) + 1 + len(after.split(maxsplit=1)[0]) > width


def _between(line: str, after: str, width: int, *, cut: bool, word: bool) -> str:
    """Return what stands between two lines.

    `cut`: the sender cuts at the width, words or not. `word`: it cuts between words. When neither shows, a line of
    exactly the width may have been cut either way, and is left as it is.
    """
    if cut and after.strip() and not _OWN.match(after):
        return ""
    if not _is_cut(line, after, width) or (len(line) == width and not word):
        return "\n"
    return "" if line.endswith(" ") else " "
