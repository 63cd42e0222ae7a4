"""Which profiles, tags and security labels are in use: on one resource, on a type, or on everything.

http://hl7.org/fhir/R4/resource-operation-meta.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.access.policy import Caller, visible
from gateway.errors import Forbidden
from gateway.query.audit import note
from gateway.store import history as stored_history
from gateway.store import labels

if TYPE_CHECKING:
    from gateway.services import Services

Meta = dict[str, Any]


def in_use(resource_type: str, caller: Caller, to: Services) -> Meta:
    """Return what is in use on a type or ('') on every type that the caller may read whole. Forbidden, Unavailable.

    Of a type of which it may read some resources alone nothing is told: others' labels tell of them.
    """
    sight = visible(caller)
    if resource_type and (not sight.admits(resource_type) or sight.condition(resource_type)):
        raise Forbidden(f"this caller may not read every {resource_type}")
    with to.store.reading() as db:
        types = (
            [resource_type]
            if resource_type
            else [name for name in stored_history.types(db) if sight.admits(name) and not sight.condition(name)]
        )
        profiles = sorted({url for type_ in types for url in labels.profiles(db, type_)})
        tags = sorted({coding for type_ in types for coding in labels.codings(db, type_, "_tag")})
        security = sorted({coding for type_ in types for coding in labels.codings(db, type_, "_security")})
    note(to, caller, "meta", [resource_type or "*"])
    found = {
        "profile": profiles,
        "security": [_coding(*one) for one in security],
        "tag": [_coding(*one) for one in tags],
    }
    return {name: values for name, values in found.items() if values}


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": code} if system else {"code": code}
