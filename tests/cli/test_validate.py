"""`gateway validate` as its users call it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main

RIGHT = '{"resourceType": "Patient", "gender": "male"}'
WRONG = '{"resourceType": "Patient", "gender": "man", "birthdate": "2020"}'
WARNED = '{"resourceType": "ValueSet", "status": "draft", "name": "not a name"}'


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, arguments)], input=stdin, catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "right.json").write_text(RIGHT)
    (tmp_path / "wrong.json").write_text(WRONG)
    (tmp_path / "rows.ndjson").write_text(f"{RIGHT}\n\n{WRONG}\n")
    (tmp_path / "notes.txt").write_text("not looked at")
    return tmp_path


def test_a_right_resource_is_ok_and_exits_0(folder: Path) -> None:
    done = run(folder / "right.json")

    assert done.exit_code == 0
    assert done.stdout == f"{folder / 'right.json'}: ok\n"


def test_everything_wrong_is_told_and_exits_1(folder: Path) -> None:
    done = run(folder / "wrong.json")

    assert done.exit_code == 1
    assert "did you mean 'birthDate'?" in done.stdout
    assert "Patient.gender" in done.stdout
    assert "[man]" not in done.stdout


def test_values_are_shown_on_request(folder: Path) -> None:
    assert "[man]" in run("--show-values", folder / "wrong.json").stdout


def test_a_warning_is_told_and_exits_0(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(WARNED)

    done = run(tmp_path / "a.json")

    assert done.exit_code == 0
    assert "warning" in done.stdout


def test_a_file_that_is_not_there_is_a_mistake_of_use() -> None:
    assert run("nowhere.json").exit_code == 2
    assert run().exit_code == 2


def test_standard_input_is_read() -> None:
    assert run("-", stdin=RIGHT).stdout == "-: ok\n"
    assert run("-", stdin=f"{RIGHT}\n{WRONG}").stdout.splitlines()[0] == "-:1: ok"


def test_json_is_an_operation_outcome_a_line(folder: Path) -> None:
    done = run("--format", "json", "--lang", "nl", folder / "right.json", folder / "rows.ndjson")
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.exit_code == 1
    assert [outcome["resourceType"] for outcome in outcomes] == ["OperationOutcome"] * 3
    assert [len(outcome["issue"]) for outcome in outcomes] == [1, 1, 2]
    assert outcomes[2]["issue"][0]["expression"] == ["Patient.gender"]
    assert "verplichte" in outcomes[2]["issue"][0]["details"]["coding"][0]["display"]


def test_a_folder_stands_for_the_json_in_it(folder: Path) -> None:
    lines = run(folder).stdout.splitlines()

    assert [line.split(": ")[0].removeprefix(f"{folder}/") for line in lines] == [
        "right.json",
        "rows.ndjson:1",
        "rows.ndjson:3",
        "rows.ndjson:3",
        "wrong.json",
        "wrong.json",
    ]


def test_sarif_names_file_line_rule_and_element(folder: Path) -> None:
    done = run("--format", "sarif", folder / "rows.ndjson")
    log = json.loads(done.stdout)
    results = log["runs"][0]["results"]

    assert done.exit_code == 1
    assert log["version"] == "2.1.0"
    assert {r["ruleId"] for r in results} == {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert {r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results} == {3}
    assert results[0]["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "Patient.gender"}]


@pytest.mark.parametrize(
    ("text", "told"),
    [("<Patient/>", "malformed"), ("MSH|^~\\&|", "not JSON"), ("", "nothing here"), ("[1]", "a JSON object")],
)
def test_what_is_no_fhir_json_is_a_finding_not_a_crash(text: str, told: str) -> None:
    done = run("-", stdin=text)

    assert done.exit_code == 1
    assert told in done.stdout


def test_a_second_opinion_is_asked_of_what_is_right(folder: Path) -> None:
    (folder / "rare.json").write_text('{"resourceType": "MedicinalProduct", "name": [{"productName": "x"}]}')

    done = run("--second-opinion", folder / "right.json", folder / "rare.json")

    assert done.exit_code == 0
    assert "right.json: ok" in done.stdout
    assert "no R4B model" in done.stdout


def test_xml_is_read_and_findings_name_its_line(tmp_path: Path) -> None:
    (tmp_path / "right.xml").write_text('<Patient xmlns="http://hl7.org/fhir"><gender value="male"/></Patient>')
    (tmp_path / "wrong.xml").write_text('<Patient xmlns="http://hl7.org/fhir">\n  <gender value="man"/>\n</Patient>')
    (tmp_path / "odd.xml").write_text('<Patient xmlns="http://hl7.org/fhir">\n\n  <geslacht value="man"/>\n</Patient>')

    done = run(tmp_path)

    assert done.exit_code == 1
    odd, right, wrong = done.stdout.splitlines()
    assert "/Patient (line 3): R4 Patient has no element 'geslacht'" in odd
    assert right.endswith("right.xml: ok")
    assert "/Patient/gender (line 2) for Patient.gender" in wrong
    assert run("-", stdin=(tmp_path / "right.xml").read_text()).stdout == "-: ok\n"
