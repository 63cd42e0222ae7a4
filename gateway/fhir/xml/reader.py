"""Reads FHIR XML in one pass, element by element, and says everything that is wrong with it.

A document type is refused the moment it begins, so no entity is ever declared. Comments are passed over; text
between elements, foreign namespaces and attributes of others are refused, for JSON has no place for them.
https://hl7.org/fhir/R4/xml.html https://hl7.org/fhir/R4/security.html#xml
"""

from typing import Any, NoReturn
from xml.parsers import expat

from gateway.errors import Issue, MalformedMessage, Place
from gateway.fhir.types import Resource, resource_types
from gateway.fhir.xml import div, primitives
from gateway.fhir.xml.shape import FHIR, NO_SHAPE, Shape, Slot, shape, unknown
from gateway.fhir.xml.source import utf8

_MOST_ISSUES = 100
_MOST_DEPTH_OF_DIV = 256
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA_LOCATION = f"{_XSI} schemaLocation"
_RESOURCE = Slot("resource", 0, "Resource", is_list=False, is_primitive=False, holds_resource=True, is_narrative=False)


class _Stop(Exception):
    """Reading cannot go on; the issue is noted."""


class _Open:
    """An element whose end has not come. `content` is its JSON object; of a primitive, its partner, if it has one."""

    __slots__ = ("content", "depth", "index", "nulls", "order", "shape", "slot")

    def __init__(self, slot: Slot, content: Resource | None, of: Shape, depth: int, index: int) -> None:
        self.slot = slot
        self.content = content
        self.shape = of
        self.depth = depth
        self.index = index
        self.order = -1
        self.nulls: set[str] | None = None  # lists of primitives of which some have no value


def read(data: bytes, *, charset: str | None = None, max_depth: int = 64) -> Resource:
    """Return the resource in an XML document, as `gateway.fhir.json.decode` would give it.

    `charset` is what the Content-Type says. Raises MalformedMessage with every problem, each with its line and XPath:
    not well-formed, a document type, deeper than `max_depth` levels of JSON, an element or attribute R4 does not
    have there, out of order, more often than once, text between elements, a value that is not of its type.
    """
    document = utf8(data, charset)
    return _Reader(document, max_depth).resource()


class _Reader:
    def __init__(self, document: bytes, max_depth: int) -> None:
        self.document = document
        self.max_depth = max_depth
        self.issues: list[Issue] = []
        self.found: Resource | None = None
        self.open: list[_Open] = []
        self.namespaces: list[tuple[int, str | None, str]] = []
        self.lost = 0  # how deep we are in an element that has no place here
        self.div_depth = self.div_start = 0
        self.parser = self._made_parser()

    def _made_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.ProcessingInstructionHandler = self.instruction
        parser.StartDoctypeDeclHandler = self.doctype
        parser.StartNamespaceDeclHandler = self.declared
        parser.EndNamespaceDeclHandler = self.undeclared
        return parser

    def resource(self) -> Resource:
        try:
            self.parser.Parse(self.document, True)  # noqa: FBT003 - expat's own positional flag: this is the last part
        except expat.ExpatError as error:
            self.issues.append(Issue("malformed", _reason(error), place=self._place(error.lineno)))
        except _Stop:
            pass
        if self.issues:
            raise MalformedMessage(self.issues)
        assert self.found is not None
        return self.found

    # ---- findings

    def say(self, code: str, text: str, value: str | None = None) -> None:
        if len(self.issues) < _MOST_ISSUES:
            shown = None if value is None else value[:200]
            self.issues.append(Issue(code, text, place=self._place(self.parser.CurrentLineNumber), value=shown))

    def stop(self, text: str, code: str = "malformed") -> NoReturn:
        self.say(code, text)
        raise _Stop

    def _place(self, line: int) -> Place:
        steps = [f"{o.slot.name}[{o.index}]" if o.slot.is_list else o.slot.name for o in self.open]
        return Place("/" + "/".join(steps), line)

    # ---- what may not be there

    def doctype(self, *_: object) -> None:
        self.stop("FHIR XML has no document type and no entities of its own")

    def instruction(self, *_: object) -> None:
        if self.open:
            self.say("malformed", "FHIR XML has no processing instructions in a resource")

    def declared(self, prefix: str | None, uri: str) -> None:
        self.namespaces.append((len(self.open), prefix, uri))

    def undeclared(self, _: str | None) -> None:
        self.namespaces.pop()

    def text(self, text: str) -> None:
        if not text.isspace():
            self.say("malformed", "text stands between elements; FHIR XML has values in attributes", text)

    # ---- elements

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.open:
            self._root(name, attributes)
            return
        parent = self.open[-1]
        slot = parent.shape.read.get(name)
        if slot is None:
            self._foreign(parent, name, attributes)
        elif slot.is_narrative:
            self._begin_div(parent, slot)
        else:
            self._element(parent, slot, attributes)

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.partition(" ")
        attributes.pop(_SCHEMA_LOCATION, None)
        if namespace != FHIR:
            self.stop(f"the root is not an element of FHIR: its namespace is not {FHIR}")
        if local not in resource_types():
            self.stop("the root is not the name of a resource type of R4", "unknown-element")
        self.found = {"resourceType": local}
        self.open.append(_Open(_RESOURCE._replace(name=local), self.found, shape(local), 1, 1))
        self._refuse_attributes(local, attributes)

    def _foreign(self, parent: _Open, name: str, attributes: dict[str, str]) -> None:
        """Read the resource in a `contained` or an entry; of anything else say that it has no place."""
        namespace, _, local = name.rpartition(" ")
        if parent.shape is NO_SHAPE:
            if namespace == FHIR and local in resource_types() and not parent.content:
                self._inner_resource(parent, local, attributes)
                return
            self.say("unknown-element", "here stands one resource of R4, in the namespace of FHIR")
        elif namespace != FHIR:
            self.say("unknown-element", "the element is of another namespace than FHIR's")
        else:
            self.say("unknown-element", unknown(_type_of(parent), local))
        self.lost = 1
        self._handle(self._start_lost, self._end_lost, None)

    def _inner_resource(self, holder: _Open, local: str, attributes: dict[str, str]) -> None:
        assert holder.content is not None
        holder.content["resourceType"] = local
        slot = _RESOURCE._replace(name=local)
        self._push(_Open(slot, holder.content, shape(local), holder.depth, 1))
        self._refuse_attributes(local, attributes)

    def _element(self, parent: _Open, slot: Slot, attributes: dict[str, str]) -> None:
        content = parent.content
        if content is None:
            content = self._partner(parent)
        index = self._count(parent, content, slot)
        if slot.is_primitive:
            self._primitive(parent, content, slot, attributes, index)
            return
        made: Resource = {}
        if slot.is_list:
            content.setdefault(slot.name, []).append(made)
        else:
            content[slot.name] = made
        of = NO_SHAPE if slot.holds_resource else shape(slot.type)
        self._push(_Open(slot, made, of, parent.depth + 1 + slot.is_list, index))
        if attributes:
            self._take_attributes(made, of, slot.name, attributes)

    def _primitive(self, parent: _Open, content: Resource, slot: Slot, attributes: dict[str, str], index: int) -> None:
        opened = _Open(slot, None, shape(slot.type), parent.depth + 1 + slot.is_list, index)
        self._push(opened)
        value = self._value(attributes, slot)
        if slot.is_list:
            content.setdefault(slot.name, []).append(value)
            if value is None:
                parent.nulls = {slot.name} | (parent.nulls or set())
            if (partners := content.get(f"_{slot.name}")) is not None:
                partners.append(None)
        elif value is not None:
            content[slot.name] = value
        if attributes:
            self._take_attributes(self._partner(opened), opened.shape, slot.name, attributes)

    def _value(self, attributes: dict[str, str], slot: Slot) -> Any:
        """Return what JSON has for the value of a primitive; None when it has none."""
        text = attributes.pop("value", None)
        if text is None or slot.type not in primitives.NOT_TEXT:
            return text
        try:
            return primitives.value(text, slot.type)
        except ValueError:
            self.say("wrong-type", f"the value is not a {slot.type}", text)
            return text

    def _partner(self, primitive: _Open) -> Resource:
        """Return a new object for the id and the extensions of a primitive; it stands in the JSON as `_name`."""
        parent, slot = self.open[-2], primitive.slot
        assert parent.content is not None
        made: Resource = {}
        primitive.content = made
        if not slot.is_list:
            parent.content[f"_{slot.name}"] = made
            return made
        partners = parent.content.setdefault(f"_{slot.name}", [None] * primitive.index)
        partners[-1] = made
        return made

    def _count(self, parent: _Open, content: Resource, slot: Slot) -> int:
        """Return the how-manieth of its name an element is; say so when it is out of order, or one too many."""
        if slot.order < parent.order:
            self.say("malformed", f"{slot.name} stands too late: the elements of FHIR XML have a fixed order")
        elif slot.order > parent.order:
            parent.order = slot.order
        elif not slot.is_list:
            self.say("cardinality", f"{slot.name} is one too many")
        return len(content.get(slot.name, ())) + 1 if slot.is_list else 1

    def _push(self, opened: _Open) -> None:
        self.open.append(opened)
        if opened.depth > self.max_depth:
            self.stop(f"the resource is nested deeper than {self.max_depth} levels")

    def _take_attributes(self, content: Resource, of: Shape, name: str, attributes: dict[str, str]) -> None:
        for key in of.attributes & attributes.keys():
            content[key] = attributes.pop(key)
        self._refuse_attributes(name, attributes)

    def _refuse_attributes(self, name: str, attributes: dict[str, str]) -> None:
        for key in attributes:
            shown = f"'{key}'" if key.isidentifier() and len(key) <= 64 else "of this name"
            self.say("unknown-element", f"{name} has no attribute {shown}")

    def end(self, _: str) -> None:
        ended = self.open.pop()
        if ended.content is None:
            self._end_primitive(ended.slot)
        elif ended.shape is NO_SHAPE and not ended.content:
            self.say("missing-element", f"{ended.slot.name} holds no resource")
        if ended.nulls:
            self._end_lists(ended)

    def _end_primitive(self, slot: Slot) -> None:
        """Say that a primitive without value, id and extension is nothing."""
        content = self.open[-1].content
        assert content is not None
        value = content.get(slot.name)
        if value is None or (slot.is_list and value[-1] is None):
            self.say("missing-element", f"{slot.name} has no value and no extension")

    def _end_lists(self, ended: _Open) -> None:
        """Leave out the lists of primitives of which none has a value: their partners say everything."""
        assert ended.content is not None
        for name in ended.nulls or ():
            if all(value is None for value in ended.content[name]):
                del ended.content[name]

    # ---- the narrative

    def _begin_div(self, parent: _Open, slot: Slot) -> None:
        assert parent.content is not None
        self._count(parent, parent.content, slot)
        self.div_start, self.div_depth = self.parser.CurrentByteIndex, 1
        self._handle(self._start_in_div, self._end_in_div, None)

    def _start_in_div(self, _: str, __: dict[str, str]) -> None:
        self.div_depth += 1
        if self.div_depth > _MOST_DEPTH_OF_DIV:
            self.stop(f"the narrative is nested deeper than {_MOST_DEPTH_OF_DIV} levels")

    def _end_in_div(self, _: str) -> None:
        self.div_depth -= 1
        if self.div_depth:
            return
        markup = div.cut(self.document, self.div_start, self.parser.CurrentByteIndex)
        content = self.open[-1].content
        assert content is not None
        above = {prefix: uri for depth, prefix, uri in self.namespaces if depth < len(self.open)}
        prefixed = any(prefix and uri != _XSI for prefix, uri in above.items())
        content["div"] = div.by_itself(markup, above) if prefixed else markup
        self._handle(self.start, self.end, self.text)

    # ---- what has no place

    def _start_lost(self, _: str, __: dict[str, str]) -> None:
        self.lost += 1

    def _end_lost(self, _: str) -> None:
        self.lost -= 1
        if not self.lost:
            self._handle(self.start, self.end, self.text)

    def _handle(self, start: Any, end: Any, text: Any) -> None:
        self.parser.StartElementHandler = start
        self.parser.EndElementHandler = end
        self.parser.CharacterDataHandler = text


def _type_of(parent: _Open) -> str:
    slot = parent.slot
    return slot.name if slot.holds_resource else slot.type


def _reason(error: expat.ExpatError) -> str:
    reason = expat.ErrorString(error.code)
    more = " (only &amp; &lt; &gt; &quot; &apos; and &#…; are known)" if reason == "undefined entity" else ""
    return f"this is not well-formed XML: {reason}{more}"
