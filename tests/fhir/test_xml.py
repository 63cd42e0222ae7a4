"""FHIR XML and FHIR JSON say the same; what is no FHIR XML is refused with its line and its XPath."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidResource, MalformedMessage, NotAcceptable, Place
from gateway.fhir import json, xml
from gateway.validation import Validator
from tests.fhir.canonical import canonical, exact

DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; b<br/>c</p> <b title="x">d</b></div>'
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "duinrand-1",
    "meta": {"profile": ["http://example.org/p"], "tag": [{"system": "urn:x", "code": "a"}]},
    "text": {"status": "generated", "div": DIV},
    "contained": [
        {"resourceType": "Organization", "id": "o", "name": "Ziekenhuis Duinrand"},
        {"resourceType": "Practitioner", "id": "p", "active": False},
    ],
    "extension": [{"url": "urn:e", "extension": [{"url": "urn:f", "valueDecimal": Decimal("1.50")}]}],
    "identifier": [{"id": "i1", "system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}],
    "active": True,
    "name": [
        {
            "family": "de Jansen",
            "_family": {"extension": [{"url": "urn:own", "valueString": "Jansen"}]},
            "given": ["Anna", None, "M."],
            "_given": [None, {"extension": [{"url": "urn:q", "valueCode": "BR"}]}, {"id": "g3"}],
        },
        {"text": 'met "quotes", <haken> & tekens\nregel 2\ttab\r'},
    ],
    "gender": "female",
    "birthDate": "1941-03",
    "_birthDate": {"extension": [{"url": "urn:t", "valueDateTime": "1941-03-07T10:00:00+01:00"}]},
    "multipleBirthInteger": 2,
    "address": [{"_line": [{"extension": [{"url": "urn:u", "valueString": "x"}]}]}],
    "contact": [{"relationship": [{"text": "dochter"}]}, {"relationship": [{"text": "zoon"}]}],
    "managingOrganization": {"reference": "#o"},
}
PATIENT_XML = """<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir">
  <id value="x"/>
  <!-- a comment between elements is no content -->
  <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>a</p></div></text>
  <name id="n1"><given value="Anna"/><given><extension url="urn:q"><valueCode value="BR"/></extension></given></name>
  <birthDate value="1941"><extension url="urn:t"><valueBoolean value="true"/></extension></birthDate>
</Patient>"""
RESOURCES: list[dict[str, Any]] = [
    PATIENT,
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:6e8ccb4c-0d5f-4f3a-8a4e-5d0b6c1f7a11",
                "resource": {"resourceType": "Slot", "schedule": {"reference": "Schedule/1"}, "status": "free",
                             "start": "2026-01-05T10:00:00+01:00", "end": "2026-01-06T10:00:00+01:00"},
                "request": {"method": "POST", "url": "Slot"},
            },
            {"request": {"method": "DELETE", "url": "Slot/2"}},
        ],
    },
    {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "temperatuur"},
        "valueQuantity": {"value": Decimal("37.50"), "unit": "C"},
        "referenceRange": [{"low": {"value": 36}, "high": {"value": Decimal("0.00000001")}}],
        "component": [{"code": {"text": "x"}, "valueSampledData": {
            "origin": {"value": Decimal("1E+2")}, "period": 10, "dimensions": 1, "data": "1 2 E"}}],
    },
    {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "a", "valueBase64Binary": "JVBERi0xLjQ="},
            {"name": "b", "resource": {"resourceType": "Binary", "contentType": "application/pdf", "data": "JVBE"}},
            {"name": "c", "part": [{"name": "d", "valueInteger": -3}]},
        ],
    },
    {"resourceType": "ValueSet", "status": "draft", "compose": {"include": [{"system": "urn:x", "filter": [
        {"property": "p", "op": "=", "value": "v"}]}]}, "expansion": {"timestamp": "2026-01-05", "contains": [
            {"code": "a", "contains": [{"code": "b"}]}]}},
    {"resourceType": "Basic"},
]  # fmt: skip


@pytest.mark.parametrize("resource", RESOURCES, ids=[str(r["resourceType"]) for r in RESOURCES])
def test_a_resource_comes_back_as_it_was(resource: dict[str, Any]) -> None:
    written = xml.write(resource)

    assert exact(xml.read(written)) == exact(resource)
    assert exact(xml.read(xml.write(resource, pretty=True))) == exact(resource)
    assert canonical(xml.write(xml.read(written))) == canonical(written)


def test_a_document_comes_back_as_it_was() -> None:
    assert canonical(xml.write(xml.read(PATIENT_XML.encode()))) == canonical(PATIENT_XML.encode())


def test_a_document_says_in_json_what_the_specification_says() -> None:
    assert xml.read(PATIENT_XML.encode()) == {
        "resourceType": "Patient",
        "id": "x",
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>a</p></div>'},
        "name": [
            {
                "id": "n1",
                "given": ["Anna", None],
                "_given": [None, {"extension": [{"url": "urn:q", "valueCode": "BR"}]}],
            }
        ],
        "birthDate": "1941",
        "_birthDate": {"extension": [{"url": "urn:t", "valueBoolean": True}]},
    }  # fmt: skip


def test_what_is_read_is_valid() -> None:
    patient = {name: value for name, value in PATIENT.items() if name not in {"contained", "contact"}}
    patient["managingOrganization"] = {"reference": "Organization/o"}

    assert Validator().issues(xml.read(xml.write(patient))) == []


def test_elements_stand_in_the_order_of_r4_whatever_the_order_of_the_json() -> None:
    backwards = dict(reversed(PATIENT.items()))

    assert xml.write(backwards) == xml.write(PATIENT)
    written = xml.write(PATIENT).decode()
    order = [written.index(f"<{name}") for name in ("id ", "meta", "text", "contained", "extension", "identifier")]
    assert order == sorted(order)


def test_decimals_keep_their_digits() -> None:
    observation = (
        '<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="x"/></code>'
        '<valueQuantity><value value="1.50"/></valueQuantity></Observation>'
    )

    read = xml.read(observation.encode())

    assert json.encode(read["valueQuantity"]) == b'{"value":1.50}'
    assert b'<value value="1.50"/>' in xml.write(json.decode(json.encode(read)))


def test_the_narrative_keeps_its_very_characters() -> None:
    div = "<div xmlns=\"http://www.w3.org/1999/xhtml\"  class = 'x'><p>a&#160;b&gt;</p ><br></br><hr/>\r\n</div>"
    resource = {"resourceType": "Basic", "text": {"status": "generated", "div": div}}

    assert xml.read(xml.write(resource))["text"]["div"] == div
    assert xml.read(xml.write(resource, pretty=True))["text"]["div"] == div


def test_a_narrative_that_leans_on_a_prefix_can_stand_by_itself() -> None:
    document = (
        '<f:Basic xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        '<f:status value="generated"/><h:div xml:lang="nl"><h:p title="t">a<h:br/>b</h:p><!-- c --></h:div></f:text>'
        '<f:code><f:text value="x"/></f:code></f:Basic>'
    )

    read = xml.read(document.encode())

    assert read["text"]["div"] == (
        '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="nl"><p title="t">a<br/>b</p><!-- c --></div>'
    )
    assert Validator().issues(read) == []
    assert xml.read(xml.write(read)) == read


@pytest.mark.parametrize(
    ("document", "charset"),
    [
        ("\ufeff<Basic xmlns='http://hl7.org/fhir'><language value='é'/></Basic>".encode(), None),
        ("<?xml version='1.0' encoding='iso-8859-1'?><Basic xmlns='http://hl7.org/fhir'><language value='é'/></Basic>"
         .encode("iso-8859-1"), None),
        ("<?xml version='1.0' encoding='windows-1252'?><Basic xmlns='http://hl7.org/fhir'><language value='é'/></Basic>"
         .encode("windows-1252"), "windows-1252"),
        ("<?xml version='1.0' encoding='UTF-16'?><Basic xmlns='http://hl7.org/fhir'><language value='é'/></Basic>"
         .encode("utf-16"), None),
        (b"<Basic xmlns='http://hl7.org/fhir'><language value='&#233;'/></Basic>", "utf-8"),
        ("<Basic xmlns='http://hl7.org/fhir'><language value='é'/></Basic>".encode("iso-8859-1"), "ISO-8859-1"),
    ],
)  # fmt: skip
def test_character_sets_that_are_read(document: bytes, charset: str | None) -> None:
    assert xml.read(document, charset=charset)["language"] == "é"


@pytest.mark.parametrize(
    ("document", "charset"),
    [
        (b"<?xml version='1.0' encoding='UTF-7'?><Basic xmlns='http://hl7.org/fhir'/>", None),
        (b"<?xml version='1.0' encoding='UTF-8'?><Basic xmlns='http://hl7.org/fhir'/>", "iso-8859-1"),
        ("<Basic xmlns='http://hl7.org/fhir'/>".encode("utf-32"), None),
        ("<Basic xmlns='http://hl7.org/fhir'><language value='é'/></Basic>".encode("iso-8859-1"), None),
    ],
)
def test_character_sets_that_are_not_read(document: bytes, charset: str | None) -> None:
    with pytest.raises(MalformedMessage):
        xml.read(document, charset=charset)


def _refusal(inner: str, root: str = "Patient") -> list[tuple[str, str, int | None]]:
    """Return what is said of a document: code, path, line."""
    with pytest.raises(MalformedMessage) as refused:
        xml.read(f'<{root} xmlns="http://hl7.org/fhir">\n{inner}\n</{root}>'.encode())
    return [(i.code, i.place.path, i.place.line) for i in refused.value.issues if i.place]


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ('<naam value="x"/>', [("unknown-element", "/Patient", 2)]),
        ("<name><famly value='x'/></name>", [("unknown-element", "/Patient/name[1]", 2)]),
        ('<name/>\n<name><given value="a"><b/></given></name>', [("unknown-element", "/Patient/name[2]/given[1]", 3)]),
        ('<active value="1"/>', [("wrong-type", "/Patient/active", 2)]),
        ('<multipleBirthInteger value="2.0"/>', [("wrong-type", "/Patient/multipleBirthInteger", 2)]),
        ('<gender value="male"/><active value="true"/>', [("malformed", "/Patient", 2)]),
        ('<gender value="male"/><gender value="male"/>', [("cardinality", "/Patient", 2)]),
        ("<birthDate/>", [("missing-element", "/Patient", 2)]),
        ("<name><given/></name>", [("missing-element", "/Patient/name[1]", 2)]),
        ('<name value="x"/>', [("unknown-element", "/Patient/name[1]", 2)]),
        ('<id value="x" onload="y"/>', [("unknown-element", "/Patient/id", 2)]),
        ("<name>tekst</name>", [("malformed", "/Patient/name[1]", 2)]),
        ("<name><?x y?></name>", [("malformed", "/Patient/name[1]", 2)]),
        ("<contained/>", [("missing-element", "/Patient", 2)]),
        ("<contained><id value='x'/></contained>", [("unknown-element", "/Patient/contained[1]", 2),
                                                    ("missing-element", "/Patient", 2)]),
        ("<contained><Basic/><Basic/></contained>", [("unknown-element", "/Patient/contained[1]", 2)]),
        ('<name xmlns="urn:x"/>', [("unknown-element", "/Patient", 2)]),
        ('<deceasedBoolean value="true"/><deceasedDateTime value="2026"/>', [("cardinality", "/Patient", 2)]),
        ('<a/>\n<active value="ja"/>\n<b/>', [("unknown-element", "/Patient", 2), ("wrong-type", "/Patient/active", 3),
                                             ("unknown-element", "/Patient", 4)]),
        ("<name>\n</naam>", [("malformed", "/Patient/name[1]", 3)]),
        ("<text><div>a</div></text>", [("unknown-element", "/Patient/text", 2)]),
        ('<text><div xmlns="http://www.w3.org/1999/xhtml">&nbsp;</div></text>', [("malformed", "/Patient/text", 2)]),
        ('<div xmlns="http://www.w3.org/1999/xhtml"/>', [("unknown-element", "/Patient", 2)]),
    ],
)  # fmt: skip
def test_what_is_no_fhir_xml_is_refused_with_its_place(inner: str, said: list[tuple[str, str, int]]) -> None:
    assert _refusal(inner) == said


@pytest.mark.parametrize("root", ["Jansen", "patient", "html", "HumanName"])
def test_a_root_that_is_no_resource_is_refused(root: str) -> None:
    assert _refusal("", root)[0][0] == "unknown-element"


def test_what_is_refused_names_no_value() -> None:
    with pytest.raises(MalformedMessage) as refused:
        xml.read(b'<Patient xmlns="http://hl7.org/fhir"><active value="999900006"/></Patient>')

    (issue,) = refused.value.issues
    assert issue.value == "999900006"
    assert "999900006" not in str(refused.value)


@pytest.mark.parametrize("depth", [10, 40, 5000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    inner = "<extension url='u'>" * depth + "<valueCode value='a'/>" + "</extension>" * depth
    document = f'<Basic xmlns="http://hl7.org/fhir">{inner}</Basic>'.encode()

    if depth == 10:
        json.decode(json.encode(xml.read(document)))
        return
    with pytest.raises(MalformedMessage, match="deeper than 64 levels"):
        xml.read(document)


def test_what_is_read_is_never_too_deep_for_json() -> None:
    depth = 0
    while True:
        depth += 1
        inner = "<extension url='u'>" * depth + "<valueCode value='a'/>" + "</extension>" * depth
        try:
            read = xml.read(f'<Basic xmlns="http://hl7.org/fhir">{inner}</Basic>'.encode())
        except MalformedMessage:
            break
        json.decode(json.encode(read))
    assert depth > 30


@pytest.mark.parametrize(
    ("resource", "code", "expression"),
    [
        ({"resourceType": "Jansen"}, "unknown-element", "Resource"),
        ({"resourceType": "Patient", "naam": 1}, "unknown-element", "Patient"),
        ({"resourceType": "Patient", "name": {}}, "wrong-type", "Patient.name"),
        ({"resourceType": "Patient", "name": ["x"]}, "wrong-type", "Patient.name[0]"),
        ({"resourceType": "Patient", "active": "true"}, "wrong-type", "Patient.active"),
        ({"resourceType": "Patient", "gender": True}, "wrong-type", "Patient.gender"),
        ({"resourceType": "Patient", "_gender": "x"}, "wrong-type", "Patient.gender"),
        ({"resourceType": "Patient", "_name": [{}]}, "unknown-element", "Patient"),
        ({"resourceType": "Patient", "name": [{"id": 1}]}, "wrong-type", "Patient.name[0]"),
        ({"resourceType": "Patient", "contained": [{}]}, "unknown-element", "Patient.contained[0]"),
        ({"resourceType": "Patient", "text": {"div": "<p>a</p>"}}, "unsafe-narrative", "Patient.text.div"),
        ({"resourceType": "Patient", "text": {"div": 1}}, "unsafe-narrative", "Patient.text.div"),
    ],
)  # fmt: skip
def test_what_is_no_resource_is_not_written(resource: dict[str, Any], code: str, expression: str) -> None:
    with pytest.raises(InvalidResource) as refused:
        xml.write(resource)

    assert [(issue.code, issue.expression) for issue in refused.value.issues] == [(code, expression)]


def test_what_xml_cannot_carry_is_not_written() -> None:
    with pytest.raises(NotAcceptable):
        xml.write({"resourceType": "Basic", "language": "a\x01"})


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("Patient.birthDate", Place("/Patient/birthDate", 7)),
        ("Patient.name[0].given[1]", Place("/Patient/name/given[2]", 6)),
        ("Patient.text.div", Place("/Patient/text/div", 5)),
        ("Patient.birthDate.extension[0].value", Place("/Patient/birthDate/extension/valueBoolean", 7)),
        ("Patient.gender", Place("/Patient", 2)),
    ],
)
def test_a_finding_on_a_resource_can_be_placed_in_its_document(expression: str, place: Place) -> None:
    assert xml.Places(PATIENT_XML.encode()).of(expression) == place


def test_a_finding_in_a_bundle_can_be_placed() -> None:
    written = xml.write(RESOURCES[1], pretty=True)

    found = xml.Places(written).of("Bundle.entry[0].resource.start")

    assert xml.Places(written).at("/entry/0/resource/start") == found
    assert found.path == "/Bundle/entry[1]/resource/Slot/start"
    assert written.splitlines()[(found.line or 0) - 1].strip().startswith(b"<start")


def test_large_values_and_deep_narratives_have_places_too() -> None:
    data = "A" * 12_000_000
    binary = xml.write({"resourceType": "Binary", "contentType": "text/plain", "data": data}, pretty=True)
    deep = "<h:b>" * 250 + "x" + "</h:b>" * 250
    narrated = (
        '<f:Basic xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        f'<f:status value="generated"/><h:div>{deep}</h:div></f:text></f:Basic>'
    )

    assert xml.read(binary)["data"] == data
    assert xml.Places(binary).of("Binary.data") == Place("/Binary/data", 4)
    assert xml.read(narrated.encode())["text"]["div"].count("<b>") == 250


_TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1)


@given(
    st.builds(
        lambda language, given, div: {
            "resourceType": "Patient",
            "language": language,
            "name": [{"given": given}],
            "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{div}</div>'},
        },
        _TEXTS,
        st.lists(_TEXTS, min_size=1),
        st.sampled_from(["a", "<p>é</p>", "<b/>", "&#233;"]),
    )
)
def test_any_text_comes_back_as_it_was(resource: dict[str, Any]) -> None:
    try:
        written = xml.write(resource)
    except NotAcceptable:
        return
    assert xml.read(written) == resource


@given(st.binary(max_size=200) | st.text(alphabet="<>/&;!?-[]'\"= xmlnsPatiend", max_size=200).map(str.encode))
def test_any_bytes_are_a_resource_or_refused(data: bytes) -> None:
    for whole in (data, b'<Patient xmlns="http://hl7.org/fhir">' + data + b"</Patient>"):
        try:
            read = xml.read(whole)
        except MalformedMessage:
            continue
        assert "resourceType" in read
