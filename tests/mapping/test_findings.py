"""What is wrong with a message: every finding at once, with its place, its rule and what to do; and "
"what then becomes of it."""

import re
from pathlib import Path

import pytest

from gateway.errors import Issue, MappingFailed
from gateway.mapping.findings import TEXTS
from tests.mapping.writing import LIBRARY, MESSAGE, mapped, resource, resources, written

A20 = "\r".join(
    [
        r"MSH|^~\&|BB|ZKH|GW|ZCC|20240412081602||ADT^A20^ADT_A20|M2|P|2.5.1||||||8859/1",
        "EVN|A20|20240412081600",
        "NPU|3B^312^1^ZKH^^B|U",
        "",
    ]
)


def refused(folder: Path, body: str, message: str = MESSAGE) -> tuple[Issue, ...]:
    with pytest.raises(MappingFailed) as raised:
        mapped(written(folder, body), message)
    return raised.value.issues


def test_a_bad_value_refuses_the_message_and_says_where_it_stands(tmp_path: Path) -> None:
    body = resource('birthDate: "{{ PID-7.toDate() }}"')

    (issue,) = refused(tmp_path, body, MESSAGE.replace("19410307", "yesterday"))

    assert issue.code == "bad-value"
    assert issue.severity == "error"
    assert issue.expression == "Patient.birthDate"
    assert str(issue.place) == f"PID-7 (line 3, byte {MESSAGE.index('19410307')})"
    assert issue.rule == f"{tmp_path.name}/hl7v2/written/mapping.yaml:7"
    assert issue.value == "yesterday"
    assert "yesterday" not in str(issue)
    assert (issue.diagnostics, issue.expected) == ("not a date: write yyyymmdd", "20260131")


@pytest.mark.parametrize(
    ("line", "value", "text", "expected"),
    [
        ('deceasedDateTime: "{{ PID-7.toDateTime() }}"', "gisteren", "yyyymmddhhmm", "202601311430"),
        ('birthDate: "{{ PID-7.toDate() }}"', "gisteren", "yyyymmdd", "20260131"),
        ("birthDate: \"{{ PID-7.toDate('dd-MM-yyyy') }}\"", "gisteren", "dd-MM-yyyy", "dd-MM-yyyy"),
        ('multipleBirthInteger: "{{ PID-7.decimal() }}"', "2,x", "with a point", "2.5"),
        ('multipleBirthInteger: "{{ PID-7.decimal() }}"', "1.200", "without separators", "1200"),
    ],
)
def test_what_is_advised_of_a_field_is_what_a_field_may_hold(
    tmp_path: Path, line: str, value: str, text: str, expected: str
) -> None:
    (issue,) = refused(tmp_path, resource(line), MESSAGE.replace("19410307", value))

    assert text in issue.diagnostics
    assert expected in str(issue.expected)


def test_a_place_that_a_rule_looks_at_twice_is_told_once(tmp_path: Path) -> None:
    body = resource('deceasedDateTime: "{{ iif(EVN-2.exists(), EVN-2).toDateTime().toInstant() }}"')

    (issue,) = refused(tmp_path, body, MESSAGE.replace("20260105095500", "20260105"))

    assert (str(issue.place)[:5], issue.others, issue.value) == ("EVN-2", (), "20260105")


def test_every_finding_is_told_at_once(tmp_path: Path) -> None:
    body = "use: {bed: ConceptMap/bed-status}\n" + resource(
        'birthDate: "{{ PID-7.toDate() }}"',
        'deceasedDateTime: "{{ EVN-2.toDateTime() }}"',
        "gender: \"{{ iif(PID-8.yes(), 'male', 'female') }}\"",
        "maritalStatus: \"{{ bed.translate(PID-5.2, 'CodeableConcept') }}\"",
    )
    message = MESSAGE.replace("19410307", "x").replace("20260105095500", "y")

    issues = refused(tmp_path, body, message)

    assert [(i.code, i.place.path if i.place else None) for i in issues] == [
        ("bad-value", "PID-7"), ("bad-value", "EVN-2"), ("bad-value", "PID-8"), ("unmapped-code", "PID-5.2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "made", "codes"),
    [
        ("drop-element", ["language"], [("bad-value", "warning")]),
        ("drop-resource", [], [("bad-value", "warning"), ("resource-dropped", "warning")]),
    ],
)
def test_a_policy_says_what_falls_out(
    tmp_path: Path, policy: str, made: list[str], codes: list[tuple[str, str]]
) -> None:
    body = resource(f'"{{% on-error %}}": {policy}', 'birthDate: "{{ PID-7.toDate() }}"', "language: nl")
    library = written(tmp_path, body)

    found = mapped(library, MESSAGE.replace("19410307", "x"))

    assert [key for r, _, _ in found.resources for key in r if key not in {"resourceType", "id"}] == made
    assert [(issue.code, issue.severity) for issue in found.issues] == codes


def test_the_policy_of_the_mapping_holds_where_a_resource_has_none(tmp_path: Path) -> None:
    library = written(
        tmp_path, "on-error: drop-element\n" + resource('birthDate: "{{ PID-7.toDate() }}"', "language: nl")
    )

    assert resources(library, MESSAGE.replace("19410307", "x")) == [
        {"resourceType": "Patient", "id": "x", "language": "nl"}
    ]


def test_a_dropped_resource_leaves_the_others(tmp_path: Path) -> None:
    body = resource('"{% on-error %}": drop-resource', 'birthDate: "{{ PID-7.toDate() }}"')
    body += "  - {resourceType: Patient, id: y, language: nl}\n"

    found = resources(written(tmp_path, body), MESSAGE.replace("19410307", "x"))

    assert [r["id"] for r in found] == ["y"]


def test_a_requirement_that_does_not_hold_refuses_the_message(tmp_path: Path) -> None:
    body = "require:\n  - {that: PV1-50.exists(), say: the visit has no number}\n" + resource("active: true")

    (issue,) = refused(tmp_path, body)

    assert (issue.code, issue.diagnostics) == ("required-missing", "the visit has no number")
    assert str(issue.place) == f"PV1-50 (line 4, byte {MESSAGE.index('01999901')})"
    assert issue.rule == f"{tmp_path.name}/hl7v2/written/mapping.yaml:5"


def test_a_requirement_that_only_warns_is_told_and_refuses_nothing(tmp_path: Path) -> None:
    rule = "{that: PV1-50.exists(), say: no number, code: contradiction, severity: warning}"

    one = mapped(written(tmp_path, f"require:\n  - {rule}\n" + resource("active: true")))

    (issue,) = one.issues
    assert (issue.severity, issue.code, issue.diagnostics) == ("warning", "contradiction", "no number")
    assert [r["resourceType"] for r, *_ in one.resources] == ["Patient"]


def test_a_resource_without_an_id_is_refused(tmp_path: Path) -> None:
    issues = refused(tmp_path, "emit:\n  - {resourceType: Patient, id: \"{{ id('p', PID-40) }}\", active: true}\n")

    assert [(i.code, i.expression) for i in issues] == [("rule-failed", "Patient.id")]


def test_a_bsn_that_fails_the_test_is_left_out_with_a_warning(tmp_path: Path) -> None:
    library = written(tmp_path, resource('identifier: [{value: "{{ PID-3.1.bsn() }}"}]'))

    found = mapped(library, MESSAGE.replace("999900006", "999900007"))

    assert found.resources == [({"resourceType": "Patient", "id": "x"}, "PUT", "Patient/x")]
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.value) == ("bad-bsn", "warning", "999900007")
    assert "999900007" not in str(issue)


@pytest.mark.parametrize(
    ("stamp", "read", "text"),
    [
        ("20261025023000", "2026-10-25T02:30:00+02:00", "exists twice"),
        ("20260329023000", "2026-03-29T03:30:00+02:00", "does not exist"),
    ],
)
def test_the_hours_of_the_clock_change_are_read_by_a_rule_and_reported(
    tmp_path: Path, stamp: str, read: str, text: str
) -> None:
    library = written(tmp_path, resource('deceasedDateTime: "{{ EVN-2.toDateTime() }}"'))

    found = mapped(library, MESSAGE.replace("20260105095500", stamp))

    assert found.resources[0][0]["deceasedDateTime"] == read
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("ambiguous-time", "warning")
    assert text in issue.diagnostics
    assert issue.place is not None
    assert issue.place.path == "EVN-2"


def test_two_contents_for_one_resource_are_told(tmp_path: Path) -> None:
    body = "emit:\n  - {resourceType: Patient, id: x, language: nl}\n  - {resourceType: Patient, id: x, language: en}\n"
    found = mapped(written(tmp_path, body))

    assert [r["language"] for r, _, _ in found.resources] == ["en"]
    assert [i.code for i in found.issues] == ["duplicate-resource"]


def test_the_same_resource_twice_is_one(tmp_path: Path) -> None:
    body = "emit:\n  - {resourceType: Patient, id: x, language: nl}\n  - {resourceType: Patient, id: x, language: nl}\n"
    found = mapped(written(tmp_path, body))

    assert (len(found.resources), found.issues) == (1, ())


def test_an_expression_that_meets_a_value_it_cannot_use_is_told(tmp_path: Path) -> None:
    issues = refused(tmp_path, resource('multipleBirthInteger: "{{ PID-5.2.toInteger() + (1 | 2) }}"', "language: nl"))

    assert [(i.code, i.expression) for i in issues] == [("rule-failed", "Patient.multipleBirth")] or issues[
        0
    ].code == "rule-failed"


def test_a_segment_that_is_mapped_by_itself_is_set_apart_when_it_is_broken(tmp_path: Path) -> None:
    body = "each: OBX\nemit:\n  - resourceType: Patient\n    id: \"{{ id('o', OBX-3) }}\"\n"
    body += '    birthDate: "{{ OBX-5.toDate() }}"\n'
    message = MESSAGE.replace("OBX|1|NM|A||1", "OBX|1|NM|A||x").replace("OBX|2|NM|B||2", "OBX|2|NM|B||2024")

    found = mapped(written(tmp_path, body), message)

    assert [r["birthDate"] for r, _, _ in found.resources] == ["2024"]
    assert [(i.code, i.place.path if i.place else "") for i in found.issues] == [
        ("bad-value", "OBX-5"),
        ("row-quarantined", "OBX"),
    ]


def test_findings_speak_dutch(tmp_path: Path) -> None:
    library = written(tmp_path, resource('birthDate: "{{ PID-7.toDate() }}"'))

    with pytest.raises(MappingFailed) as raised:
        mapped(library, MESSAGE.replace("19410307", "gisteren"), language="nl")

    assert raised.value.issues[0].diagnostics == "geen datum: schrijf jjjjmmdd"


def test_every_text_is_there_in_both_languages() -> None:
    for name, texts in TEXTS.items():
        assert len(texts) == 2, name
        assert {p for p in texts[0].split() if p.startswith("{")} == {
            p for p in texts[1].split() if p.startswith("{")
        }, name


def test_the_codes_of_findings_are_in_the_catalogue(tmp_path: Path) -> None:
    from gateway.fhir.outcome import catalogue

    known = catalogue()
    codes = (
        "rule-failed bad-value bad-bsn unmapped-code ambiguous-time required-missing nothing-made resource-dropped "
        "row-quarantined duplicate-resource unread-field bad-mapping ambiguous-mapping no-mapping unknown-provider"
    )
    for code in codes.split():
        assert code in known
    del tmp_path


def test_a_message_that_nothing_maps_is_refused_by_its_name() -> None:
    from gateway.errors import UnsupportedMessage
    from gateway.mapping.library import Library

    with pytest.raises(UnsupportedMessage, match=r"^no mapping accepts ADT\^A47 \(HL7 v2\.5\.1\)$"):
        mapped(Library.read([LIBRARY]), A20.replace("ADT^A20^ADT_A20", "ADT^A47"))


@pytest.mark.parametrize("kind", ["ADT^Jansen", "Jansen", "999900006", "ADT^A47^x y"])
def test_what_stands_in_msh9_and_is_no_message_type_is_not_repeated(kind: str) -> None:
    from gateway.errors import UnsupportedMessage
    from gateway.mapping.library import Library

    with pytest.raises(UnsupportedMessage) as refused:
        mapped(Library.read([LIBRARY]), A20.replace("ADT^A20^ADT_A20", kind).replace("|2.5.1", "|Jansen"))

    assert re.fullmatch(
        r"no mapping accepts (ADT\^A47|a message whose MSH-9 is no message type) \(HL7 v2\)", str(refused.value)
    )


def test_an_unknown_provider_is_refused_with_a_suggestion() -> None:
    from gateway.errors import UnsupportedMessage
    from gateway.mapping.library import Library

    with pytest.raises(UnsupportedMessage, match="no provider 'quite'; did you mean 'quiet'"):
        mapped(Library.read([LIBRARY]), A20, provider="quite")
