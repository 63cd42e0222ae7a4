"""Whether two versions say the same. A feed repeats its state every few minutes; a repetition makes no version.

What the gateway itself sets in `meta` does not count: versionId, lastUpdated, and the extension that says when the
gateway received it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from gateway.fhir.json import decode, encode
from gateway.fhir.types import Resource

RECEIVED_AT = "https://msb-gateway.example/fhir/StructureDefinition/capacity-received-at"

_OURS = ("versionId", "lastUpdated")
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")


def digest(rest: bytes, meta: dict[str, Any] | None) -> bytes:
    """Return 16 bytes that tell contents apart: of the encoded resource without its head, and of its `meta`."""
    content = _content(meta) if meta else None
    return sha256(rest + encode(content) if content else rest).digest()[:16]


def says_the_same(resource: Resource, stored: bytes) -> bool:
    """Return whether a resource says what a stored body says, whatever the order of the properties."""
    return _canonical(resource) == _canonical(decode(stored))


def _canonical(resource: Resource) -> bytes:
    meta = _content(resource.get("meta") or {})
    rest = {name: value for name, value in resource.items() if name not in {"id", "meta"}}
    return _SORTED.encode([rest, meta])


def _content(meta: dict[str, Any]) -> dict[str, Any]:
    content = {name: value for name, value in meta.items() if name not in _OURS}
    if "extension" in content:
        content["extension"] = [e for e in content["extension"] if e.get("url") != RECEIVED_AT]
        if not content["extension"]:
            del content["extension"]
    return content
