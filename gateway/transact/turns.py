"""Who waits for whom among those who write what a condition decides, so that two never both find nothing and make two.

Conditions that are worded otherwise can mean one resource: `identifier=S|1`, `identifier=1&name=x`, and that of another
identifier of the same resource. So one who writes takes the identifiers that are asked, and those of what is written,
for himself; and who asks by anything else takes the whole type. Who asks about what points at others, or is pointed at,
takes the types of those too: somebody may be making there what his own condition looks for here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.fhir.search import SearchRequest
from gateway.fhir.search.model import AllOf, AnyOf, Chain, Condition, Filter, Has, Token
from gateway.store.records import Turns
from gateway.transact.entries import Entry

_MOST = 256  # identifiers that one transaction takes; a database has only so many locks
_ELEMENTS = ("identifier", "masterIdentifier")  # what the parameter `identifier` looks at


def turns(entries: Iterable[Entry], references: Iterable[SearchRequest]) -> Turns:
    """Return what a transaction takes for itself, and what it shares with others, before it looks up its conditions.

    `references` are the conditions of its references, of which it writes nothing.
    """
    found: dict[str, set[str]] = {}  # by type, the identifiers
    alone: set[str] = set()
    for entry in entries:
        found.setdefault(entry.type, set()).update(_identifiers_of(entry.resource or {}))
        if entry.condition is not None:
            asked = _asked(entry.condition)
            found[entry.type] |= asked
            alone.update(_others(entry.condition.conditions))
            if not asked:
                alone.add(entry.type)
    for condition in references:
        found.setdefault(condition.resource_type, set()).update(_asked(condition))
    if sum(map(len, found.values())) > _MOST:
        alone |= {type_ for type_, identifiers in found.items() if identifiers}
        return Turns(alone, found.keys() - alone)
    named = {f"{type_}|{one}" for type_, identifiers in found.items() for one in identifiers}
    return Turns(alone | named, found.keys() - alone)


def _asked(condition: SearchRequest) -> set[str]:
    """Return the identifiers one of which a resource must have to match; none when it can match without."""
    for one in condition.conditions:
        if isinstance(one, Filter) and one.parameter.code == "identifier" and one.modifier is None:
            codes = [value.code for value in one.values if isinstance(value, Token)]
            if all(codes):
                return {str(code).lower() for code in codes}
    return set()


def _others(conditions: Iterable[Condition]) -> Iterator[str]:
    """Yield the types of what must be so of other resources: those of chains and `_has`, at every depth."""
    for one in conditions:
        match one:
            case Chain(targets=targets):
                yield from (type_ for type_, _ in targets)
                yield from _others(condition for _, condition in targets)
            case Has(source=source, then=then):
                yield source
                yield from _others([then])
            case AnyOf(conditions=several) | AllOf(conditions=several):
                yield from _others(several)


def _identifiers_of(resource: dict[str, Any]) -> Iterator[str]:
    """Return the identifiers of a resource that is written; it was validated."""
    for name in _ELEMENTS:
        there = resource.get(name, [])
        for identifier in there if isinstance(there, list) else [there]:
            if identifier.get("value"):
                yield str(identifier["value"]).lower()
