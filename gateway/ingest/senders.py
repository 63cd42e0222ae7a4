"""Under which provider's name a message over MLLP comes, where the wire says only who sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Forbidden, MalformedMessage
from gateway.formats import hl7v2

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.mapping.library import Library

_FACILITY = "MSH-4.1"


def provider_of(message: bytes, caller: Caller, library: Library) -> str:
    """Return the provider that the sending facility (MSH-4) names, or else the only one that the caller sends as.

    Raises Forbidden when it names one that the caller may not send as, or leaves open which of several it is.
    """
    named = _facility(message).lower()
    if named in caller.providers or (named and named in library.providers):
        if named not in caller.providers:
            raise Forbidden("the sending facility (MSH-4) is one that this sender may not send as")
        return named
    if len(caller.providers) != 1:
        raise Forbidden("MSH-4 must say as which of its providers this sender sends")
    (only,) = caller.providers
    return only


def _facility(message: bytes) -> str:
    """Return what the first segment says of where a message comes from; '' for what is no message."""
    try:
        first = hl7v2.parse(message.lstrip(b"\r\n").replace(b"\n", b"\r").split(b"\r", 1)[0])
    except MalformedMessage:
        return ""
    return first.get(_FACILITY) or ""
