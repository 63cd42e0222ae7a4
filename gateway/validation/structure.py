"""One walk over a resource that finds everything wrong with its structure and its codes.

`gateway.validation.quick_schema` says fast that nothing is; this says what is, in words for the sender.
https://hl7.org/fhir/R4/json.html
"""

from collections.abc import Iterator
from typing import Any

from gateway.errors import Issue
from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.fhir.types import Resource, resource_types
from gateway.validation import codes, invariants, narrative, references
from gateway.validation.containment import Container
from gateway.validation.primitives import fault, json_kind
from gateway.validation.shapes import Property, Shape, shape

_MOST_ISSUES = 1_000  # a resource that is wrong everywhere must not cost the memory of its list of faults
_LONGEST_NAME = 64  # longer names are no element's, and are neither shown nor compared


def structure_issues(resource: Any, path: str | None = None) -> list[Issue]:
    """Return everything wrong with the structure of `resource`; `path` is its FHIRPath when it stands in a Bundle."""
    walk = _Walk()
    walk.resource(resource, path or _name_of(resource))
    return walk.issues


def _name_of(resource: Any) -> str:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) and kind in resource_types() else "Resource"


def shown(name: str) -> str:
    """Return a property's name for a message: as it stands if it could be one, else a phrase without it."""
    return f"'{name}'" if len(name) <= _LONGEST_NAME and name.isidentifier() else "with an unusual name"


class _Walk:
    """Carries the issues found so far, and the resource whose contained resources `#id` means."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.container = Container()
        self.current: Resource = {}  # what %resource means
        self._faults = 0  # of structure: where there is one, the invariants above it are not asked

    def say(self, code: str, text: str, path: str, value: Any = None) -> None:
        self._faults += 1
        if len(self.issues) < _MOST_ISSUES:
            shown_value = None if value is None else str(value)[:200]
            self.issues.append(Issue(code, text, expression=path, value=shown_value))

    # --- resources ---------------------------------------------------------------------------------------------

    def resource(self, node: Any, path: str) -> None:
        """Look at a resource that stands by itself: top level, in an entry or in a parameter."""
        outer = self.container, self.current
        if self.known_type(node, path):
            self.container, self.current = Container(), node
            self.object_(node, node["resourceType"], path)
            for code, text, where in self.container.faults():
                self.say(code, text, where)
        self.container, self.current = outer

    def contained(self, node: Any, path: str) -> None:
        """Look at a resource inside `contained`."""
        if not self.known_type(node, path):
            return
        outer, self.current = self.current, node
        self.container.enter(node, path)
        self.object_(node, node["resourceType"], path)
        self.container.leave()
        self.current = outer

    def known_type(self, node: Any, path: str) -> bool:
        """Return whether `node` is an object with the name of a resource type; if not, say so."""
        if not isinstance(node, dict):
            self.say("wrong-type", f"a resource is a JSON object, not {json_kind(node)}", path)
            return False
        kind = node.get("resourceType")
        if kind is None:
            self.say("missing-element", "a resource says what it is in 'resourceType', which is missing", path)
        elif not isinstance(kind, str) or kind not in resource_types():
            self.say("unknown-element", "'resourceType' is not the name of a resource type of R4", path, kind)
        return isinstance(kind, str) and kind in resource_types()

    # --- objects -----------------------------------------------------------------------------------------------

    def object_(self, node: Any, type_name: str, path: str) -> None:
        """Look at a value of a complex type, a backbone or a resource."""
        if not isinstance(node, dict):
            self.say("wrong-type", f"{type_name} is a JSON object, not {json_kind(node)}", path)
            return
        if not node:
            self.say("missing-element", "an object is never empty: leave the element out", path)
            return
        faults = self._faults
        of_type = shape(type_name)
        for name in node:
            if name == "resourceType" and type_name in resource_types():
                continue
            self.property(node, name, of_type, path)
        self.presence(node, of_type, path)
        if self._faults == faults:
            self.invariants(node, type_name, path)

    def invariants(self, node: Any, rules_on: str, path: str) -> None:
        """Ask the invariants that stand on a type or an element, of a value whose structure is right."""
        for rule in invariants.broken(rules_on, node, self.current):
            if len(self.issues) < _MOST_ISSUES:
                self.issues.append(rule.issue(path))

    def property(self, node: Resource, name: Any, of_type: Shape, path: str) -> None:
        """Look at one property, or at a partner whose property is not there."""
        known = of_type.properties.get(name)
        if known is not None:
            where = f"{path}.{known.element.name}"
            partner = node.get("_" + name) if known.has_partner else None
            self.values(node[name], partner, known, where)
            return
        known = of_type.properties.get(name[1:]) if isinstance(name, str) and name.startswith("_") else None
        if known is None or not known.has_partner:
            self.unknown(str(name), of_type, path)
        elif name[1:] not in node:
            self.values(None, node[name], known, f"{path}.{known.element.name}")

    def unknown(self, name: str, of_type: Shape, path: str) -> None:
        is_said = len(self.issues) < _MOST_ISSUES and len(name) <= _LONGEST_NAME
        suggestion = of_type.suggestion(name) if is_said else ""
        self.say("unknown-element", f"R4 {of_type.type} has no element {shown(name)}{suggestion}", path)

    def presence(self, node: Resource, of_type: Shape, path: str) -> None:
        """Say which required elements are missing, and which choices are made twice."""
        for element in of_type.required:
            if not any(name in node or "_" + name in node for name in element.json_names):
                of_what = f"{of_type.type}.{element.name}" + ("[x]" if element.choice else "")
                self.say("missing-element", f"{of_what} is required", f"{path}.{element.name}")
        for element in of_type.choices:
            made = [name for name in element.json_names if name in node or "_" + name in node]
            if len(made) > 1:
                text = f"{element.name}[x] has one type at a time, here it has {len(made)}: {', '.join(made)}"
                self.say("cardinality", text, f"{path}.{element.name}")

    # --- values ------------------------------------------------------------------------------------------------

    def values(self, value: Any, partner: Any, of: Property, path: str) -> None:
        """Look at the value of a property and its `_` partner, either of which may be absent (None)."""
        if of.element.is_list:
            self.list_(value, partner, of, path)
        elif isinstance(value, list):
            self.say("cardinality", f"{of.element.name} does not repeat: it is no array", path)
        elif value is None and partner is None:
            self.say("wrong-type", "JSON null stands for nothing in FHIR: leave the element out", path)
        else:
            self.one(value, partner, of, path)

    def list_(self, value: Any, partner: Any, of: Property, path: str) -> None:
        for array in (value, partner):
            if array is not None and not isinstance(array, list):
                self.say("cardinality", f"{of.element.name} repeats: it is an array, even of one", path)
                return
            if array == []:
                self.say("cardinality", "an array is never empty: leave the element out", path)
                return
        if value is None and partner is None:
            self.say("wrong-type", "JSON null stands for nothing in FHIR: leave the element out", path)
        elif value is not None and partner is not None and len(value) != len(partner):
            text = (
                f"{of.element.name} and _{of.element.name} have {len(value)} and {len(partner)} items: they go in pairs"
            )
            self.say("cardinality", text, path)
        else:
            self.items(value, partner, of, path)

    def items(self, value: list[Any] | None, partner: list[Any] | None, of: Property, path: str) -> None:
        for at in range(len(value or partner or ())):
            item = value[at] if value else None
            beside = partner[at] if partner else None
            where = f"{path}[{at}]"
            if item is None and beside is None:
                self.say("wrong-type", "an item is null only beside an extension of the same item", where)
            else:
                self.one(item, beside, of, where)

    def one(self, value: Any, partner: Any, of: Property, path: str) -> None:
        """Look at one value of one type and its partner; at least one of the two is there."""
        if partner is not None:
            self.object_(partner, "Element", path)
        if value is not None:
            faults = self._faults
            self.typed(value, of.element, of.type, path)
            if self._faults == faults and of.path != of.type:
                self.invariants(value, of.path, path)

    def typed(self, value: Any, element: Element, type_name: str, path: str) -> None:
        if elements.is_primitive(type_name):
            self.primitive(value, element, type_name, path)
        elif type_name == "Resource":
            self.contained(value, path) if element.name == "contained" else self.resource(value, path)
        else:
            self.object_(value, type_name, path)
            self.rules_of_type(value, element, type_name, path)

    def primitive(self, value: Any, element: Element, type_name: str, path: str) -> None:
        lexical = "elementId" if element.name == "id" and type_name == "string" else type_name
        if wrong := fault(lexical, value):
            self.say(wrong.code, wrong.text, path, value)
            return
        if element.binding and (wrong := codes.fault_of_code(value, element.binding)):
            self.say(wrong.code, wrong.text, path, value)
        if type_name == "xhtml":
            for text in narrative.faults(value):
                self.say("unsafe-narrative", text, path)
        if type_name in {"uri", "url", "canonical"} and value.startswith("#"):
            self.container.mention(value)

    def rules_of_type(self, value: Any, element: Element, type_name: str, path: str) -> None:
        """Look at what a datatype asks beyond its shape: where a Reference points, what a concept is coded with."""
        if not isinstance(value, dict):
            return
        for code, text in self.wrong_with(value, element, type_name, path):
            self.say(code, text, path)

    def wrong_with(self, value: Resource, element: Element, type_name: str, path: str) -> Iterator[tuple[str, str]]:
        if type_name == "Reference":
            self.container.note(value.get("reference"), path)
            yield from references.faults(value, element.targets)
        elif type_name == "CodeableConcept" and element.binding:
            yield from codes.faults_of_concept(value, element.binding)
        elif type_name == "Extension":
            yield from _extension_faults(value)
        elif element.profile == "SimpleQuantity" and "comparator" in value:
            yield "invariant", "sqty-1: this Quantity has no comparator"


def _extension_faults(extension: Resource) -> Iterator[tuple[str, str]]:
    """Yield ext-1: an extension has a value or extensions, not both. https://hl7.org/fhir/R4/extensibility.html"""
    value = shape("Extension").choices[0]
    has_value = any(name in extension or "_" + name in extension for name in value.json_names)
    if has_value == ("extension" in extension):
        found = "has both" if has_value else "has neither"
        yield "invariant", f"ext-1: an extension holds either a value or extensions, this one {found}"
