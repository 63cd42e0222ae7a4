"""Mappings of JSON, NDJSON, XML and FHIR of another shape: what expressions mean, and where everything stood."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from gateway.errors import BadMapping, GatewayError, MalformedMessage, MappingFailed, UnsupportedMessage
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import run, run_lines
from gateway.mapping.unread import unread_places
from tests.mapping.writing import RECEIVED, resource, traced, written

URL = "map: https://msb-gateway.example/fhir/StructureMap/written\nversion: 1.0.0\n"
JSON = (
    URL + """source: {format: json, when: "afdeling.exists()", control: berichtId, event-time: tijd, array: true}\n"""
)
NDJSON = URL + """source: {format: ndjson, when: "type = 'rit'", control: ritnummer, event-time: tijd}\n"""
XML = (
    URL
    + """source: {format: xml, root: Brief, namespace: "urn:x", namespaces: {s: "urn:s"}, event-time: tijd.value}\n"""
)
FHIR = URL + """source: {format: fhir, when: "resourceType = 'Bundle' and type = 'collection'"}\n"""

MESSAGE = """{"berichtId": "b-1", "tijd": "2024-04-12T08:20", "afdeling": {"code": "SEH", "Per wanneer": "nu"},
 "stop": false, "score": 12.50, "nul": 0, "tekst": "7", "leeg": "", "niets": null, "adresType": "x",
 "bedden": [{"soort": "IC", "vrij": 0}, {"soort": "HC", "vrij": null}, {"soort": "IC", "vrij": 2}],
 "namen": ["a", "b"], "rij": [[1], [2, 3]]}"""

BRIEF = """<?xml version="1.0"?>
<v:Brief xmlns:v="urn:x" xmlns:s="urn:s" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <v:tijd value="20240412101500+0200"/>
 <v:E icpc="R81">Pneumonie</v:E>
 <v:geboren nullFlavor="UNK"/>
 <v:bsn>999900006</v:bsn>
 <v:waarde xsi:type="PQ" value="5"/>
 <s:ras>x</s:ras>
 <v:deel><v:code code="1"/><v:text>Reden: <v:content>acuut</v:content></v:text></v:deel>
 <v:deel><v:code code="2"/><v:text>Geen</v:text></v:deel>
</v:Brief>
"""


def one(library: Library, message: str, *, provider: str = "dev") -> Mapped:
    (found,) = run(library, message.encode(), provider=provider, received_at=RECEIVED)
    return found


def value(tmp_path: Path, expression: str, *, head: str = JSON, message: str = MESSAGE) -> Any:
    """Return what an expression gives; both dialects are held to the same."""
    library = written(tmp_path, resource(f'language: "{{{{ {expression} }}}}"'), head=head)
    found = one(library, message)
    (plain,) = (made for made, _, _ in found.resources)
    assert traced(library, found, "dev") == [plain]
    return plain.get("language")


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        ("afdeling.code", "SEH"),
        ("afdeling['Per wanneer']", "nu"),
        ("afdeling.`Per wanneer`", "nu"),
        ("adres", None),
        ("niets", None),
        ("leeg", None),
        ("leeg.exists()", False),
        ("niets.exists()", False),
        ("nul", 0),
        ("nul.exists()", True),
        ("stop", False),
        ("score", Decimal("12.50")),
        ("score.decimal()", Decimal("12.50")),
        ("nul.decimal()", 0),
        ("tekst.decimal()", 7),
        ("stop.yes()", False),
        ("nul.yes()", False),
        ("bedden.vrij", 0),
        ("bedden.where(soort = 'IC').vrij.aggregate($this + $total, 0)", 2),
        ("bedden.where(vrij > 0).soort", "IC"),
        ("bedden.count()", 3),
        ("bedden[1].soort", "HC"),
        ("bedden.where($this.soort = 'HC').vrij.empty()", True),
        ("namen.join('+')", "a+b"),
        ("rij.count()", 2),
        ("%message.afdeling.code", "SEH"),
        ("%controlId", "b-1"),
        ("tijd.toDateTime()", "2024-04-12T08:20:00+02:00"),
        ("score.toString() & ' ' & afdeling.code", "12.50 SEH"),
        ("afdeling.children().count()", 2),
        ("descendants().where($this = 'HC')", None),
        ("%message.descendants().where($this = 'HC')", "HC"),
    ],
)
def test_json_is_read_by_name(tmp_path: Path, expression: str, gives: Any) -> None:
    if expression.startswith("descendants"):
        with pytest.raises(BadMapping, match="stands after a dot"):
            value(tmp_path, expression)
        return
    found = value(tmp_path, expression)
    assert found == gives
    assert type(found) is type(gives)


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        ("E", "Pneumonie"),
        ("E.text()", "Pneumonie"),
        ("E.xmlText", "Pneumonie"),
        ("E.icpc", "R81"),
        ("E.`@icpc`", "R81"),
        ("E = 'Pneumonie'", True),
        ("E.upper()", "PNEUMONIE"),
        ("'(' & E & ')'", "(Pneumonie)"),
        ("iif(E.exists(), E, bsn)", "Pneumonie"),
        ("geboren.nullFlavor", "UNK"),
        ("geboren.exists()", True),
        ("geboren", None),
        ("geboren.text()", None),
        ("bsn.bsn()", "999900006"),
        ("waarde.xsi_type", "PQ"),
        ("waarde.value.decimal()", 5),
        ("ras", "x"),
        ("`s:ras`", "x"),
        ("deel.where(code.code = '2').text", "Geen"),
        (
            "deel.where(code.code = '1').text.narrative()",
            '<div xmlns="http://www.w3.org/1999/xhtml">Reden: acuut</div>',
        ),
        ("deel[0].text.text()", "Reden:"),
        ("deel.code.code.join(',')", "1,2"),
        ("tijd.value.toDateTime()", "2024-04-12T10:15:00+02:00"),
        ("deel[0].children().count()", 2),
        ("nergens", None),
    ],
)
def test_xml_is_read_by_name(tmp_path: Path, expression: str, gives: Any) -> None:
    found = value(tmp_path, expression, head=XML, message=BRIEF)
    assert found == gives
    assert type(found) is type(gives)


def test_a_prefix_that_was_not_declared_is_told_at_load(tmp_path: Path) -> None:
    library = written(tmp_path, resource('language: "{{ `q:ras` }}"'), head=XML)

    library.check()

    assert "source.namespaces has no prefix 'q'" in str(library.problems.issues[0])


def test_ids_tell_one_from_true_and_from_one_point_zero(tmp_path: Path) -> None:
    made = [
        value(tmp_path, "id('x', afdeling)", message=f'{{"afdeling": {text}}}') for text in ("1", "true", "1.0", '"1"')
    ]

    assert made[0] == made[3]
    assert len(set(made)) == 3


def test_a_collection_is_looped_over_and_spliced_in(tmp_path: Path) -> None:
    body = resource(
        "identifier:",
        '  - "{% for i, bed in bedden %}": {value: "{{ bed.soort }}", system: "{{ i }}"}',
        'name: [{given: "{[ namen ]}"}]',
    )
    (made,) = (r for r, _, _ in one(written(tmp_path, body, head=JSON), MESSAGE).resources)

    assert made["identifier"] == [{"value": s, "system": n} for n, s in enumerate(("IC", "HC", "IC"))]
    assert made["name"] == [{"given": ["a", "b"]}]


def test_a_fragment_takes_objects_and_sees_the_message(tmp_path: Path) -> None:
    fragment = """
        fragment: bed
        type: Identifier
        parameters: [bed]
        emit: {system: "{{ afdeling.code }}", value: "{{ bed.soort }}"}
    """
    body = "use: {bed: json/bed.yaml}\n" + resource('identifier: ["{[ bed(bedden) ]}"]')
    library = written(tmp_path, body, head=JSON, files={"json/bed.yaml": fragment})
    library.check()
    (made,) = (r for r, _, _ in one(library, MESSAGE).resources)

    assert [(i["system"], i["value"]) for i in made["identifier"]] == [("SEH", s) for s in ("IC", "HC", "IC")]
    assert [str(issue) for issue in library.problems.issues] == []


# ---- each, control, event time


EACH = """each: bedden
require:
  - {that: vrij.exists(), say: vrij is empty}
emit:
  - resourceType: Location
    id: "{{ id('plek', %message.afdeling.code, soort, vrij) }}"
    name: "{{ soort }}"
    status: active
"""


def test_each_item_is_mapped_by_itself_and_a_broken_one_is_set_apart(tmp_path: Path) -> None:
    found = one(written(tmp_path, EACH, head=JSON), MESSAGE)

    assert [r["name"] for r, _, _ in found.resources] == ["IC", "IC"]
    assert [(i.code, i.place.path, i.place.line) for i in found.issues if i.place] == [
        ("required-missing", "/bedden/1/vrij", 3),
        ("row-quarantined", "/bedden/1", 3),
    ]


def test_each_works_for_elements(tmp_path: Path) -> None:
    body = EACH.replace("bedden", "deel").replace("vrij", "text.content").replace("soort", "code.code")
    found = one(written(tmp_path, body.replace("afdeling.code", "E.icpc"), head=XML), BRIEF)

    assert [r["name"] for r, _, _ in found.resources] == ["1"]
    assert [i.place.path for i in found.issues if i.place] == ["/Brief/deel[2]/text/content", "/Brief/deel[2]"]


def test_the_message_says_its_id_and_its_moment(tmp_path: Path) -> None:
    library = written(tmp_path, EACH, head=JSON)
    found = one(library, MESSAGE)

    assert found.control_id == "b-1"
    assert found.event_time == datetime(2024, 4, 12, 6, 20, tzinfo=UTC)
    late = one(library, MESSAGE.replace('"2024-04-12T08:20"', '"morgen"').replace('"b-1"', "17"))
    assert (late.control_id, late.event_time) == ("17", None)


# ---- places


def sources(found: Mapped, path: str) -> list[tuple[str, int | None]]:
    return [(place.path, place.line) for entry in found.trace.explain(path) for place, _ in entry.sources]


def test_explain_names_the_pointer_and_line_of_what_was_read(tmp_path: Path) -> None:
    body = resource(
        "language: \"{{ bedden.where(soort = 'IC').last().vrij.toString() }}\"",
        'birthDate: "{{ tijd.toDate() }}"',
        "identifier:",
        '  - "{% for bed in bedden %}": {value: "{{ bed.soort }}"}',
        'name: [{given: "{[ namen ]}", text: "{{ afdeling.code & namen.first() }}"}]',
    )
    found = one(written(tmp_path, body, head=JSON), MESSAGE)

    assert ("/bedden/2/vrij", 3) in sources(found, "Patient.language")
    assert sources(found, "Patient.birthDate") == [("/tijd", 1)]
    assert sources(found, "Patient.identifier[1].value") == [("/bedden/1/soort", 3)]
    assert sources(found, "Patient.name.given") == [("/namen/0", 4), ("/namen/1", 4)]
    assert ("/afdeling/code", 1) in sources(found, "Patient.name.text")


def test_explain_tells_equal_values_of_an_array_apart(tmp_path: Path) -> None:
    body = resource('name: [{given: "{[ namen ]}"}]')
    found = one(written(tmp_path, body, head=JSON), '{"afdeling": 1, "namen": [5, 5, 5]}')

    assert sources(found, "Patient.name.given") == [("/namen/0", 1), ("/namen/1", 1), ("/namen/2", 1)]


def test_explain_names_the_xpath_and_line_of_what_was_read(tmp_path: Path) -> None:
    body = resource('language: "{{ E.icpc }}"', 'name: [{text: "{{ deel[1].text }}", family: "{{ E }}"}]')
    found = one(written(tmp_path, body, head=XML), BRIEF)

    assert sources(found, "Patient.language") == [("/Brief/E/@icpc", 4)]
    assert sources(found, "Patient.name.text") == [("/Brief/deel[2]/text", 10)]
    assert sources(found, "Patient.name.family") == [("/Brief/E", 4)]


def test_what_no_rule_reads_is_reported(tmp_path: Path) -> None:
    body = resource('language: "{{ afdeling.code }}"', 'name: [{given: "{[ bedden.soort ]}"}]')
    found = one(written(tmp_path, body, head=JSON), MESSAGE)

    paths = [place.path for place in unread_places(found)]
    assert "/afdeling/code" not in paths
    assert "/bedden/0/soort" not in paths
    assert {"/afdeling/Per wanneer", "/stop", "/bedden/0/vrij", "/rij/1/1"} <= set(paths)
    assert not {"/berichtId", "/tijd", "/niets", "/leeg", "/bedden/1/vrij"} & set(paths)
    xml = one(written(tmp_path / "x", resource('language: "{{ E }}"'), head=XML), BRIEF)
    left = [place.path for place in unread_places(xml)]
    assert "/Brief/E" not in left
    assert {"/Brief/E/@icpc", "/Brief/geboren/@nullFlavor", "/Brief/deel[1]/text/content"} <= set(left)


def test_a_value_that_cannot_be_used_is_told_with_its_place(tmp_path: Path) -> None:
    library = written(tmp_path, resource('birthDate: "{{ afdeling.code.toDate() }}"'), head=JSON)

    with pytest.raises(MappingFailed) as caught:
        one(library, MESSAGE)
    (issue,) = caught.value.issues
    assert (issue.code, issue.place and issue.place.path, issue.value) == ("bad-value", "/afdeling/code", "SEH")


# ---- which messages


def refused(library: Library, data: bytes) -> Iterator[str]:
    """Yield what each message of some bytes is refused for; of those that are taken, their id."""
    rest: Iterator[Mapped] | None = None
    while True:
        try:
            rest = rest if rest is not None else run(library, data, received_at=RECEIVED)
            yield str(next(rest).control_id)
        except StopIteration:
            return
        except GatewayError as error:
            yield f"{type(error).__name__}: {error}"
            if rest is None:
                return


def test_a_message_that_no_mapping_accepts_is_refused_by_name(tmp_path: Path) -> None:
    library = written(tmp_path, EACH, head=JSON)

    (keys,) = refused(library, b'{"Jansen de Vries 1": 1, "status": "STOP", "druk": {}}')
    assert keys == "UnsupportedMessage: no mapping accepts this JSON object with the keys status, druk and 1 more"
    (root,) = refused(library, b"<Dagopgave xmlns='urn:y'/>")
    assert root == "UnsupportedMessage: no mapping accepts <Dagopgave> of the namespace urn:y"
    (other,) = refused(written(tmp_path / "x", resource("active: true"), head=XML), b"<Brief xmlns='urn:y'/>")
    assert other == "UnsupportedMessage: no mapping accepts <Brief> of the namespace urn:y"
    (bare,) = refused(library, b"<Jansen/>")
    assert bare == "UnsupportedMessage: no mapping accepts <Jansen> without a namespace"


def test_a_condition_that_cannot_be_asked_of_a_message_is_for_another(tmp_path: Path) -> None:
    head = JSON.replace("afdeling.exists()", "afdeling.startsWith('S')")

    (told,) = refused(written(tmp_path, EACH, head=head), b'{"afdeling": ["S", "T"]}')

    assert "no mapping accepts" in told


def test_an_array_is_taken_only_when_the_mapping_says_so(tmp_path: Path) -> None:
    data = f'[{MESSAGE}, {{"x": 1}}, {MESSAGE.replace("b-1", "b-2")}]'.encode()
    first, second, third = refused(written(tmp_path, EACH, head=JSON), data)
    (no,) = refused(written(tmp_path / "no", EACH, head=JSON.replace(", array: true", "")), data)

    assert (first, third) == ("b-1", "b-2")
    assert "no mapping accepts this JSON object with the keys x" in second
    assert no == "UnsupportedMessage: no mapping accepts this JSON array of 3 items"


def test_each_line_of_ndjson_is_a_message(tmp_path: Path) -> None:
    library = written(tmp_path, resource('language: "{{ ritnummer }}"'), head=NDJSON)
    good = [b'{"type": "rit", "ritnummer": "%d"}' % number for number in (1, 2)]
    data = b"\n".join([good[0], b'{"type"', b'{"type": "anders"}', good[1], b'{"type": "r'])

    first, bad, other, last, half = refused(library, data)

    assert (first, last) == ("1", "2")
    assert bad.startswith("MalformedMessage: JSON text (line 2")
    assert other.startswith("UnsupportedMessage: no mapping accepts this JSON object with the keys type")
    assert half.startswith("MalformedMessage: line (line 5, byte")
    assert [*refused(library, b'{"type": "rit", "ritnummer": "3"}')] == ["3"]


def test_the_place_in_ndjson_is_of_the_whole_stream(tmp_path: Path) -> None:
    library = written(tmp_path, resource('language: "{{ ritnummer }}"'), head=NDJSON)
    line = b'{"type": "rit", "ritnummer": "1"}\n'

    found = list(run(library, line * 3, received_at=RECEIVED))

    assert [sources(one, "Patient.language") for one in found] == [[("/ritnummer", n)] for n in (1, 2, 3)]


def test_a_line_that_is_fhir_passes_as_it_came(tmp_path: Path) -> None:
    library = written(tmp_path, resource("active: true"), head=NDJSON)
    line = b'{"resourceType": "Patient", "id": "a"}\n'

    assert [found.mapping for found in run(library, line * 2, received_at=RECEIVED)] == ["fhir", "fhir"]


def test_two_mappings_of_one_message_are_an_error(tmp_path: Path) -> None:
    written(tmp_path, EACH, head=JSON, name="first")
    library = written(tmp_path, EACH, head=JSON.replace("afdeling.exists()", "afdeling.code = 'SEH'"), name="second")

    library.check()
    with pytest.raises(BadMapping, match="json/first and json/second both accept this JSON object"):
        one(library, MESSAGE)
    assert "json/first accepts the same messages: afdeling.code 'SEH'" in " ".join(map(str, library.problems.issues))


def test_mappings_that_ask_for_other_things_do_not_overlap(tmp_path: Path) -> None:
    written(tmp_path, EACH, head=JSON, name="first")
    library = written(tmp_path, EACH, head=JSON.replace("afdeling.exists()", "type = 'rit'"), name="second")
    written(tmp_path, resource("active: true"), head=XML, name="first")
    library = written(tmp_path, resource("active: true"), head=XML.replace("urn:x", "urn:y"), name="second")

    library.check()

    assert [i for i in library.problems.issues if i.code == "ambiguous-mapping"] == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{format: json}", "'when' is missing"),
        ("{format: xml}", "'root' is missing"),
        ("{format: json, when: a, root: x}", "'root' says nothing of json"),
        ("{format: xml, root: a, columns: [b]}", "'columns' says nothing of xml"),
        ("{format: xml, root: a, namespaces: x}", "'namespaces' must be an object"),
        ("{format: json, when: a, array: ja}", "'array' must be true or false"),
        ("{format: json, when: a, control: 'b.toDat()'}", "no function 'toDat'"),
        ("{format: hl7v2, when: \"MSH-9 = 'ADT'\", control: x}", "'control' says nothing of hl7v2"),
    ],
)
def test_what_is_wrong_with_a_source_is_told_at_load(tmp_path: Path, source: str, told: str) -> None:
    library = written(tmp_path, resource("active: true"), head=f"{URL}source: {source}\n")

    library.check()

    assert told in " ".join(map(str, library.problems.issues))


# ---- FHIR of another shape


BUNDLE = """{"resourceType": "Bundle", "type": "collection", "entry": [
 {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Location", "id": "a", "name": "A",
  "identifier": [{"system": "s", "value": "1"}],
  "extension": [{"url": "u", "valueCode": "x"}, {"url": "v", "valueQuantity": {"value": 1.50}}]}}]}"""

RESHAPE = """let:
  place: "%message.entry.resource.where(resourceType = 'Location').first()"
emit:
  - resourceType: Location
    id: "{{ id('plek', place.id) }}"
    identifier: "{[ place.identifier ]}"
    name: "{{ place.extension('u').value }}"
    description: "{{ place.extension.where(url = 'v').valueQuantity.value.toString() }}"
    status: active
"""


def test_fhir_passes_as_it_came_unless_the_provider_asks(tmp_path: Path) -> None:
    overlay = "provider: vendor\nreshape: [fhir/written]\n"
    library = written(tmp_path, RESHAPE, head=FHIR, files={"providers/vendor.yaml": overlay})
    library.check()

    plain = one(library, BUNDLE)
    shaped = one(library, BUNDLE, provider="vendor")
    other = one(library, BUNDLE.replace("collection", "transaction"), provider="vendor")

    assert (plain.mapping, other.mapping, shaped.mapping) == ("fhir", "fhir", "fhir/written")
    (made,) = (r for r, _, _ in shaped.resources)
    assert made["identifier"] == [{"system": "s", "value": "1"}]
    assert (made["name"], made["description"]) == ("x", "1.50")
    assert traced(library, shaped, "vendor") == [made]
    assert sources(shaped, "Location.name") == [("/entry/0/resource/extension/0/valueCode", 4)]
    assert ("/entry/0/resource/identifier/0/value", 3) in sources(shaped, "Location.identifier[0].value")
    assert [str(i) for i in library.problems.issues] == []


def test_a_list_of_resources_that_is_kept_as_one_says_so(tmp_path: Path) -> None:
    library = written(tmp_path, RESHAPE, head=FHIR, files={"providers/vendor.yaml": "provider: vendor\n"})

    (found,) = one(library, BUNDLE).issues

    assert (found.code, found.severity, found.place and found.place.path) == ("unread-field", "warning", "/type")
    assert "cannot be found by itself" in found.diagnostics
    for kind in ("transaction", "document"):
        assert one(library, BUNDLE.replace("collection", kind)).issues == []


def test_a_reshaping_that_there_is_not_is_told_at_load(tmp_path: Path) -> None:
    overlay = "provider: vendor\nreshape: [fhir/writen]\n"
    library = written(tmp_path, RESHAPE, head=FHIR, files={"providers/vendor.yaml": overlay})

    library.check()

    assert "no mapping of FHIR is called 'fhir/writen'; did you mean 'fhir/written'?" in str(library.problems.issues[0])


def test_fhir_xml_is_reshaped_as_well(tmp_path: Path) -> None:
    library = written(
        tmp_path, RESHAPE, head=FHIR, files={"providers/vendor.yaml": "provider: vendor\nreshape: fhir/written\n"}
    )
    message = (
        '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><resource><Location>\n<id value="a"/>'
        '<extension url="u"><valueCode value="x"/></extension></Location></resource></entry></Bundle>'
    )

    shaped = one(library, message, provider="vendor")

    assert [r["name"] for r, _, _ in shaped.resources] == ["x"]
    ((path, line),) = sources(shaped, "Location.name")
    assert line == 2
    assert "valueCode" in path


@pytest.mark.parametrize("data", [b'{"a": ', b"[", b"<a", b'{"resourceType": 1}', b'{"a": NaN}'])
def test_what_is_malformed_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises((MalformedMessage, UnsupportedMessage)):
        list(run(written(tmp_path, EACH, head=JSON), data, received_at=RECEIVED))


class Stream:
    """A stream of so many lines, none of which is held."""

    def __init__(self, count: int) -> None:
        self.left = count

    def readline(self, limit: int = -1) -> bytes:
        del limit
        self.left -= 1
        return (
            b'{"type": "rit", "ritnummer": "%d", "tekst": "%s"}\n' % (self.left, b"x" * 10_000)
            if self.left >= 0
            else b""
        )


def test_a_long_stream_takes_no_more_memory_than_a_line(tmp_path: Path) -> None:
    library = written(tmp_path, resource('language: "{{ ritnummer }}"'), head=NDJSON)
    taken = 0
    tracemalloc.start()
    try:
        for found in run_lines(library, cast("BinaryIO", Stream(2000)), received_at=RECEIVED):
            taken += len(found.resources)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert taken == 2000
    assert peak < 5_000_000  # of twenty million bytes
