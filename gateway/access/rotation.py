"""One certificate or set of keys after another: both are good until a moment that is stated, then the new one alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import structs

from gateway.access.partners import CertificateName, Followed, KeySet, Partner
from gateway.errors import Conflict, ResourceNotFound

T = TypeVar("T", bound=Followed)

_SEVERAL = "{} of its {} are good without an end; say which of them ends (--old, by its number in `show`)"


def with_certificate(partner: Partner, new: CertificateName, at: datetime, ends: datetime, old: int = 0) -> Partner:
    """Return the partner with a certificate after which the one in use ends. Raises Conflict.

    `old` is the number of the one that ends, from 1, where several are in use. What ended before `at` is left out.
    """
    if any(one.key == new.key and one.is_good(at) for one in partner.certificates):
        raise Conflict("this certificate is registered already: its next one has another key, or another name")
    return structs.replace(partner, certificates=_after(partner.certificates, new, at, ends, old, "certificates"))


def with_keys(partner: Partner, client_id: str, new: KeySet, at: datetime, ends: datetime, old: int = 0) -> Partner:
    """Return the partner with keys of a client after which those in use end.

    Raises Conflict, and ResourceNotFound when it has no such client. `old` is as for a certificate.
    """
    if not any(one.id == client_id for one in partner.clients):
        raise ResourceNotFound("this partner has no such client")
    changed = [
        structs.replace(one, keys=_after(one.keys, new, at, ends, old, "key sets")) if one.id == client_id else one
        for one in partner.clients
    ]
    return structs.replace(partner, clients=tuple(changed))


def _after(present: Sequence[T], new: T, at: datetime, ends: datetime, old: int, what: str) -> tuple[T, ...]:
    if ends < at:
        raise Conflict("it would have ended before now: say a moment that is still to come, or `now`")
    lasting = [number for number, one in enumerate(present, 1) if one.until is None]
    if old and old not in lasting:
        raise Conflict(f"none of its {what} that is good without an end has that number")
    if len(lasting) > 1 and not old:
        raise Conflict(_SEVERAL.format(len(lasting), what))
    ending = [old] if old else lasting
    kept = [structs.replace(one, until=ends) if number in ending else one for number, one in enumerate(present, 1)]
    return (*(one for one in kept if one.is_good(at)), new)
