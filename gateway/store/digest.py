"""Whether two versions say the same: a digest of a resource without what the gateway itself sets.

A feed repeats its state every few minutes; a repetition makes no version.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from gateway.fhir.types import Resource

RECEIVED_AT = "https://msb-gateway.example/fhir/StructureDefinition/capacity-received-at"

_OURS = ("versionId", "lastUpdated")
_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")


def digest(resource: Resource) -> bytes:
    """Return 16 bytes that are equal for equal content, whatever the order of the properties.

    Left out of `meta`: versionId, lastUpdated, and the extension that says when the gateway received it.
    """
    meta = resource.get("meta")
    if meta is not None:
        resource = resource | {"meta": _content(meta)}
        if not resource["meta"]:
            del resource["meta"]
    return sha256(_ENCODER.encode(resource)).digest()[:16]


def _content(meta: dict[str, Any]) -> dict[str, Any]:
    content = {name: value for name, value in meta.items() if name not in _OURS}
    if "extension" in content:
        content["extension"] = [e for e in content["extension"] if e.get("url") != RECEIVED_AT]
        if not content["extension"]:
            del content["extension"]
    return content
