"""FHIR XML as a source: the resource, and the XPath and line of each of its values."""

import pytest

from gateway.errors import MalformedMessage, Place
from gateway.formats import fhirxml

DOCUMENT = b"""<?xml version="1.0"?>
<Patient xmlns="http://hl7.org/fhir">
  <name><given value="Anna"/></name>
  <name>
    <given value="B."/>
    <given value="C."/>
  </name>
  <deceasedBoolean value="false"/>
</Patient>"""


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", Place("/Patient", 2)),
        ("/name/0/given/0", Place("/Patient/name[1]/given", 3)),
        ("/name/1/given/1", Place("/Patient/name[2]/given[2]", 6)),
        ("/name/1/_given/1", Place("/Patient/name[2]/given[2]", 6)),
        ("/deceasedBoolean", Place("/Patient/deceasedBoolean", 8)),
        ("/gender", Place("/Patient", 2)),
    ],
)
def test_a_value_has_a_place(pointer: str, place: Place) -> None:
    tree = fhirxml.parse(DOCUMENT)

    assert tree.resource["name"][1]["given"] == ["B.", "C."]
    assert tree.place(pointer) == place


def test_what_is_no_fhir_xml_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="namespace"):
        fhirxml.parse(b"<Patient/>")
