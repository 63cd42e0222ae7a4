"""`gateway map codes`: codes that messages hold and no ConceptMap knows, and lines for them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.access.policy import development_caller
from gateway.cli import main
from gateway.errors import BadMapping
from gateway.ingest import ingest
from gateway.mapping.library import Library
from gateway.services import build
from gateway.settings import Settings
from tests.mapping.test_findings import A20
from tests.mapping.writing import MESSAGE, resource, written

BODY = resource('gender: "{{ lamp.translate(PID-8.upper()) }}"')
LAMP = """\
{
 "resourceType": "ConceptMap",
 "id": "lamp",
 "url": "https://msb-gateway.example/fhir/ConceptMap/lamp",
 "version": "0.1.0",
 "status": "draft",
 "group": [
  {
   "source": "urn:example:lamp",
   "target": "http://hl7.org/fhir/administrative-gender",
   "element": [
    {"code": "F", "target": [{"code": "female", "equivalence": "equivalent"}]}
   ]
  }
 ]
}
"""
USE = "use: {lamp: ConceptMap/lamp}\n"


def codes(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["map", "codes", *map(str, arguments)], catch_exceptions=False)


def sent(sex: str) -> str:
    return MESSAGE.replace("|19410307|F|", f"|19410307|{sex}|")


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    written(tmp_path / "maps", USE + BODY, files={"concept_maps/lamp.json": LAMP})
    return tmp_path / "maps"


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    folder = tmp_path / "messages"
    folder.mkdir()
    for number, sex in enumerate(["X", "x", "F", "Anna Jansen-de Vries", "999900006", "Q"]):
        (folder / f"{number}.hl7").write_text(sent(sex))
    return folder


def test_codes_are_counted_with_where_they_stood(maps: Path, messages: Path) -> None:
    done = codes("--mappings", maps, "--from", messages)

    assert done.exit_code == 1
    assert done.stdout.splitlines()[:2] == [
        "ConceptMap/lamp  maps/concept_maps/lamp.json:11  from urn:example:lamp",
        "       2  X  in PID-8, asked by maps/hl7v2/written/mapping.yaml:8",
    ]
    assert "       1  Q  in PID-8" in done.stdout


def test_text_that_may_be_of_a_patient_is_masked(maps: Path, messages: Path) -> None:
    masked = codes("--mappings", maps, "--from", messages)
    shown = codes("--mappings", maps, "--from", messages, "--show-values")

    assert "JANSEN" not in masked.stdout.upper()
    assert "999900006" not in masked.stdout
    assert "(text of 20 characters, " in masked.stdout
    assert "999900006" in shown.stdout


def test_json_is_an_object_a_code(maps: Path, messages: Path) -> None:
    first, *_ = codes("--mappings", maps, "--from", messages, "--format", "json", "written").stdout.splitlines()

    assert json.loads(first) == {
        "conceptMap": "lamp",
        "map": "maps/concept_maps/lamp.json:11",
        "systems": ["urn:example:lamp"],
        "code": "X",
        "count": 2,
        "places": {"PID-8": 2},
        "rules": {"maps/hl7v2/written/mapping.yaml:8": 2},
    }


def test_without_messages_it_looks_into_the_golden_cases(maps: Path) -> None:
    assert codes("--mappings", maps).exit_code == 0
    cases = maps / "hl7v2" / "written" / "cases"
    cases.mkdir()
    (cases / "broken.hl7").write_text(sent("X"))

    for arguments in ((), ("written",)):
        done = codes("--mappings", maps, *arguments)
        assert (done.exit_code, "       1  X  in PID-8" in done.stdout) == (1, True)


def test_filling_shows_the_lines_first_and_writes_nothing(maps: Path, messages: Path) -> None:
    done = codes("--mappings", maps, "--from", messages, "--fill", "lamp")

    assert done.exit_code == 1
    assert '+    {"code": "Q"},' in done.stdout
    assert '+    {"code": "X"}' in done.stdout
    assert "2 texts that look like no code are left out" in done.stderr
    assert (maps / "concept_maps" / "lamp.json").read_text() == LAMP


def test_a_filled_map_keeps_its_form_and_does_not_load_until_targets_are_chosen(maps: Path, messages: Path) -> None:
    done = codes("--mappings", maps, "--from", messages, "--fill", "lamp", "--write")
    file = maps / "concept_maps" / "lamp.json"

    assert "2 lines added" in done.stdout
    assert file.read_text() == LAMP.replace(
        '"equivalent"}]}\n', '"equivalent"}]},\n    {"code": "Q"},\n    {"code": "X"}\n'
    )
    with pytest.raises(BadMapping) as refused:
        Library.load([maps])
    assert [(issue.rule, issue.diagnostics) for issue in refused.value.issues] == [
        ("maps/concept_maps/lamp.json:13:1", "no target is chosen for the code 'Q' yet"),
        ("maps/concept_maps/lamp.json:14:1", "no target is chosen for the code 'X' yet"),
    ]
    chosen = '"target": [{"code": "other", "equivalence": "wider"}]}'
    file.write_text(file.read_text().replace('"Q"}', f'"Q", {chosen}').replace('"X"}', f'"X", {chosen}'))
    assert codes("--mappings", maps, "--from", messages / "0.hl7").exit_code == 0


def test_a_map_of_several_systems_asks_which(maps: Path, messages: Path) -> None:
    file = maps / "concept_maps" / "lamp.json"
    second = json.loads(LAMP)
    second["group"].append({**second["group"][0], "source": "urn:example:other", "element": []})
    file.write_text(json.dumps(second))
    fill = ("--mappings", maps, "--from", messages, "--fill", "lamp", "--write")

    asked = codes(*fill)
    assert (asked.exit_code, "say --system, one of: urn:example:lamp, urn:example:other" in asked.stderr) == (2, True)
    assert codes(*fill, "--system", "urn:example:wrong").exit_code == 2
    codes(*fill, "--system", "urn:example:other")
    assert [one["code"] for one in json.loads(file.read_text())["group"][1]["element"]] == ["Q", "X"]


@pytest.mark.parametrize("sealed", [False, True])
def test_the_inbox_of_a_store_is_looked_into(tmp_path: Path, *, sealed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    database = f"sqlite:///{tmp_path / 'store.sqlite'}"
    key = tmp_path / "key"
    key.write_text("0f" * 32)
    given = {"GATEWAY_DATABASE": database} | ({"GATEWAY_INBOX_KEY": str(key)} if sealed else {})
    to = build(Settings.from_env(given))
    try:
        for number, state in enumerate(["QQ", "U"]):
            message = A20.replace("^B|U", f"^B|{state}").replace("|M2|", f"|M{number}|")
            ingest(message.encode(), provider="dev", content_type=None, caller=development_caller(), to=to)
    finally:
        to.store.close()

    if sealed:
        locked = codes("--from", "inbox", "--database", database)
        assert (locked.exit_code, "is sealed with the key" in locked.stderr) == (1, True)
        monkeypatch.setenv("GATEWAY_INBOX_KEY", str(key))
    done = codes("--from", "inbox", "--database", database)

    assert (done.exit_code, done.stderr) == (1, "")
    assert "       1  QQ  in NPU-2.1" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 codes without a row"


@pytest.mark.parametrize(
    "arguments", [("--write",), ("--system", "urn:x"), ("--from", "nowhere"), ("--fill", "lamp", "--system", "urn:x")]
)
def test_what_cannot_be_run_so_is_exit_2(maps: Path, arguments: tuple[str, ...]) -> None:
    assert codes("--mappings", maps, *arguments).exit_code == 2


def test_a_misspelt_map_is_suggested(maps: Path) -> None:
    done = codes("--mappings", maps, "--fill", "lmap")

    assert (done.exit_code, "did you mean 'lamp'?" in done.stderr) == (1, True)
