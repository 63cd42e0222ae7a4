"""`gateway map export` and `gateway map import`."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.mapping.fml import parser
from gateway.mapping.spans import Problems

MAP = """map "https://example.org/fhir/StructureMap/m" = "m"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Person" alias Person as target
group m(source src : Patient, target tgt : Person) { src.name -> tgt.name; }
"""


def gateway(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["map", *map(str, arguments)], catch_exceptions=False)


def test_a_mapping_is_exported_as_text_and_as_json() -> None:
    text, resource = gateway("export", "adt_a20_bed"), gateway("export", "adt_a20_bed", "--format", "structuremap")
    assert (text.exit_code, resource.exit_code) == (0, 0)
    made = json.loads(resource.stdout)
    assert made["resourceType"] == "StructureMap"
    assert parser.read(text.stdout, "a.fml", Problems()).resource["group"] == made["group"]


def test_all_mappings_are_exported_to_a_folder(tmp_path: Path) -> None:
    done = gateway("export", "--out", tmp_path)
    assert done.exit_code == 0
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == sorted(Path(line).name for line in done.stdout.splitlines())
    assert {"hl7v2-adt_a20_bed.fml", "csv-bed_extract.fml", "fml-bed_status.fml"} <= set(files)


def test_a_map_is_imported_and_exported_again(tmp_path: Path) -> None:
    file = tmp_path / "m.fml"
    file.write_text(MAP)
    done = gateway("import", file, "--as", "person", "--into", tmp_path / "mine")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "mine/fml/person/mapping.fml").read_text() == MAP
    assert gateway("lint", "--mappings", tmp_path / "mine").exit_code == 0
    shown = gateway("export", "person", "--format", "structuremap", "--mappings", tmp_path / "mine")
    assert json.loads(shown.stdout)["url"] == "https://example.org/fhir/StructureMap/m"
    again = gateway("import", file, "--as", "person", "--into", tmp_path / "mine")
    assert again.exit_code == 2


def test_what_is_no_map_is_not_imported(tmp_path: Path) -> None:
    file = tmp_path / "m.fml"
    file.write_text(MAP.replace("src.name ->", "scr.name ->"))
    done = gateway("import", file, "--as", "person", "--into", tmp_path / "mine")
    assert done.exit_code == 1
    assert "m.fml:4:54: error: no variable 'scr'; did you mean 'src'?" in done.stderr
    assert not (tmp_path / "mine").exists()


def test_an_export_needs_a_mapping_or_a_folder() -> None:
    assert gateway("export").exit_code == 2
    assert "did you mean" in gateway("export", "adt_a20_bd").stderr


def test_lint_tells_what_is_not_portable() -> None:
    done = gateway("lint", "adt_a20_bed", "--portable")
    assert done.exit_code == 0
    assert "information: not portable: the function toDateTime() (not-portable)" in done.stdout
    assert "mappings/hl7v2/adt_a20_bed/mapping.yaml:" in done.stdout
    assert "not portable: %provider is what the gateway knows" in done.stdout
