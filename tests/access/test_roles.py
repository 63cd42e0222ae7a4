"""The table of roles: what ships, what each role may, and everything that can be wrong with a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.access import roles
from gateway.access.partners import Partner
from gateway.access.person import Person
from gateway.access.policy import Caller, may, may_send, unlimited, visible
from gateway.access.roles import Roles
from gateway.access.unknown import NotKnown
from gateway.data import shipped
from gateway.errors import BadSettings
from gateway.fhir.search import AllOf
from gateway.mapping import documents

SHIPPED = shipped("profiles") / "tables" / "roles.yaml"
EVERYTHING = ("system/*.cruds",)


@pytest.fixture(scope="module")
def table() -> Roles:
    return roles.read(*documents.read(SHIPPED), SHIPPED.name)


def partner(**more: Any) -> Partner:
    said = {"id": "p", "name": "P", "kind": "ziekenhuis", "ura": "00000002", "scopes": EVERYTHING, "providers": ("p",)}
    return Partner(**(said | more))


def asking(table: Roles, role: str, **of_partner: Any) -> Caller:
    person = Person(id="jansen", issuer="https://login.example", name="J. Jansen", role=role, organisation="p")
    return unlimited(table.caller(person, partner(**of_partner), "session s"))


def refusal(table: Roles, role: str, **of_partner: Any) -> str:
    with pytest.raises(NotKnown) as refused:
        asking(table, role, **of_partner)
    return refused.value.reason


def test_every_role_of_a_person_has_a_row(table: Roles) -> None:
    assert roles.codes().keys() - table.rows.keys() == {"machine-account"}
    for names in roles.codes().values():
        assert names["nl"]
        assert names["en"]


def test_a_person_may_what_the_role_and_the_partner_may(table: Roles) -> None:
    caller = asking(table, "receiver", kind="vvt", scopes=("system/Task.rs", "system/Patient.cruds", "system/List.rs"))
    assert caller.scopes == {"system/Task.rs", "system/Patient.rs"}
    assert [may(caller, right, "Patient") for right in "cruds"] == [False, True, False, False, True]  # type: ignore[arg-type]
    assert not may(caller, "r", "List")
    assert not may(caller, "u", "Task")


def test_a_role_sees_no_more_than_its_partner(table: Roles) -> None:
    sees = ("Location?status=active", "Slot")
    caller = asking(table, "capacity-editor", sees=sees)
    assert caller.types == frozenset({"Location", "Slot"}) == visible(caller).types
    condition, own = (
        visible(caller).condition("Location"),
        visible(unlimited(partner(sees=sees).caller())).condition("Location"),
    )
    assert isinstance(condition, AllOf)
    assert condition.conditions[0] == own  # what the partner sees, and then what the role does
    assert len(condition.conditions) == 2
    assert visible(caller).condition("Slot") is not None


def test_who_enters_capacity_sees_that_of_its_own_organisation(table: Roles) -> None:
    one, other = (visible(asking(table, "capacity-editor", ura=ura)) for ura in ("00000002", "00000003"))
    for type_ in ("Location", "HealthcareService", "Schedule", "Slot"):
        assert one.condition(type_) is not None
        assert one.condition(type_) != other.condition(type_)
    assert refusal(table, "capacity-editor", ura="") == "role-needs-a-ura"


def test_an_analyst_never_sees_a_patient(table: Roles) -> None:
    caller = asking(table, "analyst")
    seen = "HealthcareService Location MeasureReport Organization Schedule Slot"
    assert visible(caller).types == frozenset(seen.split())
    assert visible(caller).condition("MeasureReport") is not None
    assert not any(may(caller, right, "Slot") for right in ("c", "u", "d"))


def test_an_auditor_reads_the_audit_and_nothing_else(table: Roles) -> None:
    caller = asking(table, "auditor")
    assert visible(caller).types == frozenset({"AuditEvent", "Organization"})
    assert not any(may(caller, right, "AuditEvent") for right in ("c", "u", "d"))


def test_a_tester_is_of_a_partner_for_tests(table: Roles) -> None:
    assert refusal(table, "integration-tester") == "role-for-tests-alone"
    assert may(asking(table, "integration-tester", test=True), "c", "Patient")


def test_messages_are_sent_by_roles_that_may(table: Roles) -> None:
    assert may_send(asking(table, "capacity-editor"), "p")
    assert not may_send(asking(table, "referrer"), "p")


def test_roles_are_of_kinds_of_partners(table: Roles) -> None:
    assert refusal(table, "zcc-coordinator") == "role-of-another-kind-of-partner"
    assert asking(table, "zcc-coordinator", kind="zcc").partner == "p"


def test_a_role_says_what_for_it_asks(table: Roles) -> None:
    assert asking(table, "referrer").noted()["purpose"] == "TREAT"
    assert asking(table, "analyst").noted()["purpose"] == "HOPERAT"


def test_nobody_is_a_machine_or_has_a_role_that_there_is_not(table: Roles) -> None:
    assert refusal(table, "machine-account") == "no-role"
    assert refusal(table, "boss") == "no-role"
    assert table.chosen(["boss", "analyst", "auditor"]) == "analyst"
    assert table.chosen(["analyst", "auditor"], "auditor") == "auditor"
    with pytest.raises(NotKnown):
        table.chosen(["analyst"], "auditor")


def test_a_subscription_outlives_a_session_and_is_not_a_persons(table: Roles) -> None:
    caller = asking(table, "integration-tester", test=True)
    assert [may(caller, right, "Subscription") for right in "cruds"] == [False, True, False, False, True]  # type: ignore[arg-type]


def test_the_audit_says_which_person_in_which_role_and_no_more(table: Roles) -> None:
    caller = asking(table, "analyst")
    noted = caller.noted()
    assert (noted["person"], noted["role"]) == ("jansen", "analyst")
    assert "J. Jansen" not in str(noted)
    assert caller.asker != partner().caller().asker == "00000002"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no role": ({"role": "boss"}, "must be one of"),
    "a machine": ({"role": "machine-account"}, "must be one of"),
    "a word that is not known": ({"sends_": True}, "is not known; did you mean sends"),
    "a scope of a machine": ({"scopes": ["system/Slot.rs"]}, "must be as user/Slot.rs"),
    "a scope with a query": ({"scopes": ["user/Slot.rs?status=free"]}, "must be as user/Slot.rs"),
    "a scope of nothing": ({"scopes": ["user/Slott.rs"]}, "is of a type that R4 does not have"),
    "patients": ({"scopes": ["user/Patient.rs"]}, "may be about a patient"),
    "everything": ({"scopes": ["user/*.rs"]}, "may be about a patient"),
    "no scopes": ({"scopes": []}, "must be a list of one scope or more"),
    "a type to see": ({"sees": ["Slot"]}, "must be a search"),
    "a search that cannot be read": ({"sees": ["Slot?colour=red"]}, "colour"),
    "no kind of partner": ({"partners": ["bakery"]}, "is no kind of partner"),
    "no purpose": ({"purpose": "FUN"}, "must be one of"),
    "not whether": ({"sends": "yes"}, "must be true or false"),
}


def table_of(folder: Path, **row: Any) -> Path:
    content = {"table": "roles", "version": "1", "owner": "us", "without_patients": ["Slot"]}
    said = {"role": "analyst", "scopes": ["user/Slot.rs"]}
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(content | {"roles": [said | row]}, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, case: str) -> None:
    row, said = WRONG[case]
    path = table_of(tmp_path, **row)
    with pytest.raises(BadSettings) as refused:
        roles.read(*documents.read(path), path.name)
    (issue,) = refused.value.issues
    assert said in issue.diagnostics
    assert (issue.rule or "").startswith("own.yaml:")
    assert issue.place is not None
    assert issue.place.path.startswith("roles[0]")


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "table: rolls\nroles:\n  - role: boss\n    scopes: [user/Slot.rs, user/Nothing.rs]\n", encoding="utf-8"
    )
    with pytest.raises(BadSettings) as refused:
        roles.read(*documents.read(path), path.name)
    lines = [str(issue).rpartition("(")[2] for issue in refused.value.issues]
    assert len(lines) == 5  # table, version, owner, role, scope
    assert "own.yaml:3)" in lines
    assert "own.yaml:4)" in lines
    path.write_text("- [", encoding="utf-8")
    with pytest.raises(BadSettings, match=r"not YAML.*own\.yaml:"):
        documents.read(path)


def test_a_role_stands_in_a_table_once(tmp_path: Path) -> None:
    path = table_of(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text[text.index("- role") :], encoding="utf-8")
    with pytest.raises(BadSettings, match="has analyst twice"):
        roles.read(*documents.read(path), path.name)
