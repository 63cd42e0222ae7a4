"""Answers in gzip, for callers that take it. https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding

What a page of another site makes a browser ask is left plain: from the size of an answer that holds what it asked and
what it may not see, it could guess the latter.
"""

import zlib

from flask import request

from gateway.rest.response import Response

LEAST = 1400
"""Bytes; less than this goes in one packet anyway."""
_LEVEL = 4  # a quarter of the size of FHIR JSON, in half the time of the level that zlib takes by itself
_GZIP = ("gzip", "x-gzip")


def compressed(response: Response) -> Response:
    """Return the response, in gzip where it is large, and the caller takes that."""
    if len(response.body) < LEAST or response.is_bodiless:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if _takes_gzip() and request.headers.get("Sec-Fetch-Site") != "cross-site":
        packer = zlib.compressobj(_LEVEL, wbits=31)
        response.body = packer.compress(response.body) + packer.flush()
        response.headers["Content-Encoding"] = "gzip"
    return response


def is_not_taken() -> bool:
    """Return whether what was sent is encoded in another way than is read here."""
    return request.headers.get("Content-Encoding", "").strip().lower() not in {"", "identity", *_GZIP}


def _takes_gzip() -> bool:
    """Return whether Accept-Encoding names gzip, or anything, without refusing it."""
    accepted = request.accept_encodings
    named = [quality for name, quality in accepted if name.lower() in _GZIP]
    return max(named) > 0 if named else any(name == "*" and quality > 0 for name, quality in accepted)
