"""Whether the indexes that a search looks into hold every resource. Where they do not, it is refused, never answered.

A parameter that is new, or whose rows are now made otherwise, is not in the rows of what was stored before. To leave
those resources out would be to say that they do not match.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.errors import Issue, Unavailable
from gateway.fhir.search import AllOf, AnyOf, Chain, Condition, Filter, Has
from gateway.store.index.definitions import IN_CURRENT, PROJECTION, name_of
from gateway.store.indexing import incomplete, outdated

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database

_TEXT = (
    "the index of {} does not hold every resource yet, so nothing is said about what matches: run "
    "`gateway store reindex --type {}`, which completes it while the gateway goes on, and then search again"
)
Name = tuple[str, str]  # resource type, name in its definitions


def check_complete(db: Database, request: SearchRequest) -> bool:
    """Raise Unavailable (index-incomplete), with every index that `request` needs and that is not complete.

    Return whether some of it was made by other definitions or keys, though it holds all that is needed.
    """
    wanted = list(_names(request))
    others = outdated(db, dict(wanted))
    if not others:
        return False
    lacking = {type_: incomplete(db, type_) for type_ in others}
    found = [(type_, name) for type_, name in dict.fromkeys(wanted) if name in lacking.get(type_, ())]
    if found:
        raise Unavailable([Issue("index-incomplete", _TEXT.format(_shown(*name), name[0])) for name in found])
    return True


def _names(request: SearchRequest) -> Iterator[Name]:
    if request.resource_type == "Slot":
        yield "Slot", PROJECTION  # every search of Slots goes over it
    for condition in request.conditions:
        yield from _of(request.resource_type, condition)
    for key in request.sort:
        yield from _of_code(request.resource_type, key.parameter.code)
    for include in request.includes:
        for parameter in include.parameters:
            yield from _of_code(include.source, parameter.code)


def _of(resource_type: str, condition: Condition) -> Iterator[Name]:
    match condition:
        case Filter(parameter, modifier, _):  # most are
            yield from _of_code(resource_type, parameter.code, modifier)
        case Chain(parameter, targets):
            yield from _of_code(resource_type, parameter.code)
            for target, then in targets:
                yield from _of(target, then)
        case Has(source, parameter, then):
            yield from _of_code(source, parameter.code)
            yield from _of(source, then)
        case AnyOf(several) | AllOf(several):
            for one in several:
                yield from _of(resource_type, one)


def _of_code(resource_type: str, code: str, modifier: str | None = None) -> Iterator[Name]:
    if code not in IN_CURRENT:
        yield resource_type, name_of(resource_type, code, modifier)


def _shown(resource_type: str, name: str) -> str:
    return f"{resource_type} by time" if name == PROJECTION else f"{resource_type}.{name}"
