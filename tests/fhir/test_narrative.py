"""Narratives that came from elsewhere can be shown, and say all that they said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.fhir.narrative import ATTRIBUTES, ELEMENTS, XHTML, from_cda, sanitise
from gateway.fhir.narrative.allowed import is_address, style
from gateway.fhirpath.runtime.narrative import allowed
from gateway.validation.narrative import faults

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CDA_NAMES = (
    "paragraph list item table thead tbody tr td th caption content br linkHtml renderMultiMedia footnote sub sup odd"
)
_texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
_names = st.sampled_from([*sorted(ELEMENTS), "u", "font", "form", "section", "blink", "input", "button"])
_attributes = st.dictionaries(
    st.sampled_from(["onclick", "onload", "style", "href", "src", "class", "id", "title", "formaction", "colspan"]),
    st.sampled_from(
        [
            "javascript:x()",
            "JaVa\tscript:x",
            "data:text/html,x",
            "color: red",
            "background: url(//x)",
            "#a",
            "//x",
            "12",
        ]
    ),
    max_size=3,
)


@st.composite
def _trees(draw: st.DrawFn, names: st.SearchStrategy[str] = _names, depth: int = 4) -> etree._Element:
    element = etree.Element(draw(names), draw(_attributes))
    element.text = draw(_texts)
    for child in draw(st.lists(_trees(names, depth - 1), max_size=2)) if depth else []:
        child.tail = draw(_texts)
        element.append(child)
    if draw(st.booleans()):
        element.append(etree.Comment("no text"))
        element[-1].tail = draw(_texts)
    return element


def _spoken(element: etree._Element) -> str:
    """Return the text of an element, without its comments."""
    return "".join(str(text) for text in element.itertext(tag="*"))


def _check(made: str) -> etree._Element:
    """Return the narrative as a tree, when it is what FHIR allows."""
    assert faults(made) == []
    assert allowed(made)
    root = etree.fromstring(made)
    for element in root.iter():
        name = etree.QName(element)
        assert name.namespace == XHTML
        assert set(element.attrib) <= ATTRIBUTES[name.localname] | {_XML_LANG}
    return root


@given(_trees())
def test_any_markup_becomes_a_narrative_and_keeps_its_text(tree: etree._Element) -> None:
    made = sanitise(etree.tostring(tree, encoding="unicode"))

    text = _spoken(tree)
    if not made:
        assert not text.strip()
        return
    spoken = _spoken(_check(made))
    assert spoken == text


@given(st.text(max_size=200))
def test_any_text_becomes_a_narrative_or_nothing(text: str) -> None:
    made = sanitise(text)

    assert not made or _check(made) is not None


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<b ", "<!--", "-->", "<script>", "]]>", "&nbsp;", "&x;", "&#1;", "&#xFFFE;", "a", "'", ">"]
        )
    )
)
def test_any_soup_becomes_a_narrative_or_nothing(parts: list[str]) -> None:
    made = sanitise("".join(parts))

    assert not made or _check(made) is not None


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ('<p onclick="x()">Zie <b>hier</b></p>', "<p>Zie <b>hier</b></p>"),
        ("<p>a<script>x()</script>b<style>p{}</style>c</p>", "<p>abc</p>"),
        ('<a href="javascript:x()">k</a>', "<a>k</a>"),
        ('<a href=" java\u200bscript:x()">k</a>', "<a>k</a>"),
        ('<a href="data:text/html,x">k</a>', "<a>k</a>"),
        ('<a href="//elders.example/x">k</a>', "<a>k</a>"),
        ('<a href="https://elders.example/x">k</a>', '<a href="https://elders.example/x">k</a>'),
        ('<a href="#noot1">k</a>', '<a href="#noot1">k</a>'),
        ('<p style="color: red; background: url(//x); display: none">a</p>', '<p style="color: red">a</p>'),
        ('<p style="width: expression(x())">a</p>', "<p>a</p>"),
        ('<p style="co\\6cor: red">a</p>', "<p>a</p>"),
        ('<p>a<img src="https://elders.example/i.png" alt="longfoto"/></p>', "<p>alongfoto</p>"),
        ('<img src="data:image/png;base64,AAAA" alt="x"/>', '<img src="data:image/png;base64,AAAA" alt="x"/>'),
        ('<img src="data:image/svg+xml;base64,AAAA" alt="x"/>', "x"),
        (
            "<form action='/x'>Naam <input value='q'/> <button>Stuur</button></form>",
            "<div>Naam  <span>Stuur</span></div>",
        ),
        ("a<iframe src='/x'>b</iframe>c", "ac"),
        ("<p>a<!-- b -->c<?php d ?>e</p>", "<p>ace</p>"),
        ("<p>Niet <s>10 mg</s></p>", '<p>Niet <span style="text-decoration: line-through">10 mg</span></p>'),
        ("<p title='x&#1;y'>a&#1;&#xFFFE;b<br>c", '<p title="xy">ab<br/>c</p>'),
        (
            "<p title='&lt;script&gt;&quot;&amp;'>a&#13;&lt;b&gt;",
            '<p title="&lt;script&gt;&quot;&amp;">a&#13;&lt;b&gt;</p>',
        ),
        ("<p>caf&eacute;&nbsp;&euro;<br>b", "<p>café\u00a0€<br/>b</p>"),
        ("<html><head><title>t</title></head><body><div>a</div></body></html>", "a"),
        ("koorts &lt; 38 en pijn", "koorts &lt; 38 en pijn"),
        ("<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script><text>y</text></svg>", "y"),
        ("<table><tr><td></td><td>1</td></tr></table>", "<table><tr><td></td><td>1</td></tr></table>"),
    ],
)
def test_what_becomes_of_what_may_not_be_there(sent: str, shown: str) -> None:
    made = sanitise(sent)

    assert made == f'<div xmlns="{XHTML}">{shown}</div>'
    _check(made)


def test_a_div_stays_the_div_and_keeps_its_language() -> None:
    made = sanitise(f'<div xmlns="{XHTML}" xml:lang="nl" lang="nl" onfocus="x()"><p>a</p></div>')

    assert made == f'<div xmlns="{XHTML}" xml:lang="nl" lang="nl"><p>a</p></div>'


@pytest.mark.parametrize("sent", ["", " \n ", "<p> </p>", "<script>x</script>", "<!-- a -->", "\x00"])
def test_what_shows_nothing_is_no_narrative(sent: str) -> None:
    assert sanitise(sent) == ""


def test_an_entity_of_a_document_type_is_not_read() -> None:
    made = sanitise('<!DOCTYPE div [<!ENTITY x SYSTEM "file:///etc/hostname">]><div>&x;</div>')

    assert "&amp;x;" in made


def test_what_is_nested_too_deep_keeps_its_text() -> None:
    made = sanitise("<div>" + "<b>" * 5000 + "a" + "</b>" * 5000 + "</div>")

    assert not made or "a" in _spoken(_check(made))
    assert "tekst" in _spoken(_check(sanitise("<i>" * 100 + "tekst" + "</i>" * 100)))


# ---- the text of a CDA section

_CDA = """<text xmlns="urn:hl7-org:v3"><paragraph ID="p1">Geen <content styleCode="Bold">koorts</content>, wel
<content styleCode="Bold Italics">pijn</content><br/>H<sub>2</sub>O</paragraph><!-- weg -->
<list listType="ordered" styleCode="LittleRoman"><caption>Plan</caption><item>Rust</item><item>Drinken</item></list>
<table border="1" onclick="x()"><caption>Waarden</caption><thead><tr><th>Wat</th><th>Hoeveel</th></tr></thead>
<tbody><tr><td styleCode="Rrule" colspan="1">CRP</td><td>12<footnote ID="f1">nuchter</footnote></td>
</tr></tbody></table>
<linkHtml href="https://www.thuisarts.nl/koorts">lees</linkHtml> <linkHtml href="javascript:x()">niet</linkHtml>
<renderMultiMedia referencedObject="MM1"><caption>Foto van de wond</caption></renderMultiMedia>
<renderMultiMedia referencedObject="MM2"/><content revised="delete">aspirine</content> slot</text>"""


def test_the_text_of_a_section_keeps_its_words_and_its_shape() -> None:
    made = from_cda(etree.fromstring(_CDA))

    root = _check(made)
    assert '<p id="p1">Geen <b>koorts</b>' in made
    assert '<span style="font-weight: bold; font-style: italic">pijn</span><br/>H<sub>2</sub>O</p>' in made
    assert '<ol style="list-style-type: lower-roman"><li style="list-style-type: none"><b>Plan</b></li><li>Rust' in made
    assert '<table border="1"><caption>Waarden</caption><thead>' in made
    assert '<td colspan="1" style="border-right: 1px solid">CRP</td>' in made
    assert '12<span id="f1" class="footnote"> [nuchter]</span>' in made
    assert '<a href="https://www.thuisarts.nl/koorts">lees</a> <span>niet</span>' in made
    assert '<span class="media">[Foto van de wond]</span>' in made
    assert '<span class="media">[MM2]</span>' in made
    assert '<span style="text-decoration: line-through">aspirine</span> slot' in made
    assert "weg" not in _spoken(root)


_hostile = st.text(st.sampled_from("a<>&\"'\t\n\r]/é\u2028"), min_size=1, max_size=8)


@given(_hostile, _hostile)
def test_texts_and_attributes_are_written_as_the_parser_writes_them(text: str, title: str) -> None:
    source, expected = etree.Element("text"), etree.Element("div", {"xmlns": XHTML})
    for tree, name, id_ in ((source, "item", "ID"), (expected, "li", "id")):
        etree.SubElement(tree, name, {id_: f"x{title}"}).text = f"x{text}"
        tree[0].tail = text

    made = from_cda(source)

    assert made == etree.tostring(expected, encoding="unicode")
    _check(made)


@given(_trees(st.sampled_from(_CDA_NAMES.split())))
def test_no_text_of_a_section_is_lost(tree: etree._Element) -> None:
    made = from_cda(tree)

    if not made:
        assert not _spoken(tree).strip()
        return
    rest = _spoken(_check(made))
    for text in filter(None, tree.itertext(tag="*")):
        before, found, rest = rest.partition(str(text))
        assert found == text, before


_attacks = st.sampled_from(
    [
        '"><script>x()</script>', "javascript:x()", "java\u200bscript:x()", "//elders.example/x", "' onclick='x()",
        "data:text/html,x", "bold;background:url(//x)", "expression(x())", "#a", "Bold", "&#34;><b>", "]]>",
    ]
)  # fmt: skip
_places = st.sampled_from(
    ["ID", "id", "IDREF", "href", "name", "referencedObject", "styleCode", "style", "class", "language", "lang",
     "onclick", "listType", "revised", "colspan", "src", "title", "xmlns_", "{urn:x}href", "{http://www.w3.org/1999/xlink}href"]
)  # fmt: skip
_elements = st.sampled_from(
    [*_CDA_NAMES.split(), "footnoteRef", "script", "style", "img", "a", "iframe", f"{{{XHTML}}}script"]
)


@given(st.lists(st.tuples(_elements, st.dictionaries(_places, _attacks, max_size=4), _attacks), max_size=6))
def test_nothing_that_is_sent_in_a_section_becomes_markup(parts: list[tuple[str, dict[str, str], str]]) -> None:
    source = inner = etree.Element("text")
    for name, attributes, text in parts:
        inner = etree.SubElement(inner, name, attributes)
        inner.text = inner.tail = text

    made = from_cda(source)

    root = _check(made) if made else source
    for element in root.iter() if made else ():
        assert etree.QName(element).localname not in {"script", "style", "iframe", "img"}
        assert not any(name.startswith("on") for name in map(str, element.attrib))
        assert is_address(element.get("href", "#"))
        assert style(element.get("style", "")) == element.get("style", "")
    assert all(text in _spoken(root) for *_, text in parts)
