"""Mappings of trees, exported, run to the same output too."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.mapping.fml import writer
from gateway.mapping.fml.export import export
from gateway.mapping.library import Library
from gateway.mapping.run import run
from tests.mapping.fml.test_export import library_of

RECEIVED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HEAD = """map: https://example.org/fhir/StructureMap/tree
version: 1.0.0
"""
JSON = (
    HEAD
    + """source: {format: json, when: "soort = 'bedden'", control: berichtId}
let:
  ward: afdeling.code
require:
  - {that: ward.exists(), say: "afdeling.code is empty"}
emit:
  - "{% for bed in afdeling.bedden %}":
      resourceType: Location
      id: "{{ id('bed', ward, bed.nummer) }}"
      name: "{{ ward & ' ' & bed.nummer.toString() }}"
      "{% if bed.vrij %}": {status: active}
      "{% else %}": {status: suspended}
"""
)
EACH = (
    HEAD
    + """source: {format: json, when: "soort = 'bedden'"}
each: afdeling.bedden
emit:
  - resourceType: Location
    id: "{{ id('bed', nummer) }}"
    name: "{{ %message.afdeling.code & ' ' & nummer.toString() }}"
"""
)
XML = (
    HEAD
    + """source: {format: xml, root: bedden, namespace: "urn:x", when: "afdeling.exists()"}
emit:
  - "{% for bed in afdeling.bed %}":
      resourceType: Location
      id: "{{ id('bed', bed.nummer) }}"
      name: "{{ bed.text() & bed.nummer }}"
"""
)
FHIR = (
    HEAD
    + """source: {format: fhir, when: "resourceType = 'Patient'"}
emit:
  - resourceType: Person
    id: "{{ id('person', identifier.value) }}"
    name: [{family: "{{ name.family }}"}]
"""
)
BEDS = (
    b'{"soort": "bedden", "berichtId": "m1", "afdeling": {"code": "3B", "bedden": '
    b'[{"nummer": 1, "vrij": true}, {"nummer": 2, "vrij": false}]}}'
)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (JSON, BEDS),
        (JSON, b'{"soort": "bedden", "berichtId": "m1"}'),
        (EACH, BEDS),
        (
            XML,
            b'<bedden xmlns="urn:x"><afdeling><bed><nummer>4</nummer></bed><bed nummer="5">B</bed></afdeling></bedden>',
        ),
        (FHIR, b'{"resourceType": "Patient", "identifier": [{"value": "1"}], "name": [{"family": "Jansen"}]}'),
    ],
)
def test_a_tree_gives_the_same(tmp_path: Path, text: str, data: bytes) -> None:
    file = tmp_path / "tree/own/mapping.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    own = Library.load([tmp_path])
    again = library_of(writer.write(export(own.mappings[0], own)), "tree/own")
    again = replace(again, concept_maps=own.concept_maps, providers=own.providers)
    assert made(again, data) == made(own, data)


def made(library: Library, data: bytes) -> Any:
    found: list[Any] = []
    rest = run(library, data, received_at=RECEIVED)
    while True:
        try:
            mapped = next(rest)
        except StopIteration:
            return found
        except GatewayError as error:
            found.append([(issue.code, issue.diagnostics, str(issue.place)) for issue in error.issues])
        else:
            found.append([resource for resource, _, _ in mapped.resources])
            found.append([(issue.code, str(issue.place)) for issue in mapped.issues])
            found.append(mapped.control_id)
