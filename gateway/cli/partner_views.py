"""Partners as the command line shows them. There is no secret in what is known of them; keys are named all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.access.partners import CertificateName, KeySet, Partner, decode
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.fhir.outcome import operation_outcome
from gateway.store.records import moment

if TYPE_CHECKING:
    from gateway.errors import GatewayError
    from gateway.store.records import PartnerVersion


def listed(found: Sequence[PartnerVersion], as_: str) -> str:
    """Return the partners, one a line, or as an array."""
    if as_ == "json":
        return json.dumps([_whole(one) for one in found], indent=2)
    return "\n".join(_line(decode(one.content)) for one in found)


def shown(versions: Sequence[PartnerVersion], as_: str) -> str:
    """Return one partner with its history, the newest first."""
    if as_ == "json":
        history = [_change(one) | {"fields": fields} for one, fields in _changes(versions)]
        return json.dumps(_whole(versions[0]) | {"history": history}, indent=2)
    partner = decode(versions[0].content)
    told = (f"  {name:13} {text}" for name, text in _particulars(partner))
    changes = (f"  {'version ' + str(one.version):13} {_said(one, fields)}" for one, fields in _changes(versions))
    return "\n".join([_line(partner), *told, *changes])


def changed(made: Sequence[PartnerVersion], as_: str) -> str:
    """Return what was done; '' in text when that is nothing."""
    if as_ == "json":
        return json.dumps([{"id": one.id} | _change(one) for one in made], indent=2)
    return "\n".join(f"{one.id}: {one.change}, version {one.version}" for one in made)


def refused(error: GatewayError, as_: str) -> str:
    """Return every reason, a line each, or as an OperationOutcome."""
    if as_ == "json":
        return encode(operation_outcome(error.issues)).decode()
    return "\n".join(f"Error: {issue}" for issue in error.issues)


def _line(partner: Partner) -> str:
    numbers = (("URA", partner.ura), ("AGB", partner.agb), ("OIN", partner.oin))
    known = [f"{name} {number}" for name, number in numbers if number]
    return ", ".join([f"{partner.id}: {partner.name}", partner.kind, *known]) + (
        " DISABLED" if partner.disabled else ""
    )


def _particulars(partner: Partner) -> Iterator[tuple[str, str]]:
    yield from (("region", one) for one in partner.regions)
    yield from (("network", one) for one in partner.networks)
    for number, name in enumerate(partner.certificates, 1):
        yield f"certificate {number}", _certificate(name) + _until(name)
    for client in partner.clients:
        yield "client", client.id + (" DISABLED" if client.disabled else "")
        yield from ((f"  keys {number}", _keys(one) + _until(one)) for number, one in enumerate(client.keys, 1))
        yield from (("  scope", one) for one in client.scopes)
    yield from (("scope", one) for one in partner.scopes)
    yield from (("sends as", one) for one in partner.providers)
    yield from (("sees", one) for one in partner.sees or ())
    yield "rate", f"{partner.rate} requests a minute"
    yield from (("endpoint", f"{one.type} {one.address}") for one in partner.endpoints)


def _certificate(name: CertificateName) -> str:
    if name.uzi:
        return f"UZI server certificates of URA {name.uzi}, issued by {name.issuer}"
    if name.spki:
        return f"public key {name.spki}"
    return f"{name.subject}, issued by {name.issuer}"


def _keys(keys: KeySet) -> str:
    return keys.url or ", ".join(f"{key['kty']} {key['kid']}" for key in (keys.jwks or {}).get("keys", ()))


def _until(one: CertificateName | KeySet) -> str:
    return f", until {format_instant(one.until)}" if one.until else ""


def _changes(versions: Sequence[PartnerVersion]) -> Iterator[tuple[PartnerVersion, list[str]]]:
    """Yield each version with the fields in which it differs from the one before; the first has all it says."""
    contents: list[dict[str, Any]] = [msgspec.to_builtins(decode(one.content)) for one in versions]
    for one, new, old in zip(versions, contents, [*contents[1:], {}], strict=True):
        yield one, sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))


def _said(one: PartnerVersion, fields: Sequence[str]) -> str:
    what = f": {', '.join(fields)}" if one.version > 1 else ""
    return f"{one.change} by {one.by} at {format_instant(moment(one.at))}{what}"


def _change(one: PartnerVersion) -> dict[str, Any]:
    return {"version": one.version, "change": one.change, "by": one.by, "at": format_instant(moment(one.at))}


def _whole(one: PartnerVersion) -> dict[str, Any]:
    partner: dict[str, Any] = msgspec.to_builtins(decode(one.content))
    return partner | {"disabled": partner.get("disabled", False)} | _change(one)
