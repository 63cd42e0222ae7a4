"""Packages from a registry: asked for over HTTP, and believed only with their checksum.

    GET {registry}/{name}                  what versions there are, each with `dist.tarball` and its checksums
    GET {registry}/{name}/{version}        the archive, where the registry names no tarball

Nothing outside the registry's own address is asked: a tarball or a redirect that leads elsewhere is refused.
https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
"""

import base64
import binascii
import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests

from gateway.errors import Conflict, MalformedMessage, ResourceNotFound, TooLarge, Unavailable
from gateway.fhir import json

_LARGEST_LIST = 20_000_000  # bytes of what a registry says about one package
_MOST_REDIRECTS = 3
_CHUNK = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds: to be connected, between two pieces of an answer, and for the whole of it."""

    connect: float = 5
    pause: float = 20
    whole: float = 300


@dataclass(frozen=True, slots=True)
class Listed:
    """One version of a package as the registry lists it."""

    version: str
    address: str
    sha1: str | None
    integrity: str | None

    @property
    def is_checked(self) -> bool:
        """Return whether the registry said a checksum."""
        return self.sha1 is not None or self.integrity is not None


class Registry:
    """One registry at an address of the caller's choice."""

    def __init__(self, address: str, *, largest: int = 100_000_000, patience: Patience | None = None) -> None:
        self.address = address.rstrip("/") + "/"
        self.largest = largest
        self.patience = patience or Patience()

    def listed(self, name: str, wanted: str) -> Listed:
        """Return a version of a package; `4.0.x` and `latest` stand for the newest that fits.

        Raises ResourceNotFound, MalformedMessage (bad-package) and Unavailable.
        """
        said = json.decode(self._get(urljoin(self.address, quote(name)), _LARGEST_LIST))
        versions = said.get("versions") if isinstance(said, dict) else None
        if not isinstance(versions, dict):
            raise MalformedMessage("the registry's list of versions is not one", code="bad-package")
        version = _choose(wanted, versions, (said.get("dist-tags") or {}).get("latest"))
        if version is None:
            raise ResourceNotFound(f"the registry has no {name}#{wanted}", code="not-found")
        return self._row(name, version, versions[version])

    def _row(self, name: str, version: str, row: Any) -> Listed:
        dist = row.get("dist") if isinstance(row, dict) else None
        dist = dist if isinstance(dist, dict) else {}
        default = urljoin(self.address, f"{quote(name)}/{quote(version)}")
        address = secured(str(dist.get("tarball") or default), self.address)
        return Listed(version, address, dist.get("shasum"), dist.get("integrity"))

    def archive(self, listed: Listed) -> bytes:
        """Return the archive of a version. Raises Conflict for another checksum, TooLarge, Unavailable."""
        content = self._get(listed.address, self.largest)
        if listed.sha1 is not None and hashlib.sha1(content, usedforsecurity=False).hexdigest() != listed.sha1.lower():
            raise Conflict("the package has not the checksum (shasum) its registry says", code="bad-package")
        if listed.integrity is not None and not _is_whole(content, listed.integrity):
            raise Conflict("the package has not the checksum (integrity) its registry says", code="bad-package")
        return content

    def _get(self, address: str, largest: int) -> bytes:
        until = time.monotonic() + self.patience.whole
        for _ in range(_MOST_REDIRECTS + 1):
            self._check_is_here(address)
            try:
                with self._ask(address) as answer:
                    if answer.status_code in _REDIRECTS:
                        address = urljoin(address, answer.headers.get("Location", ""))
                        continue
                    return _body(answer, largest, until)
            except requests.RequestException as wrong:
                text = f"the registry did not answer in full: {type(wrong).__name__}"
                raise Unavailable(text, code="unavailable") from wrong
        raise Unavailable("the registry redirects too often", code="unavailable")

    def _ask(self, address: str) -> requests.Response:
        session = requests.Session()
        session.trust_env = False  # no proxy and no password of this machine
        return session.get(
            address,
            stream=True,
            allow_redirects=False,
            timeout=(self.patience.connect, self.patience.pause),
            headers={"Accept": "application/json, application/gzip, */*", "Accept-Encoding": "identity"},
            verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,  # a registry of one's own may have one's own authority
        )

    def _check_is_here(self, address: str) -> None:
        if _origin(address) != _origin(self.address):
            raise Conflict("the registry sends elsewhere; only its own address is asked", code="bad-package")


def secured(address: str, registry: str) -> str:
    """Return an address with https where the registry is asked so and lists itself with http, as some do.

    >>> secured("http://r.example/a/1", "https://r.example/")
    'https://r.example/a/1'
    >>> secured("http://elsewhere.example/a/1", "https://r.example/")
    'http://elsewhere.example/a/1'
    """
    plain, own = urlsplit(address), urlsplit(registry)
    is_same = plain.netloc == own.netloc and (plain.scheme, own.scheme) == ("http", "https")
    return plain._replace(scheme="https").geturl() if is_same else address


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme)


def _body(answer: requests.Response, largest: int, until: float) -> bytes:
    """Return the body of an answer, in pieces, so that neither its size nor its pace is the sender's to choose."""
    if answer.status_code == requests.codes.not_found:
        raise ResourceNotFound("the registry has no such package", code="not-found")
    if answer.status_code != requests.codes.ok:
        raise Unavailable(f"the registry answered with status {answer.status_code}", code="unavailable")
    content = bytearray()
    for piece in answer.iter_content(_CHUNK):
        content += piece
        if len(content) > largest:
            raise TooLarge(f"what the registry sends is larger than {largest} bytes", code="bad-package")
        if time.monotonic() > until:
            raise Unavailable("the registry is too slow", code="unavailable")
    promised = answer.headers.get("Content-Length")
    if promised is not None and promised.isdigit() and int(promised) != len(content):
        raise Unavailable("the registry broke off in the middle", code="unavailable")
    return bytes(content)


def _choose(wanted: str, versions: Mapping[str, Any], latest: Any) -> str | None:
    if wanted in versions:
        return wanted
    if wanted in {"latest", "", "*"}:
        return latest if latest in versions else _newest(list(versions))
    if wanted.endswith(".x"):
        return _newest([version for version in versions if version.startswith(wanted[:-1])])
    return None


def _newest(versions: list[str]) -> str | None:
    """Return the last version by its numbers; of the same numbers the one without a suffix, such as `-beta.1`."""
    return max(versions, key=_order, default=None)


def _order(version: str) -> tuple[list[int], bool, str]:
    numbers, _, suffix = version.partition("-")
    return [int(part) if part.isdigit() else 0 for part in numbers.split(".")], not suffix, suffix


def _is_whole(content: bytes, integrity: str) -> bool:
    """Return whether one of the checksums of an `integrity` (sha512-… base64) is that of the content.

    https://www.w3.org/TR/SRI/
    """
    for one in integrity.split():
        algorithm, _, expected = one.partition("-")
        if algorithm not in {"sha256", "sha384", "sha512"}:
            continue
        try:
            wanted = base64.b64decode(expected.partition("?")[0], validate=True)
        except binascii.Error:
            continue
        if hashlib.new(algorithm, content).digest() == wanted:
            return True
    return False
