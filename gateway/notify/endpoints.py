"""Where the gateway sends to: only origins that the operator lists, only at addresses that are those of a partner.

A caller may name an endpoint, and must not be able to make the gateway speak to itself, to its neighbours or to the
machinery it runs on. Origins are compared whole; addresses are looked up once, checked, and used as they were checked.
https://owasp.org/Top10/A10_2021-Server-Side_Request_Forgery_%28SSRF%29/
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = {"https": 443, "http": 80}
_PRINTED = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+")
_INSIDE = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))  # hold another address

NOT_LISTED = "the endpoint is not at an origin that this gateway sends to; its operator lists them in GATEWAY_ENDPOINTS"
_NOT_A_URL = "the endpoint must be an absolute https URL without user, fragment or other characters than those of a URL"
_NOT_FOUND = "the name of the endpoint's host is not known now"
_INWARD = (
    "the endpoint's host is at an address inside a network that is not listed in GATEWAY_ENDPOINT_NETWORKS, or at one "
    "that is nobody's"
)


class Refused(Exception):
    """An endpoint that nothing is sent to, and why; the text names no address."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that may be sent to, as it is written, with the parts that a connection needs."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """Return what is compared: scheme, host and port. https://www.rfc-editor.org/rfc/rfc6454"""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The origins that may be sent to, and the networks that are not public in which they may be."""

    origins: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def endpoint(self, url: str) -> Endpoint:
        """Return an endpoint. Raises Refused."""
        endpoint = read(url)
        if endpoint.origin not in self.origins:
            raise Refused(NOT_LISTED)
        return endpoint

    def refusal(self, url: str) -> str | None:
        """Return why an endpoint is not sent to, None when it is."""
        try:
            self.endpoint(url)
        except Refused as refused:
            return str(refused)
        return None

    def addresses(self, endpoint: Endpoint) -> list[Address]:
        """Look the host up, once, and return its addresses. Raises Refused unless each may be sent to."""
        try:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Refused(_NOT_FOUND) from error
        addresses = list(dict.fromkeys(ip_address(str(place[0]).partition("%")[0]) for *_, place in found))
        if not addresses or not all(self._may_be_at(endpoint, address) for address in addresses):
            raise Refused(_INWARD)
        return addresses

    def _may_be_at(self, endpoint: Endpoint, address: Address) -> bool:
        address = getattr(address, "ipv4_mapped", None) or address
        if any(address in network for network in self.networks):
            return True
        if _is_literal(endpoint.host, address):  # the operator listed this very address
            return True
        return address.is_global and not address.is_multicast and not any(address in network for network in _INSIDE)


def read(url: str) -> Endpoint:
    """Return the parts of an absolute URL. Raises Refused for one that programs may read in more than one way."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise Refused(_NOT_A_URL) from error
    if not _is_plain(url, parts) or not _HOST.fullmatch(host) or port == 0:
        raise Refused(_NOT_A_URL)
    return Endpoint(url, parts.scheme, host, port or _PORTS[parts.scheme])


def _is_plain(url: str, parts: SplitResult) -> bool:
    return (
        parts.scheme in _PORTS
        and bool(_PRINTED.fullmatch(url))
        and not any(sign in url for sign in '\\"<>^`{|}#')
        and "@" not in parts.netloc
        and url.startswith(f"{parts.scheme}://")
    )


def _is_literal(host: str, address: Address) -> bool:
    if host == "localhost":
        return address.is_loopback
    try:
        return ip_address(host) == address
    except ValueError:
        return False


def read_origins(text: str) -> tuple[str, ...]:
    """Return the origins of a setting, separated by spaces or commas. ValueError."""
    origins = set()
    for word in re.split(r"[\s,]+", text.strip()):
        try:
            endpoint = read(word)
        except Refused as error:
            shown = "what holds a user or a password" if "@" in word else word
            raise ValueError(f"{shown} is no origin, as https://ehr.example is") from error
        if word.rstrip("/").count("/") != 2 or "?" in word:
            raise ValueError(f"{word} is more than an origin: list {endpoint.origin}")
        origins.add(endpoint.origin)
    return tuple(sorted(origins))


def read_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a setting, separated by spaces or commas. ValueError."""
    return tuple(ip_network(word) for word in re.split(r"[\s,]+", text.strip()))
