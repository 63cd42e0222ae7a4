"""The paths of discriminators: a few steps of FHIRPath that a slice is known by.

`$this`, `code`, `coding.code`, `extension('url').value`, `resolve()`, `value.ofType(Quantity)`.
https://hl7.org/fhir/R4/profiling.html#discriminator
"""

import re
from functools import lru_cache
from typing import NamedTuple


class Step(NamedTuple):
    """One step: `child` name, `extension` url, `resolve`, or `type` name."""

    kind: str
    name: str = ""


_STEP = re.compile(
    r"""\s*(?:(?P<this>\$this)
    |extension\(\s*(?:url\s*=\s*)?'(?P<extension>[^']+)'\s*\)
    |(?P<resolve>resolve\(\))
    |(?:ofType|as)\(\s*(?:FHIR\.)?(?P<type>\w+)\s*\)
    |(?P<child>\w+)(?:\[x\])?)\s*(?:\.|$)""",
    re.VERBOSE,
)


@lru_cache(maxsize=1_024)
def parse(path: str) -> tuple[Step, ...] | None:
    """Return the steps of a discriminator's path, or None when it is not one.

    >>> parse("extension('https://e.org/x').value.ofType(Coding)")
    (Step(kind='extension', name='https://e.org/x'), Step(kind='child', name='value'), Step(kind='type', name='Coding'))
    """
    found, at = [], 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or match.end() == at:
            return None
        kind = next(name for name, text in match.groupdict().items() if text)
        if kind != "this":
            found.append(Step(kind, "" if kind == "resolve" else match[kind]))
        at = match.end()
    return tuple(found)
