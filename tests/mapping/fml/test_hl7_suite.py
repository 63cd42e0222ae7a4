"""HL7's own cases of the mapping language: every map is read, every transform gives exactly what the suite wants."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.fhir.json import decode
from gateway.mapping.fml import parser, writer
from gateway.mapping.spans import Problems
from tests.mapping.fml.support import read, run
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
FOLDER = (SHARED or Path("/nonexistent")) / "data/fml/hl7-test-cases"
MANIFEST = FOLDER / "manifest.xml"
TESTS: list[Any] = list(etree.parse(str(MANIFEST)).getroot()) if MANIFEST.is_file() else []
TRANSFORMED = {test.get("map") for test in TESTS}
PARSED_ONLY = sorted({path.name for path in FOLDER.glob("*.map")} - TRANSFORMED)


def test_the_suite_is_whole() -> None:
    assert (len(TESTS), len(PARSED_ONLY)) == (10, 6)


@pytest.mark.parametrize("name", PARSED_ONLY)
def test_a_map_is_read_and_written_back(name: str) -> None:
    problems = Problems()
    made = parser.read(read(FOLDER / name), name, problems)
    again = parser.read(writer.write(made.resource), name, problems)
    assert problems.issues == []
    assert made.resource["group"]
    assert again.resource["group"] == made.resource["group"]


@pytest.mark.parametrize("test", TESTS, ids=[test.get("map") for test in TESTS])
def test_a_transform_gives_exactly_what_the_suite_wants(test: Any) -> None:
    source = decode((FOLDER / test.get("source")).read_bytes())
    done = run(read(FOLDER / test.get("map")), source, test.get("map"))
    wanted = (FOLDER / test.get("output")).read_bytes()
    if test.get("output").endswith(".xml"):
        assert _canonical(done.as_xml() or b"") == _canonical(wanted)
    else:
        assert done.result == decode(wanted)
    assert done.issues == ()


def _canonical(document: bytes) -> bytes:
    root = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
    canonical: bytes = etree.tostring(root, method="c14n")
    return canonical
