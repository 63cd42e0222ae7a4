"""XML as a tree: names, texts and places, character sets, and what is never parsed."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedMessage, Place, TooLarge
from gateway.formats import xmltext, xmltree

CDA = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<v3:Brief xmlns:v3="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:s="urn:hl7-org:sdtc" id="b1">
  <v3:code code="R81" nullFlavor="OTH">Pneumonie</v3:code>
  <v3:naam>  van der <v3:deel>Meer</v3:deel> -
    Jansen </v3:naam><v3:leeg/><v3:leeg> </v3:leeg><v3:waarde xsi:type="PQ" value="5" xml:lang="nl"/>
  <v3:tekst><![CDATA[a < b & c]]> en meer</v3:tekst>
  <s:code>eigen</s:code>
  <v3:regel>1</v3:regel><v3:regel/><v3:regel>3</v3:regel>
</v3:Brief>
"""


def brief() -> xmltree.Node:
    return xmltree.parse(CDA).root


def test_children_and_attributes_are_found_by_local_name() -> None:
    root = brief()

    assert (root.name, root.namespace) == ("Brief", "urn:hl7-org:v3")
    assert root.named("id") == ("b1",)
    assert root.named("code") == ("Pneumonie", "eigen")
    assert root.named("{urn:hl7-org:v3}code") == ("Pneumonie",)
    assert root.named("{urn:hl7-org:sdtc}code") == ("eigen",)
    assert root.named("code")[0].named("code") == ("R81",)
    assert root.named("code")[0].named("@code") == ("R81",)
    assert root.named("code")[0].named("nullFlavor") == ("OTH",)
    assert root.named("nergens") == ()


_named = st.sampled_from(["a", "b", "n:a", "n:b", "xsi:type", "xml:lang", "a-b", "é"])


@given(
    st.lists(_named, max_size=3, unique=True),
    st.lists(st.tuples(_named, st.sampled_from(["", " ", "x"])), max_size=4),
    st.booleans(),
)
def test_what_has_a_name_is_found_whether_or_not_all_was_looked_at(
    attributes: list[str], children: list[tuple[str, str]], among_many: bool
) -> None:
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in children) + "<f>1</f>" * (9 if among_many else 0)
    outer = " ".join(
        [
            "<w",
            'xmlns:n="urn:n" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
            *(f'{name}="v"' for name in attributes),
        ]
    )
    sent = f"{outer}>{inner}</w>".encode()
    names = [
        "a",
        "b",
        "é",
        "a-b",
        "@a",
        "@b",
        "{urn:n}a",
        "{urn:n}b",
        "type",
        "xsi_type",
        "xml_lang",
        "lang",
        "xmlText",
        "c",
    ]
    looked_at = xmltree.parse(sent).root
    below = looked_at.below()

    for name in names:
        fresh = xmltree.parse(sent).root
        found = looked_at.named(name)
        assert [(str(node), node.name) for node in fresh.named(name)] == [(str(node), node.name) for node in found]
        assert name == "xmlText" or all(node in below for node in found)
    assert [node.name for node in below] == [node.name for node in xmltree.parse(sent).root.below()]


def test_an_element_is_the_text_in_it_in_the_order_of_the_document() -> None:
    root = brief()

    assert root.named("naam")[0] == "van der  -\n    Jansen"
    assert root.named("naam")[0].named("deel") == ("Meer",)
    assert root.named("tekst") == ("a < b & c en meer",)
    assert root.named("code")[0].named("xmlText") == ("Pneumonie",)


def test_an_element_with_nothing_in_it_is_not_there_but_counts() -> None:
    root = brief()

    assert root.named("leeg") == ()
    assert [str(node.place()) for node in root.named("regel")] == [
        "/Brief/regel[1] (line 10)",
        "/Brief/regel[3] (line 10)",
    ]


def test_attributes_of_the_schema_have_names_of_their_own() -> None:
    (value,) = brief().named("waarde")

    assert (value, value.named("xsi_type"), value.named("value"), value.named("xml_lang")) == (
        "",
        ("PQ",),
        ("5",),
        ("nl",),
    )


def test_places_are_paths_of_local_names_with_lines() -> None:
    root = brief()

    assert root.named("code")[0].named("code")[0].place() == Place("/Brief/code/@code", 5)
    assert root.named("naam")[0].place("voornaam") == Place("/Brief/naam/voornaam", 6)


def test_the_leaves_are_what_holds_text() -> None:
    document = xmltree.parse(b"<a x='1'><b/><c y=''>t<d>u</d></c></a>")

    assert [place.path for _, place in document.leaves()] == ["/a/@x", "/a/c", "/a/c/d"]


def test_of_an_envelope_the_message_is_what_it_carries() -> None:
    soap = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><a/></s:Header><s:Body>'
        b'<Bericht xmlns="urn:x"><a>1</a></Bericht></s:Body></s:Envelope>'
    )
    root = xmltree.parse(soap).root

    assert (root.name, root.named("a")) == ("Bericht", ("1",))
    assert root.named("a")[0].place().path == "/Envelope/Body/Bericht/a"


# ---- character sets


@pytest.mark.parametrize(
    ("data", "issues"),
    [
        ("<a>Café</a>".encode(), 0),
        ("\ufeff<a>Café</a>".encode(), 0),
        ("\ufeff<?xml version='1.0' encoding='utf-16'?>\n<a>Café</a>".encode("utf-16-le"), 0),
        ("\ufeff<a>Café</a>".encode("utf-16-be"), 0),
        ("<?xml version='1.0' encoding='utf-16'?><a>Café</a>".encode("utf-16-le"), 0),
        ("\ufeff<a>Café</a>".encode("utf-32-be"), 0),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>Café</a>".encode("latin-1"), 0),
        ("<?xml version='1.0' encoding='windows-1252'?><a>Café</a>".encode("cp1252"), 0),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>Café</a>".encode(), 1),
        ("<?xml version='1.0' encoding='utf-16'?><a>Café</a>".encode(), 1),
    ],
)
def test_the_text_is_read_in_its_character_set(data: bytes, issues: int) -> None:
    document = xmltree.parse(data)

    assert document.root == "Café"
    assert [issue.code for issue in document.issues] == ["charset"] * issues


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (
            "<?xml version='1.0' encoding='UTF-8'?>\n<a>Café</a>".encode("latin-1"),
            r"line 2, byte 45.*says utf-8, and the bytes are not",
        ),
        ("<a>Café</a>".encode("latin-1"), "declares no encoding is utf-8, and the bytes are not"),
        (b"<?xml version='1.0' encoding='EBCDIC-CP-NL'?><a/>", "not read here; send UTF-8"),
        (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "not read here; send UTF-8"),
        (b"<?xml version='1.0' encoding='hex'?><a/>", "not read here; send UTF-8"),
        (b"\xff\xfe<", "utf-16-le, and the bytes are not"),
    ],
)
def test_a_wrong_character_set_is_refused_by_name(data: bytes, what: str) -> None:
    with pytest.raises(MalformedMessage, match=what):
        xmltree.parse(data)


# ---- what is never parsed


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>'


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        '<?xml version="1.0"?>\n<!-- <a> -->\n<?style x?>\n' + BOMB,
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a PUBLIC "x" "http://127.0.0.1:9/x.dtd"><a/>',
        "<!doctype html><html/>",
        "<!DOCTYPE a><a/>",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_doctype_is_refused_in_every_character_set(text: str, codec: str) -> None:
    with pytest.raises(MalformedMessage, match="DOCTYPE"):
        xmltree.parse(text.encode(codec))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<a>&naam;</a>", "an entity is used that XML does not know"),
        (b"<a><Jansen></a>", "closed by a tag of another name"),
        (b"<a>", "ends within an element"),
        (b"<a/><b/>", "something after the last element"),
        (b"<a>1 & 2</a>", "stands by itself"),
        (b"<x:a/>", "no xmlns declares"),
        (b"<a b='1' b='2'/>", "an attribute twice"),
        (b"<a>\x01</a>", "not well-formed"),
        (b"<a>" * 257 + b"</a>" * 257, "nested deeper than 256"),
        (b"<a>" * 257 + b"x" * 10_000_000 + b"</a>" * 257, "nested deeper than 256"),
        (b"<a>" * 3000 + b"x" * 10_000_000 + b"</a>" * 3000, "nested deeper than 256"),
        (b"<a><Jansen", "a tag is not closed"),
        (b"<a b='Jansen", "ends within an element"),
        (b"<a><![CDATA[Jansen", "ends within an element"),
        (b"<a><!-- Jansen", "ends within an element"),
        (b"<a b=Jansen/>", "between quotes"),
        (b"<a b='1'c='2'/>", "no blank between"),
        (b"tekst", "not well-formed"),
    ],
)
def test_what_is_not_well_formed_is_refused_without_its_content(data: bytes, what: str) -> None:
    with pytest.raises(MalformedMessage, match=what) as caught:
        xmltree.parse(data)
    assert "Jansen" not in str(caught.value)
    assert "naam;" not in str(caught.value)


def test_a_text_may_be_as_long_as_a_document_in_base64() -> None:
    text = b"JVBE" * 3_400_000
    parsed = xmltree.parse(b"<a><b c='" + text + b"'>" + text + b"</b></a>").root

    assert len(parsed.named("b")[0]) == len(text)
    assert len(parsed.named("b")[0].named("c")[0]) == len(text)
    assert xmltree.parse(b"<a>" * 256 + text + b"</a>" * 256).root.name == "a"


def test_an_element_that_looks_like_a_doctype_in_text_is_text() -> None:
    assert xmltree.parse(b"<a><![CDATA[<!DOCTYPE a>]]></a>").root == "<!DOCTYPE a>"


def test_limits_are_kept_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="attributes"):
        xmltree.parse(b"<a " + b" ".join(b'x%d="1"' % n for n in range(2000)) + b"/>")
    monkeypatch.setattr(xmltext, "MAX_TAGS", 10)
    with pytest.raises(TooLarge, match="tags"):
        xmltree.parse(b"<a>" + b"<b/>" * 10 + b"</a>")
    monkeypatch.setattr(xmltext, "MAX_BYTES", 10)
    with pytest.raises(TooLarge, match="bytes"):
        xmltree.parse(b"<a>0123456789</a>")


PIECES = st.sampled_from(
    [b"<a>", b"</a>", b"<b c='1'/>", b"<!DOCTYPE a [", b"]>", b"&amp;", b"&x;", b"<![CDATA[",
      b"]]>", b"<!--", b"-->", b"t",
     b"<?xml version='1.0' encoding='", b"utf-16", b"'?>", b"\xff\xfe", b"\xe9", b"\x00", b"xmlns='urn:x'", b"<x:a>"]
)  # fmt: skip


@given(st.binary(max_size=120) | st.lists(PIECES, max_size=12).map(b"".join))
def test_any_bytes_are_a_tree_or_refused(data: bytes) -> None:
    try:
        document = xmltree.parse(data)
    except (MalformedMessage, TooLarge):
        return
    list(document.leaves())


@pytest.mark.parametrize(
    "data",
    [
        b" " * 3_000_000 + b"<a/>",
        b"<?xml " + b"a" * 3_000_000,
        b"<!--" + b"-" * 3_000_000,
        b"<?x " + b"?" * 3_000_000,
        b"<?xml version='1.0' " + b"encoding " * 300_000,
        b"<a b='" + b"<" * 300_000,
    ],
)
def test_no_text_takes_long_to_refuse(data: bytes) -> None:
    start = time.process_time()
    with contextlib.suppress(MalformedMessage, TooLarge):
        xmltree.parse(data)

    assert time.process_time() - start < 5


def test_places_of_many_siblings_are_counted_once() -> None:
    document = xmltree.parse(b"<a>" + b"<b>1</b>" * 30_000 + b"</a>")
    start = time.process_time()
    places = [place.path for _, place in document.leaves()]

    assert places[-1] == "/a/b[30000]"
    assert time.process_time() - start < 5
