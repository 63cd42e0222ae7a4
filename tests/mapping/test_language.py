"""What a template becomes: the surface of the language, one thing at a time."""

from pathlib import Path
from typing import Any

import pytest

from gateway.mapping.run import run
from tests.mapping.writing import MESSAGE, RECEIVED, mapped, resource, resources, written


def made(folder: Path, *lines: str, message: str = MESSAGE, provider: str = "dev") -> dict[str, Any]:
    (found,) = resources(written(folder, resource(*lines)), message, provider=provider)
    return {key: value for key, value in found.items() if key not in {"resourceType", "id"}}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("active: true", {"active": True}),
        ("gender: female", {"gender": "female"}),
        ("birthDate: 1941-03-07", {"birthDate": "1941-03-07"}),
        ("multipleBirthInteger: 2", {"multipleBirthInteger": 2}),
        ("language: NO", {"language": "NO"}),
        ('birthDate: "{{ PID-7.toDate() }}"', {"birthDate": "1941-03-07"}),
        ('birthDate: "{{ PID-29.toDate() }}"', {}),
        ('name: [{family: "{{ PID-5.1.1 }}"}]', {"name": [{"family": "Jansen"}]}),
        ('name: [{family: "{{ PID-6.1 }}"}]', {}),
        ('name: [{given: ["{{ PID-5.2 }}", "{{ PID-5.3 }}", "{{ PID-5.9 }}"]}]', {"name": [{"given": ["Anna", "M"]}]}),
        ('name: [{given: "{[ PID-5.2 | PID-5.3 ]}"}]', {"name": [{"given": ["Anna", "M"]}]}),
        ('name: [{given: ["{[ PID-5.2 | PID-5.3 ]}", x]}]', {"name": [{"given": ["Anna", "M", "x"]}]}),
        ('name: [{text: "{{ PID-5.2 }} {{ PID-5.1.1 }}"}]', {"name": [{"text": "Anna Jansen"}]}),
        ('name: [{text: "{{ PID-5.2 }} {{ PID-5.9 }}"}]', {}),
        ('name: [{text: "{{ PID-5.9 & \' \' & PID-5.9 }}"}]', {}),
        ('managingOrganization: {reference: "Organization/{{ id(\'o\', MSH-4) }}"}',
         {"managingOrganization": {"reference": "Organization/5a1a4f23-7b2c-53df-87c0-e4e4a4b8ddb4"}}),
        ('managingOrganization: {reference: "Organization/{{ id(\'o\', MSH-25) }}"}', {}),
        ('telecom: [{rank: "{{ OBX[2]-1.toInteger() }}"}]', {"telecom": [{"rank": 2}]}),
        ('multipleBirthInteger: "{{ OBX.count() }}"', {"multipleBirthInteger": 2}),
        ('multipleBirthInteger: "{{ PID-3.count() }}"', {"multipleBirthInteger": 2}),
    ],
)  # fmt: skip
def test_a_value_becomes(tmp_path: Path, line: str, expected: dict[str, Any]) -> None:
    found = made(tmp_path, line)

    if "managingOrganization" in found:
        found["managingOrganization"]["reference"] = expected["managingOrganization"]["reference"]
    assert found == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("PID-3.1", "999900006"),
        ("PID-3[2].1", "7781234"),
        ("PID-3[2].4", "ZKH"),
        ("PID-3[3].1", None),
        ("PID-5.1.2", "de"),
        ("OBX[2]-3", "B"),
        ("OBX-3", "A"),
        ("ZZZ-1", None),
        ("PV1-4", None),
        ("PID-3.where($this.4.1 = 'ZKH').first().1", "7781234"),
        ("PID-13.where($this.2 = 'NET').first()", "anna@example.org"),
        ("OBX.where($this.3 = 'B').first().1", "2"),
        ("PID-3.select($this.1).last()", "7781234"),
        ("iif(PV1-4.exists(), 'full', 'empty')", "empty"),
        ("iif(isDelete(PV1-4), 'delete', 'keep')", "delete"),
        ("iif(isDelete(PV1-2), 'delete', 'keep')", "keep"),
    ],
)
def test_a_source_path_reads(tmp_path: Path, path: str, text: str | None) -> None:
    assert made(tmp_path, f'language: "{{{{ {path} }}}}"').get("language") == text


def test_a_loop_makes_an_item_for_each_repetition_and_counts_from_0(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "identifier:",
        '  - "{% for i, cx in PID-3 %}":',
        '      value: "{{ cx.1 }}"',
        '      assigner: {display: "{{ i.toString() & cx.4.1 }}"}',
    )

    assert found["identifier"] == [
        {"value": "999900006", "assigner": {"display": "0NLMINBIZA"}},
        {"value": "7781234", "assigner": {"display": "1ZKH"}},
    ]


def test_a_loop_over_segments_steps_into_each(tmp_path: Path) -> None:
    lines = ("identifier:", '  "{% for obx in OBX %}": {value: "{{ obx-3.1 & obx.5 }}"}')

    assert made(tmp_path, *lines)["identifier"] == [{"value": "A1"}, {"value": "B2"}]


def test_loops_nest(tmp_path: Path) -> None:
    lines = (
        "identifier:",
        '  - "{% for cx in PID-3 %}":',
        '      "{% for obx in OBX %}": {value: "{{ cx.1 & obx.3 }}"}',
    )

    assert [i["value"] for i in made(tmp_path, *lines)["identifier"]] == [
        "999900006A",
        "999900006B",
        "7781234A",
        "7781234B",
    ]


CHOICE = (
    "\"{% if PID-8 = 'M' %}\": {gender: male}",
    "\"{% elif PID-8 = 'F' %}\": {gender: female, active: true}",
    '"{% else %}": {gender: unknown}',
)


@pytest.mark.parametrize(
    ("sex", "expected"),
    [("M", {"gender": "male"}), ("F", {"gender": "female", "active": True}), ("U", {"gender": "unknown"})],
)
def test_the_elements_of_the_branch_that_holds_join_the_object(
    tmp_path: Path, sex: str, expected: dict[str, Any]
) -> None:
    assert made(tmp_path, *CHOICE, message=MESSAGE.replace("|F|", f"|{sex}|")) == expected


def test_a_choice_may_stand_in_place_of_a_value(tmp_path: Path) -> None:
    lines = ("gender:", "  \"{% if PID-8 = 'F' %}\": female", '  "{% else %}": unknown')

    assert made(tmp_path, *lines) == {"gender": "female"}


def test_without_a_branch_that_holds_there_is_no_element(tmp_path: Path) -> None:
    assert made(tmp_path, "gender:", "  \"{% if PID-8 = 'X' %}\": female") == {}


def test_names_of_assign_are_seen_in_their_object_and_may_build_on_each_other(tmp_path: Path) -> None:
    lines = (
        '"{% assign %}": [{family: PID-5.1.1}, {whole: "family & \', \' & PID-5.2"}]',
        'name: [{text: "{{ whole }}", family: "{{ family }}"}]',
    )

    assert made(tmp_path, *lines) == {"name": [{"text": "Jansen, Anna", "family": "Jansen"}]}


def test_merge_lays_objects_over_each_other_and_a_later_one_wins(tmp_path: Path) -> None:
    lines = ("gender: male", '"{% merge %}":', "  - {gender: female}", '  - {active: true, language: "{{ PID-40 }}"}')

    assert made(tmp_path, *lines) == {"gender": "female", "active": True}


FRAGMENTS = {
    "hl7v2/datatypes/cx.yaml": """
        fragment: cx
        type: Identifier
        parameters: [cx, system]
        use: {authority: authority.yaml}
        let: {who: "authority(cx.4)"}
        emit:
          system: "{{ iif(who.exists(), who, system) }}"
          value: "{{ cx.1 }}"
        """,
    "hl7v2/datatypes/authority.yaml": """
        fragment: authority
        type: uri
        parameters: [hd]
        emit: "urn:example:{{ hd.1 }}"
        """,
    "hl7v2/datatypes/pair.yaml": """
        fragment: pair
        type: Patient
        parameters: [key]
        emit:
          - {resourceType: Patient, id: "{{ id('one', key) }}"}
          - "{% if key = 'both' %}": {resourceType: Patient, id: "{{ id('two', key) }}"}
        """,
}


def test_a_fragment_is_applied_to_each_value_of_its_first_argument(tmp_path: Path) -> None:
    body = "use: {cx: ../datatypes/cx.yaml}\n" + resource("identifier: \"{[ cx(PID-3, 'urn:x') ]}\"")

    (found,) = resources(written(tmp_path, body, files=FRAGMENTS))

    assert found["identifier"] == [
        {"system": "urn:example:NLMINBIZA", "value": "999900006"},
        {"system": "urn:example:ZKH", "value": "7781234"},
    ]


def test_a_fragment_file_is_found_from_the_mappings_folder_too(tmp_path: Path) -> None:
    body = "use: {cx: hl7v2/datatypes/cx.yaml}\n" + resource(
        "identifier: [\"{{ cx(PID-2, 'urn:x') }}\", \"{{ cx(PID-3[2], 'urn:x') }}\"]"
    )

    (found,) = resources(written(tmp_path, body, files=FRAGMENTS))

    assert found["identifier"] == [{"system": "urn:example:ZKH", "value": "7781234"}]


def test_a_fragment_may_make_several_resources(tmp_path: Path) -> None:
    body = "use: {pair: hl7v2/datatypes/pair.yaml}\nemit:\n  - \"{[ pair('both') ]}\"\n  - \"{[ pair('single') ]}\"\n"

    assert len(resources(written(tmp_path, body, files=FRAGMENTS))) == 3


def test_what_an_overlay_says_decides_what_is_shared(tmp_path: Path) -> None:
    body = "emit:\n  - \"{% if %provider.share = 'clinical' %}\":\n"
    body += "      {resourceType: Patient, id: \"{{ id('p', PID-3.1) }}\"}\n"
    library = written(tmp_path, body)

    assert len(resources(library, provider="dev")) == 1
    assert resources(library, provider="quiet") == []
    assert [issue.code for issue in mapped(library, provider="quiet").issues] == ["nothing-made"]


def test_times_without_an_offset_are_in_the_providers_zone(tmp_path: Path) -> None:
    library = written(tmp_path, resource('deceasedDateTime: "{{ EVN-2.toDateTime() }}"'))

    assert resources(library, provider="dev")[0]["deceasedDateTime"] == "2026-01-05T09:55:00+01:00"
    assert resources(library, provider="quiet")[0]["deceasedDateTime"] == "2026-01-05T09:55:00+00:00"


def test_the_moment_of_receipt_and_the_control_id_are_constants(tmp_path: Path) -> None:
    found = made(tmp_path, 'deceasedDateTime: "{{ %receivedAt }}"', 'language: "{{ %controlId }}"')

    assert found == {"deceasedDateTime": "2026-01-05T09:00:00.000+00:00", "language": "M1"}


def test_now_is_the_moment_of_receipt(tmp_path: Path) -> None:
    assert made(tmp_path, 'deceasedDateTime: "{{ now() }}"')["deceasedDateTime"].startswith("2026-01-05T09:00:00")


def test_a_duration_of_the_overlay_is_added_to_a_moment(tmp_path: Path) -> None:
    found = made(tmp_path, 'deceasedDateTime: "{{ EVN-2.toDateTime() + %provider.slotHorizon }}"')

    assert found == {"deceasedDateTime": "2026-01-06T09:55:00+01:00"}


def test_a_name_for_a_field_can_be_stepped_into(tmp_path: Path) -> None:
    body = "let: {pl: PV1-3, cxs: PID-3}\n" + resource(
        "language: \"{{ pl.1 & pl.4.1 & cxs.where($this.5 = 'PI').first().1 }}\""
    )

    assert resources(written(tmp_path, body))[0]["language"] == "3BZKH7781234"


def test_each_segment_is_mapped_by_itself(tmp_path: Path) -> None:
    body = 'each: OBX\nemit:\n  - {resourceType: Patient, id: "{{ id(\'o\', OBX-3) }}", language: "{{ OBX-3 }}"}\n'

    assert [r["language"] for r in resources(written(tmp_path, body))] == ["A", "B"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("bedStatus.translate('VRIJ')", "U"),
        ("bedStatus.translate('VRIJ', 'code')", "U"),
        ("bedStatus.translate('ONBEKEND')", None),
        ("bedStatus.translate(PID-40)", None),
        ("kind.translate('IC')", "icu"),
        ("kind.translate('anything')", "other"),
        ("system.translate('AGB')", "agb-z"),
        ("system.translate('anything')", "anything"),
    ],
)
def test_a_code_is_translated(tmp_path: Path, call: str, expected: str | None) -> None:
    use = "use: {bedStatus: ConceptMap/bed-status, kind: ConceptMap/kind, system: ConceptMap/system}\n"
    library = written(tmp_path, use + resource(f'language: "{{{{ {call} }}}}"'))

    assert resources(library)[0].get("language") == expected


def test_the_source_coding_stands_beside_the_target(tmp_path: Path) -> None:
    use = "use: {bedStatus: ConceptMap/bed-status}\n"
    line = "maritalStatus: \"{{ bedStatus.translate('VRIJ', 'CodeableConcept') }}\""

    (found,) = resources(written(tmp_path, use + resource(line)))

    assert found["maritalStatus"]["coding"] == [
        {"system": "http://terminology.hl7.org/CodeSystem/v2-0116", "code": "U", "display": "Unoccupied"},
        {"system": "urn:example:words", "code": "VRIJ"},
    ]


def test_a_providers_own_codes_are_rows_too(tmp_path: Path) -> None:
    use = "use: {bedStatus: ConceptMap/bed-status}\n"
    library = written(tmp_path, use + resource("language: \"{{ bedStatus.translate('VR') }}\""))

    assert resources(library, provider="quiet")[0]["language"] == "U"


def test_two_runs_give_no_shared_objects(tmp_path: Path) -> None:
    """What one message became can be changed without changing what the next one becomes."""
    library = written(
        tmp_path, resource('name: [{family: "{{ PID-5.1.1 }}", use: official}]', "maritalStatus: {coding: [{code: M}]}")
    )
    first = resources(library)[0]
    first["name"][0].clear()
    first["maritalStatus"]["coding"][0]["code"] = "X"

    assert resources(library)[0]["name"] == [{"family": "Jansen", "use": "official"}]
    assert resources(library)[0]["maritalStatus"]["coding"][0]["code"] == "M"


def test_an_iif_over_a_fragment_is_no_truer_than_its_branch(tmp_path: Path) -> None:
    """One branch is a FHIR boolean, the other a System.Boolean: a false one is still false."""
    files = {
        "hl7v2/segments/married.yaml": """
            fragment: married
            type: boolean
            parameters: [pid]
            emit: "{{ pid.5.1 = 'Elsewhere' }}"
            """
    }
    body = "use: {married: hl7v2/segments/married.yaml}\n" + resource(
        '"{% if iif(PID.exists(), married(PID), true) %}": {gender: female}', "active: true"
    )

    assert resources(written(tmp_path, body, files=files))[0] == {"resourceType": "Patient", "id": "x", "active": True}


def test_what_the_engine_marks_its_own_code_with_is_text_in_a_mapping(tmp_path: Path) -> None:
    """A look at the source stands in generated code as a mark first; no literal can be taken for one."""
    marks = ("\\u00ab0\\u00bb", "\\ue0000\\ue001")
    body = resource(
        'language: "{{ PID-8 }}"',
        *(f'{key}: "{mark}"' for key, mark in zip(("implicitRules", "author"), marks, strict=True)),
    )

    (made,) = resources(written(tmp_path, body))

    assert (made["language"], made["implicitRules"], made["author"]) == ("F", "\u00ab0\u00bb", "\ue0000\ue001")


STEPS = """
    fragment: steps
    type: Basic
    parameters: [pid]
    use: {inner: inner.yaml}
    let:
      called: pid.5
      number: pid.3
      born: pid.7
    emit:
      extension:
        - {url: https://x/family, valueString: "{{ called.1.1 }}"}
        - {url: https://x/authority, valueString: "{{ number.4.1 }}"}
        - {url: https://x/whole, valueString: "{{ born }}"}
        - {url: https://x/first, valueString: "{{ born.1 }}"}
        - {url: https://x/passed, valueString: "{{ inner(called, born) }}"}
        - "{% if called.9.exists() %}": {url: https://x/none, valueString: "{{ called.9 }}"}
    """
INNER = """
    fragment: inner
    type: string
    parameters: [name, day]
    emit: "{{ name.2 & ' ' & day }}"
    """


@pytest.mark.parametrize("trace", [True, False])
def test_a_name_for_a_step_can_be_stepped_on_from_in_a_fragment(tmp_path: Path, trace: bool) -> None:
    body = "use: {steps: steps.yaml}\n" + resource('"{% merge %}": ["{{ steps(PID) }}"]')
    library = written(tmp_path, body, files={"steps.yaml": STEPS, "inner.yaml": INNER})
    assert library.problems.errors == []

    (one,) = run(library, MESSAGE.encode(), received_at=RECEIVED, trace=trace)

    ((made, *_),) = one.resources
    assert {said["url"].removeprefix("https://x/"): said["valueString"] for said in made["extension"]} == {
        "family": "Jansen",
        "authority": "NLMINBIZA",
        "whole": "19410307",
        "first": "19410307",
        "passed": "Anna 19410307",
    }
