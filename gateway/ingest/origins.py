"""Where in a message stands what a finding on one of its resources is about: row and column, field, JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.errors import Issue, Place
from gateway.mapping.mapped import Mapped
from gateway.validation.capacity import CODE, shows_patient

_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]\.resource\.?")


def with_places(issues: Sequence[Issue], mapped: Mapped) -> list[Issue]:
    """Return findings with the places that their elements were made of; one of no such element stays as it is.

    An element may be made of several; of data of a patient only those are told in which it stands.
    """
    return [issue if issue.place else _placed(issue, mapped) for issue in issues]


def _placed(issue: Issue, mapped: Mapped) -> Issue:
    expression = issue.expression or ""
    entry = _ENTRY.match(expression)
    number = int(entry[1]) if entry else 0
    if number >= len(mapped.resources):
        return issue
    below = expression[entry.end() :] if entry else expression.partition(".")[2]
    sources = list(_sources(mapped, mapped.resources[number][2], below))
    own = [source for source in sources if issue.code == CODE and shows_patient(source[1])]
    places = list(dict.fromkeys(place for place, _ in own or sources))
    return replace(issue, place=places[0], others=tuple(places[1:])) if places else issue


def _sources(mapped: Mapped, url: str, below: str) -> Iterator[tuple[Place, str]]:
    """Yield what was read for an element of one resource and for what lies in it; all of it is looked up by a trace.

    Nothing for the resource as a whole: every place would be one of it.
    """
    for entry in mapped.trace.of(url) if below else ():
        if _is_in(entry.path, below):
            yield from entry.sources


def _is_in(path: str, below: str) -> bool:
    _, _, own = path.partition(".")
    return own == below or own.startswith((f"{below}.", f"{below}["))
