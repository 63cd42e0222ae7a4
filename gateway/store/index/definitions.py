"""What the index rows of a type are made by, in a form that tells when they no longer are.

Each name that can be searched by has a mark, made of its definition and of the number below. All marks of a type
together are its fingerprint, which stands beside each resource: rows that were made by other definitions show it, and
what they do not hold is not taken for absent. `gateway store reindex` makes them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from types import MappingProxyType

from gateway.fhir.parameters import SearchParameter, follows
from gateway.fhir.search import served

# The index version, in one place. Raise the number of a kind whenever the rows that it makes of a resource change;
# `slot` is the capacity projection, `says` what a Consent says of who may see. What makes rows of its own for a
# modifier has a number of its own there.
VERSIONS: Mapping[str, int] = MappingProxyType(
    {
        "token": 1,
        "string": 2,
        "date": 1,
        "reference": 2,
        "uri": 1,
        "number": 1,
        "quantity": 1,
        "composite": 1,
        "special": 2,
        "slot": 2,
        "says": 1,
    }
)
# Parameter type -> modifier -> its number: `:text` rows that changed leave what is searched without it alone.
MODIFIER_VERSIONS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {"reference": {"identifier": 1}, "token": {"text": 1, "of-type": 1}}
)

PROJECTION = "(slot)"
"""The name of the capacity projection among those of Slot."""
SAYS = "(says)"
"""The name of what Consents say of who may see, among those of Consent."""
IN_CURRENT = frozenset({"_id", "_lastUpdated"})
"""Parameters that are columns of the table `current` and have no index rows."""


@follows
@cache
def definitions(resource_type: str) -> Mapping[str, str]:
    """Return the mark of each name under which resources of a type have index rows: `code`, or `code:modifier`."""
    found = {}
    for code, parameter in served(resource_type).items():
        if code in IN_CURRENT:
            continue
        found[code] = _mark(resource_type, parameter, VERSIONS[parameter.type])
        for modifier, number in MODIFIER_VERSIONS.get(parameter.type, {}).items():
            found[f"{code}:{modifier}"] = _mark(resource_type, parameter, number)
    if resource_type == "Slot":
        found[PROJECTION] = str(VERSIONS["slot"])
    if resource_type == "Consent":
        found[SAYS] = str(VERSIONS["says"])
    return MappingProxyType(found)


@follows
@cache
def fingerprint(resource_type: str) -> int:
    """Return the number of all definitions of a type together; never 0, and it fits a signed column of eight bytes."""
    whole = repr((resource_type, sorted(definitions(resource_type).items()))).encode()
    return int.from_bytes(sha256(whole).digest()[:8], signed=True) or 1


def name_of(resource_type: str, code: str, modifier: str | None) -> str:
    """Return the name whose rows a filter looks into."""
    whole = f"{code}:{modifier}"
    return whole if whole in definitions(resource_type) else code


def _mark(resource_type: str, parameter: SearchParameter, number: int) -> str:
    components = [(c.definition, c.expression) for c in parameter.components]
    whole = (resource_type, parameter.type, parameter.expression, sorted(parameter.targets), components, number)
    return sha256(repr(whole).encode()).hexdigest()[:12]
