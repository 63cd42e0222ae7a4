"""The certificate of a client as a proxy tells it, that ended TLS in our place.

`Client-Cert` is that of RFC 9440; `X-Client-Cert` holds PEM that is percent-encoded, as nginx writes
`$ssl_client_escaped_cert`. Whoever can send them could be anybody, so they count from listed proxies alone.
https://www.rfc-editor.org/rfc/rfc9440, https://nginx.org/en/docs/http/ngx_http_ssl_module.html
"""

from __future__ import annotations

import binascii
import ssl
from base64 import b64decode
from collections.abc import Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from gateway.access.unknown import NotKnown

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

STANDARD, ESCAPED = "Client-Cert", "X-Client-Cert"
_LONGEST = 16_384


def is_proxy(address: str, proxies: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Return whether a request comes from an address at which a proxy is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in proxies)


def certificate(standard: str | None, escaped: str | None) -> bytes | None:
    """Return the certificate (DER) in the headers of a proxy; None when the client showed it none.

    Raises NotKnown for what is none, also when there are two.
    """
    given = [text for text in (standard, escaped) if text]
    if not given:
        return None
    if len(given) > 1 or len(given[0]) > _LONGEST:
        raise NotKnown("forwarded-twice" if len(given) > 1 else "forwarded-unreadable")
    try:
        return _of_standard(given[0]) if standard else _of_escaped(given[0])
    except (ValueError, binascii.Error) as error:
        raise NotKnown("forwarded-unreadable") from error


def _of_standard(text: str) -> bytes:
    """Return what a byte sequence is. https://www.rfc-editor.org/rfc/rfc8941#section-3.3.5"""
    if len(text) < 2 or not (text.startswith(":") and text.endswith(":")):
        raise ValueError
    return b64decode(text[1:-1], validate=True)


def _of_escaped(text: str) -> bytes:
    pem = unquote_to_bytes(text).decode("ascii").strip()
    if pem.count("-----BEGIN") != 1:
        raise ValueError
    return ssl.PEM_cert_to_DER_cert(pem)
