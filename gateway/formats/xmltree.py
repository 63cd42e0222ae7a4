"""XML of any shape as a source: elements and attributes by name, each with its XPath and line.

A node is the text that stands in it, so every function for text works on it, and it can be stepped into by the names
of its attributes and child elements. https://www.w3.org/TR/xml/, https://www.w3.org/TR/xml-names/
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from lxml import etree

from gateway.errors import Issue, Place
from gateway.formats.xmltext import parsed

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"
_PREFIXES = {XSI: "xsi_", _XML: "xml_"}
_SILENT = frozenset({f"{{{XSI}}}schemaLocation", f"{{{XSI}}}noNamespaceSchemaLocation"})
_SOAP = frozenset({"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"})
_MANY = 5  # so many children are worth a look whether one of them is called as asked
_BIG_LINE = 65535  # libxml2 counts no further


class Node(str):
    """An element or attribute: the text in it, in the order of the document, without the blanks around it."""

    __slots__ = ("_below", "_named", "_numbers", "element", "name", "parent")

    element: Any  # of lxml; of an attribute None
    name: str  # local; of an attribute with @
    parent: "Node | None"
    _below: "tuple[Node, ...] | None"
    _numbers: "Mapping[Any, int] | None"  # of its children, once a place is asked for
    _named: "Mapping[str, tuple[Node, ...]] | None"

    @property
    def step(self) -> str:
        """The step of an XPath that leads to it: its name, and its number where there are more of that name."""
        if self.element is None or self.parent is None or self.parent.element is None:
            return self.name
        if self.parent._numbers is None:  # noqa: SLF001 - its own kind
            self.parent._numbers = _numbers(self.parent.element)  # noqa: SLF001 - idem
        number = self.parent._numbers.get(self.element)  # noqa: SLF001 - idem
        return f"{self.name}[{number}]" if number else self.name

    @property
    def namespace(self) -> str:
        """The namespace of an element; empty when it has none."""
        return etree.QName(self.element).namespace or "" if self.element is not None else ""

    def below(self) -> "tuple[Node, ...]":
        """Return its attributes, then its child elements; elements with nothing in them left out."""
        if self._below is None:
            empty = self.element is None or not (len(self.element) or self.element.keys())
            self._below = () if empty else tuple(_below(self, self.element))
        return self._below

    def named(self, name: str) -> "tuple[Node, ...]":
        """Return what it has under a name: `code`, `@code` (an attribute), `{urn:x}code`, `xsi_type`, `xmlText`."""
        below = self._below
        if below is None:
            below = self.below() if self._has(name) else ()
        if below:
            if self._named is None:
                self._named = _named(below)
            found = self._named.get(name)
            if found is not None:
                return found
        if name == "xmlText":
            return (self,) if self else ()
        if name[:1] == "{":
            return tuple(n for n in below if n.element is not None and n.element.tag == name)
        return ()

    def _has(self, name: str) -> bool:
        """Return whether anything may be called so; a long text is not taken apart to find that nothing is."""
        element = self.element
        if element is None:
            return False
        if len(element) < _MANY or not name.isalnum() or element.get(name) is not None:
            return True
        keys = element.keys()
        return next(element.iterchildren(f"{{*}}{name}"), None) is not None or (bool(keys) and "{" in "".join(keys))

    def place(self, *name: str) -> Place:
        """Return where it stands, or where a child of it would."""
        line = next((node.element.sourceline for node in self._upwards() if node.element is not None), None)
        steps = [node.step for node in self._upwards()]
        return Place("/" + "/".join([*reversed(steps), *name]), line if line and line < _BIG_LINE else None)

    def key(self, *name: str) -> int | None:
        """Return what tells this node from others; None for a child that is not there."""
        return None if name else id(self)

    def _upwards(self) -> "Iterator[Node]":
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


def _node(text: str, element: Any, name: str, parent: Node | None) -> Node:
    made = Node(text)
    made.element, made.name, made.parent = element, name, parent
    made._below = made._named = made._numbers = None  # noqa: SLF001 - of this module
    return made


def _below(node: Node, element: Any) -> Iterator[Node]:
    for key, value in element.items():
        if key not in _SILENT:
            yield _node(value.strip(), None, f"@{_attribute(key)}", node)
    for child in element:
        text = _text(child)
        if text or len(child) or child.keys():
            yield _node(text, child, _local(child.tag), node)


def _numbers(element: Any) -> dict[Any, int]:
    """Return the number of each child that has siblings of its name, among those."""
    totals = Counter(child.tag for child in element)
    counted: Counter[str] = Counter()
    found = {}
    for child in element:
        if totals[child.tag] > 1:
            counted[child.tag] += 1
            found[child] = counted[child.tag]
    return found


@lru_cache(maxsize=4096)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


@lru_cache(maxsize=4096)
def _attribute(key: str) -> str:
    namespace, _, local = key[1:].rpartition("}") if key[:1] == "{" else ("", "", key)
    return _PREFIXES.get(namespace, "") + local


def _text(element: Any) -> str:
    text: str = element.text or ""
    if len(element):
        text = "".join([text, *[child.tail or "" for child in element]])
    return text.strip()


def _named(below: tuple[Node, ...]) -> dict[str, tuple[Node, ...]]:
    if len(below) == 1 and below[0].element is not None:  # nearly always, of what is not a list
        return {below[0].name: below}
    found: dict[str, list[Node]] = {}
    for node in below:
        found.setdefault(node.name, []).append(node)
        if node.element is None:
            found.setdefault(node.name[1:], []).append(node)
    return {name: tuple(nodes) for name, nodes in found.items()}


class Document:
    """An XML message: its root element (of a SOAP envelope: what is in its body), and what was odd about its bytes.

    `control_id`, `items` and `asked` are filled in by who knows the mapping: the message's id, the items of it
    that are mapped by themselves, and the elements (by their names) that told both.
    """

    def __init__(self, root: Node, issues: Sequence[Issue]) -> None:
        self.root = root
        self.issues = issues
        self.control_id: str | None = None
        self.asked: frozenset[tuple[str, ...]] = frozenset()
        self.items: Sequence[Any] = ()

    def all(self, name: str) -> Sequence[Any]:
        """Return the items that the message is mapped by; `name` is how the mapping writes them."""
        del name
        return self.items

    def item(self, value: Any) -> "Item":
        """Return a node of this message as an item."""
        return Item(value, self)

    def names(self, place: Place) -> tuple[str, ...]:
        """Return the names on the way to a place from the root, without their numbers."""
        above = len(self.root.place().path) + 1
        return tuple(name.partition("[")[0].removeprefix("@") for name in place.path[above:].split("/"))

    def all_names(self) -> set[str]:
        """Return the (local) names of all elements and attributes."""
        elements = list(self.root.element.iter())
        return {_local(one.tag) for one in elements} | {_attribute(key) for one in elements for key in one.attrib}

    def count(self, names: Container[str]) -> int:
        """Return how many attributes and elements of some (local) names hold text."""
        found = 0
        for element in self.root.element.iter():
            if _local(element.tag) in names and _text(element):
                found += 1
            for key, value in element.items():
                if _attribute(key) in names and key not in _SILENT and value.strip():
                    found += 1
        return found

    def leaves(self) -> Iterator[tuple[int, Place]]:
        """Yield every attribute and element that holds text, in the order of the document."""
        todo = [self.root]
        while todo:
            node = todo.pop()
            if node:
                yield id(node), node.place()
            todo += reversed(node.below())


class Item:
    """One of the nodes that a message is mapped by, each by itself."""

    __slots__ = ("document", "value")

    def __init__(self, value: Any, document: Document) -> None:
        self.value = value
        self.document = document

    def place(self) -> Place:
        """Return where it stands."""
        where = self.value if isinstance(self.value, Node) else self.document.root
        return where.place()


def parse(data: bytes) -> Document:
    """Return the XML in `data`. Raises MalformedMessage when it is not XML, or has a DOCTYPE; TooLarge."""
    element, issues = parsed(data)
    root = _node(_text(element), element, etree.QName(element).localname, None)
    return Document(_unwrapped(root), issues)


def _unwrapped(root: Node) -> Node:
    """Return what a SOAP envelope carries. https://www.w3.org/TR/soap12-part1/#soapenv"""
    if root.name != "Envelope" or root.namespace not in _SOAP:
        return root
    bodies = root.named(f"{{{root.namespace}}}Body")
    carried = [node for body in bodies for node in body.below() if node.element is not None]
    return carried[0] if carried else root
