"""Builds the div of a narrative from another tree: nothing is taken over that was not chosen, no text is lost."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple, cast

from lxml import etree

from gateway.fhir.narrative.allowed import VOID, XHTML

_DEEPEST = 48
"""So many elements stand in each other at most; what is deeper keeps its text. JSON readers allow 64 levels."""


_NAMESPACES = cast("dict[str, str]", {None: XHTML})  # lxml-stubs forget that None is the prefix of the default one


class Made(NamedTuple):
    """What an element becomes. `tag` None: only what is in it stays. `before`, `after`: text put around that."""

    tag: str | None = None
    attributes: Mapping[str, str] = {}
    before: str = ""
    after: str = ""
    inner: str | None = None  # an element within this one, to hold what is in it


Chosen = Callable[[etree._Element], Made | None]  # noqa: SLF001 - lxml's only name for it
"""Says what an element becomes; None: it goes, with everything in it."""


class Rebuilt:
    """A `div` under construction."""

    def __init__(self) -> None:
        self.root = etree.Element(f"{{{XHTML}}}div", nsmap=_NAMESPACES)
        self._open = [self.root]
        self._last: list[etree._Element | None] = [None]  # the last child of each that is open

    def add(self, source: etree._Element, chosen: Chosen) -> None:
        """Add what is in `source`; `source` itself has become the root."""
        self.say(source.text)
        for child in source:
            if isinstance(child.tag, str):
                self._add(child, chosen)
            self.say(child.tail)

    def _add(self, branch: etree._Element, chosen: Chosen) -> None:
        ends: list[tuple[int, str]] = []
        walk = etree.iterwalk(branch, events=("start", "end", "comment", "pi"))
        for event, node in walk:
            if event == "start":
                made = chosen(node)
                ends.append((len(self._open), made.after if made else ""))
                if made is None:
                    walk.skip_subtree()
                else:
                    self._begin(made)
                    self.say(node.text)
            elif event == "end":
                depth, after = ends.pop()
                self.say(after)
                del self._open[depth:], self._last[depth:]
            if event != "start" and node is not branch:
                self.say(node.tail)

    def _begin(self, made: Made) -> None:
        if made.tag is not None:
            self._enter(made.tag, made.attributes)
        if made.inner is not None:
            self._enter(made.inner, {})
        self.say(made.before)

    def _enter(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) < _DEEPEST:
            element = etree.SubElement(self._open[-1], _qualified(tag), dict(attributes) if attributes else None)
            self._last[-1] = element
            if tag not in VOID:
                self._open.append(element)
                self._last.append(None)

    def say(self, text: str | None) -> None:
        """Add text where the narrative has come to."""
        if not text:
            return
        last = self._last[-1]
        if last is not None:
            last.tail = (last.tail or "") + text
        else:
            parent = self._open[-1]
            parent.text = (parent.text or "") + text

    def written(self) -> str:
        """Return the div as text, or '' when it shows nothing: txt-2 forbids such a narrative."""
        if not self._shows_something():
            return ""
        for element in self.root.iter():
            if not len(element) and not element.text and etree.QName(element).localname not in VOID:
                element.text = ""  # written as <td></td>: a reader of HTML takes <td/> for a beginning
        return str(etree.tostring(self.root, encoding="unicode"))

    def _shows_something(self) -> bool:
        has_text = any(str(part).strip() for part in self.root.itertext())
        return has_text or self.root.find(f".//{{{XHTML}}}img") is not None


@cache
def _qualified(tag: str) -> str:
    return f"{{{XHTML}}}{tag}"
