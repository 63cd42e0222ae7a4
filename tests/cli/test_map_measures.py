"""`gateway map bench` and `gateway map coverage`: what is measured of mappings."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.mapping.writing import HEAD, MESSAGE, resource, written

LETTER = "UNB+UNOA:1+A+B+260105:1000+1'UNH+1+MEDVRI:1'UNT+2+1'UNZ+1+1'"
ROW_ID = """{{ id('a', record.Plek) }}"""
BENCHED = {
    "hl7v2": ("""when: "MSH-9.1 = 'ADT'\"""", "a", "a.hl7", MESSAGE),
    "edifact": ("""when: "UNH-2.1 = 'MEDVRI'\"""", "a", "a.edi", LETTER),
    "csv": ("columns: [Plek]", ROW_ID, "a.csv", "Plek;Vrij\r\nA;1\r\nB;0\r\n"),
    "json": ('when: "bed.exists()"', "a", "a.in.json", '{"bed": 1}'),
    "ndjson": ('when: "bed.exists()"', "a", "a.ndjson", '{"bed": 1}\n{"bed": 2}\n'),
    "xml": ("root: Bed", "a", "a.xml", "<Bed><vrij>1</vrij></Bed>"),
}


def gateway(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["map", *map(str, arguments)], catch_exceptions=False)


def with_case(folder: Path, format_: str, name: str, case: str, content: str) -> None:
    cases = folder / format_ / name / "cases"
    cases.mkdir(exist_ok=True)
    (cases / case).write_text(content, newline="")


@pytest.mark.parametrize("format_", BENCHED)
def test_bench_measures_every_format(tmp_path: Path, format_: str) -> None:
    said, id_, case, content = BENCHED[format_]
    head = "map: https://msb-gateway.example/fhir/StructureMap/b\nversion: 1.0.0\n"
    head += f"source: {{format: {format_}, {said}}}\n" + ("each: record\n" if format_ == "csv" else "")
    written(tmp_path, f'emit:\n  - resourceType: Patient\n    id: "{id_}"\n', head=head)
    with_case(tmp_path, format_, "written", case, content)
    assert gateway("accept", "written", "--mappings", tmp_path).exit_code == 0

    done = gateway("bench", "--mappings", tmp_path, "--seconds", "0.01")

    assert done.exit_code == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{format_}/written ")
    assert ("rows/s" if format_ == "csv" else "messages/s") in line
    assert line.endswith(" x the floor")


def test_bench_of_one_provider_leaves_out_the_cases_of_others(tmp_path: Path) -> None:
    written(tmp_path, resource("gender: male"))
    with_case(tmp_path, "hl7v2", "written", "good.hl7", MESSAGE)
    gateway("accept", "written", "--mappings", tmp_path)
    bench = ("bench", "--mappings", tmp_path, "--seconds", "0.01", "--provider")

    assert "hl7v2/written" in gateway(*bench, "dev").stdout
    assert gateway(*bench, "quiet").stdout == ""


SEX = """
    fragment: sex
    type: Patient
    parameters: [code]
    emit:
      "{% if code = 'M' %}": {gender: male}
    """


def test_coverage_over_all_counts_a_shared_rule_once(tmp_path: Path) -> None:
    for name, kind, sex in (("one", "A31", "M"), ("two", "A28", "F")):
        head = HEAD.replace("A31", kind).replace("/written", f"/{name}")
        body = "use: {sex: sex.yaml}\n" + resource('"{% merge %}": ["{{ sex(PID-8) }}"]')
        written(tmp_path, body, head=head, name=name, files={"sex.yaml": SEX})
        message = MESSAGE.replace("ADT^A31", f"ADT^{kind}").replace("|19410307|F|", f"|19410307|{sex}|")
        with_case(tmp_path, "hl7v2", name, "good.hl7", message)

    done = gateway("coverage", "--mappings", tmp_path, "--totals")

    one, two, whole = done.stdout.splitlines()
    assert "(100%) by 1 cases" in one
    assert "(100%)" not in two
    assert whole.startswith("all mappings: ")
    assert "(100%) by 2 cases" in whole
    assert gateway("coverage", "--mappings", tmp_path, "--at-least", "100").exit_code == 0
    assert gateway("coverage", "--mappings", tmp_path, "--fail-under", "100").exit_code == 1
    assert gateway("coverage", "two", "--mappings", tmp_path, "--at-least", "100").exit_code == 1


def test_coverage_counts_the_head_of_a_resource_that_is_made(tmp_path: Path) -> None:
    written(tmp_path, resource("gender: male"))
    with_case(tmp_path, "hl7v2", "written", "good.hl7", MESSAGE)

    assert "never fired" not in gateway("coverage", "--mappings", tmp_path).stdout


def test_coverage_is_never_rounded_up_to_all(tmp_path: Path) -> None:
    lines = [f"\"{{% if PID-8 = '{n}' %}}\": {{gender: male}}" for n in ("X",)]
    many = [f"- {{system: phone, value: '{n}', use: home, rank: {n + 1}}}" for n in range(200)]
    written(tmp_path, resource(*lines, "telecom:", *(f"  {one}" for one in many)))
    with_case(tmp_path, "hl7v2", "written", "good.hl7", MESSAGE)

    assert "(99.8%) by 1 cases" in gateway("coverage", "--mappings", tmp_path).stdout
