"""The form that a page or a client of OAuth posts: a few short fields, each once.

https://url.spec.whatwg.org/#application/x-www-form-urlencoded
"""

from __future__ import annotations

from flask import request

from gateway.errors import BadRequest, TooLarge, UnsupportedMediaType
from gateway.rest import wire
from gateway.rest.headers import media_type

LONGEST = 32_768
"""Bytes of a form that are read."""

_TYPE = "application/x-www-form-urlencoded"


def fields() -> dict[str, str]:
    """Return the fields of the form in the body. UnsupportedMediaType, TooLarge, BadRequest, MalformedMessage."""
    if media_type(request.headers.get("Content-Type")) != _TYPE:
        raise UnsupportedMediaType(f"parameters are sent as {_TYPE}")
    if (request.content_length or 0) > LONGEST or len(content := wire.content()) > LONGEST:
        raise TooLarge(f"the form is longer than {LONGEST} bytes")
    return once(wire.pairs(content))


def once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by their names. BadRequest for one that stands there twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadRequest("a parameter stands there twice")
    return found
