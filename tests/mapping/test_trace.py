"""Where an element came from: place in the source, rule, row of a ConceptMap, line of the map."""

from pathlib import Path

import pytest

from gateway.mapping.library import Library
from gateway.mapping.unread import unread
from tests.mapping.test_findings import A20
from tests.mapping.writing import LIBRARY, MESSAGE, mapped, resource, written

STATUS = 'status: "{{ slotStatus'
PAGE = "library/hl7v2/a20/mapping.yaml"
LINES = (LIBRARY / "hl7v2" / "a20" / "mapping.yaml").read_text(encoding="utf-8").splitlines()


def rule(text: str) -> str:
    """Return `file:line` of the only line of the mapping that begins so."""
    (number,) = [n for n, line in enumerate(LINES, 1) if line.strip().startswith(text)]
    return f"{PAGE}:{number}"


def byte(text: str, message: str = A20) -> int:
    return message.index(text)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.read([LIBRARY])


def explained(library: Library, path: str, message: str = A20) -> list[str]:
    return [str(entry) for entry in mapped(library, message).trace.explain(path)]


def test_a_translated_code_is_explained_down_to_the_byte_and_the_row(library: Library) -> None:
    place = f"(line 3, byte {byte('U' + chr(13))})"
    assert explained(library, "Slot.status") == [
        f"Slot.status = \"free\"  <- NPU-2.1 'U' {place} through ConceptMap bed-status-to-slot row 2, "
        f"rule emit[5].status, {rule(STATUS)}"
    ]


def test_a_text_put_together_is_explained_by_all_its_parts(library: Library) -> None:
    ward, bed = byte("3B"), byte("1^ZKH")
    assert explained(library, "Location[3].name") == [
        f"Location[3].name = \"3B 1\"  <- NPU-1.1 '3B' (line 3, byte {ward}), NPU-1.3 '1' (line 3, byte {bed}), "
        f"rule emit[3].name, {rule('name:')}"
    ]


def test_a_literal_comes_from_the_mapping(library: Library) -> None:
    assert explained(library, "Schedule.active") == [
        f"Schedule.active = true  <- the mapping itself, rule emit[4].active, {rule('active:')}"
    ]


def test_an_element_made_in_a_fragment_names_the_fragment_and_where_its_argument_came_from(library: Library) -> None:
    assert explained(library, "Location[1].name") == [
        f"Location[1].name = \"3B\"  <- NPU-1.1 '3B' (line 3, byte {byte('3B')}), "
        "rule place.name, library/hl7v2/datatypes/place.yaml:9"
    ]


def test_resources_of_one_type_are_numbered_and_a_path_without_number_means_all(library: Library) -> None:
    assert [line.partition(" ")[0] for line in explained(library, "Location.name")] == [
        f"Location[{i}].name" for i in range(4)
    ]


def test_a_path_to_an_object_explains_all_of_it(library: Library) -> None:
    paths = [line.partition(" ")[0] for line in explained(library, "Location[3].operationalStatus")]

    assert paths == [f"Location[3].operationalStatus.{name}" for name in ("system", "code", "display")]


def test_what_does_not_exist_has_no_explanation(library: Library) -> None:
    assert explained(library, "Slot.comment") == []


def test_an_element_made_in_a_loop_names_its_own_repetition(tmp_path: Path) -> None:
    body = resource("identifier:", '  - "{% for cx in PID-3 %}": {value: "{{ cx.1 }}"}')
    found = [str(entry) for entry in mapped(written(tmp_path, body)).trace.explain("Patient.identifier")]

    made = f"rule emit[0].identifier[0].value, {tmp_path.name}/hl7v2/written/mapping.yaml:8"
    first, second = byte("999900006", MESSAGE), byte("7781234", MESSAGE)
    assert found == [
        f"Patient.identifier[0].value = \"999900006\"  <- PID-3.1 '999900006' (line 3, byte {first}), {made}",
        f"Patient.identifier[1].value = \"7781234\"  <- PID-3[2].1 '7781234' (line 3, byte {second}), {made}",
    ]


def test_a_value_that_was_chosen_names_the_one_it_is(tmp_path: Path) -> None:
    body = resource("language: \"{{ PID-3.where($this.5 = 'PI').first().1 }}\"")
    (entry,) = mapped(written(tmp_path, body)).trace.explain("Patient.language")

    assert [str(place) for place, _ in entry.sources] == [f"PID-3[2].1 (line 3, byte {byte('7781234', MESSAGE)})"]


def test_a_trace_is_written_for_machines_too(library: Library) -> None:
    (entry,) = mapped(library, A20).trace.explain("Slot.status")

    assert entry.as_json() == {
        "path": "Slot.status",
        "value": "free",
        "source": [{"path": "NPU-2.1", "line": 3, "byte": byte("U" + chr(13)), "value": "U"}],
        "through": ["ConceptMap bed-status-to-slot row 2"],
        "rule": "emit[5].status",
        "map": rule(STATUS),
    }


def test_what_no_rule_read_is_told(library: Library) -> None:
    found = unread(mapped(library, A20))

    assert [issue.place.path for issue in found if issue.place] == [
        "MSH-3", "MSH-4", "MSH-5", "MSH-6", "MSH-7", "MSH-11", "EVN-1", "NPU-1.6",
    ]  # fmt: skip
    assert {(issue.code, issue.severity) for issue in found} == {("unread-field", "information")}


def test_a_field_that_only_a_condition_looks_at_is_read(tmp_path: Path) -> None:
    body = "require: [{that: PV1-2.exists(), say: x}]\n" + resource("\"{% if PID-8 = 'F' %}\": {gender: female}")

    paths = {issue.place.path for issue in unread(mapped(written(tmp_path, body), MESSAGE)) if issue.place}

    assert not paths & {"PV1-2", "PID-8"}


def test_a_bundle_that_passes_through_is_its_own_source() -> None:
    slot = '{"resourceType": "Slot", "status": "free"}'
    data = f'{{"resourceType": "Bundle", "type": "transaction", "entry": [{{"resource": {slot}}}]}}'
    (entry,) = mapped(Library.read([LIBRARY]), data).trace.explain("Slot.status")

    assert str(entry).startswith("Slot.status = \"free\"  <- /entry/0/resource/status 'free' (line 1, byte ")
    assert str(entry).endswith("), rule as it came, fhir")
