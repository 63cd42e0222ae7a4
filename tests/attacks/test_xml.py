"""Bad inputs 1 to 13: XML that is hostile, broken, or not FHIR, at every door that reads FHIR XML."""

import base64
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.target import BSN, BSN_SYSTEM, FAMILY, JSON, SECRETS, Attack, Target, cases, check_refused

pytestmark = pytest.mark.slow

XML = "application/fhir+xml"
FHIR = 'xmlns="http://hl7.org/fhir"'
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'
IDENTIFIER = f'<identifier><system value="{BSN_SYSTEM}"/><value value="{BSN}"/></identifier>'
NAME = f'<name><family value="{FAMILY}"/></name>'


def document(
    inner: str = "", *, before: str = "", after: str = "", root: str = f"Patient {FHIR}", text: str = ""
) -> bytes:
    """Return a patient nobody else may hear of, with something put in before or behind what is known of them."""
    return f"{before}<{root}>{text}{IDENTIFIER}{NAME}{inner}</{root.split(maxsplit=1)[0]}>{after}".encode()


def declared(entities: str, use: str = "&x;") -> bytes:
    """Return a patient whose language is an entity of its document type."""
    return document(f'<gender value="{use}"/>', before=f"<!DOCTYPE Patient [{entities}]>")


def narrating(content: str) -> bytes:
    return document(text=f'<text><status value="generated"/>{DIV}{content}</div></text>')


def nested(levels: int) -> bytes:
    inner = '<extension url="urn:u">' * levels + '<valueCode value="a"/>' + "</extension>" * levels
    return document(text=inner)


LAUGHS = "<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
QUADRATIC = f"<!ENTITY x '{'a' * 50_000}'>"
WIDE = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/hostname">]><p>&x;</p>'

REFUSED = [
    Attack(
        1, "external-entity-of-a-file", 400, "document type", body=declared('<!ENTITY x SYSTEM "file:///etc/hostname">')
    ),
    Attack(
        3,
        "external-dtd",
        400,
        "document type",
        body=document(before='<!DOCTYPE Patient SYSTEM "http://127.0.0.1:9/x.dtd">'),
    ),
    Attack(
        4,
        "parameter-entity",
        400,
        "document type",
        body=declared('<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;', "a"),
    ),
    Attack(5, "billion-laughs", 400, "document type", body=declared(LAUGHS, "&a9;")),
    Attack(6, "quadratic-blow-up", 400, "document type", body=declared(QUADRATIC, "&x;" * 50_000)),
    Attack(7, "any-document-type", 400, "document type", body=document(before="<!DOCTYPE Patient>")),
    Attack(7, "document-type-of-html", 400, "document type", body=document(before="<!DOCTYPE html>")),
    Attack(7, "entity-of-nobody", 400, "well-formed", body=document("<gender value='&x;'/>")),
    Attack(
        8,
        "xinclude",
        400,
        "another namespace",
        body=document('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>'),
    ),
    Attack(
        8,
        "xinclude-in-an-element",
        400,
        "another namespace",
        body=document('<contact><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="x"/></contact>'),
    ),
    Attack(
        9, "instruction-in-the-resource", 400, "processing instruction", body=document("<?xml-stylesheet href='x'?>")
    ),
    Attack(10, "20000-levels", 400, "nested deeper than 64", body=nested(20_000)),
    Attack(10, "33-levels", 400, "nested deeper than 64", body=nested(33)),
    Attack(
        10,
        "20000-levels-never-closed",
        400,
        "nested deeper than 64",
        body=f"<Patient {FHIR}>".encode() + b'<extension url="u">' * 20_000,
    ),
    Attack(
        10, "20000-levels-of-narrative", 400, "nested deeper than", body=narrating("<b>" * 20_000 + "</b>" * 20_000)
    ),
    Attack(10, "20000-levels-of-what-is-unknown", 400, "no element", body=document("<x>" * 20_000 + "</x>" * 20_000)),
    Attack(11, "utf-16-with-a-document-type", 400, "document type", body=WIDE.encode("utf-16")),
    Attack(11, "utf-16-without-a-mark", 400, "well-formed|UTF-8", body=WIDE.encode("utf-16-le")),
    Attack(
        11,
        "utf-7",
        400,
        "character set",
        body=b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4APA-Patient/+AD4-',
    ),
    Attack(11, "utf-32", 400, "UTF-32", body=document().decode().encode("utf-32")),
    Attack(11, "ebcdic", 400, "UTF-8", body=document(before='<?xml version="1.0"?>').decode().encode("cp500")),
    Attack(
        11,
        "two-character-sets",
        400,
        "another character set",
        body=document(before='<?xml version="1.0" encoding="iso-8859-1"?>'),
        headers={"Content-Type": f"{XML}; charset=utf-8"},
    ),
    Attack(
        11,
        "latin-1-undeclared",
        400,
        "not UTF-8",
        body='<Patient xmlns="http://hl7.org/fhir"><id value="é"/></Patient>'.encode("latin-1"),
    ),
    Attack(12, "no-namespace", 400, "namespace", body=document(root="Patient")),
    Attack(12, "wrong-namespace", 400, "namespace", body=document(root='Patient xmlns="urn:hl7-org:v3"')),
    Attack(12, "namespace-nearly-right", 400, "namespace", body=document(root='Patient xmlns="http://hl7.org/fhir/"')),
    Attack(
        12,
        "element-of-another-namespace",
        400,
        "another namespace",
        body=document('<gender xmlns="urn:x" value="male"/>'),
    ),
    Attack(
        12,
        "the-prefix-bound-again",
        400,
        "another namespace",
        body=b'<f:Patient xmlns:f="http://hl7.org/fhir"><f:name xmlns:f="urn:x"/></f:Patient>',
    ),
    Attack(12, "prefix-of-nobody", 400, "well-formed", body=document("<x:gender value='male'/>")),
    Attack(
        12,
        "attribute-of-another-namespace",
        400,
        "no attribute",
        body=document('<gender xmlns:x="urn:x" value="male" x:value="female"/>'),
    ),
    Attack(12, "root-of-another-kind", 400, "resource type", body=f"<script {FHIR}>{FAMILY}</script>".encode()),
    Attack(12, "root-is-a-datatype", 400, "resource type", body=f"<HumanName {FHIR}/>".encode()),
    Attack(12, "another-resource", 400, "must be a Patient", body=f"<Binary {FHIR}/>".encode()),
    Attack(13, "not-closed", 400, "well-formed", body=document()[:-4]),
    Attack(13, "two-roots", 400, "well-formed", body=document(after=document().decode())),
    Attack(13, "attribute-twice", 400, "well-formed", body=document('<gender value="male" value="female"/>')),
    Attack(13, "nul", 400, "well-formed", body=document("<gender value='\0'/>")),
    Attack(13, "nul-by-number", 400, "well-formed", body=document("<gender value='&#0;'/>")),
    Attack(13, "half-a-surrogate", 400, "well-formed", body=document("<gender value='&#xD800;'/>")),
    Attack(13, "nothing", 400, "well-formed", body=b" "),
    Attack(
        13,
        "element-twice",
        400,
        "gender is one too many",
        body=document('<gender value="male"/><gender value="female"/>'),
    ),
    Attack(13, "id-twice", 400, "id is one too many", body=document(text='<id value="a"/><id value="b"/>')),
    Attack(
        13,
        "two-of-a-choice",
        400,
        "one too many",
        body=document('<deceasedBoolean value="false"/><deceasedDateTime value="2026"/>'),
    ),
    Attack(13, "value-in-text", 400, "text stands between", body=document(f"<gender>{FAMILY}</gender>")),
    Attack(13, "value-in-cdata", 400, "text stands between", body=document("<gender><![CDATA[male]]></gender>")),
    Attack(
        13, "value-split-by-a-comment", 400, "text stands between", body=document("<gender>ma<!-- x -->le</gender>")
    ),
    Attack(
        13,
        "1000000-digits",
        400,
        "not a integer|not an integer",
        body=document(f'<multipleBirthInteger value="{"7" * 1000000}"/>'),
    ),
    Attack(
        13,
        "resource-twice-in-contained",
        400,
        "one resource",
        body=document(text="<contained><Basic/><Basic/></contained>"),
    ),
    Attack(13, "narrative-with-a-script", 422, "script", body=narrating("<script>x()</script>")),
    Attack(13, "narrative-with-an-event-handler", 422, "event handler", body=narrating('<p onclick="x()">a</p>')),
    Attack(13, "narrative-with-cdata", 422, "CDATA", body=narrating("<![CDATA[<p></p><script>x()</script>]]>")),
    Attack(
        13, "narrative-with-a-comment-that-ends-early", 422, "comment", body=narrating("a<!--><script>x()</script>-->")
    ),
]


@pytest.mark.parametrize("attack", cases(REFUSED))
def test_it_is_refused_and_nothing_is_left(target: Target, attack: Attack) -> None:
    before = target.rows()
    attack = replace(attack, headers={"Content-Type": XML, "Accept": JSON, **attack.headers})

    answer = target.send(*attack.request)

    check_refused(answer, attack.status, attack.says)
    assert target.rows() == before


@pytest.mark.parametrize("attack", cases(a for a in REFUSED if a.number in {1, 5, 7, 11} and not a.headers))
def test_the_door_for_messages_refuses_it_too(target: Target, attack: Attack) -> None:
    before = target.rows()
    body = attack.body() if callable(attack.body) else attack.body

    answer = target.send("POST", "/ingest/dev", body, {"Content-Type": XML, "Accept": JSON})

    assert answer.status in {400, 415}, answer.text
    assert not any(secret in answer.text for secret in SECRETS)
    assert target.rows() == before


@pytest.mark.threat(2, 3, 9)
def test_nobody_is_called(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        address = f"http://127.0.0.1:{canary.getsockname()[1]}/x"
        for body in (
            declared(f'<!ENTITY x SYSTEM "{address}">'),
            document(before=f'<!DOCTYPE Patient SYSTEM "{address}">'),
            document(before=f'<?xml-stylesheet href="{address}"?>'),
            document(root=f'Patient {FHIR} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                          f'xsi:schemaLocation="http://hl7.org/fhir {address}"'),
        ):  # fmt: skip
            target.send("POST", "/fhir/Patient", body, {"Content-Type": XML})
        with pytest.raises(BlockingIOError):
            canary.accept()


def test_a_huge_attribute_comes_back_whole(target: Target) -> None:
    data = base64.b64encode(b"a" * 6_000_000).decode()
    body = f'<Binary {FHIR}><contentType value="text/plain"/><data value="{data}"/></Binary>'

    answer = target.send("POST", "/fhir/Binary", body.encode(), {"Content-Type": XML})

    assert answer.status == 201
    assert f'<data value="{data}"/>' in answer.text


def test_many_attributes_and_elements_are_answered_soon(target: Target) -> None:
    many = " ".join(f'a{n}="x"' for n in range(20_000))
    attributes = target.send(
        "POST", "/fhir/Patient", document(f"<gender {many}/>"), {"Content-Type": XML, "Accept": JSON}
    )
    elements = target.send("POST", "/fhir/Patient", document("<x/>" * 50_000), {"Content-Type": XML, "Accept": JSON})

    for answer in (attributes, elements):
        assert answer.status == 400
        assert len(answer.json()["issue"]) <= 100


def test_what_is_shown_of_a_narrative_is_what_was_put(target: Target) -> None:
    """A comment before and a comment within the narrative hide nothing and move nothing."""
    body = document(text=f'<text><status value="generated"/><!-- a -->{DIV}a<!-- <p>b</p> -->c</div></text>')

    answer = target.send("POST", "/fhir/Patient", body, {"Content-Type": XML, "Accept": JSON})

    assert answer.status == 201
    assert answer.json()["text"]["div"] == f"{DIV}a<!-- <p>b</p> -->c</div>"


def test_no_document_of_the_project_is_needed_to_read_xml() -> None:
    """No schema, catalogue or DTD is shipped: nothing can be looked up, on disk or elsewhere."""
    profiles = Path(__file__).parents[2] / "profiles"

    assert not [path for path in profiles.rglob("*") if path.suffix in {".xsd", ".dtd", ".ent"}]


@pytest.mark.threat(5, 6, 10)
@pytest.mark.parametrize(
    "attack", [each for each in REFUSED if each.number in {5, 6} or each.name == "20000-levels"], ids=str
)
def test_it_takes_little_room(target: Target, attack: Attack) -> None:
    with target.in_little_room(100_000_000):
        for door in ("/fhir/Patient", "/ingest/dev"):
            assert target.send("POST", door, attack.request[2], {"Content-Type": XML}).status in {400, 415}
