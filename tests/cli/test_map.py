"""`gateway map`: what a tester types, what comes back, and with which exit code."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.mapping.test_findings import A20
from tests.mapping.writing import LIBRARY, MESSAGE, resource, written

GATEWAY = Path(sys.executable).with_name("gateway")
AT = ("--received-at", "2026-01-05T10:00:00+01:00")
OURS = ("--mappings", str(LIBRARY))


def gateway(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["map", *map(str, arguments)], input=stdin, catch_exceptions=False)


@pytest.fixture
def message(tmp_path: Path) -> Path:
    file = tmp_path / "bed.hl7"
    file.write_text(A20)
    return file


def test_list_shows_what_is_installed_and_what_it_accepts() -> None:
    done = gateway("list", *OURS)

    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].split("  ") == [
        "hl7v2/a20",
        "1.0.0  ",
        "ADT^A20",
        "Bed status, for the tests of the engine",
    ] or ("hl7v2/a20  1.0.0    ADT^A20  Bed status, for the tests of the engine" in done.stdout)


def test_list_as_json_is_an_object_a_line() -> None:
    done = gateway("list", *OURS, "--format", "json")

    assert json.loads(done.stdout)["accepts"] == "ADT^A20"


def test_run_prints_one_transaction_bundle_for_one_message(message: Path) -> None:
    done = gateway("run", message, *OURS, *AT)

    bundle = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert bundle["type"] == "transaction"
    assert [e["resource"]["resourceType"] for e in bundle["entry"]] == ["Location"] * 4 + ["Schedule", "Slot"]
    assert all(
        e["request"] == {"method": "PUT", "url": f"{e['resource']['resourceType']}/{e['resource']['id']}"}
        for e in bundle["entry"]
    )


def test_run_with_json_prints_it_on_one_line(message: Path) -> None:
    done = gateway("run", message, *OURS, *AT, "--format", "json")

    assert len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout) == json.loads(gateway("run", message, *OURS, *AT).stdout)


def test_run_prints_a_bundle_a_line_for_several_messages(message: Path) -> None:
    for arguments in ([message, message], ["-"]):
        done = gateway("run", *arguments, *OURS, *AT, stdin=(A20 + A20).encode())
        assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["transaction"] * 2


def test_run_takes_the_messages_of_a_folder(message: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other.hl7").write_text(A20)

    assert len(gateway("run", tmp_path, *OURS, *AT).stdout.splitlines()) == 2
    assert message.exists()


def test_run_refuses_a_message_by_name_and_goes_on(message: Path, tmp_path: Path) -> None:
    other = tmp_path / "a47.hl7"
    other.write_text(A20.replace("ADT^A20^ADT_A20", "ADT^A47"))

    done = gateway("run", other, message, *OURS, *AT)

    assert done.exit_code == 1
    assert done.stderr == f"{other}: error: no mapping accepts ADT^A47 (HL7 v2.5.1) (no-mapping)\n"
    assert json.loads(done.stdout)["type"] == "transaction"


def test_a_byte_order_mark_changes_nothing(message: Path) -> None:
    plain = gateway("run", message, *OURS, *AT).stdout

    assert gateway("run", "-", *OURS, *AT, stdin=b"\xef\xbb\xbf" + A20.encode()).stdout == plain


def test_run_shows_findings_without_values_unless_it_is_asked(tmp_path: Path) -> None:
    written(tmp_path / "maps", resource('birthDate: "{{ PID-7.toDate() }}"'))
    broken = tmp_path / "broken.hl7"
    broken.write_text(MESSAGE.replace("19410307", "gisteren"))
    run = ("run", broken, "--mappings", tmp_path / "maps")

    masked, shown, dutch = gateway(*run), gateway(*run, "--show-values"), gateway(*run, "--lang", "nl")

    assert (masked.exit_code, masked.stdout) == (1, "")
    assert "PID-7 (line 3, byte" in masked.stderr
    assert "not a date: write yyyymmdd" in masked.stderr
    assert "gisteren" not in masked.stderr
    assert "gisteren" in shown.stderr
    assert "geen datum: schrijf" in dutch.stderr


def test_run_gives_findings_as_outcomes_or_sarif(tmp_path: Path) -> None:
    written(tmp_path / "maps", resource('birthDate: "{{ PID-7.toDate() }}"'))
    broken = tmp_path / "broken.hl7"
    broken.write_text(MESSAGE.replace("19410307", "gisteren"))
    run = ("run", broken, "--mappings", tmp_path / "maps", "--format")

    outcome = json.loads(gateway(*run, "json").stderr)
    sarif = json.loads(gateway(*run, "sarif").stdout)

    assert outcome["issue"][0]["expression"] == ["Patient.birthDate"]
    assert sarif["runs"][0]["results"][0]["ruleId"] == "bad-value"


def test_run_with_trace_gives_bundle_trace_and_outcome(message: Path) -> None:
    done = gateway("run", message, *OURS, *AT, "--trace", "--format", "json")

    document = json.loads(done.stdout)
    (entry,) = [e for e in document["trace"] if e["path"] == "Slot.status"]
    assert document["bundle"]["type"] == "transaction"
    assert document["outcome"]["resourceType"] == "OperationOutcome"
    assert (entry["source"][0]["path"], entry["source"][0]["line"], entry["through"]) == (
        "NPU-2.1", 3, ["ConceptMap bed-status-to-slot row 2"],
    )  # fmt: skip


def test_run_with_unread_names_the_fields_nobody_reads(message: Path) -> None:
    done = gateway("run", message, *OURS, *AT, "--unread")

    assert "NPU-1.6 (line 3, byte" in done.stderr
    assert done.exit_code == 0


def test_run_with_strict_validates_what_comes_out(tmp_path: Path) -> None:
    written(tmp_path / "maps", resource('birthDate: "{{ PID-5.2 }}"'))
    file = tmp_path / "m.hl7"
    file.write_text(MESSAGE)

    done = gateway("run", file, "--mappings", tmp_path / "maps", "--strict")

    assert done.exit_code == 1
    assert "Patient.birthDate" in done.stderr


def test_run_passes_fhir_through_as_it_came(tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_text(
        '{"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": {"resourceType": '
        '"Basic", "x": 1.10}}]}'
    )

    done = gateway("run", file, *OURS, "--format", "json")

    assert done.stdout.strip() == file.read_text().replace(": ", ":").replace(", ", ",")


def test_explain_says_where_an_element_came_from(message: Path) -> None:
    done = gateway("explain", "--message", message, "Slot.status", *OURS, *AT)

    assert done.exit_code == 0
    assert done.stdout.startswith("Slot.status = \"free\"  <- NPU-2.1 'U' (line 3, byte ")
    assert (
        "through ConceptMap bed-status-to-slot row 2, rule emit[5].status, library/hl7v2/a20/mapping.yaml:"
        in done.stdout
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("Slot.statsu", "no element Slot.statsu; did you mean 'Slot.status'?"),
        ("Patient.name", "the message makes no Patient; it makes Location[0],"),
    ],
)
def test_explain_helps_with_a_path_that_is_not_there(message: Path, path: str, said: str) -> None:
    done = gateway("explain", "--message", message, path, *OURS, *AT)

    assert done.exit_code == 1
    assert said in done.stderr


def test_trace_shows_a_line_for_each_element(message: Path) -> None:
    text, lines = gateway("trace", message, *OURS, *AT), gateway("trace", message, *OURS, *AT, "--format", "json")

    assert text.stdout.splitlines()[0] == "# hl7v2/a20 1.0.0"
    assert len(text.stdout.splitlines()) == len(lines.stdout.splitlines()) + 1
    assert all("path" in json.loads(line) for line in lines.stdout.splitlines())


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Return a folder of mappings with one case that has no golden files yet."""
    written(tmp_path, resource('birthDate: "{{ PID-7.toDate() }}"'))
    folder = tmp_path / "hl7v2" / "written" / "cases"
    folder.mkdir()
    (folder / "good.hl7").write_text(MESSAGE)
    (folder / "broken.hl7").write_text(MESSAGE.replace("19410307", "gisteren"))
    return tmp_path


def test_cases_are_accepted_on_purpose_and_then_hold(cases: Path) -> None:
    maps = ("--mappings", cases)

    before = gateway("test", *maps)
    accepted = gateway("accept", "hl7v2/written", *maps)
    after = gateway("test", *maps)

    assert (before.exit_code, after.exit_code) == (1, 0)
    assert "hl7v2/written/good: good.json" in accepted.stdout
    assert "hl7v2/written/broken: broken.issues.json" in accepted.stdout
    issues = json.loads((cases / "hl7v2/written/cases/broken.issues.json").read_text())
    assert "gisteren" not in json.dumps(issues)
    assert issues[0]["place"]["path"] == "PID-7"
    assert "2 of 2 cases as they should be" in after.stdout


def test_a_difference_is_shown_line_by_line(cases: Path) -> None:
    gateway("accept", "hl7v2/written", "--mappings", cases)
    golden = cases / "hl7v2/written/cases/good.json"
    golden.write_text(golden.read_text().replace("1941-03-07", "1941-03-08"))

    done = gateway("test", "written", "--mappings", cases)

    assert done.exit_code == 1
    assert "FAIL hl7v2/written/good" in done.stdout
    assert '-        "birthDate": "1941-03-08"' in done.stdout
    assert '+        "birthDate": "1941-03-07"' in done.stdout


def test_a_golden_bundle_must_be_valid_too(tmp_path: Path) -> None:
    written(tmp_path, resource('birthDate: "{{ PID-5.2 }}"'))
    folder = tmp_path / "hl7v2" / "written" / "cases"
    folder.mkdir()
    (folder / "good.hl7").write_text(MESSAGE)
    gateway("accept", "written", "--mappings", tmp_path)

    assert "not valid: " in gateway("test", "--mappings", tmp_path).stdout
    assert gateway("test", "--no-strict", "--mappings", tmp_path).exit_code == 0


def test_the_options_of_a_case_are_checked(cases: Path) -> None:
    (cases / "hl7v2/written/cases/good.yaml").write_text("providr: quiet\n")

    done = gateway("test", "--mappings", cases)

    assert done.exit_code == 1
    assert "unknown option 'providr'; did you mean 'provider'?" in done.stderr


def test_coverage_names_rules_never_fired_and_fields_never_read(tmp_path: Path) -> None:
    written(tmp_path, resource("\"{% if PID-8 = 'M' %}\": {gender: male}", 'birthDate: "{{ PID-7.toDate() }}"'))
    folder = tmp_path / "hl7v2" / "written" / "cases"
    folder.mkdir()
    (folder / "good.hl7").write_text(MESSAGE)

    text = gateway("coverage", "--mappings", tmp_path).stdout
    found = json.loads(gateway("coverage", "written", "--mappings", tmp_path, "--format", "json").stdout)

    assert "never fired  emit[0].gender" in text
    assert "never read   PID-5.1.1" in text
    assert found["cases"] == 1
    assert "PID-8" not in found["neverRead"]
    assert gateway("coverage", "--mappings", tmp_path, "--fail-under", "99").exit_code == 1


def test_lint_tells_file_line_and_column(tmp_path: Path) -> None:
    written(tmp_path, resource("birthdate: x", "gender: femal"))

    done = gateway("lint", "--mappings", tmp_path)

    assert done.exit_code == 1
    assert (
        f"{tmp_path.name}/hl7v2/written/mapping.yaml:7:5: error: Patient has no element 'birthdate'; "
        f"did you mean 'birthDate'?"
    ) in done.stdout
    assert len(done.stdout.splitlines()) == 2


def test_lint_as_sarif_and_json(tmp_path: Path) -> None:
    written(tmp_path, resource("birthdate: x"))

    sarif = json.loads(gateway("lint", "--mappings", tmp_path, "--format", "sarif").stdout)
    outcome = json.loads(gateway("lint", "--mappings", tmp_path, "--format", "json").stdout)

    (found,) = sarif["runs"][0]["results"]
    region: dict[str, Any] = found["locations"][0]["physicalLocation"]
    assert (region["artifactLocation"]["uri"], region["region"]["startLine"]) == (
        f"{tmp_path.name}/hl7v2/written/mapping.yaml",
        7,
    )
    assert outcome["issue"][0]["severity"] == "error"


def test_the_shipped_mappings_lint_clean() -> None:
    assert gateway("lint").exit_code == 0


def test_compile_shows_the_python(message: Path) -> None:
    done = gateway("compile", "a20", *OURS, "--show")

    assert "def mapping(m, received_at, control_id, out):" in done.stdout
    assert (
        "def mapping(m, received_at, control_id, T, out):"
        in gateway("compile", "a20", *OURS, "--show", "--traced").stdout
    )
    assert gateway("compile", "a21", *OURS).exit_code == 1
    assert message.exists()


@pytest.mark.parametrize("traced", [(), ("--traced",)])
def test_the_shown_python_names_the_line_of_each_rule(tmp_path: Path, traced: tuple[str, ...]) -> None:
    body = resource(
        'birthDate: "{{ PID-7.toDate() }}"', 'language: "{{ PID-15.1 }}"', "\"{% if PID-8 = 'M' %}\": {gender: male}"
    )
    written(tmp_path, body)
    file = tmp_path / "hl7v2" / "written" / "mapping.yaml"
    lines = {text.split(":")[0].strip(): n for n, text in enumerate(file.read_text().splitlines(), 1)}

    shown = gateway("compile", "written", "--show", *traced, "--mappings", tmp_path).stdout

    compile(shown, "shown", "exec")
    comments = [line.rpartition("  # ")[2] for line in shown.splitlines() if "  # " in line]
    for rule in ("birthDate", "language", "\"{% if PID-8 = 'M' %}\""):
        assert f"{tmp_path.name}/hl7v2/written/mapping.yaml:{lines[rule]}" in comments, rule


def test_a_file_name_cannot_leave_its_comment(tmp_path: Path) -> None:
    written(tmp_path, resource('birthDate: "{{ PID-7.toDate() }}"'), name="a\n    raise SystemExit #")
    shown = gateway(
        "compile", "https://msb-gateway.example/fhir/StructureMap/written", "--show", "--mappings", tmp_path
    )

    assert shown.exit_code == 0
    assert "?    raise SystemExit #" in shown.stdout


@pytest.mark.parametrize(
    ("name", "sample"), [("beds", A20), ("list", "Plek;Vrij\r\nA;1\r\n"), ("noise", "UNB+UNOA:1'")]
)
def test_new_begins_a_mapping_that_loads_and_runs(tmp_path: Path, name: str, sample: str) -> None:
    file = tmp_path / "sample"
    file.write_text(sample)
    maps = tmp_path / "maps"

    done = gateway("new", name, "--from", file, "--into", maps)

    if name == "noise":
        assert (done.exit_code, maps.exists()) == (1, False)
        return
    assert done.exit_code == 0
    assert gateway("lint", "--mappings", maps).exit_code == 0
    assert (
        json.loads(gateway("run", file, "--mappings", maps).stdout)["entry"][0]["resource"]["resourceType"]
        == "Location"
    )
    assert gateway("new", name, "--from", file, "--into", maps).exit_code == 2


def test_new_puts_no_value_of_the_sample_into_the_mapping(tmp_path: Path) -> None:
    file = tmp_path / "sample"
    file.write_text(MESSAGE)
    gateway("new", "visit", "--from", file, "--into", tmp_path / "maps")

    text = (tmp_path / "maps/hl7v2/visit/mapping.yaml").read_text()
    assert "PID-3[2].1" in text
    assert not any(value in text for value in ("999900006", "7781234", "Jansen", "Zeestraat"))


def test_bench_says_a_rate_and_a_ratio(message: Path) -> None:
    done = gateway("bench", "--message", message, *OURS, "--seconds", "0.01")

    assert done.exit_code == 0
    assert "/s" in done.stdout
    assert "x the floor" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "nowhere.hl7"),
        ("run", "--format", "yaml", "-"),
        ("rn",),
        ("explain", "Slot.status"),
        ("run", "-", "--received-at", "2026-01-05T10:00"),
    ],
)
def test_what_cannot_be_run_so_is_exit_2(arguments: tuple[str, ...]) -> None:
    assert gateway(*arguments).exit_code == 2


def test_a_misspelt_command_is_suggested() -> None:
    assert "Did you mean 'run'?" in gateway("rn").stderr


def test_an_unknown_provider_is_told_at_once(message: Path) -> None:
    done = gateway("run", message, *OURS, "--provider", "quite")

    assert done.exit_code == 1
    assert "did you mean 'quiet'?" in done.stderr


def started(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GATEWAY, *arguments], capture_output=True, text=True, check=True, env={**os.environ, **(environment or {})}
    )


@pytest.mark.parametrize("arguments", [("--help",), ("map", "--help"), ("map", "list")])
def test_a_command_loads_only_what_it_needs(arguments: tuple[str, ...]) -> None:
    loaded = started(*arguments, environment={"PYTHONPROFILEIMPORTTIME": "1"}).stderr

    for heavy in (
        "fhir.resources",
        "flask",
        "rich",
        "yaml",
        "msgspec",
        "gateway.fhirpath",
        "gateway.validation",
        "requests",
    ):
        assert f" {heavy}\n" not in loaded, heavy


@pytest.mark.parametrize("arguments", [("--help",), ("map", "list")])
def test_a_command_starts_at_once(arguments: tuple[str, ...]) -> None:
    """The bar is 150 ms; Python and click alone take two thirds of it, so the best of some starts counts."""
    started(*arguments)
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        started(*arguments)
        times.append(time.perf_counter() - begin)
    bare = min(_python() for _ in range(5))

    assert min(times) < max(0.150, 3 * bare)


def _python() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import click"], check=True)
    return time.perf_counter() - begin


FHIR_XML = b'<Location xmlns="http://hl7.org/fhir">\n  <id value="bed-1"/>\n  <status value="active"/>\n</Location>'


def test_fhir_xml_passes_as_fhir_json_does(tmp_path: Path) -> None:
    file = tmp_path / "bed.xml"
    file.write_bytes(FHIR_XML)

    done = gateway("run", file, *AT)
    explained = gateway("explain", "--message", file, "Location.status")

    assert json.loads(done.stdout)["entry"][0]["resource"]["status"] == "active"
    assert 'Location.status = "active"  <- /Location/status' in explained.stdout
    assert "(line 3)" in explained.stdout


def test_what_is_no_fhir_xml_is_refused_with_its_line() -> None:
    done = gateway("run", "-", stdin=FHIR_XML.replace(b"status", b"stand"))

    assert done.exit_code == 1
    assert "/Location (line 3): R4 Location has no element 'stand'" in done.stderr


def test_new_writes_a_mapping_of_json_ndjson_and_xml_that_runs(tmp_path: Path) -> None:
    samples = {
        "json": '{"afdeling": {"code": "SEH", "per wanneer": "nu"}, "bedden": [{"soort": "IC"}, {"soort": "HC"}]}',
        "ndjson": '{"type": "rit", "nummer": "1"}\n{"type": "rit", "nummer": "2"}\n',
        "xml": '<Opgave xmlns="urn:x" id="7"><Kop><Datum>2024-04-12</Datum></Kop><Rij/></Opgave>',
    }
    for format_, text in samples.items():
        sample = tmp_path / f"sample.{format_}"
        sample.write_text(text)
        made = gateway("new", "trial", "--from", sample, "--into", tmp_path / format_)
        assert made.exit_code == 0, made.output

        written_ = (tmp_path / format_ / format_ / "trial" / "mapping.yaml").read_text()
        assert "SEH" not in written_
        assert "2024" not in written_
        assert gateway("run", sample, "--mappings", tmp_path / format_, *AT).exit_code == 0
    assert "#   afdeling.`per wanneer`\n#   bedden.soort\n" in (tmp_path / "json/json/trial/mapping.yaml").read_text()


def test_run_reads_ndjson_line_by_line_and_refuses_a_line_by_name(tmp_path: Path) -> None:
    (tmp_path / "maps/ndjson/trips").mkdir(parents=True)
    (tmp_path / "maps/ndjson/trips/mapping.yaml").write_text(
        "map: https://msb-gateway.example/fhir/StructureMap/trips\nversion: 1.0.0\n"
        "source: {format: ndjson, when: \"type = 'rit'\"}\n" + resource('language: "{{ nummer }}"')
    )
    file = tmp_path / "trips.ndjson"
    file.write_text('{"type": "rit", "nummer": "1"}\n{"type": "anders"}\n{"type": "rit", "nummer": "2"}\n{"type')

    result = gateway("run", file, "--mappings", tmp_path / "maps", *AT)

    assert result.exit_code == 1
    assert [json.loads(line)["entry"][0]["resource"]["language"] for line in result.stdout.splitlines()] == ["1", "2"]
    assert "no mapping accepts this JSON object with the keys type" in result.stderr
    assert "line (line 4" in result.stderr
    explained = gateway("explain", "Patient.language", "--message", file, "--mappings", tmp_path / "maps")
    assert "/nummer '2' (line 3" in explained.stdout
