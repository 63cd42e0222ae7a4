"""Checks what a template builds against R4: elements, lists, types, required children, required codes.

https://hl7.org/fhir/R4/elementdefinition.html
"""

from collections.abc import Iterable, Iterator

from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.fhir.types import resource_types
from gateway.fhirpath import Code, ast
from gateway.fhirpath.model import kind
from gateway.mapping import functions, ir
from gateway.mapping.checks.literals import literal_problem
from gateway.mapping.compiler.sources import Units
from gateway.mapping.spans import Problems, Span, suggestion

_RESOURCES = frozenset({"Resource", "DomainResource"})
_ROOT = ("resourceType",)


class Structure:
    """Checks one unit. `types` is what its expressions give, as far as that is known."""

    def __init__(self, unit: ir.Unit, types: dict[int, Code], units: Units, problems: Problems) -> None:
        self.unit = unit
        self.types = types
        self.units = units
        self.problems = problems
        self.uses = {use.alias: use for use in unit.uses}

    def check(self) -> None:
        """Check everything the unit emits."""
        if isinstance(self.unit, ir.Fragment):
            self._fragment(self.unit)
            return
        for template in self.unit.emit:
            for value in leaves(template):
                self._resource(value)

    def _fragment(self, fragment: ir.Fragment) -> None:
        if not elements.is_type(fragment.type) and fragment.type not in resource_types():
            hint = suggestion(fragment.type, resource_types())
            self.problems.add(fragment.span, f"R4 has no type '{fragment.type}'{hint}")
            return
        if fragment.type in resource_types() or fragment.type in _RESOURCES:
            for template in fragment.emit:
                for value in leaves(template):
                    self._resource(value, needs_id=False)
            return
        element = Element(fragment.type, (fragment.type,))
        for template in fragment.emit:
            for value in leaves(template):
                self._single(value, element, fragment.type)

    # ---- resources

    def _resource(self, template: ir.Template, *, needs_id: bool = True) -> None:
        if isinstance(template, ir.Expression):
            self._gives_resource(template)
        elif not isinstance(template, ir.Object):
            self.problems.add(template.span, "a resource is wanted here: an object with a resourceType")
        else:
            self._whole(template, needs_id=needs_id)

    def _whole(self, template: ir.Object, *, needs_id: bool) -> None:
        type_ = template.resource_type
        if type_ is None:
            self.problems.add(template.span, "the resource names no resourceType (a literal)")
            return
        if type_ not in resource_types():
            self.problems.add(template.span, f"R4 has no resource '{type_}'{suggestion(type_, resource_types())}")
            return
        if needs_id and "id" not in _names(template):
            self.problems.add(template.span, f"the {type_} gets no id: write id: \"{{{{ id('kind', …) }}}}\"")
        self._object(template, type_, type_)

    def _gives_resource(self, template: ir.Expression) -> None:
        code = self.types.get(id(template))
        known = code.type if code else None
        if known is not None and known not in resource_types() and known not in _RESOURCES:
            self.problems.add(template.span, f"a resource is wanted here, and this gives {_article(known)}")

    # ---- objects

    def _object(self, template: ir.Object, type_: str, path: str) -> None:
        for member in template.members:
            if isinstance(member, ir.Field):
                self._field(member, type_, path)
            elif isinstance(member, ir.Choice):
                self._joined(leaves(member), type_, path)
            elif isinstance(member, ir.Merge):
                self._joined((value for part in member.parts for value in leaves(part)), type_, path)
        self._required(template, type_, path)

    def _joined(self, values: Iterable[ir.Template], type_: str, path: str) -> None:
        """Check objects whose elements join another one: they need not be whole themselves."""
        for value in values:
            if isinstance(value, ir.Object):
                for member in value.members:
                    if isinstance(member, ir.Field):
                        self._field(member, type_, path)
                    elif isinstance(member, ir.Choice):
                        self._joined(leaves(member), type_, path)
            elif isinstance(value, ir.Expression):
                self._gives(value, Element(type_, (type_,)), path)
            else:
                self.problems.add(value.span, "only an object (or a fragment that makes one) can join another")

    def _required(self, template: ir.Object, type_: str, path: str) -> None:
        names = _names(template)
        if None in names:
            return  # what a fragment lays over it is not known here
        for element in elements.children(type_).values():
            if element.required and not names & set(element.json_names):
                text = f"{path} has no {element.name}, which R4 requires"
                self.problems.add(template.span, text, code="missing-element", at=f"{path}.{element.name}")

    def _field(self, field: ir.Field, type_: str, path: str) -> None:
        if field.name in _ROOT:
            return
        partner = field.name.startswith("_")
        element = elements.child(type_, field.name.removeprefix("_"))
        if element is None or (partner and not elements.is_primitive(element.types[0])):
            hint = suggestion(field.name, _json_names(type_))
            text = f"{type_} has no element '{field.name}'{hint}"
            self.problems.add(field.span, text, code="unknown-element", at=f"{path}.{field.name}")
            return
        if element.choice:
            names = ", ".join(element.json_names[:6]) + (" …" if len(element.json_names) > 6 else "")
            self.problems.add(field.span, f"'{field.name}' is written with its type: {names}", code="unknown-element")
            return
        if partner:
            element = Element(field.name, ("Element",), is_list=element.is_list)
        self._value(field.value, element, f"{path}.{field.name}")

    # ---- values

    def _value(self, template: ir.Template, element: Element, path: str) -> None:
        if element.is_list:
            self._list(template, element, path)
            return
        for value in leaves(template, lists=False):
            if isinstance(value, ir.Items | ir.Loop) or (isinstance(value, ir.Expression) and value.many):
                text = f"{path} is one value, not a list: write it without [ ]"
                self.problems.add(value.span, text, code="cardinality", at=path)
            else:
                self._single(value, element, path)

    def _list(self, template: ir.Template, element: Element, path: str) -> None:
        for value in leaves(template, lists=False):
            if isinstance(value, ir.Items | ir.Loop):
                for item in leaves(value):
                    self._single(item, element, path)
            elif isinstance(value, ir.Expression) and value.many:
                self._gives(value, element, path)
            else:
                text = f"{path} is a list: write [ … ], or {{[ … ]}} for all values"
                self.problems.add(value.span, text, code="cardinality", at=path)

    def _single(self, template: ir.Template, element: Element, path: str) -> None:
        type_ = element.types[0]
        if isinstance(template, ir.Object):
            self._made_object(template, element, path)
        elif isinstance(template, ir.Expression):
            self._gives(template, element, path)
        elif isinstance(template, ir.Literal | ir.Concat) and not elements.is_primitive(type_):
            text = f"{path} is {_article(type_)}, not a text: write its elements"
            self.problems.add(template.span, text, code="wrong-type", at=path)
        elif isinstance(template, ir.Literal):
            wrong = literal_problem(template.value, element)
            if wrong:
                self.problems.add(template.span, f"{path}: {wrong[1]}", code=wrong[0], at=path)
        elif isinstance(template, ir.Concat):
            self._target(template, element, path)

    def _made_object(self, template: ir.Object, element: Element, path: str) -> None:
        type_ = element.types[0]
        if type_ in _RESOURCES or type_ in resource_types():
            self._whole(template, needs_id=False)
        elif elements.is_primitive(type_):
            text = f"{path} is {_article(type_)}, a plain value without elements"
            self.problems.add(template.span, text, code="wrong-type", at=path)
        else:
            self._object(template, type_, path)
            if type_ == "Reference" and element.targets:
                self._reference(template, element, path)

    def _reference(self, template: ir.Object, element: Element, path: str) -> None:
        """Check that a Reference that begins with a literal `Type/` may point to that type."""
        for field in template.fields:
            if field.name == "reference" and isinstance(field.value, ir.Concat):
                self._target(field.value, element, path)

    def _target(self, template: ir.Concat, element: Element, path: str) -> None:
        first = template.parts[0]
        type_ = str(first.value).removesuffix("/") if isinstance(first, ir.Literal) else ""
        if type_ in resource_types() and element.targets and not {type_, "Resource"} & set(element.targets):
            wanted = ", ".join(element.targets)
            self.problems.add(
                template.span, f"{path} refers to {wanted}, not to {type_}", code="bad-reference", at=path
            )

    def _gives(self, template: ir.Expression, element: Element, path: str) -> None:
        """Check what an expression gives, as far as it is known, against the type of the element."""
        code = self.types.get(id(template))
        self._translated(template.node, element, path, template.span)
        if code is None or code.type is None or code.text in {"None", "[]"}:
            return
        wanted, given = element.types[0], code.type
        if wanted in _RESOURCES or given in {wanted, "Element"}:  # Element: one type or another
            return
        if not _fits(given, wanted):
            text = f"{path} is {_article(wanted)}, and this gives {_article(given)}"
            self.problems.add(template.span, text, code="wrong-type", at=path)

    def _translated(self, node: ast.Node, element: Element, path: str, span: Span) -> None:
        """Check that every code a ConceptMap can give is in the required value set."""
        codes = elements.required_codes(element.binding) if element.binding else None
        if codes is None or not isinstance(node, ast.Call) or node.name != functions.TRANSLATE:
            return
        use = self.uses.get(node.base.name) if isinstance(node.base, ast.Identifier) else None
        found = self.units.concept_map(use) if use else None
        for target in sorted(set(found.targets()) - codes) if found else ():
            text = f"ConceptMap/{found.id if found else ''} gives '{target}', which is not a code of {path}"
            self.problems.add(span, text, code="code-invalid", at=path)


def leaves(template: ir.Template, *, lists: bool = True) -> Iterator[ir.Template]:
    """Yield the values a template may come to, whichever branch is taken; with `lists` also the items of lists."""
    if isinstance(template, ir.Choice):
        for branch in template.branches:
            yield from leaves(branch.value, lists=lists)
    elif lists and isinstance(template, ir.Items):
        for item in template.items:
            yield from leaves(item)
    elif lists and isinstance(template, ir.Loop):
        yield from leaves(template.body)
    else:
        yield template


def _names(template: ir.Object) -> set[str | None]:
    """Return the element names an object may have; None among them when a fragment may add others."""
    names: set[str | None] = set()
    for member in template.members:
        if isinstance(member, ir.Field):
            names.add(member.name)
        elif isinstance(member, ir.Choice):
            names |= _joined_names(leaves(member))
        elif isinstance(member, ir.Merge):
            names |= _joined_names(value for part in member.parts for value in leaves(part))
    return names


def _joined_names(values: Iterable[ir.Template]) -> set[str | None]:
    names: set[str | None] = set()
    for value in values:
        names |= _names(value) if isinstance(value, ir.Object) else {None}
    return names


def _json_names(type_: str) -> list[str]:
    return [name for element in elements.children(type_).values() for name in element.json_names]


def _plain(type_: str) -> bool:
    return type_.startswith("System.") or elements.is_primitive(type_)


def _fits(given: str, wanted: str) -> bool:
    """Return whether a value of one type can be the value of an element of another."""
    if elements.is_primitive(wanted) != _plain(given):
        return False
    return _family(given) == _family(wanted) if _plain(given) else _descends(given, wanted)


def _family(type_: str) -> str:
    """Return how a primitive is written in JSON: boolean, number or text."""
    found = kind(type_)
    return "number" if found in {"integer", "decimal"} else "boolean" if found == "boolean" else "text"


def _descends(given: str, wanted: str) -> bool:
    at: str | None = given
    while at is not None and at != wanted:
        at = elements.parent_type(at)
    return at is not None


def _article(type_: str) -> str:
    name = {"System.String": "text", "System.Boolean": "boolean"}.get(type_, type_.removeprefix("System."))
    return f"an {name}" if name[:1].upper() in "AEIO" else f"a {name}"
