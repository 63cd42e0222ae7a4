"""A resource as it is stored: a head that the gateway writes anew with each version, then the rest as it came.

So whether a new version would say what the newest says already is seen by its last bytes. A feed repeats its state
every few minutes; a repetition makes no version.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from gateway.fhir.json import decode, encode
from gateway.fhir.owner import without_owner
from gateway.fhir.types import Resource
from gateway.store.records import Identity

RECEIVED_AT = "https://msb-gateway.example/fhir/StructureDefinition/capacity-received-at"

_HEAD = frozenset({"resourceType", "id", "meta"})
_OURS = frozenset({"versionId", "lastUpdated"})
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")


def rest_of(resource: Resource) -> bytes:
    """Return the encoded resource without its head."""
    rest = resource.copy()
    rest.pop("resourceType", None)
    rest.pop("id", None)
    rest.pop("meta", None)
    return encode(rest)


def body(identity: Identity, meta: dict[str, Any] | None, rest: bytes, version: int, at: str) -> bytes:
    """Return the whole encoded resource; of its head only the other parts of `meta` may need escapes."""
    others = b""
    if meta and (kept := {name: value for name, value in meta.items() if name not in _OURS}):
        others = b"," + encode(kept)[1:-1]
    type_, id_ = identity
    head = f'{{"resourceType":"{type_}","id":"{id_}","meta":{{"versionId":"{version}","lastUpdated":"{at}"'.encode()
    return b"%b%b}}" % (head, others) if rest == b"{}" else b"%b%b},%b" % (head, others, rest[1:])


def says_the_same(resource: Resource, rest: bytes, stored: bytes) -> bool:
    """Return whether a stored body says what `resource` says, of which `rest` is the rest.

    What the gateway itself sets in `meta` does not count: versionId, lastUpdated, the label of the owner, and the
    extension that says when the gateway received it. Neither does the order of the properties.
    """
    if rest != b"{}" and stored.endswith(rest[1:]):
        with contextlib.suppress(msgspec.DecodeError):  # more than the rest is the same: the rest of a longer resource
            head = msgspec.json.decode(stored[: -len(rest)] + b"}")
            if head.keys() == _HEAD and encode(said_of(head["meta"])) == encode(said_of(resource.get("meta"))):
                return True
    return _canonical(resource) == _canonical(decode(stored))


def _canonical(resource: Resource) -> bytes:
    rest = {name: value for name, value in resource.items() if name not in {"id", "meta"}}
    return _SORTED.encode([rest, said_of(resource.get("meta"))])


def said_of(meta: dict[str, Any] | None) -> dict[str, Any]:
    """Return a `meta` without what the gateway itself sets there."""
    content = {name: value for name, value in (meta or {}).items() if name not in _OURS}
    if "extension" in content:
        content["extension"] = [e for e in content["extension"] if e.get("url") != RECEIVED_AT]
        if not content["extension"]:
            del content["extension"]
    if "security" in content:
        content["security"] = without_owner(content["security"])
        if not content["security"]:
            del content["security"]
    return content
