"""What an operator gives of partners, in a file or by options, as a document and the lines of its fields."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gateway.access.peers import PeerCertificate
from gateway.errors import BadRequest, BadSettings
from gateway.mapping import documents
from gateway.mapping.documents import Lines


def document_of(path: Path) -> tuple[Any, Lines]:
    """Return what a file of YAML or JSON holds, and the lines of its fields. Raises BadRequest (bad-partner)."""
    try:
        return documents.read(path)
    except BadSettings as error:
        raise BadRequest([replace(issue, code="bad-partner") for issue in error.issues]) from error


def jwks_of(path: Path) -> Any:
    """Return the JWKS in a file. Raises click.BadParameter when it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{path} is no JSON") from error


def with_development_keys(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the development set with a client for each partner, whose keys `gateway certs dev` made in `folder`."""
    keys = dict(_keys(folder))
    return {
        "partners": [
            one | {"clients": [{"id": one["id"], "jwks": keys[subject]}]}
            if (subject := one["certificates"][0]["subject"]) in keys
            else one
            for one in document["partners"]
        ]
    }


def _keys(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield the subject of each certificate in a folder that has a JWKS beside it, and that."""
    for path in sorted(folder.glob("*.jwks")):
        pem = path.with_suffix(".pem").read_text(encoding="ascii")
        yield PeerCertificate.read(ssl.PEM_cert_to_DER_cert(pem)).subject, jwks_of(path)


def pem_of(path: Path) -> str:
    """Return the text of a file with a certificate; what is no text stays none."""
    return path.read_text(encoding="ascii", errors="replace")


def of_keys(jwks: Path | None, url: str | None) -> dict[str, Any]:
    """Return what options say of the keys of a client, as a document says it."""
    return ({"jwks": jwks_of(jwks)} if jwks else {}) | ({"jwks_url": url} if url else {})


def of_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options say of one partner, as a document says it. Raises click.BadParameter."""
    found: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in options.items()
    }
    client, keys = found.pop("client", None), of_keys(found.pop("jwks", None), found.pop("jwks_url", None))
    if client or keys:
        found["clients"] = [keys | ({"id": client} if client else {})]
    if "id_" in found:
        found["id"] = found.pop("id_")
    if "certificates" in found:
        found["certificates"] = [{"pem": pem_of(path)} for path in found["certificates"]]
    if "endpoints" in found:
        found["endpoints"] = dict(_endpoint(text) for text in found["endpoints"])
    return found


def _endpoint(text: str) -> tuple[str, str]:
    type_, equals, address = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text} is not as hl7-fhir-rest=https://example.org/fhir")
    return type_, address
