"""The registry of partners: each change is one commit with its history, its audit, and what FHIR shows of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from gateway.access.organisations import resources
from gateway.access.partners import Partner, decode, encode
from gateway.access.registration import names
from gateway.errors import ResourceNotFound
from gateway.store.partners import history
from gateway.store.records import PartnerVersion, microseconds
from gateway.transact import register
from gateway.transact.operations import Delete, Put, Write

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.services import Services


def add(partners: Sequence[Partner], caller: Caller, to: Services, *, replace: bool = False) -> list[PartnerVersion]:
    """Add partners, all or none, and return their versions; with `replace` those that are there become as these are.

    Who is disabled stays so, and what is the same as it was makes no version. Raises Conflict for what is there, or is
    another partner's.
    """
    found = [(one, _newest(one.id, to) if replace else None) for one in partners]
    wanted = [(_as_enabled(one, old), old) for one, old in found]
    changes = [(one, old, "replaced" if old else "added") for one, old in wanted if _differs(one, old)]
    return _register(changes, caller, to)


def change(
    id_: str, what: str, made: Callable[[Partner], Partner], caller: Caller, to: Services
) -> PartnerVersion | None:
    """Make of a partner what `made` makes of it, under the name `what`, and return its version.

    None when it is that already. Raises ResourceNotFound, Conflict when somebody else was first, and what `made` does.
    """
    old = _newest(id_, to)
    if old is None:
        raise ResourceNotFound("there is no such partner; `gateway partners list` names them")
    new = made(decode(old.content))
    return next(iter(_register([(new, old, what)], caller, to)), None) if _differs(new, old) else None


def disabled(partner: Partner) -> Partner:
    """Return the partner as one that nobody is taken for."""
    return structs.replace(partner, disabled=True)


def enabled(partner: Partner) -> Partner:
    """Return the partner as one that may be asked by again."""
    return structs.replace(partner, disabled=False)


def _newest(id_: str, to: Services) -> PartnerVersion | None:
    with to.store.reading(snapshot=False) as db:
        return next(iter(history(db, id_)), None)


def _as_enabled(new: Partner, old: PartnerVersion | None) -> Partner:
    return structs.replace(new, disabled=old is not None and decode(old.content).disabled)


def _differs(new: Partner, old: PartnerVersion | None) -> bool:
    return old is None or decode(old.content) != new


def _register(
    changes: Sequence[tuple[Partner, PartnerVersion | None, str]], caller: Caller, to: Services
) -> list[PartnerVersion]:
    if not changes:
        return []
    at = microseconds(to.clock())
    versions = [
        PartnerVersion(new.id, old.version + 1 if old else 1, at, caller.name, what, encode(new), names(new))
        for new, old, what in changes
    ]
    ops = [op for new, old, _ in changes for op in _operations(new, decode(old.content) if old else None)]
    register(ops, versions, caller, to)
    return versions


def _operations(new: Partner, old: Partner | None) -> list[Write]:
    shown = resources(new)
    kept = {one["id"] for one in shown}
    gone = [one for one in resources(old) if one["id"] not in kept] if old else []
    return [*map(Put, shown), *(Delete(one["resourceType"], one["id"]) for one in gone)]
