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
_NONE: Mapping[str, str] = MappingProxyType({})
_COMMENT = ("", 0)  # nothing is made of it, and nothing was begun
_EVENTS = ("start", "end", "comment", "pi")
_IN_ATTRIBUTES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


class Made(NamedTuple):
    """What an element becomes: what is written before and after what is in it, and in how many elements that stands.

    `shows`: something can be seen of it, whatever is in it. `words`: `begin` and `end` without their tags.
    """

    begin: str = ""
    end: str = ""
    levels: int = 0
    shows: bool = False
    words: tuple[str, str] = ("", "")


NOTHING = Made()
"""Only what is in the element stays."""

Chosen = Callable[[etree._Element], Made | None]  # noqa: SLF001 - lxml's only name for it
"""Says what an element becomes; None: it goes, with everything in it."""


def made(tag: str, attributes: Mapping[str, str] = _NONE, before: str = "", after: str = "") -> Made:
    """Return that it becomes an element, with some text in that before and after what is in it."""
    begin = _BEGIN[tag] + _written(attributes) if attributes else _BEGIN[tag]
    if tag in VOID:
        return Made(f"{begin}/>", "", 1, shows=tag == "img")
    if not before and not after:
        return Made(f"{begin}>", _END[tag], 1)
    words = text(before, after)
    return Made(f"{begin}>{words.begin}", words.end + _END[tag], 1, words.shows, words.words)


def text(before: str, after: str = "") -> Made:
    """Return that only what is in it stays, with some text before and after it."""
    words = (_escaped(before), _escaped(after))
    return Made(*words, 0, bool(before.strip() or after.strip()), words)


def within(outer: Made, inner: Made) -> Made:
    """Return that it becomes an element in an element, neither with text."""
    return Made(outer.begin + inner.begin, inner.end + outer.end, outer.levels + inner.levels)


class Rebuilt:
    """A `div` under construction; `attributes` are its own.

    Tags and texts take turns, so that all texts can be looked at together: there is seldom anything to escape.
    """

    def __init__(self) -> None:
        self.attributes: Mapping[str, str] = {}
        self._tags: list[str] = []
        self._texts: list[str] = []  # what follows each of the tags
        self._ends: list[tuple[str, int]] = []
        self._level = 1
        self._shows = False

    def say(self, text: str | None) -> None:
        """Add text where the narrative has come to."""
        self._tags.append("")
        self._texts.append(text or "")

    def add(self, source: etree._Element, chosen: Chosen) -> None:
        """Add what is in `source`; `source` itself has become the div."""
        tags, texts, ends = self._tags, self._texts, self._ends
        walk = etree.iterwalk(source, events=_EVENTS)
        next(walk)
        self._begin(NOTHING)
        self.say(source.text)
        for event, node in walk:
            if event == "start":
                became = chosen(node)
                tags.append(self._begin(became or NOTHING))
                texts.append(node.text or "" if became else "")
                if became is None:
                    walk.skip_subtree()
                continue
            end, levels = ends.pop() if event == "end" else _COMMENT
            self._level -= levels
            tags.append(end)
            texts.append(node.tail or "")
        texts[-1] = ""  # what follows the source is not in it

    def _begin(self, became: Made) -> str:
        begin, end, levels, shows, words = became
        if levels and self._level + levels > _DEEPEST:
            begin, end = words
            levels, shows = 0, bool(f"{begin}{end}".strip())
        if shows:
            self._shows = True
        self._level += levels
        self._ends.append((end, levels))
        return begin

    def written(self) -> str:
        """Return the div as text, or '' when it shows nothing: txt-2 forbids such a narrative."""
        said, texts = "".join(self._texts), self._texts
        if not self._shows and not said.strip():
            return ""
        if said != _escaped(said):
            texts = [_escaped(text) for text in texts]
        parts = [""] * (2 * len(texts))
        parts[::2], parts[1::2] = self._tags, texts
        return f'<div xmlns="{XHTML}"{_written(self.attributes)}>{"".join(parts)}</div>'


def _escaped(text: str) -> str:
    """Return a text as it must stand between tags."""
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
