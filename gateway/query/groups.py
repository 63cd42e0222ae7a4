"""Who is in a Group: the Patients whose data are exported with it, and the members of whom that cannot be.

A member counts who is not inactive and whose period, where there is one, is now; of a Group in it the members count as
its own. https://hl7.org/fhir/R4/group.html, https://hl7.org/fhir/uv/bulkdata/STU2/export.html#endpoint---group-of-patients
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gateway.access.policy import Caller, may_read, visible
from gateway.errors import Forbidden, InvalidResource, Issue
from gateway.fhir import datetime
from gateway.fhir.json import decode
from gateway.query.audit import note
from gateway.query.present import present
from gateway.store import Identity
from gateway.store.index.references import located
from gateway.store.reads import is_readable, read
from gateway.store.records import microseconds
from gateway.store.search import Scope

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.services import Services
    from gateway.store import Database


class LeftOut(Struct, frozen=True):
    """A member whose data are not exported: of which Group, where in it, and why."""

    group: str
    place: str
    why: str

    def issue(self) -> Issue:
        """Return it as a finding."""
        return Issue("bad-reference", f"Group/{self.group}: {self.why}", "warning", expression=self.place)


class Members(Struct, frozen=True):
    """The members of a Group: ids of Patients, and who is left out."""

    group: str
    patients: list[str]
    left_out: list[LeftOut]


def members(id_: str, caller: Caller, to: Services) -> Members:
    """Return who is in a Group now. Raises Forbidden, ResourceNotFound, ResourceGone.

    InvalidResource for one that is not of actual persons.
    """
    if not may_read(caller, "Group"):
        raise Forbidden("this caller may not read Group")
    patients: dict[str, None] = {}
    left_out: list[LeftOut] = []
    now, base = microseconds(to.clock()), to.settings.base_url
    sight = visible(caller)
    with to.store.reading() as db:
        ahead, met = [id_], {id_}
        while ahead:
            name = ahead.pop()
            for place, entity in _active(_group(db, name, Scope(base, sight), sight.own("Group")), now):
                found = located(str(entity.get("reference", "")), base) or ("", "")
                if found[0] == "Patient":
                    patients[found[1]] = None
                elif found[0] != "Group":
                    left_out.append(LeftOut(name, place, "this member is no Patient here, and is left out"))
                elif found[1] not in met:
                    met.add(found[1])
                    ahead.append(found[1])
    note(to, caller, "export-members", [f"Group/{name}" for name in sorted(met)], about={"patients": list(patients)})
    return Members(id_, list(patients), left_out)


def _group(db: Database, id_: str, scope: Scope, own: Collection[str]) -> Resource:
    identity = Identity("Group", id_)
    stored = read(db, identity) if is_readable(db, identity, scope, own) else None
    group: Resource = decode(present(stored, "Group").body)
    if group.get("type") != "person" or not group.get("actual"):
        text = (
            f"Group/{id_} is not one of actual persons (type person, actual true), and only of these data are exported"
        )
        raise InvalidResource(text, expression="Group.type")
    return group


def _active(group: Resource, now: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the members who are in a Group at a moment, each with its place."""
    for index, member in enumerate(group.get("member", [])):
        if not member.get("inactive") and _covers(member.get("period", {}), now):
            yield f"Group.member[{index}].entity", member["entity"]


def _covers(period: dict[str, Any], now: int) -> bool:
    start, end = datetime.read(period.get("start", "")), datetime.read(period.get("end", ""))
    return (start is None or start.low <= now) and (end is None or now < end.high)
