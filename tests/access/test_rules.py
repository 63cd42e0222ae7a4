"""A policy is read whole: every problem at once, with its file, line and rule; and what no rule gives, nobody has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway.access.partners import Partners
from gateway.access.policy import may, visible
from gateway.access.scopes import RIGHTS
from gateway.errors import BadSettings
from gateway.fhir.types import resource_types
from gateway.granting import Granting, policy
from tests.conftest import NOW
from tests.policy_world import EVERYBODY, FAR, HOME, HOSPITAL, INSURER

HEAD = 'policy: own\nversion: "1"\nowner: somebody\n'
RULE = "rules:\n  - rule: one\n    partners: all\n    types: [{types}]\n    rights: {rights}\n"


def read(tmp_path: Path, text: str) -> list[str]:
    """Return what is wrong with a policy, each with its place."""
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        policy(path)
    except BadSettings as error:
        return [f"{issue.rule} {issue.place and issue.place.path} {issue.diagnostics}" for issue in error.issues]
    return []


def rule(more: str = "", types: str = "Task", rights: str = "rs") -> str:
    return HEAD + RULE.format(types=types, rights=rights) + more


@pytest.mark.parametrize(
    "more",
    [
        "",
        "    where: {owner: [own, region], kinds: [zcc]}\n",
        '    where: {search: "owner:identifier=http://fhir.nl/fhir/NamingSystem/ura|{me}"}\n',
        "    where: {within: {date: _lastUpdated, days: 7}}\n",
        "    where: {through: {by: focus, to: ServiceRequest, owner: same}}\n",
        "    purposes: [TREAT]\n    elements: [status]\n    to: [focus]\n",
    ],
)
def test_what_is_right_is_read(tmp_path: Path, more: str) -> None:
    assert read(tmp_path, rule(more)) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "the file is empty"),
        (HEAD, "own.yaml:1 rules must be a list of one rule or more: what no rule gives, nobody has"),
        (rule(types="Taks"), "own.yaml:7 rules[0].types[0] rule one: is no resource type of R4; did you mean Task?"),
        (rule(rights="sr"), "own.yaml:8 rules[0].rights rule one: must be letters of crudsh, in that order"),
        (rule("    except: [Task]\n"), "own.yaml:9 rules[0].except rule one: stands beside `types: all` alone"),
        (rule("    when: 3\n"), "own.yaml:9 rules[0].when rule one: is not known; did you mean where?"),
        (rule("    purposes: [FUN]\n"), "own.yaml:9 rules[0].purposes[0] rule one: is no purpose of use"),
        (rule("    elements: [statsu]\n"), "rule one: is no element of every type of the rule"),
        (rule("    where: {}\n"), "own.yaml:9 rules[0].where rule one: asks nothing"),
        (rule("    where: {owner: mine}\n"), "own.yaml:9 rules[0].where.owner rule one: must be one of"),
        (rule("    where: {kinds: [zcc]}\n"), "rule one: are those of an owner: say owner beside it"),
        (rule('    where: {search: "stauts=x"}\n'), "own.yaml:9 rules[0].where.search rule one: "),
        (rule('    where: {search: "owner.identifier=1"}\n'), "a code is asked with its system"),
        (rule('    where: {search: "status=requested&_sort=status"}\n'), "rules[0].where.search rule one: "),
        (rule("    where: {within: {date: status, days: 7}}\n"), "rules[0].where.within.date rule one: "),
        (rule("    where: {within: {date: _lastUpdated, days: 0}}\n"), "must be a whole number from 1 to 3650"),
        (rule("    where: {has: {type: Slot, by: focus}}\n"), "is no search parameter by which Slot refers to Task"),
        (rule("    where: {has: {type: Task, by: status}}\n"), "is no search parameter by which Task refers to Task"),
        (rule("    where: {has: {type: Task, by: part-of}}\n"), "what is seen of Task depends on what is seen of Task"),
        (rule("    where: {term: unknown}\n"), "rules[0].where.term rule one: must be one of"),
        (
            rule("  - {rule: one, partners: [vtv], types: [Task], rights: r}\n"),
            "is no kind of partner; did you mean vvt?",
        ),
        (rule("speaks: {Task: [requesterr]}\n"), "speaks.Task[0] is no element of every type of the rule"),
        (rule("speaks: {Taks: [requester]}\n"), "speaks.Taks is not known; did you mean Task?"),
    ],
)
def test_what_is_wrong_is_told_with_its_file_line_and_rule(tmp_path: Path, text: str, wrong: str) -> None:
    found = read(tmp_path, text)

    assert any(wrong in one for one in found), found


def test_a_term_that_asks_itself_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, rule("    where: {term: a}\nterms:\n  a: {term: b}\n  b: {term: a}\n"))

    assert [one for one in found if "rule one: asks itself" in one]


def test_all_of_it_is_told_at_once(tmp_path: Path) -> None:
    found = read(tmp_path, rule('    where: {owner: mine, search: "x=1"}\n', types="Taks", rights="q"))

    assert len(found) >= 4
    assert all("rule one" in one for one in found)


def test_what_no_rule_gives_nobody_has(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(rule("    where: {owner: own}\n", rights="r"), encoding="utf-8")
    caller = Granting(path).granted(HOME.caller(), Partners(EVERYBODY), NOW)

    assert {(right, type_) for right in RIGHTS for type_ in resource_types() if may(caller, right, type_)} == {
        ("r", "Task")
    }
    assert visible(caller).types == frozenset({"Task"})
    assert visible(caller, "s").types == frozenset()


def test_scopes_what_is_registered_and_the_policy_each_take_away() -> None:
    narrow = structs.replace(HOME, scopes=("system/Slot.rs", "system/Patient.r"), sees=("Slot?status=free", "Location"))
    caller = Granting().granted(narrow.caller(), Partners(EVERYBODY), NOW)

    assert visible(caller).types == frozenset({"Slot"})
    assert not may(caller, "u", "Slot")
    assert not may(caller, "r", "Patient")


def test_a_rule_for_a_purpose_is_for_who_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(rule("    purposes: [ETREAT]\n"), encoding="utf-8")
    granting = Granting(path)

    for purpose, gives in (("TREAT", False), ("ETREAT", True)):
        caller = granting.granted(replace(HOME.caller(), purpose=purpose), Partners(EVERYBODY), NOW)
        assert may(caller, "r", "Task") is gives


def test_analysts_have_nothing_of_patients_and_write_nothing() -> None:
    caller = Granting().granted(INSURER.caller(), Partners(EVERYBODY), NOW)

    assert not {"Patient", "ServiceRequest", "Task", "Observation", "Encounter"} & (
        visible(caller).types or frozenset()
    )
    assert {type_ for type_ in resource_types() for right in ("c", "u", "d") if may(caller, right, type_)} == {
        "Subscription"
    }


def test_nobody_writes_the_audit() -> None:
    for partner in EVERYBODY:
        caller = Granting().granted(partner.caller(), Partners(EVERYBODY), NOW)
        assert not any(may(caller, right, "AuditEvent") for right in ("c", "u", "d"))


def test_who_is_disabled_is_given_nothing_and_shares_nothing() -> None:
    gone = structs.replace(HOSPITAL, disabled=True)
    partners = Partners([gone, HOME, FAR])

    assert visible(Granting().granted(gone.caller(), partners, NOW)).types == frozenset()
    seen = visible(Granting().granted(HOME.caller(), partners, NOW))
    assert not seen.has("Location", HOSPITAL.ura)
    assert seen.has("Location", HOME.ura)


def test_what_is_put_together_is_kept_for_a_minute_and_for_these_partners() -> None:
    granting, partners = Granting(), Partners(EVERYBODY)
    at = datetime(2026, 1, 5, 9, 0, 10, tzinfo=UTC)

    def grants(later: int, known: Partners = partners) -> object:
        return granting.granted(HOME.caller(), known, at + timedelta(seconds=later)).grants

    first = grants(0)
    assert grants(49) is first
    assert grants(50) is not first
    assert grants(51, Partners(EVERYBODY)) is not grants(51)
