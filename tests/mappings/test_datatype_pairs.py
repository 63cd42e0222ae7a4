"""Our datatype and segment fragments against the published v2-to-FHIR pairs, all of them.

Every difference is explained in docs/datatype-pairs.md. A row of its first table names a datatype or segment
and an element below which ours and the pair may differ, and why. A difference without a row fails, and so does
a row that no pair needs any more. The second table names the pairs of what we do not make at all, and why not.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.data import shipped
from gateway.mapping.library import Library
from gateway.mapping.run import run
from tests.shared import SHARED, needs_shared

DOCS = Path(__file__).parents[2] / "docs" / "datatype-pairs.md"
PAIRS = SHARED / "data" / "hl7v2" / "datatypes" if SHARED else None
_THEIR_OWN = "reportstream.cdc.gov"  # extensions of the publisher, not of HL7's guide


_DT = "hl7v2/datatypes"
_SEGMENTS = "hl7v2/segments"


@dataclass(frozen=True)
class Probe:
    """What of a pair is compared: the map that makes our element, and where theirs stands."""

    datatype: str
    files: str
    emit: str
    ours: Callable[[list[Any]], Any]
    theirs: Callable[[list[Any]], Any]
    use: str = ""


def _first(resources: list[Any], type_: str) -> Any:
    return next((r for r in resources if r["resourceType"] == type_), {})


def _element(name: str) -> Callable[[list[Any]], Any]:
    return lambda resources: {name: _first(resources, "Patient").get(name)}


def _patient(element: str) -> str:
    return f'  - resourceType: Patient\n    "{{% on-error %}}": drop-element\n    id: probe\n    {element}\n'


def _relative(name: str) -> Callable[[list[Any]], Any]:
    return lambda resources: {name: _first(resources, "RelatedPerson").get(name)}


def _contact(name: str) -> Callable[[list[Any]], Any]:
    return lambda resources: {name: _first(resources, "Patient").get("contact", [{}])[0].get(name)}


def _numbered(value: str, *types: str) -> Callable[[list[Any]], Any]:
    """Return what finds the identifier with this value in resources of these types."""

    def find(resources: list[Any]) -> Any:
        all_ = (i for r in resources if r["resourceType"] in types for i in r.get("identifier", []))
        return {"identifier": [next((i for i in all_ if i.get("value") == value), None)]}

    return find


def _chain(resources: list[Any]) -> Any:
    """Return the Locations by kind, each with the kind it is part of."""
    places = {r["id"]: r for r in resources if r["resourceType"] == "Location"}
    kinds = {id_: r["physicalType"]["coding"][0].get("code", "wa") for id_, r in places.items()}
    chain: dict[str, Any] = {}
    for id_, place in places.items():
        parent = place.get("partOf", {}).get("reference", "/").split("/")[1]
        kept = {k: place[k] for k in ("identifier", "name", "status", "mode", "description") if k in place}
        chain[kinds[id_]] = kept | ({"partOf": kinds[parent]} if parent in kinds else {})
    return chain


def _organisation(resources: list[Any]) -> Any:
    found: Any = next((r for r in resources if r["resourceType"] == "Organization" and r.get("name") == "Org"), {})
    return {k: found.get(k) for k in ("identifier", "name", "active")}


def _issued(resources: list[Any]) -> Any:
    moment = _first(resources, "DiagnosticReport").get("issued") or _first(resources, "Patient").get("meta", {}).get(
        "lastUpdated"
    )
    return {"instant": moment}


def _answer(resources: list[Any]) -> Any:
    return {
        "concept": _first(resources, "Observation").get("code") or _first(resources, "Patient").get("maritalStatus")
    }


def _citizenship(resources: list[Any]) -> Any:
    """Return our CodeableConcept; the publisher keeps theirs in extensions of its own."""
    patient = _first(resources, "Patient")
    return {"concept": patient.get("maritalStatus")}


def _whole(type_: str) -> Callable[[list[Any]], Any]:
    """Return what gives a whole resource, without what identifies it and others."""
    return lambda resources: {type_: _bare(_first(resources, type_))}


def _richest(type_: str) -> Callable[[list[Any]], Any]:
    """Return what gives the resource of a type that says most: of some the pair has an empty one too."""

    def find(resources: list[Any]) -> Any:
        found = (_bare(r) for r in resources if r["resourceType"] == type_)
        return {type_: max(found, key=lambda r: len(str(r)), default={})}

    return find


def _resource(
    type_: str, fragment: str, arguments: str, *, many: bool = False
) -> tuple[str, Callable[[list[Any]], Any], Callable[[list[Any]], Any], str]:
    """Return the emit, ours, theirs and use of a probe whose fragment makes whole resources."""
    folder = _DT if fragment in {"hd_place", "cnn", "ndl"} else _SEGMENTS
    call = f"made({arguments})"
    emit = f'  - "{{[ {call} ]}}"\n' if many else f'  - "{{{{ {call} }}}}"\n'
    return emit, _richest(type_), _richest(type_), f"made: {folder}/{fragment}.yaml"


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key: _bare(inner) for key, inner in value.items() if key not in {"id", "reference", "resourceType"}}


def _laid(type_: str, call: str) -> str:
    head = f'  - resourceType: {type_}\n    "{{% on-error %}}": drop-element\n    id: probe\n'
    return head + f'    "{{% merge %}}": ["{{{{ {call} }}}}"]\n'


_PL = "iif(PV1-6.4.1.exists(), PV1-6.4.1, MSH-4.1), PV1-6.7, PV1-6.1, PV1-6.8, PV1-6.2"
_BED = "PV1-6, PV1-6.3, PV1-6.1, MSH-4.1, 'U', 'U', MSH-7.toDateTime()"
_HD = 'identifier: [{system: "{{ authoritySystem(MSH-4.2, MSH-4.1, MSH-4.3) }}", value: "{{ MSH-4.1 }}"}]'
_DT_PERIOD = 'contact: [{period: {start: "{{ NK1-8.toDateTime() }}", end: "{{ NK1-9.toDateTime() }}"}}]'
PROBES = (
    Probe(
        "CX",
        "cx/*",
        _patient('identifier: ["{{ cx(OBR-53, %provider.systems.patient) }}"]'),
        _numbered("IDNumber", "Patient"),
        _numbered("IDNumber", "ServiceRequest"),
        f"cx: {_DT}/cx.yaml",
    ),
    Probe(
        "XPN",
        "xpn/*",
        _patient('name: ["{{ xpn(NK1-2) }}"]'),
        _element("name"),
        _relative("name"),
        f"xpn: {_DT}/xpn.yaml",
    ),
    Probe(
        "XAD",
        "xad/*",
        _patient('address: ["{{ xad(NK1-32) }}"]'),
        _element("address"),
        _relative("address"),
        f"xad: {_DT}/xad.yaml",
    ),
    Probe(
        "XTN",
        "xtn/contact-point/*",
        _patient('telecom: ["{{ xtn(NK1-40) }}"]'),
        _element("telecom"),
        _contact("telecom"),
        f"xtn: {_DT}/xtn.yaml",
    ),
    Probe(
        "CWE",
        "cwe/codeable-concept/*",
        _patient('maritalStatus: "{{ cwe(PID-39) }}"'),
        _citizenship,
        _citizenship,
        f"cwe: {_DT}/cwe.yaml",
    ),
    Probe("CE", "ce/*", _patient('maritalStatus: "{{ cwe(OBX-3) }}"'), _answer, _answer, f"cwe: {_DT}/cwe.yaml"),
    Probe(
        "PL",
        "pl/*",
        f'  - "{{[ places({_PL}) ]}}"\n  - "{{% if PV1-6.3.exists() %}}": "{{[ bed({_BED}) ]}}"\n',
        _chain,
        _chain,
        "places: capacity/places.yaml, bed: hl7v2/segments/bed_occupancy.yaml",
    ),
    Probe("XON", "xon/*", '  - "{{ xon(MSH-22, MSH-22.1) }}"\n', _organisation, _organisation, f"xon: {_DT}/xon.yaml"),
    Probe(
        "XCN",
        "xcn/xcn-to-practitioner-*",
        _patient('generalPractitioner: ["{{ xcn(OBR-10) }}"]'),
        lambda r: {"identifier": [_first(r, "Patient")["generalPractitioner"][0].get("identifier")]},
        lambda r: {"identifier": _first(r, "Practitioner").get("identifier")},
        f"xcn: {_DT}/xcn_reference.yaml",
    ),
    Probe(
        "EI",
        "ei/EI-to-Identifier*",
        _patient('identifier: ["{{ ei(PV1-6.10, %provider.systems.referral) }}"]'),
        _numbered("Entity ID", "Patient"),
        _numbered("Entity ID", "Location"),
        f"ei: {_DT}/ei.yaml",
    ),
    Probe(
        "HD",
        "hd/HD-to-Organization-[ci][ls]*",
        _patient(_HD),
        _numbered("CDC Atlanta", "Patient"),
        _numbered("CDC Atlanta", "Organization"),
        f"authoritySystem: {_DT}/authority_system.yaml",
    ),
    Probe("DT", "dt/*", _patient(_DT_PERIOD), _contact("period"), _relative("period")),
    Probe(
        "DTM date",
        "dtm/date/*",
        _patient('birthDate: "{{ PID-7.toDate() }}"'),
        _element("birthDate"),
        _element("birthDate"),
    ),
    Probe(
        "DTM dateTime",
        "dtm/dateTime/*",
        _patient('deceasedDateTime: "{{ PID-29.toDateTime() }}"'),
        _element("deceasedDateTime"),
        _element("deceasedDateTime"),
    ),
    Probe(
        "DTM instant", "dtm/instant/*", _patient('meta: {lastUpdated: "{{ OBR-22.toInstant() }}"}'), _issued, _issued
    ),
    Probe(
        "DR",
        "dr/*",
        _patient('address: ["{{ xad(NK1-32) }}"]'),
        lambda r: {"period": _first(r, "Patient")["address"][0].get("period")},
        lambda r: {"period": _first(r, "RelatedPerson")["address"][0].get("period")},
        f"xad: {_DT}/xad.yaml",
    ),
    *(
        Probe(
            "PID",
            files,
            _laid("Patient", "patient(PID, 'probe')"),
            _whole("Patient"),
            _whole("Patient"),
            f"patient: {_SEGMENTS}/patient.yaml",
        )
        for files in ("pid/*", "pd1/*")
    ),
    *(
        Probe(
            "PV1",
            files,
            _laid("Encounter", "encounter(PV1, PID, 'in-progress', 'unknown', 'probe')"),
            _whole("Encounter"),
            _whole("Encounter"),
            f"encounter: {_SEGMENTS}/encounter.yaml",
        )
        for files in ("pv1pv2/*", "dld/*", "id/*", "nm/*")
    ),
    *(
        Probe(
            "OBR",
            files,
            _laid("ServiceRequest", "request(OBR, 'probe', 'probe', 'active', ORC-1, 'probe', {}, {}, false, false)"),
            _whole("ServiceRequest"),
            _whole("ServiceRequest"),
            f"request: {_SEGMENTS}/referral_request.yaml",
        )
        for files in ("orcobr/*", "nte/*", "cwe/annotation/*", "ormo01/*", "omlo21/*", "orur01/*")
    ),
    *(
        Probe("MSH", files, *_resource("MessageHeader", "message_header", "MSH"))
        for files in ("msh/*", "msh/hd/*", "msg/*", "pt/*")
    ),
    Probe("OBX", "obx/*", *_resource("Observation", "observation", "OBX[1], 'probe', 'probe', {}")),
    Probe("NK1", "nk1/*", *_resource("RelatedPerson", "related_person", "NK1[1], 'probe', 'probe'")),
    *(
        Probe("SPM", files, *_resource("Specimen", "specimen", "SPM[1], 'probe', 'probe'"))
        for files in ("spm/*", "cq/*/*", "cwe/quantity/*", "eip/*")
    ),
    *(
        Probe("IN1", files, *_resource("Coverage", "coverage", "IN1[1], 'probe', 'probe'"))
        for files in ("in1/*", "aui/*", "cp/*")
    ),
    *(Probe("PRT", files, *_resource("Device", "device", "PRT[1]")) for files in ("prt/*", "ei/EI-to-Device*")),
    Probe("HD place", "hd/HD-to-Location*", *_resource("Location", "hd_place", "MSH-22.8.1, MSH-22.8.2, MSH-22.8.3")),
    Probe("CNN", "cnn/*", *_resource("Practitioner", "cnn", "OBR-32.1")),
    Probe("NDL", "ndl/*", *_resource("PractitionerRole", "ndl", "OBR-35, 'TRANS'", many=True)),
)


def _cases() -> Iterator[Any]:
    for probe in PROBES:
        for message in sorted(PAIRS.glob(f"{probe.files}.hl7")) if PAIRS else ():
            yield pytest.param(probe, message, id=message.stem)


def _map(probe: Probe) -> str:
    return (
        f"map: https://msb-gateway.example/fhir/StructureMap/probe\nversion: 1.0.0\n"
        f"source: {{format: hl7v2, when: \"MSH-9.1 != 'ACK'\"}}\non-error: drop-element\n"
        f"use: {{{probe.use}}}\nemit:\n{probe.emit}"
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Probe], Library]:
    """Return what gives the library in which a probe is the mapping of the pairs."""

    @cache
    def made(probe: Probe) -> Library:
        folder = tmp_path_factory.mktemp("probe")
        mapping = folder / "hl7v2" / "probe" / "mapping.yaml"
        mapping.parent.mkdir(parents=True)
        mapping.write_text(_map(probe), encoding="utf-8")
        found = Library.read([shipped("mappings"), folder])
        assert found.problems.errors == []
        return found.only(found.mapping("probe"))

    return made


def _ours(probe: Probe, message: Path, library: Library) -> Any:
    (mapped,) = run(library, message.read_bytes(), received_at=datetime(2026, 9, 1, tzinfo=UTC))
    return probe.ours([resource for resource, *_ in mapped.resources])


def _theirs(probe: Probe, message: Path) -> Any:
    bundle = json.loads(message.with_suffix(".fhir").read_text(encoding="utf-8"), parse_float=str)
    return probe.theirs([entry["resource"] for entry in bundle["entry"]])


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path without indexes, text) of every leaf, leaving out the publisher's own extensions."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            if not (isinstance(inner, dict) and _THEIR_OWN in str(inner.get("url", ""))):
                yield from _leaves(inner, path)
    elif value is not None:
        yield path, str(value)


def _differences(ours: Any, theirs: Any) -> set[str]:
    """Return the paths below which the two do not hold the same texts."""
    left, right = sorted(_leaves(ours)), sorted(_leaves(theirs))
    return {path for path, text in {*left, *right} if left.count((path, text)) != right.count((path, text))}


def _explained() -> dict[str, set[str]]:
    rows = re.findall(r"^\| ([A-Z]\S*(?: \w+)?) \| `([^`]+)` \| .+ \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    table: dict[str, set[str]] = {}
    for datatype, element in rows:
        table.setdefault(datatype, set()).add(element)
    return table


def _covers(element: str, path: str) -> bool:
    return path == element or path.startswith(f"{element}.")


@needs_shared
@pytest.mark.parametrize(("probe", "message"), [*_cases()])
def test_every_difference_is_explained(probe: Probe, message: Path, library: Callable[[Probe], Library]) -> None:
    found = _differences(_ours(probe, message, library(probe)), _theirs(probe, message))

    rows = _explained().get(probe.datatype, set())
    assert {path for path in found if not any(_covers(row, path) for row in rows)} == set()


@needs_shared
def test_every_explanation_is_needed(library: Callable[[Probe], Library]) -> None:
    used: dict[str, set[str]] = {}
    for case in _cases():
        probe, message = case.values
        found = _differences(_ours(probe, message, library(probe)), _theirs(probe, message))
        rows = _explained().get(probe.datatype, set())
        used.setdefault(probe.datatype, set()).update(r for r in rows if any(_covers(r, path) for path in found))

    assert used == {datatype: set(_explained().get(datatype, set())) for datatype in used}


@needs_shared
def test_every_pair_is_compared_or_named_as_what_we_do_not_make() -> None:
    assert PAIRS
    compared = [message for case in _cases() for message in case.values[1:]]
    rows = re.findall(r"^\| `([^`]+)` \| (\d+) \| .+ \| .+ \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    apart = {glob: sorted(PAIRS.glob(f"{glob}.hl7")) for glob, _ in rows}

    assert {glob: len(found) for glob, found in apart.items()} == {glob: int(count) for glob, count in rows}
    both = [*compared, *(message for found in apart.values() for message in found)]
    assert sorted(both) == sorted(PAIRS.rglob("*.hl7"))
    assert (len(compared), len(both)) == (141, 144)
