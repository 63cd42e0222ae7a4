"""What we publish is valid R4, and what our mappings use of it is published."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.data import shipped
from gateway.fhir import json as fhir_json
from gateway.validation.validator import Validator

BASE = "https://msb-gateway.example/fhir"
PROFILES = sorted(p for p in shipped("profiles").glob("*.json") if p.name != "package.json")
CONCEPT_MAPS = sorted((shipped("mappings") / "concept_maps").glob("*.json"))
SOURCES = "\n".join(p.read_text(encoding="utf-8") for p in shipped("mappings").glob("**/*.yaml"))


def _read(path: Path) -> Any:
    return fhir_json.decode(path.read_bytes())


def _map(id_: str) -> Path:
    return shipped("mappings") / "concept_maps" / f"{id_}.json"


@pytest.mark.parametrize("path", [*PROFILES, *CONCEPT_MAPS], ids=lambda p: p.stem)
def test_is_valid_and_called_as_its_file(path: Path) -> None:
    resource = _read(path)

    assert [str(issue) for issue in Validator().issues(resource) if issue.severity in {"error", "fatal"}] == []
    assert path.stem in {resource["id"], f"{resource['resourceType']}-{resource['id']}"}
    if "url" in resource:
        assert resource["url"] == f"{BASE}/{resource['resourceType']}/{resource['id']}"


@pytest.mark.parametrize("kind", ["StructureDefinition", "CodeSystem", "NamingSystem"])
def test_every_canonical_of_ours_that_a_mapping_emits_is_published(kind: str) -> None:
    used = set(re.findall(rf"{BASE}/{kind}/([a-z][a-z-]*[a-z])(?=[\s'\",}}/]|$)", SOURCES, re.MULTILINE))

    assert {name for name in used if not (shipped("profiles") / f"{kind}-{name}.json").is_file()} <= {"dev"}


def test_every_published_extension_is_used_by_a_mapping() -> None:
    definitions = [d for d in map(_read, PROFILES) if d["resourceType"] == "StructureDefinition"]
    published = {d["id"] for d in definitions if d["type"] == "Extension"}
    published -= {
        "issue-actor",
        "element-source",
        "slot-hold",
        "break-glass-reason",
        "capacity-freshness",
        "kpi-quality",
    }
    published -= {"ladder-step"}  # the gateway itself says those; this one is said of a Task by who coordinates

    assert {name for name in published if f"{BASE}/StructureDefinition/{name}" not in SOURCES} == set()


@pytest.mark.parametrize("path", CONCEPT_MAPS, ids=lambda p: p.stem)
def test_targets_in_our_code_systems_exist_there(path: Path) -> None:
    for group in _read(path)["group"]:
        system = group["target"].removeprefix(f"{BASE}/CodeSystem/")
        published = shipped("profiles") / f"CodeSystem-{system}.json"
        targets = {target["code"] for e in group["element"] for target in e["target"] if "code" in target}
        if group["target"].startswith(BASE) and published.is_file():
            assert targets <= {c["code"] for c in _read(published)["concept"]}


def test_every_code_system_of_ours_that_a_name_becomes_is_published() -> None:
    targets = [t["code"] for g in _read(_map("coding-system"))["group"] for e in g["element"] for t in e["target"]]
    ours = {code.removeprefix(f"{BASE}/CodeSystem/") for code in targets if code.startswith(BASE)}

    assert {name for name in ours if not (shipped("profiles") / f"CodeSystem-{name}.json").is_file()} == set()


def test_urgencies_are_those_of_the_published_code_systems() -> None:
    for group in _read(_map("referral-priority"))["group"]:
        published = shipped("profiles") / f"CodeSystem-{group['source'].removeprefix(f'{BASE}/CodeSystem/')}.json"
        if group["source"].startswith(BASE):
            assert {e["code"] for e in group["element"]} == {c["code"] for c in _read(published)["concept"]}


def test_capacity_count_lists_what_the_fragment_emits() -> None:
    definition = json.loads((shipped("profiles") / "StructureDefinition-capacity-count.json").read_text("utf-8"))
    slices = {e["sliceName"] for e in definition["differential"]["element"] if "sliceName" in e}
    beds, others = (
        (shipped("mappings") / "capacity" / name).read_text("utf-8") for name in ("counts.yaml", "count_in.yaml")
    )
    figures = re.findall(r"in '([a-z ]+)'\.split", others)[0].split()

    assert {*figures, "unit", "empty", "cleaning"} == slices  # the last two are counted by no feed that ships
    assert set(re.findall(r"\{url: (\w+),", beds)) < slices
