"""Whether the xhtml of a narrative is what FHIR allows and safe to show.

Elements and attributes are those of HTML 4 that txt-1 names; nothing in them can run, load or hide.
https://hl7.org/fhir/R4/narrative.html https://hl7.org/fhir/R4/security.html#narrative
"""

import re
from collections.abc import Iterator
from xml.parsers import expat

XHTML = "http://www.w3.org/1999/xhtml"

_ELEMENT_NAMES = """
div p br hr h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote
ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp kbd del ins sub sup
address center strike u s font bdo img map area
"""
_ATTRIBUTE_NAMES = """
xmlns title style class id lang xml:lang dir accesskey tabindex href name src alt border width height align valign
colspan rowspan headers scope abbr axis summary frame rules cellpadding cellspacing char charoff span start type value
compact cite datetime shape coords usemap nowrap bgcolor color size face clear noshade rel rev charset hreflang
longdesc ismap hspace vspace
"""
_ELEMENTS, _ATTRIBUTES = frozenset(_ELEMENT_NAMES.split()), frozenset(_ATTRIBUTE_NAMES.split())
_ADDRESSES = frozenset({"href", "src", "cite", "longdesc", "usemap"})
_SAFE_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:|cid:|#|[^:]*(?:[/?#]|$))", re.IGNORECASE)
_SAFE_IMAGE = re.compile(rf"data:|{_SAFE_ADDRESS.pattern}", re.IGNORECASE)  # what an image holds cannot run
_UNSAFE_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|javascript:|behavior\s*:|-moz-binding|\\", re.IGNORECASE)


class _Refused(Exception):
    """The markup holds a document type or an entity: reading stops there."""


def faults(xhtml: str) -> list[str]:
    """Return what is wrong with a narrative's `div`, each once; nothing when it can be shown as it is."""
    reader = _Reader()
    try:
        reader.read(xhtml)
    except expat.ExpatError as error:
        reader.say(f"the narrative is not well-formed xhtml: {_reason(error)} in line {error.lineno}")
    except _Refused as refusal:
        reader.say(str(refusal))
    return list(reader.found)


def _reason(error: expat.ExpatError) -> str:
    reason = expat.ErrorString(error.code)
    return (
        f"{reason} (only &amp; &lt; &gt; &quot; &apos; and &#…; are known)" if reason == "undefined entity" else reason
    )


class _Reader:
    """Reads the markup once and notes what may not be in it."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}
        self._depth = 0
        self._has_content = False
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._element
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.StartCdataSectionHandler = self._cdata
        self._parser.CommentHandler = self._comment

    def say(self, text: str) -> None:
        self.found[text] = None

    def read(self, xhtml: str) -> None:
        self._parser.Parse(xhtml.encode(), True)  # noqa: FBT003 - expat's own positional flag: this is the last part
        if not self._has_content:
            self.say("txt-2: the narrative has some content that is not white space")

    def _doctype(self, *_: object) -> None:
        raise _Refused("a narrative has no document type and no entities of its own")

    def _instruction(self, *_: object) -> None:
        self.say("a narrative has no processing instructions")

    def _cdata(self) -> None:
        self.say("a narrative has no CDATA sections: HTML takes them for markup")

    def _comment(self, text: str) -> None:
        if text.startswith((">", "->")):
            self.say("a comment in a narrative does not begin with > or ->: in HTML it ends there")

    def _text(self, text: str) -> None:
        self._has_content = self._has_content or not text.isspace()

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and (name != "div" or attributes.get("xmlns") != XHTML):
            self.say(f'a narrative is a <div xmlns="{XHTML}">')
        if name not in _ELEMENTS:
            self.say(
                f"txt-1: a narrative has no <{name}>" if name.isidentifier() else "txt-1: an element is not allowed"
            )
        self._has_content = self._has_content or name == "img"
        for text in _faults_of_attributes(attributes):
            self.say(text)

    def _end(self, _: str) -> None:
        self._depth -= 1


def _faults_of_attributes(attributes: dict[str, str]) -> Iterator[str]:
    for name, value in attributes.items():
        if name.lower().startswith("on"):
            yield f"a narrative has no event handlers such as {name}"
        elif name not in _ATTRIBUTES:
            yield f"txt-1: a narrative has no attribute {name}"
        elif name in _ADDRESSES and not (_SAFE_IMAGE if name == "src" else _SAFE_ADDRESS).match(_without_blanks(value)):
            yield f"{name} holds an address that could run something"
        elif name == "style" and _UNSAFE_STYLE.search(value):
            yield "a style may not load or run anything"


def _without_blanks(address: str) -> str:
    """Return an address as a browser reads it: white space and control characters in it are passed over."""
    return re.sub(r"[\x00-\x20]", "", address)
