"""A row of the audit: who did what when, to what, about which patients, and how that is read again.

A row is written in the commit of what it tells of. It names resources, patients and search parameters, and holds
nothing of a resource and no value that was searched for. Names of members are short, for there is a row for each read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec
from msgspec import Struct

from gateway.fhir.owner import SYSTEM

_REFERENCE = b'"reference":"Patient/'
_OWNER = f'"system":"{SYSTEM}","code":"'.encode()  # as the gateway writes it


class Encoded(Protocol):
    """A resource as it is stored; a deletion has an empty body."""

    @property
    def type(self) -> str:
        """Return its type."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def body(self) -> bytes:
        """Return its JSON, encoded."""


class Row(Struct, frozen=True, kw_only=True):
    """What a row says. Rows of older gateways say less; what a row is not about is absent in it.

    `entities` are `Type/id`, of a version `Type/id/_history/version`, and of what was written with what became of it in
    front. `parameters` are names of search parameters, the reasons of a refusal, the scopes of a token. `by` is what
    the caller was known by, `node` which machine wrote the row, `inbox` are rows of the inbox, `owners` are the
    organisations whose the resources are. `policy` is the policy that was in force, `name|version`; `rules` are those
    by which it was seen, and `basis` on what ground of the law that is one: `consent`, `emergency`.
    """

    action: str = ""
    at: str = ""
    organisation: str = ""
    caller: str = ""
    development: bool = False
    purpose: str = ""
    partner: str = ""
    role: str = ""
    by: str = ""
    person: str = ""
    address: str = ""
    request: str = ""
    correlation: str = ""
    aorta: str = ""
    trace_id: str = ""
    node: str = ""
    provider: str = ""
    format: str = ""
    reason: str = ""
    first: str = ""
    entities: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    policy: str = ""
    rules: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    inbox: tuple[int, ...] = ()


_DECODER = msgspec.json.Decoder(Row)  # made at import: see gateway.fhir.tables


def read(content: bytes) -> Row | None:
    """Return what a row says, None when it is none that the gateway wrote."""
    try:
        return _DECODER.decode(content)
    except msgspec.DecodeError:
        return None


def about(resources: Iterable[Encoded], patients: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the members of a row that say which patients resources are about, and whose they are; none that is empty.

    Patients are those that resources are or refer to, and `patients`. It is looked for in the encoded bodies together,
    which costs next to nothing where there is none: every read looks, and every transaction.
    """
    looked_at = list(resources)
    found = [*patients, *[one.id for one in looked_at if one.type == "Patient"]]
    return said(found, b"".join([one.body for one in looked_at]))


def about_bodies(resource_type: str, bodies: Iterable[bytes]) -> dict[str, list[str]]:
    """Return the same of resources of one type that are known by their bodies alone."""
    looked_at = list(bodies)
    return said(map(_id_of, looked_at) if resource_type == "Patient" else (), b"".join(looked_at))


def about_sent(named: Iterable[str], body: bytes) -> dict[str, list[str]]:
    """Return the same of what is sent out: resources by their references, and the JSON that tells of them."""
    patients = [one.split("/")[1] for one in named if one.startswith("Patient/")]
    return said(patients, body)


def said(patients: Iterable[str], bodies: bytes) -> dict[str, list[str]]:
    """Return the members that say some patients, those that encoded resources refer to, and whose these are."""
    members: dict[str, list[str]] = {}
    named = [*patients, *[text.partition("/")[0] for text in _after(_REFERENCE, bodies)]]
    if named:
        members["patients"] = list(dict.fromkeys(named))
    if owners := _after(_OWNER, bodies):
        members["owners"] = list(dict.fromkeys(owners))
    return members


def _after(mark: bytes, bodies: bytes) -> list[str]:
    """Return each text of which a mark is the beginning, without it."""
    if mark not in bodies:
        return []
    _, *after = bodies.split(mark)
    return [rest[: rest.index(b'"')].decode("utf-8", "replace") for rest in after]


def _id_of(body: bytes) -> str:
    """Return the id in a body as `gateway.store.bodies` makes them, where it is the second member."""
    return body.split(b'"', 8)[7].decode()
