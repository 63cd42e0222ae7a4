"""What codes mean, whether they are codes, and what value sets hold: from what is installed, and no further."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir import xml

Call = Callable[..., tuple[int, Any]]
GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
STATE = "https://msb-gateway.example/fhir/CodeSystem/bed-state"
STATES = "https://msb-gateway.example/fhir/ValueSet/bed-state"
SNOMED = "http://snomed.info/sct"
ISSUES = "https://msb-gateway.example/fhir/CodeSystem/gateway-issue"


def values(made: Any) -> dict[str, Any]:
    """Return name → value of a Parameters."""
    assert made["resourceType"] == "Parameters", made
    return {one["name"]: next((v for k, v in one.items() if k.startswith("value")), None) for one in made["parameter"]}


def properties(made: Any) -> list[tuple[str, Any]]:
    found = []
    for one in made["parameter"]:
        if one["name"] == "property":
            parts = {part["name"]: part for part in one["part"]}
            found.append((parts["code"]["valueCode"], next(v for k, v in parts["value"].items() if k != "name")))
    return found


def why(outcome: Any) -> list[tuple[str, str]]:
    assert outcome["resourceType"] == "OperationOutcome", outcome
    return [(issue["details"]["coding"][0]["code"], issue["code"]) for issue in outcome["issue"]]


def sent(**named: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": name, **value} for name, value in named.items()]}


def codes(value_set: Any) -> list[str]:
    return [one["code"] for one in value_set["expansion"].get("contains", [])]


def test_a_code_is_looked_up(call: Call) -> None:
    status, made = call("CodeSystem/$lookup", system=GENDER, code="female")
    assert status == 200
    assert values(made) == {"name": "AdministrativeGender", "version": "4.0.1", "display": "Female"}
    coding = {"system": GENDER, "code": "female"}
    assert call("CodeSystem/$lookup", sent(coding={"valueCoding": coding}))[1] == made
    assert call("CodeSystem/$lookup", sent(code={"valueCode": "female"}, system={"valueUri": GENDER}))[1] == made


def test_what_stands_above_and_below_is_told(call: Call) -> None:
    made = call("CodeSystem/$lookup", system="http://hl7.org/fhir/item-type", code="question")[1]
    found = properties(made)
    assert ("child", "boolean") in found
    assert ("notSelectable", True) in found
    one = call("CodeSystem/$lookup", system="http://hl7.org/fhir/item-type", code="boolean", property="parent")[1]
    assert properties(one) == [("parent", "question")]


def test_a_display_is_told_in_a_language(call: Call) -> None:
    made = call("CodeSystem/$lookup", system=ISSUES, code="not-found", displayLanguage="nl")[1]
    assert values(made)["display"] == "Resource, versie of pad bestaat niet"
    designated = [one["part"] for one in made["parameter"] if one["name"] == "designation"]
    assert designated[0][0] == {"name": "language", "valueCode": "nl"}
    assert ("actor", "sender") in properties(made)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"system": SNOMED, "code": "1"}, "terminology-unknown"),
        ({"system": GENDER, "code": "none"}, "code-unknown"),
        ({"system": GENDER, "code": "female", "version": "3.0.0"}, "terminology-unknown"),
    ],
)
def test_what_is_not_here_is_said_to_be_unknown(call: Call, query: Any, code: str) -> None:
    status, outcome = call("CodeSystem/$lookup", **query)
    assert (status, why(outcome)) == (404, [(code, "not-found")])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("CodeSystem/$lookup", {"code": "female"}),
        ("CodeSystem/$lookup", {"system": GENDER}),
        ("CodeSystem/$lookup", {"system": GENDER, "code": "female", "date": "2020"}),
        ("CodeSystem/$validate-code", {"code": "female"}),
        ("ValueSet/$validate-code", {"url": GENDERS, "code": "female"}),
        ("ValueSet/$validate-code", {"code": "female", "system": GENDER}),
        ("ValueSet/bed-state/$validate-code", {"url": STATES, "code": "free", "system": STATE}),
        ("ValueSet/$expand", {}),
        ("ValueSet/$expand", {"url": GENDERS, "count": "-1"}),
        ("ValueSet/$expand", {"url": GENDERS, "count": "many"}),
        ("ValueSet/$expand", {"url": GENDERS, "activeOnly": "yes"}),
    ],
)
def test_what_is_asked_wrongly_is_refused(call: Call, path: str, query: Any) -> None:
    assert call(path, **query)[0] == 400


@pytest.mark.parametrize(
    ("query", "result", "display"),
    [
        ({"code": "female"}, True, "Female"),
        ({"code": "female", "display": "female"}, True, "Female"),
        ({"code": "female", "display": "Vrouw"}, False, "Female"),
        ({"code": "vrouw"}, False, None),
    ],
)
def test_a_code_is_checked_in_its_system(call: Call, query: Any, result: bool, display: str | None) -> None:
    status, made = call("CodeSystem/$validate-code", url=GENDER, **query)
    assert status == 200
    found = values(made)
    assert (found["result"], found.get("display"), "message" in found) == (result, display, not result)


def test_a_grouper_is_no_code_unless_that_is_asked(call: Call) -> None:
    asked = {"url": "http://hl7.org/fhir/item-type", "code": "question"}
    assert values(call("CodeSystem/$validate-code", **asked)[1])["result"] is False
    assert values(call("CodeSystem/$validate-code", **asked, abstract="true")[1])["result"] is True


def test_an_installed_system_is_checked_by_id(call: Call) -> None:
    _, made = call("CodeSystem/gateway-issue/$validate-code", code="not-found")
    assert values(made)["result"] is True
    assert call("CodeSystem/none/$validate-code", code="x")[0] == 404


def test_a_code_system_that_comes_along_is_asked(call: Call) -> None:
    own: dict[str, Any] = {
        "resourceType": "CodeSystem",
        "url": "https://example.org/cs",
        "status": "active",
        "content": "complete",
    }
    own |= {"concept": [{"code": "a", "display": "A", "concept": [{"code": "b"}]}]}
    asked = sent(codeSystem={"resource": own}, code={"valueCode": "b"})
    assert values(call("CodeSystem/$validate-code", asked)[1])["result"] is True
    part = sent(codeSystem={"resource": own | {"content": "fragment"}}, code={"valueCode": "c"})
    assert call("CodeSystem/$validate-code", part)[0] == 404
    other = sent(codeSystem={"resource": own | {"status": "maybe"}}, code={"valueCode": "b"})
    assert call("CodeSystem/$validate-code", other)[0] == 400


@pytest.mark.parametrize(("code", "result"), [("female", True), ("vrouw", False)])
def test_a_code_is_checked_in_a_value_set(call: Call, code: str, result: bool) -> None:
    made = call("ValueSet/$validate-code", url=GENDERS, system=GENDER, code=code)[1]
    assert values(made)["result"] is result
    coding = sent(url={"valueUri": GENDERS}, coding={"valueCoding": {"system": GENDER, "code": code}})
    assert call("ValueSet/$validate-code", coding)[1] == made
    another = call("ValueSet/$validate-code", url=GENDERS, system="https://example.org/other", code=code)[1]
    assert values(another)["result"] is False


def test_an_unknown_value_set_or_system_is_never_a_no(call: Call) -> None:
    unknown = call("ValueSet/$validate-code", url="https://example.org/vs", system=GENDER, code="female")
    assert (unknown[0], why(unknown[1])) == (404, [("terminology-unknown", "not-found")])
    own = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"system": SNOMED}]}}
    coding = {"valueCoding": {"system": SNOMED, "code": "123"}}
    status, outcome = call("ValueSet/$validate-code", sent(valueSet={"resource": own}, coding=coding))
    assert (status, why(outcome)) == (404, [("terminology-unknown", "not-found")])
    assert SNOMED in outcome["issue"][0]["diagnostics"]
    of_another = {"valueCoding": {"system": GENDER, "code": "female"}}
    assert (
        values(call("ValueSet/$validate-code", sent(valueSet={"resource": own}, coding=of_another))[1])["result"]
        is False
    )


def test_one_coding_of_a_concept_is_enough(call: Call) -> None:
    codings = [{"system": SNOMED, "code": "1"}, {"system": GENDER, "code": "female"}]
    concept = {"valueCodeableConcept": {"coding": codings}}
    assert values(call("ValueSet/$validate-code", sent(url={"valueUri": GENDERS}, codeableConcept=concept))[1])[
        "result"
    ]


def test_a_value_set_is_expanded(call: Call) -> None:
    status, made = call("ValueSet/$expand", url=GENDERS)
    assert (status, set(codes(made))) == (200, {"female", "male", "other", "unknown"})
    assert made["expansion"]["total"] == 4
    assert {one["display"] for one in made["expansion"]["contains"]} == {"Female", "Male", "Other", "Unknown"}
    assert {"name": "version", "valueUri": f"{GENDER}|4.0.1"} in made["expansion"]["parameter"]
    by_id = call("ValueSet/bed-state/$expand")[1]
    assert codes(by_id) == codes(call("ValueSet/$expand", url=STATES)[1]) != []


def test_an_expansion_is_filtered_and_paged(call: Call) -> None:
    assert codes(call("ValueSet/$expand", url=GENDERS, filter="mal")[1]) in (["female", "male"], ["male", "female"])
    every = codes(call("ValueSet/$expand", url=GENDERS)[1])
    pages = [call("ValueSet/$expand", url=GENDERS, offset=str(n), count="3")[1] for n in (0, 3)]
    assert [code for page in pages for code in codes(page)] == every
    assert [page["expansion"]["total"] for page in pages] == [4, 4]
    assert "contains" not in call("ValueSet/$expand", url=GENDERS, count="0")[1]["expansion"]


def own_set(*parts: Any, **more: Any) -> dict[str, Any]:
    value_set = {"resourceType": "ValueSet", "status": "active", "compose": {"include": list(parts), **more}}
    return sent(valueSet={"resource": value_set})


def test_filters_and_exclusions_count(call: Call) -> None:
    below = {"property": "concept", "op": "is-a", "value": "question"}
    part = {"system": "http://hl7.org/fhir/item-type", "filter": [below]}
    found = codes(call("ValueSet/$expand", own_set(part))[1])
    assert {"question", "boolean"} <= set(found)
    assert "group" not in found
    left = {"system": "http://hl7.org/fhir/item-type", "concept": [{"code": "boolean"}]}
    assert "boolean" not in codes(call("ValueSet/$expand", own_set(part, exclude=[left]))[1])
    both = {"system": GENDER, "valueSet": [GENDERS]}
    assert len(codes(call("ValueSet/$expand", own_set(both))[1])) == 4
    taken = {"valueSet": [GENDERS]}
    assert len(codes(call("ValueSet/$expand", own_set(taken))[1])) == 4


def test_what_is_out_of_use_is_left_out_when_that_is_asked(call: Call) -> None:
    every = call("ValueSet/$expand", own_set({"system": ACT}), count="10000")[1]["expansion"]["contains"]
    inactive = {one["code"] for one in every if one.get("inactive")}
    asked = own_set({"system": ACT})
    asked["parameter"].append({"name": "activeOnly", "valueBoolean": True})
    active = codes(call("ValueSet/$expand", asked)[1])
    assert inactive
    assert not inactive & set(active)
    assert len(active) + len(inactive) == len(every)


@pytest.mark.parametrize("part", [{"system": SNOMED}, {"valueSet": ["https://example.org/none"]}])
def test_what_cannot_be_listed_is_said_to_be_unknown(call: Call, part: Any) -> None:
    status, outcome = call("ValueSet/$expand", own_set(part))
    assert (status, why(outcome)) == (404, [("terminology-unknown", "not-found")])


def test_codes_that_a_value_set_lists_need_no_system(call: Call) -> None:
    part = {"system": SNOMED, "concept": [{"code": "1", "display": "one"}]}
    assert call("ValueSet/$expand", own_set(part))[1]["expansion"]["contains"] == [
        {"system": SNOMED, "code": "1", "display": "one"}
    ]


def test_value_sets_that_take_in_each_other_end(call: Call) -> None:
    part = {"system": GENDER, "filter": [{"property": "x", "op": "regex", "value": "(a+)+$"}]}
    assert call("ValueSet/$expand", own_set(part))[0] == 422
    many = own_set(*[{"system": ACT} for _ in range(100)])
    status, outcome = call("ValueSet/$expand", many)
    assert (status, why(outcome)) == (422, [("too-costly", "too-costly")])


def test_a_caller_that_may_not_read_them_is_refused(call: Call, as_caller: Callable[..., None]) -> None:
    as_caller("Slot")
    assert call("CodeSystem/$lookup", system=GENDER, code="female")[0] == 403
    assert call("ValueSet/$expand", url=GENDERS)[0] == 403
    assert call("ValueSet/bed-state/$validate-code", system=STATE, code="free")[0] == 403
    as_caller("CodeSystem")
    assert call("CodeSystem/$lookup", system=GENDER, code="female")[0] == 200


def test_parameters_come_and_go_in_xml(client: FlaskClient) -> None:
    asked = sent(url={"valueUri": GENDERS}, coding={"valueCoding": {"system": GENDER, "code": "female"}})
    document = xml.write(asked)
    answer = client.post("/fhir/ValueSet/$validate-code", data=document, content_type="application/fhir+xml")
    assert (answer.status_code, answer.mimetype) == (200, "application/fhir+xml")
    assert values(xml.read(answer.data)) == {"result": True, "display": "Female"}
    wrong = client.post("/fhir/ValueSet/$validate-code", data=document.replace(b"url", b"uri"), content_type="text/xml")
    assert (wrong.status_code, b"did you mean" in wrong.data) == (400, True)
