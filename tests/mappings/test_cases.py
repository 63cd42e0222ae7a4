"""The golden cases beside the mappings: enough of them, read by us once more, and valid R4 twice over."""

import importlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateway.data import shipped
from gateway.fhir import json
from gateway.mapping.cases import beside
from gateway.validation.validator import Validator
from tests.golden import is_bundle, messages
from tests.shared import SHARED

MAPPINGS = sorted(path.parent for path in shipped("mappings").glob("*/*/mapping.yaml"))
GOLDEN = sorted(p for p in shipped("mappings").glob("*/*/cases/*.json") if is_bundle(p))
IN_USE = [p for p in GOLDEN if p.parents[2].name != "fml"]  # those are used by name, never at a door
FEEDS = {  # the sixteen shapes, and the mappings that read them
    "F01": [f"hl7v2/adt_a{kind}_*" for kind in ("01", "02", "03", "08", "11", "13")],
    "F02": ["hl7v2/adt_a20_bed"],
    "F03": ["csv/bed_extract"],
    "F04": ["json/seh_opening"],
    "F05": ["xml/daily_figures"],
    "F06": ["csv/vvt_bed_list"],
    "F07": ["json/transfer_webhook"],
    "F08": ["xml/hap_referral"],
    "F09": ["ndjson/ambulance_rides"],
    "F10": ["edifact/medvri_letter"],
    "F11": ["xml/cda_referral"],
    "F12": ["json/ggz_crisis"],
    "F13": ["csv/district_nursing"],
    "F14": ["json/relocation_request"],
    "F15": ["json/birth_care"],
    "F16": ["fhir/plain_r4_capacity"],  # reshaped; as it came: tests/rest/test_feed_bundles.py
}
NOT_FREE = {"O", "H", "h", "K", "I", "C", "bezet", "schoonmaak", "gereserveerd", "gesloten"}


def _resources(path: Path) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.decode(path.read_bytes())["entry"]]


def _extension(resource: dict[str, Any], name: str) -> Any:
    found = (e for e in resource.get("extension", []) if e["url"].endswith(f"/{name}"))
    return next((value for e in found for key, value in e.items() if key.startswith("value")), None)


def _word(resource: dict[str, Any]) -> str:
    """Return the source's word: a code as it stands, a word without regard to case."""
    word = str(_extension(resource, "capacity-source-word"))
    return word if len(word) == 1 else word.lower()


@pytest.mark.parametrize("folder", MAPPINGS, ids=lambda p: p.name)
@pytest.mark.parametrize("kind", ["good", "broken"])
def test_there_are_six_of_each_kind(folder: Path, kind: str) -> None:
    assert len([*messages(folder / "cases", f"{kind}-*")]) >= 6


def test_there_are_six_of_each_kind_of_hl7v2_message() -> None:
    counts: dict[str, Counter[str]] = {"good": Counter(), "broken": Counter()}
    for message in shipped("mappings").glob("hl7v2/*/cases/*.hl7"):
        kind = re.search(rb"\|([A-Z]{3}\^[A-Z]\d\d)[\^|]", message.read_bytes())
        if kind:  # a few have no MSH that says it
            counts[message.name.partition("-")[0]][kind[1].decode()] += 1

    assert len(counts["good"]) >= 39
    assert [kind for kind in counts["good"] if min(count[kind] for count in counts.values()) < 6] == []


@pytest.mark.parametrize("feed", FEEDS)
def test_there_are_twelve_of_each_kind_of_every_feed(feed: str) -> None:
    counts = Counter(
        message.name.partition("-")[0]
        for pattern in FEEDS[feed]
        for folder in shipped("mappings").glob(f"{pattern}/cases")
        for message in messages(folder)
    )

    assert counts["good"] >= 12
    assert counts["broken"] >= 12


@pytest.mark.parametrize(
    "name",
    ["Ziekenhuis Duinrand", "De Duinhof", "Zorggroep Gouwe", "Huisartsenspoedpost Haagrand", "RAV 15", "GGZ Duinoord"],
)
def test_every_organisation_of_the_test_world_has_an_overlay(name: str) -> None:
    overlays = (path.read_text(encoding="utf-8") for path in shipped("mappings").glob("providers/*.yaml"))

    assert [overlay for overlay in overlays if re.search(rf"^organisation:.*{name}", overlay, re.MULTILINE)]


def test_every_feed_of_the_test_world_is_counted() -> None:
    assert SHARED is None or {path.name[:3] for path in (SHARED / "data" / "feeds").iterdir()} == set(FEEDS)


@pytest.mark.parametrize("folder", MAPPINGS, ids=lambda p: p.name)
def test_a_good_case_is_taken_a_broken_one_refused_and_neither_in_silence(folder: Path) -> None:
    for message in messages(folder / "cases"):
        issues = beside(message, ".issues.json")
        found = json.decode(issues.read_bytes()) if issues.is_file() else []
        refused = any(issue["severity"] == "error" for issue in found)

        assert refused == message.name.startswith("broken-"), message.name
        assert beside(message, ".json").is_file() or found, f"{message.name} becomes nothing, and nobody says so"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_golden_output_is_valid(path: Path) -> None:
    bundle = json.decode(path.read_bytes())

    errors = [issue for issue in Validator().bundle_issues(bundle) if issue.severity in {"error", "fatal"}]
    assert [str(issue) for issue in errors] == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_golden_output_loads_in_the_models_of_others(path: Path) -> None:
    for resource in _resources(path):
        module = importlib.import_module(f"fhir.resources.R4B.{resource['resourceType'].lower()}")
        getattr(module, resource["resourceType"]).model_validate_json(json.encode(resource))


@pytest.mark.parametrize("path", IN_USE, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_references_of_a_golden_output_resolve_in_it(path: Path) -> None:
    resources = _resources(path)
    there = Counter(f"{r['resourceType']}/{r['id']}" for r in resources)
    named = {reference for r in resources for reference in _references(r)}

    assert max(there.values()) == 1
    assert named - there.keys() == set()


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for inner in value for found in _references(inner)]
    if not isinstance(value, dict):
        return []
    own = [value["reference"]] if isinstance(value.get("reference"), str) else []
    return own + [found for inner in value.values() for found in _references(inner)]


@pytest.mark.parametrize("path", IN_USE, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_every_capacity_fact_says_source_moment_method_and_receipt(path: Path) -> None:
    for resource in _resources(path):
        if resource["resourceType"] == "Slot" or "operationalStatus" in resource:
            said = [_extension(resource, f"capacity-{name}") for name in ("source", "measured-at", "method")]
            received = _extension(resource["meta"], "capacity-received-at")

            assert None not in [*said, received]
            assert said[2] in {"automatic", "manual"}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_nothing_is_free_that_the_source_calls_otherwise(path: Path) -> None:
    slots = [r for r in _resources(path) if r["resourceType"] == "Slot"]

    wrong = [s for s in slots if s["status"] == "free" and _word(s) in NOT_FREE]
    assert wrong == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_only_a_bsn_that_passes_the_eleven_test_is_an_identifier(path: Path) -> None:
    given = [r.get("identifier", []) for r in _resources(path)]  # a Composition has one, and no list
    all_ = [i for value in given for i in (value if isinstance(value, list) else [value])]
    identifiers = [i for i in all_ if "/bsn" in i.get("system", "")]

    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    for identifier in identifiers:
        assert sum(int(d) * w for d, w in zip(identifier["value"], weights, strict=True)) % 11 == 0
