"""EDIFACT in the mapping language: paths by number and qualifier, texts, each, trace, unread, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import BadMapping, MappingFailed, UnsupportedMessage
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import run
from gateway.mapping.scaffold import scaffold
from gateway.mapping.unread import unread
from tests.letters import interchange, letter, message, written
from tests.mapping.writing import written as library_of

HEAD = """\
map: https://msb-gateway.example/fhir/StructureMap/letter
version: 1.0.0
source: {format: edifact, when: "UNH-2.1 = 'MEDVRI' and BGM-1 = 'VRB'"}
"""
RECEIVED = datetime(2026, 4, 12, 9, 0, tzinfo=UTC)
SEGMENTS = (
    "BGM+VRB+1",
    "NAD+HP+1:AGB++Praktijk:Dijk",
    "NAD+MR+2:AGB++Huis",
    "NAD+MR+3:AGB++Tweede huis",
    "FTX+VRB+++Eerste",
    "FTX+VRB",
    "FTX+VRB+++Tweede:Derde",
    "FTX+OVE+++Anders",
)


def taken(tmp_path: Path, body: str, data: bytes | None = None, head: str = HEAD) -> list[Mapped]:
    library = library_of(tmp_path, body, head=head)
    return list(run(library, data or written(interchange(message(segments=SEGMENTS))), received_at=RECEIVED))


def value(tmp_path: Path, expression: str, data: bytes | None = None) -> Any:
    body = f'emit:\n  - {{resourceType: Basic, id: x, language: "{{{{ {expression} }}}}"}}\n'
    (found,) = taken(tmp_path, body, data)
    resource = found.resources[0][0]
    entries = [entry.value for entry in found.trace.explain("Basic.language")]
    assert entries == ([resource["language"]] if "language" in resource else [])  # both dialects agree
    return resource.get("language")


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        ("UNB-2", "500099901"),
        ("NAD-2.1", "1"),
        ("NAD(MR)-2.1", "2"),
        ("NAD(MR)[2]-2.1", "3"),
        ("NAD[2]-4", "Huis"),
        ("NAD(MR).count()", 2),
        ("NAD(XX).exists()", False),
        ("NAD(XX)-2.1", None),
        ("NAD(MR)-2.exists()", True),
        ("NAD(MR)-2.2.lower()", "agb"),
        ("NAD.where($this.1 = 'MR').last().4.1", "Tweede huis"),
        ("NAD(MR).select($this.2.1).join('/')", "2/3"),
        ("FTX(OVE)-4", "Anders"),
        ("lines(FTX-4)", "Eerste\n\nTweede\nDerde\nAnders"),
        ("lines(FTX(VRB)-4)", "Eerste\n\nTweede\nDerde"),
        ("lines(FTX(VRB)-4, ':')", "Eerste\n\nTweede:Derde"),
        ("lines(FTX[3]-4)", "Tweede\nDerde"),
        ("lines(ZZZ-4)", None),
        ("lines(FTX-2)", None),
        ("%controlId", "500099901+REF1+1"),
    ],
)
def test_paths_are_read_as_they_are_written(tmp_path: Path, expression: str, gives: Any) -> None:
    assert value(tmp_path, expression) == gives


def test_a_name_for_a_path_keeps_its_qualifier(tmp_path: Path) -> None:
    body = 'let: {asked: NAD(MR)-2}\nemit:\n  - {resourceType: Basic, id: x, language: "{{ asked.1 & asked.2 }}"}\n'

    (found,) = taken(tmp_path, body)

    assert found.resources[0][0]["language"] == "2AGB"


def test_each_segment_of_a_name_is_mapped_by_itself(tmp_path: Path) -> None:
    body = 'emit:\n  - {resourceType: Basic, id: "{{ id(\'x\', NAD-2.1) }}", language: "{{ NAD-4 & NAD(HP)-1 }}"}\n'

    (found,) = taken(tmp_path, f"each: NAD\n{body}")

    assert [resource["language"] for resource, _, _ in found.resources] == ["PraktijkHP", "HuisHP", "Tweede huisHP"]


def test_each_message_of_an_interchange_becomes_resources_of_its_own(tmp_path: Path) -> None:
    body = "emit:\n  - {resourceType: Basic, id: \"{{ id('x', %controlId) }}\"}\n"

    found = taken(tmp_path, body, written(interchange(message(1), message(2))))

    assert [one.control_id for one in found] == ["500099901+REF1+1", "500099901+REF1+2"]
    assert len({one.resources[0][2] for one in found}) == 2


@pytest.mark.parametrize(
    ("segments", "moment"),
    [
        (("BGM+VRB+1", "DTM+329:19330518:102", "DTM+137:202601050934:203"), "2026-01-05T09:34:00+01:00"),
        (("BGM+VRB+1", "DET+25:09:01+10:35"), "2025-09-01T10:35:00+02:00"),
        (("BGM+VRB+1",), "2026-01-05T09:34:00+01:00"),
        (("BGM+VRB+1", "DTM+137:yesterday"), None),
    ],
    ids=["DTM", "DET", "UNB", "none"],
)
def test_a_message_says_when_it_is_of(tmp_path: Path, segments: tuple[str, ...], moment: str | None) -> None:
    body = "emit:\n  - {resourceType: Basic, id: x}\n"

    (found,) = taken(tmp_path, body, written(interchange(message(segments=segments))))

    assert (found.event_time.isoformat() if found.event_time else None) == moment


def test_every_element_is_explained_back_to_its_byte(tmp_path: Path) -> None:
    data = written(interchange(message(segments=SEGMENTS)))
    texts = 'language: "{{ NAD(MR)-4 }}", implicitRules: "{{ lines(FTX(OVE)-4) }}"'
    body = f"emit:\n  - {{resourceType: Basic, id: x, {texts}}}\n"

    (found,) = taken(tmp_path, body, data)

    (line,) = map(str, found.trace.explain("Basic.language"))
    assert f"<- NAD[2]-4 'Huis' (line 5, byte {data.index(b'Huis')})" in line
    (line,) = map(str, found.trace.explain("Basic.implicitRules"))
    assert f"<- FTX[4]-4.1 'Anders' (line 10, byte {data.index(b'Anders')})" in line


def test_what_no_rule_read_is_told(tmp_path: Path) -> None:
    body = 'emit:\n  - {resourceType: Basic, id: x, language: "{{ lines(FTX-4) }}{{ NAD(HP)-2.1 }}"}\n'

    (found,) = taken(tmp_path, body)

    paths = [issue.place.path for issue in unread(found) if issue.place]
    assert paths == [
        "BGM-1", "BGM-2", "NAD-1", "NAD-2.2", "NAD-4.1", "NAD-4.2", "NAD[2]-1", "NAD[2]-2.1", "NAD[2]-2.2", "NAD[2]-4",
        "NAD[3]-1", "NAD[3]-2.1", "NAD[3]-2.2", "NAD[3]-4", "FTX-1", "FTX[2]-1", "FTX[3]-1", "FTX[4]-1",
    ]  # fmt: skip


def test_a_requirement_names_the_segment_that_is_absent(tmp_path: Path) -> None:
    body = "require:\n  - {that: NAD(XX)-2.1.exists(), say: nobody}\nemit:\n  - {resourceType: Basic, id: x}\n"

    with pytest.raises(MappingFailed) as refused:
        taken(tmp_path, body)

    assert [str(issue.place) for issue in refused.value.issues] == ["NAD(XX)-2.1"]


def test_a_kind_of_message_that_nothing_takes_is_named_and_nothing_else_is(tmp_path: Path) -> None:
    body = "emit:\n  - {resourceType: Basic, id: x}\n"

    with pytest.raises(UnsupportedMessage, match="no mapping accepts MEDLAB"):
        taken(tmp_path, body, written(interchange(message(kind="MEDLAB:1"))))
    with pytest.raises(UnsupportedMessage, match="whose UNH-2 is no message type"):
        taken(tmp_path, body, written(interchange(message(kind="Pieterse:1"))))


def test_two_mappings_of_one_message_are_found_at_start(tmp_path: Path) -> None:
    body = "emit:\n  - {resourceType: Basic, id: x}\n"
    library_of(tmp_path, body, head=HEAD)
    other = tmp_path / "edifact" / "other" / "mapping.yaml"
    other.parent.mkdir(parents=True)
    other.write_text(HEAD.replace(" and BGM-1 = 'VRB'", " and NAD(HP)-1 = 'HP'") + body, encoding="utf-8")

    with pytest.raises(BadMapping, match=r"accepts the same messages: UNH-2\.1 'MEDVRI'"):
        Library.load([tmp_path])


@pytest.mark.parametrize("expression", ["lines(FTX-4.1)", "lines('x')", "lines()", "lines(FTX-4, ':', 3)"])
def test_lines_are_those_of_a_field(tmp_path: Path, expression: str) -> None:
    with pytest.raises(BadMapping, match=r"lines\(\) takes a path"):
        value(tmp_path, expression)


def test_a_qualifier_is_edifact_only(tmp_path: Path) -> None:
    head = HEAD.replace("edifact", "hl7v2").replace("UNH-2.1 = 'MEDVRI' and BGM-1 = 'VRB'", "MSH-9.1 = 'ADT'")
    body = 'emit:\n  - {resourceType: Basic, id: x, language: "{{ PID(HP)-2.1 }}"}\n'
    library_of(tmp_path, body, head=head)

    with pytest.raises(BadMapping, match="no such source here"):
        Library.load([tmp_path])


def test_a_sample_is_the_beginning_of_a_mapping(tmp_path: Path) -> None:
    format_, text = scaffold("brief", letter())

    assert format_ == "edifact"
    assert "when: \"UNH-2.1 = 'MEDVRI'\"" in text
    assert "PIETERSE" not in text
    (tmp_path / "edifact" / "brief").mkdir(parents=True)
    (tmp_path / "edifact" / "brief" / "mapping.yaml").write_text(text, encoding="utf-8")
    library = Library.load([tmp_path])
    (found,) = run(library, letter(), received_at=RECEIVED)
    assert [resource["resourceType"] for resource, _, _ in found.resources] == ["Location"]
