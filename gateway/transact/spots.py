"""Where in a resource a path of FHIRPath Patch leads: to elements that can be changed where they stand.

Of FHIRPath it takes names, `[n]`, first(), last(), single(), where(), ofType(), as and extension().
https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import GatewayError
from gateway.fhir.elements import Element, child, parent_type
from gateway.fhir.types import Resource
from gateway.fhirpath import ast
from gateway.fhirpath.compiler import compile as compiled
from gateway.fhirpath.parser import parse
from gateway.fhirpath.scope import Scope

Value = tuple[str, Any, Any]
"""What is to stand in an element: its JSON name, its value, and what stands beside a primitive."""


class Unfit(Exception):
    """A path or an operation does not fit what is there."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An element of an object: all that stands under its name, of whichever type it has where it may have several."""

    into: dict[str, Any]
    element: Element
    above: Spot | None = None

    @classmethod
    def of(cls, into: dict[str, Any], type_: str, name: str, above: Spot | None = None) -> Holder:
        """Return the element of that name. Unfit when the type has none."""
        element = child(type_, name)
        if element is None:
            raise Unfit("the path, or the name, is not that of an element of this type")
        return cls(into, element, above)

    @property
    def is_list(self) -> bool:
        """Return whether the element may repeat."""
        return self.element.is_list

    @property
    def name(self) -> str:
        """Return the JSON name under which something stands, or may stand."""
        names = self.element.json_names
        return next((name for name in names if name in self.into or f"_{name}" in self.into), names[0])

    @property
    def type(self) -> str:
        """Return the type of what stands there, or may stand there."""
        return self.element.types[self.element.json_names.index(self.name)] if self.element.choice else self._only

    @property
    def _only(self) -> str:
        return self.element.types[0] if self.element.types else "Element"

    def named(self, suffix: str) -> str:
        """Return the JSON name for a value whose type is written so (`Quantity`). Unfit when it may not be that."""
        if not self.element.choice:
            return self.name
        wanted = self.element.name + suffix
        if wanted not in self.element.json_names:
            raise Unfit("the element cannot be of this type")
        return wanted

    def __len__(self) -> int:
        """Return how many stand there."""
        value, beside = self.into.get(self.name), self.into.get(f"_{self.name}")
        if self.is_list:
            return max(len(value or ()), len(beside or ()))
        return int(value is not None or beside is not None)

    def spots(self) -> list[Spot]:
        """Return what stands there, one by one."""
        if not self.is_list:
            return [Spot(self, None, self.into.get(self.name), self.type)] if len(self) else []
        values = self.into.get(self.name) or []
        return [Spot(self, n, values[n] if n < len(values) else None, self.type) for n in range(len(self))]

    def set(self, value: Value) -> None:
        """Let this be all that stands there."""
        self._clear()
        name, said, beside = value
        if said is not None:
            self.into[name] = said
        if beside is not None:
            self.into[f"_{name}"] = beside

    def insert(self, index: int, value: Value) -> None:
        """Put something before what stands at `index`."""
        name, said, beside = value
        values, besides = self._lists(name)
        values.insert(index, said)
        besides.insert(index, beside)
        self._write(name, values, besides)

    def take(self, index: int) -> Value:
        """Remove what stands at `index`, and return it; what is left empty by that goes too."""
        name = self.name
        values, besides = self._lists(name)
        taken = (name, values.pop(index), besides.pop(index))
        self._write(name, values, besides)
        return taken

    def remove(self, index: int | None) -> None:
        """Remove what stands at `index`, or all; an object that is left empty goes too: FHIR knows no empty ones."""
        if index is None:
            self._clear()
        else:
            self.take(index)
        if not self.into and self.above is not None:
            self.above.remove()

    def _lists(self, name: str) -> tuple[list[Any], list[Any]]:
        values, besides = list(self.into.get(name) or []), list(self.into.get(f"_{name}") or [])
        length = max(len(values), len(besides))
        return values + [None] * (length - len(values)), besides + [None] * (length - len(besides))

    def _write(self, name: str, values: Sequence[Any], besides: Sequence[Any]) -> None:
        for key, items in ((name, values), (f"_{name}", besides)):
            if any(item is not None for item in items):
                self.into[key] = list(items)
            else:
                self.into.pop(key, None)

    def _clear(self) -> None:
        for name in self.element.json_names:
            self.into.pop(name, None)
            self.into.pop(f"_{name}", None)


@dataclass(frozen=True, slots=True)
class Spot:
    """One element, where it stands: in a holder (None: it is the resource itself), at an index if that is a list."""

    holder: Holder | None
    index: int | None
    value: Any
    type: str

    def remove(self) -> None:
        """Remove the element. Unfit when it is the resource."""
        if self.holder is None:
            raise Unfit("the resource itself is not removed by a patch; DELETE does that")
        self.holder.remove(self.index)

    def replace(self, value: Value) -> None:
        """Let something else stand here."""
        assert self.holder is not None
        if self.index is None:
            self.holder.set(value)
        else:
            self.holder.take(self.index)
            self.holder.insert(self.index, value)


class Path:
    """A path as it is written. FhirPathError when it cannot be read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._node = parse(text)

    def spots(self, resource: Resource) -> list[Spot]:
        """Return the elements that the path leads to. Unfit when it is none that a patch takes."""
        return self._find(self._node, resource)

    def holder(self, resource: Resource) -> Holder:
        """Return the list that the path names. Unfit when it names none, or more than one."""
        if not isinstance(self._node, ast.Identifier | ast.Member):
            raise Unfit("the path of an insert or a move ends with the name of a list")
        found = self._holders(self._node, resource)
        if len(found) != 1:
            raise Unfit("the path gives more than one list" if found else "there is nothing at this path")
        return found[0]

    def _find(self, node: ast.Node, resource: Resource) -> list[Spot]:
        match node:
            case ast.Identifier(name=name) if _is(resource["resourceType"], name):
                return [_whole(resource)]
            case ast.Identifier() | ast.Member():
                return [spot for one in self._holders(node, resource) for spot in one.spots()]
            case ast.Index(base=base, index=ast.Literal(value=int(index))):
                return self._find(base, resource)[index : index + 1] if index >= 0 else []
            case ast.Call(base=ast.Node() as base, name=name, arguments=arguments):
                return self._called(self._find(base, resource), name, arguments)
            case ast.TypeTest(operator="as", operand=operand, type=type_):
                return [spot for spot in self._find(operand, resource) if _is(spot.type, type_.rpartition(".")[2])]
        raise Unfit("a path is made of names, [n], first(), last(), single(), where(), ofType(), as and extension()")

    def _holders(self, node: ast.Identifier | ast.Member, resource: Resource) -> list[Holder]:
        above = self._find(node.base, resource) if isinstance(node, ast.Member) else [_whole(resource)]
        return [
            Holder.of(spot.value, spot.value.get("resourceType", spot.type), node.name, spot)
            for spot in above
            if isinstance(spot.value, dict)
        ]

    def _called(self, spots: list[Spot], name: str, arguments: tuple[ast.Node, ...]) -> list[Spot]:
        match name, arguments:
            case "first", ():
                return spots[:1]
            case "last", ():
                return spots[-1:]
            case "single", () if len(spots) < 2:
                return spots
            case "where", (criteria,):
                return [spot for spot in spots if self._holds(criteria, spot)]
            case "ofType" | "as", (ast.Identifier(name=type_) | ast.Member(name=type_),):
                return [spot for spot in spots if _is(spot.type, type_)]
            case "extension", (ast.Literal(value=str(url)),):
                return [inner for spot in spots for inner in _extensions(spot) if inner.value.get("url") == url]
        raise Unfit(
            "a path takes first, last, single (of one), where, ofType, as and extension, and no other functions"
        )

    def _holds(self, criteria: ast.Node, spot: Spot) -> bool:
        written = self._text[criteria.start : criteria.end]
        try:
            return compiled(written, root=spot.type, scope=Scope()).true(spot.value)
        except GatewayError as error:
            raise Unfit(f"where(): {error.issues[0].diagnostics}") from error


def _whole(resource: Resource) -> Spot:
    return Spot(None, None, resource, resource["resourceType"])


def _extensions(spot: Spot) -> list[Spot]:
    if not isinstance(spot.value, dict):
        return []
    return Holder.of(spot.value, spot.type, "extension", spot).spots()


def _is(type_: str | None, wanted: str) -> bool:
    while type_ is not None:
        if type_ == wanted:
            return True
        type_ = parent_type(type_)
    return False
