"""FHIR JSON as a source: the resource, and where each of its values stands, found only when asked.

https://hl7.org/fhir/R4/json.html
"""

import re
from typing import Any

from gateway.errors import BadRequest, MalformedMessage, Place
from gateway.fhir.json import decode

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_SCALAR = re.compile(rb"[^\s,\]}]+")
_SPACE = re.compile(rb"[\s,:]*")
_STRUCTURE = re.compile(rb'[\[\]{}]|"(?:[^"\\]++|\\.)*+"')
_BOM = b"\xef\xbb\xbf"


class Tree:
    """A resource with the places of its values."""

    __slots__ = ("_data", "resource")

    def __init__(self, resource: dict[str, Any], data: bytes) -> None:
        self.resource = resource
        self._data = data

    def place(self, pointer: str) -> Place:
        """Return where the value at a JSON pointer stands; pointer only when there is no such value.

        Raises BadRequest when it is no pointer. https://www.rfc-editor.org/rfc/rfc6901
        """
        if pointer and not pointer.startswith("/"):
            raise BadRequest(f"{pointer!r} is not a JSON pointer")
        at = _value(self._data, len(_BOM) if self._data.startswith(_BOM) else 0)
        for token in pointer.split("/")[1:]:
            found = _step(self._data, at, token.replace("~1", "/").replace("~0", "~"))
            if found is None:
                return Place(pointer)
            at = found
        return Place(pointer or "#", self._data.count(b"\n", 0, at) + 1, at)


def parse(data: bytes) -> Tree:
    """Return the resource in `data`. Raises MalformedMessage when it is not JSON or not a resource."""
    value = decode(data)
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise MalformedMessage("this is JSON, but not a FHIR resource: it names no resourceType")
    return Tree(value, data)


def _value(data: bytes, at: int) -> int:
    """Return where the next value or name begins: what separates them is passed over."""
    match = _SPACE.match(data, at)
    return match.end() if match else at


def _step(data: bytes, at: int, token: str) -> int | None:
    """Return where the member or item called `token` of the value at `at` begins; the text is valid JSON."""
    opening, number = data[at : at + 1], 0
    if opening not in (b"{", b"["):
        return None
    at = _value(data, at + 1)
    while data[at : at + 1] not in (b"}", b"]"):
        name = str(number)
        if opening == b"{":
            end = _end(data, at)
            name, at = decode(data[at:end]), _value(data, end)
        if name == token:
            return at
        at, number = _value(data, _end(data, at)), number + 1
    return None


def _end(data: bytes, at: int) -> int:
    """Return where the value that begins at `at` ends."""
    if data[at : at + 1] not in (b"{", b"["):
        match = _STRING.match(data, at) or _SCALAR.match(data, at)
        return match.end() if match else at + 1
    depth = 0
    for match in _STRUCTURE.finditer(data, at):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(data)
