"""Whose a resource is: a security label with the partner that made it, which stays whoever writes it later.

The gateway sets it with every version; what anybody sends of it does not count.
https://hl7.org/fhir/R4/security-labels.html, https://msb-gateway.example/fhir/CodeSystem/owner
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.fhir.types import Resource

SYSTEM = "https://msb-gateway.example/fhir/CodeSystem/owner"
_MARK = SYSTEM.encode()


class _Coding(msgspec.Struct, frozen=True):
    system: Any = None
    code: Any = None


class _Meta(msgspec.Struct, frozen=True):
    security: tuple[_Coding, ...] = ()


class _Head(msgspec.Struct, frozen=True):
    meta: _Meta = _Meta()


_DECODER = msgspec.json.Decoder(_Head)  # made at import: see gateway.fhir.tables


def owner_in(body: bytes) -> str | None:
    """Return whose an encoded resource is, None where that is nobody's."""
    if _MARK not in body:  # as of whatever no partner made
        return None
    return next((str(one.code) for one in _DECODER.decode(body).meta.security if one.system == SYSTEM), None)


def labelled(resource: Resource, owner: str | None) -> Resource:
    """Return a resource with the label of its owner and no other one; None for what is nobody's."""
    meta = resource.get("meta") or {}
    if not meta and owner is None:
        return resource
    said = meta.get("security", [])
    others = without_owner(said)
    security = others if owner is None else [*others, {"system": SYSTEM, "code": owner}]
    if security == said:
        return resource
    new = {name: value for name, value in meta.items() if name != "security"}
    if security:
        new["security"] = security
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return {"resourceType": resource.get("resourceType"), "meta": new, **rest} if new else rest


def without_owner(security: list[Any]) -> list[Any]:
    """Return the security labels that say nothing of an owner."""
    return [one for one in security if not (isinstance(one, dict) and one.get("system") == SYSTEM)]
