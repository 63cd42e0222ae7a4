"""What R4 itself says of a type, as the tree that profiles on it start from.

Made of the gateway's own tables: published snapshots of R4 are not needed, and texts of R4 are not repeated.
https://hl7.org/fhir/R4/profiling.html#snapshot
"""

from functools import cache

from gateway.fhir import elements
from gateway.fhir.elements import Element, Invariant
from gateway.fhir.types import Resource
from gateway.validation.profiles.tree import Node

STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
VERSION = "4.0.1"
_DATA_TYPES = ("Element", "BackboneElement")


def type_of(url: str) -> str | None:
    """Return the R4 type whose own StructureDefinition has this canonical, or None.

    >>> type_of("http://hl7.org/fhir/StructureDefinition/Patient|4.0.1"), type_of("https://example.org/Patient")
    ('Patient', None)
    """
    name = url.partition("|")[0].removeprefix(STRUCTURE)
    return name if name != url.partition("|")[0] and elements.is_type(name) else None


@cache
def of_type(name: str) -> Node:
    """Return the tree of an R4 type, backbones and all. It is shared: copy it before changing it."""
    root = Node(name, _definition(name, 0, "*", "the type"))
    if rules := _constraints(name, name):
        root.definition["constraint"] = rules
    root.children = _children(name, name)
    return root


def _children(type_name: str, root: str) -> dict[str, Node]:
    return {name: _child(type_name, element, root) for name, element in elements.children(type_name).items()}


def _child(owner: str, element: Element, root: str) -> Node:
    path = f"{owner}.{element.name}"
    label = f"{element.name}[x]" if element.choice else element.name
    says = _definition(f"{owner}.{label}", int(element.required), "*" if element.is_list else "1", f"`{label}`")
    node = Node(label, says)
    if element.types[:1] != (path,) and "." in element.types[0]:
        says["contentReference"] = f"#{element.types[0]}"
        return node
    says["type"] = _types(element, path)
    if element.binding:
        says["binding"] = {"strength": "required", "valueSet": element.binding}
    if rules := _constraints(path, root):
        says["constraint"] = rules
    if element.types == (path,):
        node.children = _children(path, root)
    return node


def _definition(path: str, low: int, high: str, what: str) -> Resource:
    return {
        "short": f"As in R4: {path}",
        "definition": f"As FHIR R4 ({VERSION}) defines {what}.",
        "min": low,
        "max": high,
        "base": {"path": path, "min": low, "max": high},
    }


def _types(element: Element, path: str) -> list[Resource]:
    if element.types == (path,):
        return [{"code": elements.parent_type(path) or _DATA_TYPES[1]}]
    found: list[Resource] = [{"code": name} for name in element.types]
    for one in found:
        if one["code"] in {"Reference", "canonical"} and element.targets:
            one["targetProfile"] = [STRUCTURE + target for target in element.targets]
        if one["code"] == "Quantity" and element.profile:
            one["profile"] = [STRUCTURE + element.profile]
    return found


def _constraints(path: str, root: str) -> list[Resource]:
    return [_constraint(rule) for rule in elements.invariants(root) if rule.path.removesuffix("[x]") == path]


def _constraint(rule: Invariant) -> Resource:
    return {
        "key": rule.key,
        "severity": rule.severity,
        "human": rule.human,
        "expression": rule.expression,
    }


@cache
def own_rules() -> frozenset[tuple[str, str]]:
    """Return (key, expression) of every invariant of R4: `gateway.validation.invariants` asks those."""
    from gateway.fhir import tables  # noqa: PLC0415 - the rows themselves, which `elements` gives by type only

    return frozenset((row.key, row.expression) for row in tables.invariants())
