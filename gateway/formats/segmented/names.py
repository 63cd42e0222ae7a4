"""The names of segments, known by how a segment begins."""

import re

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


class Names(dict[str, str]):
    """The name of the segment that begins with four characters, `PID|`; empty when no segment begins so.

    `ends` are the characters that may follow a name. Remembers what it has seen (there are fewer than 100,000 names),
    for this is asked of every segment.
    """

    def __init__(self, ends: str) -> None:
        super().__init__()
        self._ends = ends

    def __missing__(self, beginning: str) -> str:
        name = beginning[:3]
        if not _NAME.fullmatch(name) or beginning[3:] not in self._ends:  # nothing may follow it, too
            return ""
        self[beginning] = name
        return name
