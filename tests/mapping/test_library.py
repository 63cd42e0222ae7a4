"""What is installed, which mapping a message is for, and when its event was."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from gateway.data import shipped
from gateway.errors import BadMapping, UnsupportedMessage
from gateway.mapping.heads import heads
from gateway.mapping.library import Library
from tests.mapping.test_findings import A20
from tests.mapping.writing import HEAD, LIBRARY, MESSAGE, mapped, resource, resources, written


def test_the_heads_of_mappings_are_read_as_the_engine_reads_them() -> None:
    for folder in (shipped("mappings"), LIBRARY):
        quick = [(h.name, h.url, h.version, h.title, h.format) for h in heads([folder])]
        loaded = [(m.name, m.url, m.version, m.title or "", m.source.format) for m in Library.read([folder]).mappings]
        assert quick == loaded


@pytest.mark.parametrize(
    ("source", "accepts"),
    [
        ("{format: hl7v2, when: \"MSH-9.1 = 'ADT' and MSH-9.2 = 'A20'\"}", "ADT^A20"),
        ("{format: hl7v2, when: \"MSH-9.1 = 'ADT'\"}", "ADT"),
        (
            "{format: hl7v2, when: \"MSH-9.1 = 'ADT' and (MSH-9.2 = 'A05' or MSH-9.2 = 'A14')\"}",
            "ADT^A05, A14",
        ),
        (
            "{format: hl7v2, when: \"(MSH-9.1 = 'ORM' and MSH-9.2 = 'O01') or (MSH-9.1 = 'OML' and MSH-9.2 = 'O21')\"}",
            "ORM^O01, OML^O21",
        ),
        ("{format: hl7v2, when: \"MSH-9.1 = 'ADT' or MSH-9.2 = 'A20'\"}", "MSH-9.1 = 'ADT' or MSH-9.2 = 'A20'"),
        ("{format: hl7v2, when: \"MSH-9.1 = 'ADT' or PV1.exists()\"}", "MSH-9.1 = 'ADT' or PV1.exists()"),
        ("{format: csv, columns: [A, B]}", "columns A, B"),
        ("\n  format: csv\n  columns: [A, B]", "columns A, B"),
        ("{format: hl7v2}", "everything"),
    ],
)
def test_the_list_says_what_a_mapping_accepts(tmp_path: Path, source: str, accepts: str) -> None:
    written(tmp_path, resource("active: true"), head=f"map: x\nversion: '1'\nsource: {source}\n")

    (head,) = heads([tmp_path])

    assert (head.accepts, head.version) == (accepts, "1")


def test_a_condition_may_look_at_more_than_the_kind_of_message(tmp_path: Path) -> None:
    for name, code in (("inpatient", "I"), ("outpatient", "O")):
        head = HEAD.replace("'A31'\"", f"'A31' and PV1-2 = '{code}'\"")
        library = written(tmp_path, resource(f"language: {name}"), head=head, name=name)

    said = [resources(library, MESSAGE.replace("PV1|1|I", f"PV1|1|{code}"))[0]["language"] for code in "IOI"]

    assert said == ["inpatient", "outpatient", "inpatient"]
    library.check()
    assert not library.problems.errors
    with pytest.raises(UnsupportedMessage):
        mapped(library, MESSAGE.replace("PV1|1|I", "PV1|1|E"))


def test_a_message_that_two_mappings_accept_is_no_silent_choice(tmp_path: Path) -> None:
    written(tmp_path, resource("active: true"), name="one")
    library = written(tmp_path, resource("active: true"), name="two")

    with pytest.raises(BadMapping, match=r"hl7v2/one and hl7v2/two both accept ADT\^A31"):
        mapped(library)


def test_several_folders_make_one_library(tmp_path: Path) -> None:
    written(tmp_path, resource("active: true"))

    library = Library.load([LIBRARY, tmp_path])

    assert [mapping.name for mapping in library.mappings] == ["hl7v2/a20", "hl7v2/written"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="no such folder of mappings"):
        Library.load([tmp_path / "nowhere"])


def test_a_mapping_is_found_by_its_name_or_the_end_of_it() -> None:
    library = Library.read([LIBRARY])

    assert library.mapping("a20") is library.mapping("hl7v2/a20")
    with pytest.raises(BadMapping, match="no mapping 'hl7v2/a2O'; did you mean 'hl7v2/a20'"):
        library.mapping("hl7v2/a2O")


def test_a_provider_stands_on_the_default() -> None:
    overlay = Library.read([LIBRARY]).provider("quiet")

    assert overlay.value(("slotHorizon",)) == "24 hours"
    assert overlay.value(("bedSystem",)) == "https://quiet.example/bed"
    assert (overlay.share, overlay.timezone, overlay.charset) == ("capacity", "Europe/London", "windows-1252")
    assert overlay.value(("codes", "bed-status", "VR")) == "U"
    assert overlay.value(("nothing", "here")) is None


def test_a_library_made_from_another_asks_its_own_overlays() -> None:
    mine = Library.read([LIBRARY])
    before = mine.provider("dev").timezone
    overlay = mine.providers["dev"]
    moved = replace(overlay, values={**overlay.values, "timezone": "Pacific/Auckland"})

    other = replace(mine, providers={"dev": moved})

    assert before != "Pacific/Auckland"
    assert (mine.provider("dev").timezone, other.provider("dev").timezone) == (before, "Pacific/Auckland")


def test_the_ids_of_two_providers_never_meet() -> None:
    library = Library.read([LIBRARY])
    message = A20

    one = {url for _, _, url in mapped(library, message, provider="dev").resources}
    other = {url for _, _, url in mapped(library, message.replace("|U", "|VR"), provider="quiet").resources}

    assert len(one) == len(other) == 6
    assert not one & other


@pytest.mark.parametrize(
    ("segment", "moment"),
    [
        ("EVN|A20|20240412081600||||20240412080000", "2024-04-12T08:00:00+02:00"),
        ("EVN|A20|20240412081600", "2024-04-12T08:16:00+02:00"),
        ("EVN|A20", "2024-04-12T08:16:02+02:00"),
        ("EVN|A20|gisteren", None),
        ("EVN|A20|20241027023000", "2024-10-27T02:30:00+02:00"),
    ],
)
def test_the_event_time_is_kept(tmp_path: Path, segment: str, moment: str | None) -> None:
    library = written(tmp_path, resource("active: true"), head=HEAD.replace("A31", "A20"))

    found = mapped(library, A20.replace("EVN|A20|20240412081600", segment))

    assert found.event_time == (datetime.fromisoformat(moment) if moment else None)
    assert found.control_id == "M2"


def test_a_link_out_of_the_folder_of_mappings_is_no_fragment(tmp_path: Path) -> None:
    fragment = 'fragment: sex\ntype: code\nversion: 1.0.0\nparameters: [x]\nemit: "{{ x }}"\n'
    (tmp_path / "secret.yaml").write_text(fragment, encoding="utf-8")
    folder = tmp_path / "mappings"
    folder.mkdir()
    for name, target in (("inside", folder / "own.yaml"), ("outside", tmp_path / "secret.yaml")):
        (folder / f"{name}.yaml").symlink_to(target)
    (folder / "own.yaml").write_text(fragment, encoding="utf-8")
    uses = "use: {a: inside.yaml, b: outside.yaml, c: ../secret.yaml}\n"

    library = written(folder, uses + resource('language: "{{ a(PID-8) }}"', 'x: "{{ b(c(PID-8)) }}"'))
    library.check()

    missing = [issue.diagnostics for issue in library.problems.errors if issue.diagnostics.startswith("no file")]
    assert sorted(missing) == [
        f"no file '{name}' beside this file or in a mappings folder" for name in ("../secret.yaml", "outside.yaml")
    ]


def test_what_lies_among_the_cases_is_no_mapping(tmp_path: Path) -> None:
    written(tmp_path, resource("active: true"), files={"hl7v2/written/cases/mapping.yaml": "provider: dev\n"})

    assert [mapping.name for mapping in Library.read([tmp_path]).mappings] == ["hl7v2/written"]
    assert Library.read([tmp_path]).problems.issues == []
