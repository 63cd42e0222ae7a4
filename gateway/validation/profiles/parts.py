"""A profile compiled: for each element only what it asks beyond R4 itself.

What R4 asks anyway is `gateway.validation.structure`'s, and is left out here, so that nothing is said twice and most
of a snapshot costs nothing. https://hl7.org/fhir/R4/elementdefinition.html
"""

from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Severity
from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource
from gateway.validation.profiles import base, bindings
from gateway.validation.profiles.bindings import Binding
from gateway.validation.profiles.constraints import Constraint
from gateway.validation.profiles.slicing import Slicing, slicing_of
from gateway.validation.profiles.tree import Node

UNSAID = object()  # no fixed value, no pattern


@frozen()
class TypeRule:
    """One type an element may have, and the profiles of which its value follows one; for a Reference, its target."""

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(slots=True)
class Part:
    """What a profile asks of one element (or of one slice of it)."""

    id: str
    name: str
    slice_name: str | None = None
    low: int = 0  # 0: nothing beyond R4
    high: int | None = None  # None: nothing beyond R4
    types: tuple[TypeRule, ...] = ()  # empty: nothing beyond R4
    fixed: Any = UNSAID
    pattern: Any = UNSAID
    bindings: tuple[Binding, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    slicing: Slicing | None = None
    slices: tuple["Part", ...] = ()
    children: dict[str, "Part"] = field(default_factory=dict)
    again: str | None = None  # the id of the element whose content this one has (contentReference)

    @property
    def is_idle(self) -> bool:
        """Return whether it asks nothing."""
        asks = self.low or self.high is not None or self.types or self.bindings or self.constraints
        says = self.fixed is not UNSAID or self.pattern is not UNSAID or self.slices or self.children
        return not (asks or says or self.again)


def part_of(root: Node, *, type_name: str) -> Part:
    """Return the compiled tree of a profile on a type."""
    return _Compiler().part(root, type_name, None, root.name)


class _Compiler:
    def part(self, node: Node, type_name: str | None, element: Element | None, id_: str) -> Part:
        """Return what a node asks; `type_name` is the type of its values where it is one, `element` what R4 says."""
        made = Part(id_, node.name, node.slice_name)
        if element is not None:
            _cardinality(made, node, element)
            made.types = _type_rules(node, element)
        made.fixed, made.pattern = _said(node.definition, "fixed"), _said(node.definition, "pattern")
        made.bindings = _bindings(node.definition, element)
        made.constraints = _constraints(node.definition)
        made.again = _again(node)
        made.slices = tuple(
            self.part(one, _type_of(one, element) or type_name, element, f"{_base_of(id_, node)}:{name}")
            for name, one in node.slices.items()
        )
        made.slicing = slicing_of(node) if node.slices else None
        self.add_children(made, node, type_name, id_)
        return made

    def add_children(self, made: Part, node: Node, type_name: str | None, id_: str) -> None:
        owner = type_name or "Element"
        for name, child in node.children.items():
            element = elements.child(owner, name)
            inner = _type_of(child, element)
            part = self.part(child, inner, element, f"{id_}.{child.label}")
            if not part.is_idle:
                made.children[name] = part


def _base_of(id_: str, node: Node) -> str:
    return id_.rpartition(":")[0] if node.slice_name else id_


def _again(node: Node) -> str | None:
    reference = node.definition.get("contentReference")
    return str(reference).partition("#")[2] if reference and not node.children else None


def _type_of(node: Node, element: Element | None) -> str | None:
    """Return the one type of an element's values: a backbone's path, or a type's name; None for a choice."""
    if element is None:
        return None
    codes = [str(one.get("code")) for one in node.definition.get("type") or []]
    if element.choice:
        return codes[0] if len(codes) == 1 else None
    return element.types[0] if len(element.types) == 1 else None


def _cardinality(made: Part, node: Node, element: Element) -> None:
    low, high = int(node.definition.get("min", 0)), str(node.definition.get("max", "*"))
    is_slice = node.slice_name is not None
    made.low = low if is_slice or low > int(element.required) else 0
    if high != "*" and (is_slice or high != "1" or element.is_list):
        made.high = int(high)


def _said(definition: Resource, prefix: str) -> Any:
    return next((value for key, value in definition.items() if _is_said(key, prefix)), UNSAID)


def _is_said(key: str, prefix: str) -> bool:
    return key.startswith(prefix) and key[len(prefix) :][:1].isupper()


def _bindings(definition: Resource, element: Element | None) -> tuple[Binding, ...]:
    """Leave out the binding that R4 itself has: it is asked already."""
    of_r4 = element.binding if element else None
    return tuple(one for one in bindings.of_element(definition) if one.value_set.partition("|")[0] != of_r4)


def _constraints(definition: Resource) -> tuple[Constraint, ...]:
    known = base.own_rules()
    rules = []
    for one in definition.get("constraint") or []:
        key, expression = str(one.get("key")), one.get("expression")
        if expression and (key, expression) not in known and not _is_of_r4(one):
            severity: Severity = "warning" if one.get("severity") == "warning" else "error"
            rules.append(Constraint(key, str(one.get("human", "")), str(expression), severity))
    return tuple(rules)


def _is_of_r4(constraint: Resource) -> bool:
    """Return whether a constraint says that it comes from R4's own definitions, whatever the words it has."""
    return base.type_of(str(constraint.get("source", ""))) is not None


def _type_rules(node: Node, element: Element) -> tuple[TypeRule, ...]:
    if "contentReference" in node.definition:
        return ()
    rules = tuple(_type_rule(one) for one in node.definition.get("type") or [])
    of_r4 = set(element.types)
    codes = {rule.code for rule in rules}
    narrows = (element.choice and codes < of_r4) or (
        of_r4 == {"Resource"} and not codes & {"Resource", "DomainResource"}
    )
    says_more = any(rule.profiles or _narrows(rule, element) for rule in rules)
    return rules if narrows or says_more else ()


def _narrows(rule: TypeRule, element: Element) -> bool:
    if not rule.targets or rule.code not in {"Reference", "canonical"}:
        return False
    return {base.type_of(url) for url in rule.targets} != set(element.targets)


def _type_rule(one: Resource) -> TypeRule:
    code = str(one.get("code"))
    profiles = tuple(url for url in one.get("profile") or [] if base.type_of(url) is None)
    targets = tuple(one.get("targetProfile") or [])
    return TypeRule(code, profiles, () if base.STRUCTURE + "Resource" in targets else targets)
