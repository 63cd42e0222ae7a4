"""What an operator writes of a partner, read and checked whole: every problem at once, each with its place.

    partners:
      - id: duinrand
        name: Ziekenhuis Duinrand
        kind: ziekenhuis
        ura: "00000002"
        certificates:
          - issuer: CN=Example CA,C=NL
            subject: CN=Duinrand,C=NL
        clients:
          - id: duinrand-ehr
            jwks_url: https://duinrand.example/jwks
        scopes: [system/Slot.rs, system/Location.read]
        providers: [duinrand]

One partner by itself needs no `partners:`. docs/operating.md says what each field is for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.access import public_keys, registered_names, scopes, sight
from gateway.access.fields import Document, Fields, Lines
from gateway.access.organisations import kinds
from gateway.access.partners import RATE, CertificateName, Client, Connection, KeySet, Partner
from gateway.errors import BadRequest, GatewayError, Issue
from gateway.fhir.types import resource_types

KEYS = (
    "agb", "certificates", "clients", "endpoints", "id", "kind", "name", "networks", "oin", "providers", "rate",
    "regions", "scopes", "sees", "test", "ura",
)  # fmt: skip
CONNECTIONS: Mapping[str, tuple[str, ...]] = {
    "hl7-fhir-rest": ("https://", "http://"),
    "hl7-fhir-msg": ("https://", "http://"),
    "hl7v2-mllp": ("mllps://", "mllp://"),
}
"""The kinds of connections, and how an address of each begins."""

_ID = re.compile(r"(?![0-9]{8}$)[a-z0-9][a-z0-9-]{0,39}")  # what is a URA might be that of another
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,200}")
_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_PLACE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}(/[a-z0-9][a-z0-9-]{0,39})?")
_ADDRESS = re.compile(r"[a-z]+://[A-Za-z0-9.\[\]:-]+(/[!$&-;=?-Z_a-z~%]*)?")
_EIGHT = re.compile(r"[0-9]{8}")
_TWENTY = re.compile(r"[0-9]{20}")
_MOST_RATE = 1_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """What a partner may refer to: the providers there are, and why (None: not at all) keys are not fetched from."""

    providers: Collection[str]
    refuses: Callable[[str], str | None]


def read(document: Any, known: Known, lines: Lines) -> list[Partner]:
    """Return the partners of a document; `lines` are those of its fields by their paths.

    Raises BadRequest (bad-partner) with every problem. Whether something is another partner's, says the store.
    """
    fields = Fields(document, Document(lines))
    listed = [] if fields.problems else [fields]
    if fields.has("partners"):
        fields.only(("partners",))
        listed = fields.objects("partners")
        if not listed:
            fields.add("partners", "must be a list of one partner or more")
    partners = [_partner(one, known) for one in listed]
    _check_distinct(partners, fields)
    if fields.problems:
        raise BadRequest(fields.problems)
    return partners


def certificate(document: Mapping[str, str]) -> CertificateName:
    """Return what a certificate is known by, which is said as in a partner. Raises BadRequest (bad-partner)."""
    fields = Fields(document, Document({}), "certificate")
    found = certificate_name(fields)
    if found is None:
        raise BadRequest(fields.problems)
    return found


def key_set(document: Mapping[str, Any], known: Known) -> KeySet:
    """Return the keys of a client, which are said as in a partner. Raises BadRequest (bad-partner)."""
    fields = Fields(document, Document({}), "client")
    found = _key_set(fields, known)
    if fields.problems:
        raise BadRequest(fields.problems)
    return found


def _partner(fields: Fields, known: Known) -> Partner:
    fields.only(KEYS)
    return Partner(
        id=fields.text("id", _ID, "must be small letters, digits and hyphens, 40 at most", required=True),
        name=fields.text("name", _NAME, "must be a name", required=True),
        kind=fields.one_of("kind", kinds()),
        ura=fields.text("ura", _EIGHT, "must be the eight digits of a URA"),
        agb=fields.text("agb", _EIGHT, "must be the eight digits of an AGB code"),
        oin=fields.text("oin", _TWENTY, "must be the twenty digits of an OIN"),
        regions=fields.words("regions", _PLACE, "must be as west, or west/haaglanden for a part of it"),
        networks=fields.words("networks", _PLACE, "must be small letters, digits and hyphens"),
        certificates=tuple(name for one in fields.objects("certificates") if (name := certificate_name(one))),
        clients=tuple(_client(one, known) for one in fields.objects("clients")),
        scopes=fields.checked("scopes", _check_scope),
        providers=fields.among("providers", known.providers, "is no provider (`mappings/providers`)"),
        sees=fields.checked("sees", _check_sees) if fields.has("sees") else None,
        rate=fields.integer("rate", RATE, 1, _MOST_RATE),
        endpoints=tuple(_connections(fields)),
        test=fields.flag("test"),
    )


def _check_sees(text: str) -> None:
    try:
        sight.read((text,))
    except GatewayError as error:
        raise ValueError("; ".join(issue.diagnostics for issue in error.issues)) from error


def _check_scope(text: str) -> None:
    scope = scopes.read(text)
    if scope is None:
        raise ValueError("must be as system/Slot.rs, or system/Slot.read as version 1 writes it")
    if scope.type not in {"*", *resource_types()}:
        raise ValueError("is of a type that R4 does not have")
    if problem := scopes.problem(scope):
        raise ValueError(f"has a query that a scope cannot have: {problem}")


def certificate_name(fields: Fields) -> CertificateName | None:
    """Return what a certificate is known by; None, with a problem, when that cannot be told."""
    given = sorted(fields.keys)
    try:
        match given:
            case ["issuer", "subject"]:
                return registered_names.of_names(fields.any_text("issuer"), fields.any_text("subject"))
            case ["issuer", "uzi"]:
                return registered_names.of_uzi(fields.any_text("issuer"), fields.any_text("uzi"))
            case ["spki"]:
                return registered_names.of_key(fields.any_text("spki"))
            case ["pem"]:
                return registered_names.of_pem(fields.any_text("pem"))
    except ValueError as error:
        fields.add("", f"{' and '.join(given)} {error}")
    else:
        fields.add("", "must be said by issuer and subject, by issuer and uzi, by spki, or by pem")
    return None


def _client(fields: Fields, known: Known) -> Client:
    fields.only(("disabled", "id", "jwks", "jwks_url", "scopes"))
    id_ = fields.text("id", _CLIENT, "must be letters, digits and ._:/-, 200 at most", required=True)
    return Client(
        id=id_,
        keys=(_key_set(fields, known),),
        scopes=fields.checked("scopes", _check_scope),
        disabled=fields.flag("disabled"),
    )


def _key_set(fields: Fields, known: Known) -> KeySet:
    if fields.has("jwks") == fields.has("jwks_url"):
        fields.add("", "has either jwks, the public keys themselves, or jwks_url, where they are")
        return KeySet()
    if fields.has("jwks"):
        jwks = fields.value("jwks")
        for problem in public_keys.problems(jwks):
            fields.add("jwks", problem)
        return KeySet(jwks=jwks)
    url = fields.any_text("jwks_url")
    if reason := known.refuses(url):
        fields.add("jwks_url", reason)
    return KeySet(url=url)


def _connections(fields: Fields) -> Iterator[Connection]:
    for type_, address in fields.pairs("endpoints"):
        begins = CONNECTIONS.get(type_)
        if begins is None:
            fields.add(f"endpoints.{type_}", f"must be one of {', '.join(CONNECTIONS)}")
        elif not (address.startswith(begins) and _ADDRESS.fullmatch(address)):
            fields.add(f"endpoints.{type_}", f"must be an address that begins with {begins[0]}, without a user")
        else:
            yield Connection(type_, address)


def names(partner: Partner) -> list[tuple[str, str]]:
    """Return what a partner is known by and no other may be: (kind, name)."""
    return [
        *(("certificate", one.key) for one in partner.certificates),
        *(("client", one.id) for one in partner.clients),
        *([("URA", partner.ura)] if partner.ura else []),
    ]


def _check_distinct(partners: list[Partner], fields: Fields) -> None:
    """Tell what two partners of a document, or one of them twice, are known by."""
    found = Counter([name for one in partners for name in names(one)])
    found.update(("id", one.id) for one in partners if one.id)
    for (kind, _), times in found.items():
        if times > 1:
            fields.problems.append(Issue("bad-partner", f"one {kind} stands here {times} times"))
