"""A subscriber sees what it was granted, as far as it is registered for it at the moment that it is told."""

from __future__ import annotations

from gateway.access.partners import Partner
from gateway.access.policy import development_caller, may_read, unlimited
from gateway.deliver.callers import caller_of
from gateway.notify.subscription import Wanted
from gateway.query import is_seen
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Put, transact
from gateway.transact.partners import add, change, disabled


def registered(to: Services, *scopes: str) -> None:
    one = Partner(id="duinrand", name="Duinrand", kind="ziekenhuis", ura="00000002", scopes=scopes)
    add([one], development_caller(), to, replace=True)


def seen(to: Services) -> list[str]:
    """Return what a subscriber sees that was granted to read Slots and Locations."""
    kept = {"partner": "duinrand", "scopes": ["system/Location.rs", "system/Slot.rs"], "organisation": "00000002"}
    caller = caller_of(Wanted("https://ehr.example", caller=kept), to)
    return [type_ for type_ in ("Location", "Patient", "Slot") if may_read(caller, type_)]


def test_a_partner_sees_what_it_was_granted_and_is_registered_for(services: Services) -> None:
    registered(services, "system/*.cruds")
    assert seen(services) == ["Location", "Slot"]
    registered(services, "system/Slot.rs", "system/Patient.rs")
    assert seen(services) == ["Slot"]


def test_a_scope_with_a_query_narrows_what_a_subscriber_is_told_of(services: Services) -> None:
    busy, free = ({"resourceType": "Location", "id": status, "status": status} for status in ("suspended", "active"))
    transact([Put(busy), Put(free)], development_caller(), services)
    for scope, wanted in (
        ("system/Location.rs", ["active", "suspended"]),
        ("system/Location.rs?status=active", ["active"]),
        ("system/Location.r?status=suspended", ["suspended"]),
    ):
        registered(services, "system/*.cruds")
        kept = {"partner": "duinrand", "scopes": [scope], "organisation": "00000002"}
        caller = unlimited(caller_of(Wanted("https://ehr.example", caller=kept), services))
        assert [
            id_ for id_ in ("active", "suspended") if is_seen(Identity("Location", id_), caller, services)
        ] == wanted


def test_a_partner_that_is_gone_sees_nothing(services: Services) -> None:
    assert seen(services) == []
    registered(services, "system/*.cruds")
    change("duinrand", "disabled", disabled, development_caller(), services)
    assert seen(services) == []
