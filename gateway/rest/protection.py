"""What every answer over HTTP tells a browser and a proxy not to do with it.

The doors serve data to programs: nothing of it is to be kept, guessed at, framed, run, or read by a page of another
site. A page for people says more exactly what it may do itself (`pages`). CORS is not spoken: no answer lets another
site read it. https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",  # what is asked here is health data, or as good as
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
)
_TWO_YEARS = 63_072_000
_OVER_TLS: Mapping[str, str] = MappingProxyType(
    {**_ALWAYS, "Strict-Transport-Security": f"max-age={_TWO_YEARS}"}  # RFC 6797, 7.2: never said without TLS
)


def protection(*, is_tls: bool) -> Mapping[str, str]:
    """Return the headers of every answer, where clients come over TLS and where they do not."""
    return _OVER_TLS if is_tls else _ALWAYS
