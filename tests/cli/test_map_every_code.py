"""`gateway map codes --all`: every code that came in, of which provider and field, how often, and what it becomes."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.access.policy import development_caller
from gateway.cli import main
from gateway.ingest import ingest
from gateway.services import build
from gateway.settings import Settings
from tests.cli.test_map_codes import LAMP, sent
from tests.mapping.test_findings import A20
from tests.mapping.writing import resource, written
from tests.messages import bed_list, bed_row

BODY = (
    'use: {lamp: ConceptMap/lamp, shade: ConceptMap/shade}\nlet: {sex: "lamp.translate(PID-8.upper())"}\n'
    + resource('gender: "{{ sex }}"', 'note: "{{ shade.translate(sex) }}"')
)
SHADE = LAMP.replace("lamp", "shade").replace('"F"', '"female"')
OTHERS = LAMP.replace('"element"', '"unmapped": {"mode": "fixed", "code": "unknown"}, "element"')


def codes(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["map", "codes", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    written(tmp_path / "maps", BODY, files={"concept_maps/lamp.json": LAMP, "concept_maps/shade.json": SHADE})
    return tmp_path / "maps"


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    folder = tmp_path / "messages"
    folder.mkdir()
    for number, sex in enumerate(["F", "f", "X", "Anna Jansen-de Vries"]):
        (folder / f"{number}.hl7").write_text(sent(sex))
    return folder


def test_every_code_is_told_with_what_it_becomes_those_without_a_row_first(maps: Path, messages: Path) -> None:
    done = codes("--mappings", maps, "--from", messages, "--all")
    first, *others = done.stdout.splitlines()

    assert first == "dev, without a row"
    assert others[0] == "  PID-8  ConceptMap/lamp"
    assert "         1  X  has no row" in others
    assert others[others.index("dev") + 1 : -1] == ["  PID-8  ConceptMap/lamp", "         2  F  is female (row 1)"]
    assert others[-1] == "3 codes, 2 without a row"  # what lamp made is no code of a message: shade is not told
    assert done.exit_code == 1
    assert "JANSEN" not in done.stdout.upper()
    assert "ANNA JANSEN" in codes("--mappings", maps, "--from", messages, "--all", "--show-values").stdout


def test_what_only_became_what_all_others_become_stands_apart(maps: Path, messages: Path) -> None:
    (maps / "concept_maps" / "lamp.json").write_text(OTHERS)
    done = codes("--mappings", maps, "--from", messages / "2.hl7", "--all")

    assert done.stdout.splitlines()[:3] == [
        "dev, without a row",
        "  PID-8  ConceptMap/shade",
        "         1  unknown  has no row",
    ]
    assert "dev, without a row of their own" in done.stdout
    assert "X  is unknown (as all without a row)" in done.stdout


def test_the_same_as_json_and_as_csv(maps: Path, messages: Path) -> None:
    asked = ("--mappings", maps, "--from", messages, "--all", "--format")
    objects = [json.loads(line) for line in codes(*asked, "json").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(codes(*asked, "csv").stdout), delimiter=";"))

    assert objects[-1] == {
        "provider": "dev",
        "field": "PID-8",
        "conceptMap": "lamp",
        "code": "F",
        "count": 2,
        "target": "female",
        "system": "http://hl7.org/fhir/administrative-gender",
        "row": 1,
    }
    assert [row["code"] for row in rows][-1:] == ["F"]
    assert [row["target"] for row in rows] == ["", "", "female"]


def test_a_code_that_would_be_a_formula_is_not_one_in_csv(maps: Path, tmp_path: Path) -> None:
    (tmp_path / "one.hl7").write_text(sent("-1"))
    done = codes("--mappings", maps, "--from", tmp_path / "one.hl7", "--all", "--format", "csv")

    assert ";'-1;1;" in done.stdout


def test_rows_set_apart_count_with_the_others(tmp_path: Path) -> None:
    file = tmp_path / "beds.csv"
    file.write_bytes(bed_list([bed_row("1"), bed_row("2", "ONZIN"), bed_row("3", "BEZET")]))
    found = [
        json.loads(line)
        for line in codes("csv/bed_extract", "--from", file, "--all", "--format", "json").stdout.splitlines()
    ]

    states = {one["code"]: one.get("target") for one in found if one["conceptMap"] == "bed-status"}
    assert states == {"ONZIN": None, "VRIJ": "U", "BEZET": "O"}
    assert {one["field"] for one in found if one["conceptMap"] == "bed-status"} == {'column "Bedstatus"'}


def test_of_the_inbox_every_message_is_looked_into_by_provider(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'store.sqlite'}"
    to = build(Settings.from_env({"GATEWAY_DATABASE": database}))
    try:
        for number, provider in enumerate(["dev", "rtp-west"]):
            message = A20.replace("|M2|", f"|M{number}|")
            ingest(message.encode(), provider=provider, content_type=None, caller=development_caller(), to=to)
    finally:
        to.store.close()

    done = codes("--from", "inbox", "--database", database, "--all", "--format", "json")
    found = [json.loads(line) for line in done.stdout.splitlines()]

    assert {one["provider"] for one in found if one["code"] == "U"} == {"dev", "rtp-west"}
    assert codes("--from", "inbox", "--database", database).stdout == "0 codes without a row\n"


def test_all_codes_mapped_is_exit_0_and_options_that_do_not_go_together_2(maps: Path, messages: Path) -> None:
    assert codes("--mappings", maps, "--from", messages / "0.hl7", "--all").exit_code == 0
    assert codes("--mappings", maps, "--all", "--fill", "lamp").exit_code == 2
    assert codes("--mappings", maps, "--format", "csv").exit_code == 2
