"""Every message of others and every feed: mapped, or refused by name; never silently empty. A BOM changes nothing."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import GatewayError, MalformedMessage, MappingFailed, UnsupportedMediaType, UnsupportedMessage
from gateway.fhir import json
from gateway.mapping.run import run
from gateway.validation.validator import Validator
from tests.conftest import library
from tests.shared import SHARED, needs_shared

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
LIBRARY = library()
BOM = b"\xef\xbb\xbf"
DATA = SHARED / "data" if SHARED else None
_ADT = "A01 A02 A03 A04 A05 A06 A07 A08 A11 A12 A13 A14 A15 A16 A20 A21 A22 A25 A26 A27 A28 A31 A38 A40 A47"
_OTHERS = "REF^I12 REF^I13 REF^I14 REF^I15 ORM^O01 OML^O21 OMG^O19 ORU^R01 MDM^T02"
MAPPED = {f"ADT^{event}" for event in _ADT.split()} | set(_OTHERS.split())
MAPPED |= {f"SIU^{event}" for event in ("S12", "S13", "S14", "S15", "S17", "S26")}


def _files() -> Iterator[Path]:
    if DATA:
        yield from sorted((DATA / "hl7v2" / "messages").glob("*.hl7"))
        yield from sorted((DATA / "feeds").iterdir())


def _kinds() -> dict[str, str]:
    if not DATA:
        return {}
    with (DATA / "hl7v2" / "manifest.csv").open(encoding="utf-8") as rows:
        return {row["file"]: row["message_type"] for row in csv.DictReader(rows)}


def _outcome(data: bytes) -> tuple[list[Any], list[str]]:
    """Return the resources and the issues' texts, or raise what the gateway raises."""
    mapped = list(run(LIBRARY, data, received_at=AT))
    resources = [resource for one in mapped for resource, *_ in one.resources]
    return resources, [str(issue) for one in mapped for issue in one.issues]


def _resources_or_refusal(data: bytes) -> tuple[list[Any], GatewayError | None]:
    try:
        return _outcome(data)[0], None
    except (UnsupportedMessage, UnsupportedMediaType, MappingFailed, MalformedMessage) as error:
        return [], error


@needs_shared
@pytest.mark.parametrize("path", [*_files()], ids=lambda p: p.name)
def test_mapped_and_valid_or_refused_by_name(path: Path) -> None:
    resources, refusal = _resources_or_refusal(path.read_bytes())

    assert resources or refusal
    assert all(issue.diagnostics for issue in (refusal.issues if refusal else ()))
    errors = [i for r in resources for i in Validator().issues(r) if i.severity in {"error", "fatal"}]
    assert [str(issue) for issue in errors] == []


NOT_UTF_8 = {"F05_dagopgave_capaciteit.xml"}
"""XML that declares another character set, and uses it: with the mark of UTF-8 before it, it contradicts itself."""


@needs_shared
@pytest.mark.parametrize("path", [p for p in _files() if p.name not in NOT_UTF_8], ids=lambda p: p.name)
def test_a_bom_changes_nothing(path: Path) -> None:
    data = path.read_bytes().removeprefix(BOM)

    assert _told(BOM + data) == _told(data)


def _told(data: bytes) -> object:
    try:
        resources, issues = _outcome(data)
    except GatewayError as error:
        return type(error), [(issue.code, issue.diagnostics) for issue in error.issues]
    return json.encode(resources), len(issues)


@needs_shared
@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, k in _kinds().items() if k not in MAPPED])
def test_a_kind_without_a_mapping_is_refused_by_its_name(name: str, kind: str) -> None:
    assert DATA
    with pytest.raises(UnsupportedMessage) as refused:
        _outcome((DATA / "hl7v2" / "messages" / name).read_bytes())

    assert kind.split("^")[1] in str(refused.value)


REFUSED = {
    "hs_orm-01.hl7": "OBR-4 is no referral",
    "hs_orm-02.hl7": "OBR-4 is no referral",
    "ms_MDHHS-OML-O21-1.hl7": "OBR-4 is no referral",
    "ms_OMG-O19-01.hl7": "OBR-4 is no referral",
    "ms_OML-O21-01.hl7": "OBR-4 is no referral",
    "ms_ORM-O01-01.hl7": "OBR-4 is no referral",
    "ig_MDM_T02.hl7": "not a document",  # `<Base64 encoded>` stands there
    "ms_MDM-T02-01.hl7": "holds no document",
    "ms_ORU-R01-01.hl7": "holds no document",
    "lfh_ORU-multiline-short-mixed.hl7": "holds no letter",
    "lfh_sample_unix.hl7": "encounter-class",  # PV1-2 is `ff`
}
"""Messages of a mapped kind that are refused all the same, and why. Those called `rs_` are fields, not letters."""


@needs_shared
def test_all_others_of_a_mapped_kind_are_mapped() -> None:
    assert DATA
    outcomes = {n: _resources_or_refusal((DATA / "hl7v2" / "messages" / n).read_bytes()) for n in _kinds()}
    refused = {n: str(error) for n, (_, error) in outcomes.items() if error and _kinds()[n] in MAPPED}

    assert {n for n in refused if not n.startswith("rs_")} == REFUSED.keys()
    assert [n for n, reason in REFUSED.items() if reason not in refused[n]] == []
    assert sum(not error for _, error in outcomes.values()) == 35


RECALL = {"Patient": (27, 27), "Encounter": (20, 24), "Location": (19, 27), "Appointment": (4, 4)}
"""Of so many messages that are mapped and whose published counterpart has the type, so many have it from us."""


@needs_shared
def test_the_types_that_coordination_needs_are_made_where_others_make_them() -> None:
    found = dict.fromkeys(RECALL, (0, 0))
    for ours, theirs in _counterparts():
        for type_, (made, of) in found.items():
            found[type_] = (made + (type_ in ours & theirs), of + (type_ in theirs))

    assert found == RECALL


def _counterparts() -> Iterator[tuple[set[str], set[str]]]:
    """Yield the types that we make and that the published counterpart has, of each message we map."""
    assert DATA
    for name in _kinds():
        theirs = DATA / "hl7v2" / "expected" / name.replace(".hl7", ".json")
        resources, _ = _resources_or_refusal((DATA / "hl7v2" / "messages" / name).read_bytes())
        if resources and theirs.is_file():
            entries = json.decode(theirs.read_bytes())["entry"]
            yield {r["resourceType"] for r in resources}, {e["resource"]["resourceType"] for e in entries}
