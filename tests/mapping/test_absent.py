"""A name that a mapping of a tree reads and that none of its golden cases has is told, with what was perhaps meant."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.mapping.checks.absent import check_absent, names_in
from gateway.mapping.spans import Problems
from tests.conftest import library
from tests.golden import cases
from tests.mapping.writing import resource, written

HEAD = """\
map: https://msb-gateway.example/fhir/StructureMap/written
version: 1.0.0
source: {format: FORMAT, when: "afdeling.exists()"}
"""
MESSAGE = (
    '{"afdeling": {"code": "A1", "naam": "Chirurgie"}, "bedden": [{"soort": "IC", "vrij": 2}], "peilmoment": "nu"}'
)
XML = (
    '<Opgave xmlns:sdtc="urn:hl7-org:sdtc"><afdeling soort="x" sdtc:rang="1"><naam>Chirurgie</naam></afdeling></Opgave>'
)
FRAGMENT = """\
fragment: bed
type: Basic
parameters: [bed]
emit: {resourceType: Basic, id: "{{ bed.sort }}", code: {text: "{{ bed.soort }}"}}
"""


def found(folder: Path, body: str, *, head: str = HEAD, format_: str = "json", message: str | None = MESSAGE) -> Result:
    written(folder, body, head=head.replace("FORMAT", format_), files={"bed.yaml": FRAGMENT})
    cases = folder / format_ / "written" / "cases"
    cases.mkdir()
    if message is not None:
        suffix = ".in.json" if format_ in {"json", "fhir"} else f".{format_}"
        (cases / f"good{suffix}").write_text(message)
    return CliRunner().invoke(main, ["map", "lint", "--mappings", str(folder), "written"], catch_exceptions=False)


def told(body: str, folder: Path) -> list[str]:
    return [line.partition(": ")[2] for line in found(folder, body).stdout.splitlines() if "of the cases" in line]


MISSPELT = {
    "a leading name": ('note: "{{ afdelnig.code }}"', "afdelnig", "afdeling"),
    "a step": ('note: "{{ afdeling.coed }}"', "coed", "code"),
    "a step in brackets": ("note: \"{{ afdeling['coed'] }}\"", "coed", "code"),
    "after a function that keeps the item": ('note: "{{ bedden.first().sort }}"', "sort", "soort"),
    "in a condition on items": ('note: "{{ bedden.where(sort = 3).vrij }}"', "sort", "soort"),
    "of $this": ('note: "{{ bedden.where($this.sort = 3).vrij }}"', "sort", "soort"),
    "of what select gives": ('note: "{{ bedden.select($this).sort }}"', "sort", "soort"),
    "of the whole message": ('note: "{{ %message.afdelnig.exists() }}"', "afdelnig", "afdeling"),
    "in a choice of two": ('note: "{{ iif(afdeling.exists(), afdeling, bedden).coed }}"', "coed", "code"),
    "in a loop": ('extension: [{"{% for bed in bedden %}": {url: "{{ bed.sort }}"}}]', "sort", "soort"),
    "of an assigned name": ('"{% assign %}": {a: bedden.first()}|note: "{{ a.sort }}"', "sort", "soort"),
}


@pytest.mark.parametrize(("line", "name", "meant"), MISSPELT.values(), ids=MISSPELT.keys())
def test_a_misspelt_name_is_a_warning_that_says_what_is_near(line: str, name: str, meant: str, tmp_path: Path) -> None:
    done = found(tmp_path, resource(*line.split("|")))

    assert f"warning: no message of the cases has a '{name}'; did you mean '{meant}'?" in done.stdout
    assert done.exit_code == 1


def test_a_misspelt_name_in_a_let_a_requirement_and_a_source_is_told_with_its_line(tmp_path: Path) -> None:
    head = HEAD.replace("afdeling.exists()", "afdeling.exists() and peilmomnet.exists()")
    body = 'let: {naam: afdeling.naem}\nrequire: [{that: beden.exists(), say: "x"}]\n' + resource('note: "{{ naam }}"')
    lines = found(tmp_path, body, head=head).stdout

    for name, line in (("peilmomnet", 3), ("naem", 4), ("beden", 5)):
        assert f"mapping.yaml:{line}:" in lines
        assert f"no message of the cases has a '{name}'" in lines


def test_a_fragment_is_looked_into_with_what_it_is_given(tmp_path: Path) -> None:
    body = 'use: {bed: bed.yaml}\nemit:\n  - "{[ bed(bedden) ]}"\n'

    assert "bed.yaml:4" in found(tmp_path, body).stdout


FINE = [
    'note: "{{ afdeling.code }}"',
    "note: \"{{ bedden.where(soort = 'IC').vrij.decimal() }}\"",
    "note: \"{{ ids('a', peilmoment) }}\"".replace("ids", "id"),
    'note: "{{ %provider.systems.base }}"',
]


@pytest.mark.parametrize("line", FINE)
def test_names_that_a_case_has_and_names_of_other_things_are_not_told(line: str, tmp_path: Path) -> None:
    assert told(resource(line), tmp_path) == []


def test_a_name_that_is_like_no_other_is_told_without_being_an_error(tmp_path: Path) -> None:
    done = found(tmp_path, resource('name: [{text: "{{ toelichting }}"}]'))

    assert "information: no message of the cases has a 'toelichting' (" in done.stdout
    assert done.exit_code == 0


def test_names_that_differ_by_a_number_are_no_slip(tmp_path: Path) -> None:
    assert "did you mean" not in found(tmp_path, resource('note: "{{ bedden2 }}"')).stdout


def test_without_cases_nothing_can_be_told(tmp_path: Path) -> None:
    assert "of the cases" not in found(tmp_path, resource('note: "{{ afdelnig }}"'), message=None).stdout


@pytest.mark.parametrize("name", ["naam", "soort", "`@soort`", "`sdtc:rang`", "text()", "xmlText"])
def test_of_xml_elements_and_attributes_are_names(name: str, tmp_path: Path) -> None:
    head = HEAD.replace("FORMAT", "xml, root: Opgave, namespaces: {sdtc: urn:hl7-org:sdtc}")
    good = found(tmp_path / "a", resource(f'note: "{{{{ afdeling.{name} }}}}"'), head=head, format_="xml", message=XML)
    bad = found(tmp_path / "b", resource('note: "{{ afdeling.soortt }}"'), head=head, format_="xml", message=XML)

    assert "of the cases" not in good.stdout
    assert "did you mean 'soort'?" in bad.stdout


def test_every_line_of_ndjson_is_looked_into(tmp_path: Path) -> None:
    lines = f'{{"afdeling": 1}}\n{MESSAGE}\n{{"afdel'

    assert (
        "of the cases"
        not in found(tmp_path, resource('note: "{{ peilmoment }}"'), format_="ndjson", message=lines).stdout
    )


def test_of_fhir_a_choice_of_types_is_a_name_and_so_is_the_type_of_the_message(tmp_path: Path) -> None:
    message = '{"resourceType": "Observation", "id": "a", "valueQuantity": {"value": 1}, "status": "final"}'
    head = HEAD.replace("afdeling.exists()", "resourceType = 'Observation'")
    body = resource('note: "{{ Observation.value.value.toString() & status }}"')

    assert "of the cases" not in found(tmp_path, body, head=head, format_="fhir", message=message).stdout


def test_no_mapping_here_has_a_name_that_is_nearly_one_of_its_cases() -> None:
    problems = Problems()
    for mapping in library().mappings:
        if mapping.source.tree is not None:
            messages = [case.message for case in cases()[mapping.name]]
            check_absent(mapping, library().units(problems), names_in(messages, mapping.source.format), problems)

    assert [issue for issue in problems.issues if issue.severity == "warning"] == []
