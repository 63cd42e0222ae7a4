"""Writes the div of a narrative from another tree: nothing is taken over that was not chosen, no text is lost.

Tags and attributes come from tables of those that are allowed, and all else is escaped as it is written: there is no
way for what was sent to become markup.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from lxml import etree

from gateway.fhir.narrative.allowed import ATTRIBUTES, ELEMENTS, VOID, XHTML, XML_LANG

_DEEPEST = 48
"""So many elements stand in each other at most; what is deeper keeps its text. JSON readers allow 64 levels."""

_BEGIN = MappingProxyType({name: f"<{name}" for name in ELEMENTS})
_END = MappingProxyType({name: f"</{name}>" for name in ELEMENTS - VOID})
_NAMES = MappingProxyType(
    {name: f' {name}="' for names in ATTRIBUTES.values() for name in names} | {XML_LANG: ' xml:lang="'}
)
_EVENTS = ("start", "end", "comment", "pi")
_IN_ATTRIBUTES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


class Made(NamedTuple):
    """What an element becomes. `tag` None: only what is in it stays. `before`, `after`: text put around that."""

    tag: str | None = None
    attributes: Mapping[str, str] = MappingProxyType({})
    before: str = ""
    after: str = ""
    inner: str | None = None  # an element within this one, to hold what is in it


Chosen = Callable[[etree._Element], Made | None]  # noqa: SLF001 - lxml's only name for it
"""Says what an element becomes; None: it goes, with everything in it."""


class Rebuilt:
    """A `div` under construction; `attributes` are its own."""

    def __init__(self) -> None:
        self.attributes: Mapping[str, str] = {}
        self._written: list[str] = []
        self._open = ["</div>"]  # the end tags to come
        self._shows = False

    def add(self, source: etree._Element, chosen: Chosen) -> None:
        """Add what is in `source`; `source` itself has become the div."""
        self.say(source.text)
        for child in source:
            if isinstance(child.tag, str):
                self._add(child, chosen)
            self.say(child.tail)

    def _add(self, branch: etree._Element, chosen: Chosen) -> None:
        ends: list[tuple[int, str]] = []
        walk, say = etree.iterwalk(branch, events=_EVENTS), self.say
        for event, node in walk:
            if event == "start":
                made = chosen(node)
                if made is None:
                    ends.append((len(self._open), ""))
                    walk.skip_subtree()
                    continue
                ends.append((len(self._open), made.after))
                self._begin(made)
                say(node.text)
                continue
            if event == "end":
                self._finish(*ends.pop())
            if node is not branch:
                say(node.tail)

    def _begin(self, made: Made) -> None:
        if made.tag is not None:
            self._enter(made.tag, made.attributes)
        if made.inner is not None:
            self._enter(made.inner, {})
        self.say(made.before)

    def _enter(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            return
        begin = _BEGIN[tag] + _written(attributes) if attributes else _BEGIN[tag]
        if tag in VOID:
            self._written.append(begin + "/>")
            self._shows = self._shows or tag == "img"
        else:
            self._written.append(begin + ">")
            self._open.append(_END[tag])

    def _finish(self, depth: int, after: str) -> None:
        """Say what comes after an element, and close what was opened for it."""
        self.say(after)
        while len(self._open) > depth:
            self._written.append(self._open.pop())

    def say(self, text: str | None) -> None:
        """Add text where the narrative has come to."""
        if text:
            self._shows = self._shows or not text.isspace()
            self._written.append(_escaped(text))

    def written(self) -> str:
        """Return the div as text, or '' when it shows nothing: txt-2 forbids such a narrative."""
        if not self._shows:
            return ""
        return f'<div xmlns="{XHTML}"{_written(self.attributes)}>{"".join(self._written)}</div>'


def _escaped(text: str) -> str:
    """Return a text as it must stand between tags; there is seldom anything to do."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text.replace("\r", "&#13;") if "\r" in text else text


def _written(attributes: Mapping[str, str]) -> str:
    """Return attributes as they stand in a tag."""
    return "".join([f'{_NAMES[name]}{value.translate(_IN_ATTRIBUTES)}"' for name, value in attributes.items()])
