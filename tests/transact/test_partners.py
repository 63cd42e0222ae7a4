"""The registry of partners: one commit with its history, its audit and what FHIR shows, and nobody else writes that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from gateway.access.partners import CertificateName, Client, Connection, KeySet, Partner
from gateway.access.policy import Caller, development_caller
from gateway.access.rotation import with_certificate
from gateway.errors import Conflict, Forbidden, ResourceNotFound
from gateway.fhir.json import decode
from gateway.query import read as read_resource
from gateway.services import Services
from gateway.store import Identity
from gateway.store import partners as stored
from gateway.store.chain import broken
from gateway.transact import ConditionalDelete, ConditionalPut, Delete, Patch, Put, transact
from gateway.transact.partners import add, change, disabled, enabled
from tests.conftest import NOW

OPERATOR = Caller("operator", "jansen")
NAMED = CertificateName(issuer="CN=CA", subject="CN=Duinrand")
DUINRAND = Partner(
    id="duinrand",
    name="Ziekenhuis Duinrand",
    kind="ziekenhuis",
    ura="00000002",
    agb="06999901",
    oin="00000001999999990000",
    certificates=(NAMED,),
    clients=(Client(id="duinrand-ehr", keys=(KeySet(url="https://duinrand.example/jwks"),)),),
    endpoints=(
        Connection("hl7-fhir-rest", "https://duinrand.example/fhir"),
        Connection("hl7v2-mllp", "mllps://duinrand.example:2575"),
    ),
)
GOUWE = Partner(id="gouwe", name="Zorggroep Gouwe", kind="vvt")
ZCC = Partner(id="zcc", name="ZCC West", kind="zcc")


def shown(services: Services, type_: str, id_: str) -> dict[str, Any]:
    body = read_resource(type_, id_, development_caller(), services).body
    found: dict[str, Any] = decode(body)
    return found


def last_audit(services: Services) -> dict[str, Any]:
    with services.store.reading() as db:
        rows = [decode(content) for (content,) in db.rows("select content from audit")]
    return max((row for row in rows if row["action"] == "partners"), key=lambda row: row["at"])


def test_a_partner_is_an_organization_with_its_numbers(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)

    organization = shown(services, "Organization", "partner-duinrand")

    assert organization["active"] is True
    assert organization["name"] == "Ziekenhuis Duinrand"
    assert {one["system"]: one["value"] for one in organization["identifier"]} == {
        "http://fhir.nl/fhir/NamingSystem/ura": "00000002",
        "http://fhir.nl/fhir/NamingSystem/agb-z": "06999901",
        "https://msb-gateway.example/fhir/NamingSystem/oin": "00000001999999990000",
    }
    assert [(one["system"], one["code"]) for one in organization["type"][0]["coding"]] == [
        ("https://msb-gateway.example/fhir/CodeSystem/partner-kind", "ziekenhuis"),
        ("http://nictiz.nl/fhir/NamingSystem/organization-type", "V4"),
    ]
    assert [one["reference"] for one in organization["endpoint"]] == [
        "Endpoint/partner-duinrand-hl7-fhir-rest",
        "Endpoint/partner-duinrand-hl7v2-mllp",
    ]


def test_a_partner_has_an_endpoint_for_each_way_to_reach_it(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)

    endpoint = shown(services, "Endpoint", "partner-duinrand-hl7v2-mllp")

    assert (endpoint["status"], endpoint["address"]) == ("active", "mllps://duinrand.example:2575")
    assert endpoint["connectionType"]["code"] == "hl7v2-mllp"
    assert endpoint["managingOrganization"] == {"reference": "Organization/partner-duinrand"}


def test_what_is_shown_is_valid(services: Services) -> None:
    from gateway.access.organisations import kinds, resources

    for kind in kinds():
        for resource in resources(structs.replace(DUINRAND, kind=kind)):
            assert services.validator.issues(resource) == []
    assert [services.validator.issues(one) for one in resources(GOUWE)] == [[]]


def test_the_registry_says_who_when_and_what(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)
    change("duinrand", "disabled", disabled, OPERATOR, services)

    with services.store.reading() as db:
        versions = stored.history(db, "duinrand")

    assert [(one.version, one.by, one.change) for one in versions] == [
        (2, "jansen", "disabled"),
        (1, "jansen", "added"),
    ]
    assert {one.at for one in versions} == {round(NOW.timestamp() * 1_000_000)}


def test_each_change_is_in_the_audit_with_what_it_shows(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)

    row = last_audit(services)

    assert (row["caller"], row["partners"]) == ("jansen", ["added duinrand version 1"])
    assert "created Organization/partner-duinrand/_history/1" in row["entities"]
    with services.store.reading() as db:
        assert list(broken(db)) == []


def test_what_is_disabled_is_inactive_and_comes_back(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)

    change("duinrand", "disabled", disabled, OPERATOR, services)
    assert shown(services, "Organization", "partner-duinrand")["active"] is False
    assert shown(services, "Endpoint", "partner-duinrand-hl7-fhir-rest")["status"] == "off"

    change("duinrand", "enabled", enabled, OPERATOR, services)
    assert shown(services, "Organization", "partner-duinrand")["active"] is True


def test_what_it_is_already_makes_no_version(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)

    assert change("duinrand", "enabled", enabled, OPERATOR, services) is None
    assert add([DUINRAND], OPERATOR, services, replace=True) == []
    with services.store.reading() as db:
        assert (stored.version(db), len(stored.history(db, "duinrand"))) == (1, 1)


def test_who_is_there_is_replaced_only_when_that_is_said(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)
    renamed = structs.replace(DUINRAND, name="Duinrand", endpoints=DUINRAND.endpoints[:1])

    with pytest.raises(Conflict, match="--replace"):
        add([renamed], OPERATOR, services)
    add([renamed, GOUWE], OPERATOR, services, replace=True)

    assert shown(services, "Organization", "partner-duinrand")["name"] == "Duinrand"
    assert shown(services, "Organization", "partner-gouwe")["name"] == "Zorggroep Gouwe"
    assert services.store.read(Identity("Endpoint", "partner-duinrand-hl7v2-mllp")).deleted  # type: ignore[union-attr] # it was there


def test_who_is_disabled_is_not_let_in_by_being_replaced(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)
    change("duinrand", "disabled", disabled, OPERATOR, services)

    add([structs.replace(DUINRAND, name="Duinrand")], OPERATOR, services, replace=True)

    found = services.registry.partners().get("duinrand")
    assert found is not None
    assert (found.name, found.disabled) == ("Duinrand", True)


@pytest.mark.parametrize(
    ("known_by", "what"),
    [
        ({"certificates": (NAMED,)}, "certificate"),
        ({"clients": DUINRAND.clients}, "client"),
        ({"ura": "00000002"}, "URA"),
    ],
)
def test_what_one_is_known_by_is_its_alone(services: Services, known_by: dict[str, Any], what: str) -> None:
    add([DUINRAND], OPERATOR, services)
    other = structs.replace(GOUWE, **known_by)

    with pytest.raises(Conflict, match=f"gouwe: its {what} is that of the partner duinrand"):
        add([other, ZCC], OPERATOR, services)

    assert services.store.read(Identity("Organization", "partner-gouwe")) is None
    assert len(services.registry.partners()) == 1


def test_what_a_partner_gave_up_may_be_anothers(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)
    add([structs.replace(DUINRAND, ura="00000009")], OPERATOR, services, replace=True)

    add([structs.replace(GOUWE, ura="00000002")], OPERATOR, services)

    found = services.registry.partners().by_ura("00000002")
    assert found is not None
    assert found.id == "gouwe"


def test_every_partner_that_is_taken_is_told(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)

    with pytest.raises(Conflict) as refused:
        add([DUINRAND, structs.replace(GOUWE, ura="00000002", certificates=(NAMED,))], OPERATOR, services)

    assert len(refused.value.issues) == 3


def test_who_is_not_there_cannot_be_changed(services: Services) -> None:
    with pytest.raises(ResourceNotFound, match="no such partner"):
        change("duinrand", "disabled", disabled, OPERATOR, services)


def test_who_is_overtaken_is_told(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)

    def slowly(partner: Partner) -> Partner:
        change("duinrand", "disabled", disabled, OPERATOR, services)
        return structs.replace(partner, name="Duinrand")

    with pytest.raises(Conflict, match="changed by somebody else meanwhile"):
        change("duinrand", "renamed", slowly, OPERATOR, services)

    found = services.registry.partners().get("duinrand")
    assert found is not None
    assert (found.name, found.disabled) == ("Ziekenhuis Duinrand", True)


def test_a_rotation_is_kept_with_its_moment(services: Services) -> None:
    add([DUINRAND], OPERATOR, services)
    new, ends = CertificateName(spki="ab" * 32), NOW + timedelta(days=14)

    change("duinrand", "rotated", lambda one: with_certificate(one, new, NOW, ends), OPERATOR, services)

    found = services.registry.partners().get("duinrand")
    assert found is not None
    assert found.certificates == (structs.replace(NAMED, until=ends), new)


class TestOnlyTheRegistryWritesItsResources:
    """Whatever the caller may do, and however it names them."""

    @pytest.mark.parametrize(
        "op",
        [
            Put({"resourceType": "Organization", "id": "partner-duinrand", "name": "Mine"}),
            Put({"resourceType": "Organization", "id": "partner-new", "name": "Mine"}),
            Delete("Organization", "partner-duinrand"),
            Delete("Endpoint", "partner-duinrand-hl7-fhir-rest"),
            ConditionalPut({"resourceType": "Organization", "name": "Mine"}, "name=Ziekenhuis Duinrand"),
            ConditionalDelete("Organization", "name=Ziekenhuis Duinrand"),
            Patch("Organization", "partner-duinrand", lambda one: one | {"name": "Mine"}),
        ],
        ids=lambda op: type(op).__name__,
    )
    def test_nobody_else(self, services: Services, op: Any) -> None:
        add([DUINRAND], OPERATOR, services)

        with pytest.raises(Forbidden, match="is of the registry of partners"):
            transact([op], development_caller(), services)

        assert shown(services, "Organization", "partner-duinrand")["name"] == "Ziekenhuis Duinrand"

    def test_other_organizations_are_anybodys(self, services: Services) -> None:
        outcomes = transact(
            [Put({"resourceType": "Organization", "id": "my-partner-1", "name": "Mine"})],
            development_caller(),
            services,
        )

        assert [one.status for one in outcomes] == ["created"]


class TestTheRegistryKnowsThePartnersAsTheyAre:
    """Each question looks, so that nothing of this needs a restart."""

    def test_another_process_sees_a_change_at_once(self, services: Services) -> None:
        other = replace(services)  # with a registry of its own, as another process has
        assert len(other.registry.partners()) == 0

        add([DUINRAND], OPERATOR, services)
        assert other.registry.partners().by_ura("00000002") is not None

        change("duinrand", "disabled", disabled, OPERATOR, services)
        assert other.registry.partners().by_ura("00000002") is None

    def test_what_did_not_change_is_not_read_again(self, services: Services) -> None:
        add([DUINRAND], OPERATOR, services)

        assert services.registry.partners() is services.registry.partners()
