"""The issuers of others whose tokens are taken here: a file of the operator, read and checked whole.

    issuers:
      - issuer: https://as.example
        kind: x5c                          # its certificate stands in the header of each token
        authorities: /etc/gateway/as-ca.pem
        certificate: {issuer: "CN=Example CA,C=NL", subject: "CN=as.example,C=NL"}
        partner: ura                       # the claim with the URA of a partner
      - issuer: https://nuts.example
        kind: jwks                         # its keys stand at an address
        jwks_url: https://nuts.example/jwks
        partner: client_id
      - issuer: https://node.example
        kind: jwt-bearer                   # what it signs is exchanged for a token of ours
        jwks_url: https://node.example/jwks
        partner: sub

What each field means stands in docs/operating.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from gateway.access.assertions import ALGORITHMS
from gateway.access.fields import Document, Fields, Lines
from gateway.access.partners import CertificateName
from gateway.access.registration import certificate_name
from gateway.errors import BadSettings

Kind = Literal["x5c", "jwks", "jwt-bearer"]
OF_CERTIFICATE = "certificate"
"""What `partner` says where the URA in the certificate that signs is that of the partner."""

_KEYS = (
    "audience", "authorities", "certificate", "issuer", "jwks_url", "kind", "once", "partner", "partners", "revoked",
    "seconds",
)  # fmt: skip
_OF_X5C, _OF_JWKS = ("authorities", "certificate", "revoked"), ("jwks_url",)
_ISSUER = re.compile(r"[!-~]{1,256}")
_CLAIM = re.compile(r"[A-Za-z0-9_:/.-]{1,100}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SECONDS, _LONGEST = 300, 3600
_TYPES: Mapping[Kind, tuple[str | None, ...]] = {
    "x5c": ("aorta-st+jwt",), "jwks": ("at+jwt", "jwt"), "jwt-bearer": (None, "jwt"),
}  # fmt: skip
_FIXED = ("audience", "once", "seconds")


@dataclass(frozen=True, slots=True)
class OutsideIssuer:
    """One issuer. What one of the kind `jwt-bearer` signs is good at the token endpoint, that of the others at the API.

    Of the kind `x5c` the certificate that signs must be that of `certificate`, where it is said. `partner` is the claim
    that says for whom a token is; `partners` are those it may be for, none: whoever is registered; `seconds` is how
    long a token may be good, `once` whether it is taken once.
    """

    issuer: str
    kind: Kind
    audience: str
    partner: str
    partners: frozenset[str] = frozenset()
    seconds: int = _SECONDS
    once: bool = False
    authorities: Path | None = None
    revoked: Path | None = None
    certificate: CertificateName | None = None
    jwks_url: str = ""

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Return how its tokens may be signed."""
        return ("RS256",) if self.kind == "x5c" else ALGORITHMS

    @property
    def types(self) -> tuple[str | None, ...]:
        """Return what its tokens may call themselves (`typ`)."""
        return _TYPES[self.kind]


def read(
    document: Any, lines: Lines, file: str, audience: str, refuses: Callable[[str], str | None]
) -> tuple[OutsideIssuer, ...]:
    """Return the issuers of a document; `audience` is whom tokens are for where nothing else is said, and `refuses`
    why keys are not fetched from an address. Raises BadSettings with everything that is wrong, file and line.
    """
    fields = Fields(document, Document(lines, file, "bad-settings"))
    fields.only(("issuers",))
    found = [_issuer(one, audience, refuses) for one in fields.objects("issuers")]
    if not found:
        fields.add("issuers", "must be a list of one issuer or more")
    if len({one.issuer for one in found}) != len(found):
        fields.add("issuers", "has one issuer twice")
    if fields.problems:
        raise BadSettings(list(dict.fromkeys(fields.problems)))
    return tuple(found)


def _issuer(fields: Fields, audience: str, refuses: Callable[[str], str | None]) -> OutsideIssuer:
    fields.only(_KEYS)
    kind = cast("Kind", fields.one_of("kind", tuple(_TYPES)))
    for key in _OF_JWKS if kind == "x5c" else (*_OF_X5C, *(_FIXED if kind == "jwt-bearer" else ())):
        if fields.has(key):
            fields.add(key, f"is not of the kind {kind}")
    said = OutsideIssuer(
        issuer=fields.text("issuer", _ISSUER, "must be as `iss` has it", required=True),
        kind=kind,
        audience=fields.text("audience", _ISSUER, "must be as `aud` has it") or audience,
        partner=fields.text("partner", _CLAIM, "must be the name of a claim, or certificate", required=True),
        partners=frozenset(fields.words("partners", _ID, "must be ids of partners")),
        seconds=fields.integer("seconds", _SECONDS, 1, _LONGEST),
        once=kind == "jwt-bearer" or fields.flag("once"),
        authorities=_file(fields, "authorities", required=kind == "x5c"),
        revoked=_file(fields, "revoked"),
        certificate=certificate_name(fields.inner("certificate")) if fields.has("certificate") else None,
        jwks_url=_address(fields, refuses) if kind != "x5c" else "",
    )
    _check_signer(fields, said)
    return said


def _check_signer(fields: Fields, said: OutsideIssuer) -> None:
    """Tell when anybody whom an authority signed could sign for the issuer: it has signed many."""
    by_certificate = said.partner == OF_CERTIFICATE
    if said.kind == "x5c" and by_certificate == fields.has("certificate"):
        fields.add(
            "certificate", "must say who signs, unless `partner: certificate` says that partners do so themselves"
        )
    if said.kind != "x5c" and by_certificate:
        fields.add("partner", "must be a claim: there is no certificate")


def _file(fields: Fields, key: str, *, required: bool = False) -> Path | None:
    if not fields.has(key):
        if required:
            fields.add(key, "is missing")
        return None
    path = Path(fields.any_text(key))
    if not path.is_file():
        fields.add(key, "must be a file that is there")
    return path


def _address(fields: Fields, refuses: Callable[[str], str | None]) -> str:
    url = fields.any_text("jwks_url")
    if reason := refuses(url):
        fields.add("jwks_url", reason)
    return url
