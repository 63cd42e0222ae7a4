"""HL7's v2-to-FHIR code tables as ConceptMaps: what is made of a row, and which rows are left out and why."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.mapping.library import Library
from gateway.mapping.v2_tables import imported
from gateway.validation import Validator
from gateway.validation.second_opinion import second_opinion
from tests.shared import SHARED, needs_shared

ABOVE = "HL7 v2,,,Condition (IF True),,,HL7 FHIR,,,,,Comments\n"
HEAD = "Code,Text,Code System,Computable ANTLR,Computable FHIRPath,Narrative,Code,,Display,Code System,,\n"
ROWS = """\
P,Groen,HL79001,,,,P,,Green,http://terminology.hl7.org/CodeSystem/v2-9001,,
Q,Rood,HL79001,,,,red,,Red,urn:example:colours,,
R,Oranje,HL7-9001,,,,warm,,Warm,urn:example:colours,,
S,"Geel, licht",HL79001,,,,warm,,Warm,urn:example:colours,,nearly
T,Zwart,HL79001,,,,,,,,,no colour
,,,,,,white,,White,urn:example:colours,,
,,,,,,,,,,,
U,Grijs,HL79001,IF DARK,,,black,,Black,urn:example:colours,,
V,Blauw,,,,,blue,,Blue,urn:example:colours,,
W,Paars,HL79001,,,,purple,,Purple,colours,,
X,Bruin,HL79001,,,,brown,,Brown,urn:example:colours,,
X,Bruin,HL79001,,,,tan,,Tan,urn:example:colours,,
S,"Geel, licht",HL79001,,,,warm,,Warm,urn:example:colours,,nearly
"""
OTHER = """\
HL7 v2,,,Condition (IF TRUE),,,HL7 FHIR,,
Code,Text,Code System,Computable ANTLR,Computable FHIRPath,Narrative,Code,Display,Code System
A,Aan,HL79002,,,,on,On,urn:example:switch
Z,Nooit,HL79003,,,,,,
"""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "HL7 Concept Map_ LampColour[Use] - Sheet1.csv").write_text(ABOVE + HEAD + ROWS)
    (folder / "HL7 Concept Map_ Switch - Sheet1.csv").write_text(OTHER)
    (folder / "notes.csv").write_text("Table,Owner\nLampColour,nobody\n")
    return folder


def gateway(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["map", *map(str, arguments)], catch_exceptions=False)


def rows(resource: dict[str, Any]) -> dict[str, tuple[str | None, str]]:
    return {
        element["code"]: (element["target"][0].get("code"), element["target"][0]["equivalence"])
        for group in resource["group"]
        for element in group["element"]
    }


def test_a_table_becomes_a_concept_map_of_ours(tables: Path) -> None:
    found = imported(sorted(tables.glob("*.csv")), version="1.2.0")
    lamp, switch = found.concept_maps

    assert (lamp["id"], lamp["version"]) == ("v2-lamp-colour-use", "1.2.0")
    assert lamp["url"] == "https://msb-gateway.example/fhir/ConceptMap/v2-lamp-colour-use"
    assert {group["source"] for group in lamp["group"]} == {"http://terminology.hl7.org/CodeSystem/v2-9001"}
    assert {group["target"] for group in lamp["group"]} == {
        "http://terminology.hl7.org/CodeSystem/v2-9001",
        "urn:example:colours",
    }
    assert rows(lamp) == {
        "P": ("P", "equal"),
        "Q": ("red", "equivalent"),
        "R": ("warm", "relatedto"),
        "S": ("warm", "relatedto"),
        "T": (None, "unmatched"),
    }
    assert rows(switch) == {"A": ("on", "equivalent")}
    assert found.not_tables == ["notes.csv"]


def test_texts_and_comments_come_along(tables: Path) -> None:
    lamp = imported(sorted(tables.glob("*Lamp*.csv")), version="0.1.0").concept_maps[0]
    elements = {element["code"]: element for group in lamp["group"] for element in group["element"]}

    assert elements["S"] == {
        "code": "S",
        "display": "Geel, licht",
        "target": [{"code": "warm", "display": "Warm", "equivalence": "relatedto", "comment": "nearly"}],
    }
    assert elements["T"]["target"] == [{"equivalence": "unmatched", "comment": "no colour"}]


def test_a_row_that_cannot_be_used_is_listed_with_its_reason(tables: Path) -> None:
    found = imported(sorted(tables.glob("*.csv")), version="0.1.0")

    assert [(left.line, left.reason) for left in found.left] == [
        (8, "no-source"),
        (10, "condition"),
        (11, "no-source-system"),
        (12, "no-target-system"),
        (13, "two-targets"),
        (14, "two-targets"),
        (15, "repeated"),
        (4, "no-targets-at-all"),
    ]
    assert (found.rows, found.used) == (14, 6)


def test_the_command_writes_files_that_load_and_are_valid(tables: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps" / "concept_maps"

    done = gateway("import", "v2-tables", tables, "--out", out, "--left-out")

    assert done.exit_code == 0
    assert "2 ConceptMaps, 6 of 14 rows" in done.stdout
    assert "2 left out: the table gives the code two targets (two-targets)" in done.stdout
    assert "LampColour[Use] - Sheet1.csv:10: condition" in done.stdout
    assert "notes.csv: not a v2-to-FHIR code table" in done.stderr
    loaded = Library.load([tmp_path / "maps"]).concept_maps["v2-lamp-colour-use"]
    row = loaded.find("R")
    assert row is not None
    assert row.target == "warm"
    assert loaded.find("U") is None  # only on a condition: never a guess
    _check(out)


def test_the_same_tables_give_the_same_bytes(tables: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        gateway("import", "v2-tables", tables, "--out", tmp_path / name)

    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_a_folder_without_tables_is_told(tmp_path: Path) -> None:
    assert gateway("import", "v2-tables", tmp_path, "--out", tmp_path / "out").exit_code == 1
    assert gateway("import", "v2-tables", tmp_path).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_import_helps_with_both_of_its_forms() -> None:
    done = gateway("import", "--help")

    assert done.exit_code == 0
    assert "v2-tables" in done.stdout
    assert "import FILE --as NAME" in done.stdout


@needs_shared
def test_all_of_hl7s_tables_become_valid_concept_maps(tmp_path: Path) -> None:
    assert SHARED is not None
    out = tmp_path / "maps" / "concept_maps"

    done = gateway("import", "v2-tables", SHARED / "data" / "v2-to-fhir", "--out", out)

    assert done.exit_code == 0
    found = list(out.iterdir())
    assert len(found) >= 70
    bed = Library.load([tmp_path / "maps"]).concept_maps["v2-bed-status"]
    assert {code: row.target for code, row in bed.rows.items()} == {code: code for code in "CHOUKI"}
    _check(out)


def _check(folder: Path) -> None:
    validator = Validator()
    for file in folder.iterdir():
        resource = json.loads(file.read_text(encoding="utf-8"))
        assert [issue for issue in validator.issues(resource) if issue.severity in {"error", "fatal"}] == []
        assert second_opinion(resource) == []
