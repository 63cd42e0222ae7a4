"""Writes a resource as FHIR XML: elements in R4's order, values as attributes, the narrative as it stands.

https://hl7.org/fhir/R4/xml.html
"""

import re
from collections.abc import Callable
from typing import Any

from gateway.errors import InvalidResource, Issue, NotAcceptable
from gateway.fhir.types import Resource, resource_types
from gateway.fhir.xml import div, primitives
from gateway.fhir.xml.shape import FHIR, Slot, shape, unknown

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_ISSUES = 100
_MOST_DEPTH = 100


def write(resource: Resource, *, pretty: bool = False) -> bytes:
    """Return a resource as an XML document in UTF-8; `pretty` indents it by two spaces.

    Raises InvalidResource with every element that R4 does not have, or that is not of its type, and NotAcceptable when
    a text holds a character that XML cannot carry at all.
    """
    writer = _Writer(pretty=pretty)
    writer.resource(resource, 0, "", namespace=f' xmlns="{FHIR}"')
    if writer.issues:
        raise InvalidResource(writer.issues)
    written = "".join([_DECLARATION, "" if pretty else "\n", *writer.parts, "\n"])
    if _ILLEGAL.search(written):
        raise NotAcceptable("the resource holds a character that XML cannot carry; ask for JSON")
    return written.encode()


class _Writer:
    def __init__(self, *, pretty: bool) -> None:
        self.parts: list[str] = []
        self.issues: list[Issue] = []
        self.add = self.parts.append
        self.indent: Callable[[int], str] = _indent if pretty else _no_indent

    def say(self, code: str, text: str, path: str) -> None:
        if len(self.issues) < _MOST_ISSUES:
            self.issues.append(Issue(code, text, expression=path))

    def resource(self, resource: Any, depth: int, path: str, *, namespace: str = "") -> None:
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or kind not in resource_types():
            self.say("unknown-element", "'resourceType' is not the name of a resource type of R4", path or "Resource")
            return
        self.add(f"{self.indent(depth)}<{kind}{namespace}>")
        self.fill(resource, kind, depth + 1, path or kind)
        self.add(f"{self.indent(depth)}</{kind}>")

    def fill(self, content: Resource, type_name: str, depth: int, path: str) -> None:
        """Write the elements in an object, in R4's order."""
        of = shape(type_name)
        chosen: dict[str, Slot] = {}
        for key in content:
            name = key.removeprefix("_")
            slot = of.slots.get(name)
            if slot is not None and (name == key or slot.is_primitive):
                chosen[name] = slot
            elif key != "resourceType" and key not in of.attributes:
                self.say("unknown-element", unknown(type_name, key), path)
        if depth > _MOST_DEPTH:
            self.say("malformed", f"the resource is nested deeper than {_MOST_DEPTH} levels", path)
            return
        for name, slot in sorted(chosen.items(), key=_order):
            self.element(slot, content.get(name), content.get(f"_{name}"), depth, f"{path}.{name}")

    def element(self, slot: Slot, value: Any, partner: Any, depth: int, path: str) -> None:
        if not slot.is_list:
            self.one(slot, value, partner, depth, path)
            return
        values, partners = [] if value is None else value, [] if partner is None else partner
        if not isinstance(values, list) or not isinstance(partners, list):
            self.say("wrong-type", f"{slot.name} is a list", path)
            return
        for index in range(max(len(values), len(partners))):
            one = values[index] if index < len(values) else None
            other = partners[index] if index < len(partners) else None
            self.one(slot, one, other, depth, f"{path}[{index}]")

    def one(self, slot: Slot, value: Any, partner: Any, depth: int, path: str) -> None:
        if slot.is_primitive:
            self.primitive(slot, value, partner, depth, path)
        elif slot.is_narrative:
            self.narrative(value, depth, path)
        elif slot.holds_resource:
            self.add(f"{self.indent(depth)}<{slot.name}>")
            self.resource(value, depth + 1, path)
            self.add(f"{self.indent(depth)}</{slot.name}>")
        elif isinstance(value, dict):
            self.complex(slot, value, depth, path)
        else:
            self.say("wrong-type", f"{slot.name} is a {slot.type}, so an object", path)

    def primitive(self, slot: Slot, value: Any, partner: Any, depth: int, path: str) -> None:
        try:
            shown = "" if value is None else f' value="{primitives.text(value, slot.type)}"'
        except ValueError:
            self.say("wrong-type", f"the value is not a {slot.type}", path)
            return
        if partner is None:
            if not shown:
                self.say("missing-element", f"{slot.name} has no value and no extension", path)
            self.add(f"{self.indent(depth)}<{slot.name}{shown}/>")
        elif isinstance(partner, dict):
            self.complex(slot, partner, depth, path, shown)
        else:
            self.say("wrong-type", f"_{slot.name} is an object", path)

    def complex(self, slot: Slot, content: Resource, depth: int, path: str, shown: str = "") -> None:
        """Write an element with elements in it; `shown` is the value of a primitive that has extensions."""
        start = f"{self.indent(depth)}<{slot.name}{self.attributes(content, slot, path)}{shown}"
        before = len(self.parts)
        self.add(f"{start}>")
        self.fill(content, slot.type, depth + 1, path)
        if len(self.parts) == before + 1:
            self.parts[before] = f"{start}/>"
        else:
            self.add(f"{self.indent(depth)}</{slot.name}>")

    def attributes(self, content: Resource, slot: Slot, path: str) -> str:
        shown = []
        for name in ("id", "url"):
            value = content.get(name)
            if value is None or name not in shape(slot.type).attributes:
                continue
            if isinstance(value, str):
                shown.append(f' {name}="{primitives.escaped(value)}"')
            else:
                self.say("wrong-type", f"the {name} of an element is a text", path)
        return "".join(shown)

    def narrative(self, markup: Any, depth: int, path: str) -> None:
        fault = div.fault(markup.strip()) if isinstance(markup, str) else "a narrative is a text"
        if fault:
            self.say("unsafe-narrative", fault, path)
        else:
            self.add(f"{self.indent(depth)}{markup.strip()}")


def _order(pair: tuple[str, Slot]) -> int:
    return pair[1].order


def _indent(depth: int) -> str:
    return "\n" + "  " * depth


def _no_indent(_: int) -> str:
    return ""
