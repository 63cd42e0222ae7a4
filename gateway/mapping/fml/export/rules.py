"""Templates as rules: what stands under `emit` becomes sources, targets, transforms and rules in rules."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from gateway.fhir.elements import child
from gateway.fhirpath import ast
from gateway.fhirpath.scope import Code
from gateway.mapping import ir
from gateway.mapping.fml.export.texts import Texts, literal
from gateway.mapping.fml.model import id_of

Rule = dict[str, Any]
Place = tuple[str, str | None, str]
"""Where a value goes: the variable of an object, its type, and the element (as JSON calls it)."""
_CHANGES = {"System.String": "string", "System.Boolean": "boolean", "System.Integer": "integer"}


class Exporter:
    """Writes the rules of one unit. `codes` is what each expression gives, by its identity."""

    def __init__(self, root: str, texts: Texts, codes: dict[int, Code]) -> None:
        self.root = root
        self.texts = texts
        self.codes = codes
        self.numbers: Counter[str] = Counter()
        self.several: str | None = None  # the type of the values of a target that takes many

    # ---- the parts of a rule

    def fresh(self, hint: str) -> str:
        """Return a name for a variable that no other has."""
        clean = "".join(c for c in hint if c.isalnum() and c.isascii()) or "v"
        clean = clean[0].lower() + clean[1:]
        while True:
            self.numbers[clean] += 1
            name = f"{clean}{self.numbers[clean]}"
            if name not in self.texts.names:
                return name

    def rule(
        self, name: str, targets: list[Rule] | None = None, rules: list[Rule] | None = None, **source: Any
    ) -> Rule:
        """Return a rule with one source, the whole message unless another is given."""
        made: Rule = {"name": id_of(name), "source": [{"context": self.root} | source]}
        if targets:
            made["target"] = targets
        if rules:
            made["rule"] = rules
        return made

    def evaluated(self, text: str, **where: Any) -> Rule:
        """Return a target that an expression gives its value."""
        return {**where, "transform": "evaluate", "parameter": [{"valueString": text}]}

    def at(self, place: Place, **rest: Any) -> Rule:
        """Return a target at an element."""
        context, _, element = place
        return {"context": context, "contextType": "variable", "element": element, **rest}

    # ---- names

    def bound(self, bindings: tuple[ir.Binding, ...], rest: Callable[[], list[Rule]], name: str) -> list[Rule]:
        """Return the rule that gives names, with the rules in which they are there."""
        if not bindings:
            return rest()
        before, targets = self.texts, []
        for binding in bindings:
            targets.append(self.evaluated(self.texts.text(binding.value), variable=binding.name))
            self.texts = self.texts.having(binding.name)
        inner = rest()
        self.texts = before
        return [self.rule(name, _ordered(targets), inner)]

    # ---- objects

    def members(self, target: str, type_: str | None, members: tuple[Any, ...]) -> list[Rule]:
        """Return the rules that give an object its elements."""
        made: list[Rule] = []
        for index, member in enumerate(members):
            if isinstance(member, ir.Assign):
                rest = members[index + 1 :]
                return made + self.bound(member.bindings, lambda: self.members(target, type_, rest), "assign")  # noqa: B023 - called at once
            if isinstance(member, ir.Field):
                made += self.field(target, type_, member)
            elif isinstance(member, ir.Choice):
                made += self.choice(member, lambda value: self.joined(target, type_, value))
            else:
                for part in member.parts:
                    made += self.joined(target, type_, part)
        return made

    def joined(self, target: str, type_: str | None, value: ir.Template) -> list[Rule]:
        """Return the rules that lay an object over another."""
        if isinstance(value, ir.Object):
            return self.members(target, type_, value.members)
        if isinstance(value, ir.Choice):
            return self.choice(value, lambda inner: self.joined(target, type_, inner))
        if isinstance(value, ir.Expression):
            context = {"context": target, "contextType": "variable"}
            return [self.rule("merge", [self.evaluated(self.texts.text(value), **context)])]
        assert isinstance(value, ir.Items | ir.Loop | ir.Literal | ir.Concat)
        return []

    def field(self, target: str, type_: str | None, member: ir.Field) -> list[Rule]:
        """Return the rules of one element."""
        if member.name == "resourceType" and isinstance(member.value, ir.Literal):
            return []
        element, chosen = _chosen(type_, member.name)
        return self.value((target, type_, element), member.value, chosen)

    # ---- values

    def value(self, place: Place, value: ir.Template, chosen: str | None = None) -> list[Rule]:
        """Return the rules that put a value (or an item) into its place. `chosen` is the type of a choice."""
        if isinstance(value, ir.Literal):
            return [self.rule(place[2], [self.literal(place, value, chosen)])]
        if isinstance(value, ir.Expression):
            return [self.rule(place[2], self.expression(place, value, chosen))]
        if isinstance(value, ir.Concat):
            return [self.rule(place[2], self.concat(place, value, chosen))]
        if isinstance(value, ir.Object):
            return [self.object(place, value, chosen)]
        if isinstance(value, ir.Items):
            return [rule for item in value.items for rule in self.value(place, item, chosen)]
        if isinstance(value, ir.Choice):
            return self.choice(value, lambda inner: self.value(place, inner, chosen))
        return self.loop(value, lambda inner: self.value(place, inner, chosen))

    def literal(self, place: Place, value: ir.Literal, chosen: str | None) -> Rule:
        """Return the target of a fixed value."""
        parameter = _parameter(value.value)
        plain = chosen is None or chosen == _plain_type(value.value)
        if plain:
            return self.at(place, transform="copy", parameter=[parameter])
        return self.at(place, transform="cast", parameter=[parameter, {"valueString": chosen}])

    def expression(self, place: Place, value: ir.Expression, chosen: str | None) -> list[Rule]:
        """Return the targets of an expression: a single value of a list, and one of a choice, go by a variable."""
        text = self.texts.text(value)
        repeats = self.repeats(place)
        code = self.codes.get(id(value))
        if chosen is not None:
            name = self.fresh(place[2])
            cast = self.at(place, transform="cast", parameter=[{"valueId": name}, {"valueString": chosen}])
            return _ordered([self.evaluated(_first(text, code), variable=name), cast])
        called = isinstance(value.node, ast.Call) and value.node.base is None  # gives the same, wherever it stands
        if repeats and not value.many and not called:
            name = self.fresh(place[2])
            copied = self.at(place, transform="copy", parameter=[{"valueId": name}])
            return _ordered([self.evaluated(_first(text, code), variable=name), copied])
        if value.many:
            return [self.evaluated(text, **self.at(place))]
        return [self.evaluated(_first(text, code), **self.at(place))]

    def concat(self, place: Place, value: ir.Concat, chosen: str | None) -> list[Rule]:
        """Return the targets of a text around values: a variable for each value, then their append."""
        targets, parameters = [], []
        for part in value.parts:
            if isinstance(part, ir.Literal):
                parameters.append({"valueString": str(part.value)})
                continue
            name = self.fresh("part")
            targets.append(self.evaluated(_first(self.texts.text(part), self.codes.get(id(part))), variable=name))
            parameters.append({"valueId": name})
        joined = _joined(parameters)
        if chosen in {None, "string"}:
            return _ordered([*targets, self.at(place, **joined)])
        name = self.fresh("text")
        cast = self.at(place, transform="cast", parameter=[{"valueId": name}, {"valueString": chosen}])
        return _ordered([*targets, {"variable": name, **joined}, cast])

    def object(self, place: Place, value: ir.Object, chosen: str | None) -> Rule:
        """Return the rule of an object, the rules of its elements in it."""
        type_ = value.resource_type or chosen or self.type_of(place)
        name = self.fresh(value.resource_type or place[2])
        created = (
            {"transform": "create", "parameter": [{"valueString": type_}]} if value.resource_type or chosen else {}
        )
        inner = self.members(name, type_, value.members)
        made = self.rule(value.resource_type or place[2], _ordered([self.at(place, variable=name, **created)]), inner)
        if value.policy:
            made["documentation"] = f"on-error: {value.policy}"
        return made

    def type_of(self, place: Place) -> str | None:
        """Return the type of an element, where there is only one."""
        _, type_, element = place
        if self.several is not None and element == "value":
            return self.several
        if element.startswith("_"):
            return "Element"
        found = child(type_, element) if type_ else None
        return found.types[0] if found is not None and len(found.types) == 1 else None

    def repeats(self, place: Place) -> bool:
        """Return whether an element takes more than one value."""
        _, type_, element = place
        if self.several is not None and element == "value":
            return True
        found = child(type_, element.removeprefix("_")) if type_ else None
        return found is not None and found.is_list

    # ---- branches and loops

    def choice(self, value: ir.Choice, write: Callable[[ir.Template], list[Rule]]) -> list[Rule]:
        """Return the rules of a choice: a condition stands at a source; of several the first one is numbered."""
        branches = value.branches
        if len(branches) == 1 and branches[0].condition is not None:
            return self.guarded(self.texts.text(branches[0].condition), write(branches[0].value))
        name, text = self.fresh("branch"), ""
        for number, branch in reversed(list(enumerate(branches, 1))):
            if branch.condition is None:
                text = str(number)
            else:
                condition = self.texts.text(branch.condition)
                text = f"iif({condition}, {number}{f', {text}' if text else ''})"
        inner = [
            rule
            for number, branch in enumerate(branches, 1)
            for rule in self.guarded(f"{name} = {number}", write(branch.value))
        ]
        return [self.rule("choose", [self.evaluated(text, variable=name)], inner)] if inner else []

    def guarded(self, condition: str, rules: list[Rule]) -> list[Rule]:
        """Return rules that are applied where a condition holds."""
        if not rules:
            return []
        source = rules[0]["source"]
        if len(rules) == 1 and source == [{"context": self.root}]:
            return [{**rules[0], "source": [{**source[0], "condition": condition}]}]
        return [self.rule("when", None, rules, condition=condition)]

    def loop(self, value: ir.Loop, write: Callable[[ir.Template], list[Rule]]) -> list[Rule]:
        """Return the rules of a loop: its collection under a name, then a rule for each item."""
        name, text = self.fresh("all"), self.texts.text(value.source)
        if not isinstance(value.source.node, ast.SourcePath):
            text = f"({text}).select($this)"  # all of it, whatever it is
        before = self.texts
        self.texts = self.texts.having(name, value.variable, *([value.index] if value.index else []))
        inner = write(value.body)
        self.texts = before
        item = self.rule("each", None, inner)
        item["source"] = [{"context": name, "variable": value.variable}]
        if value.index:
            item = {**item, "target": [self.evaluated(f"{value.variable}Index", variable=value.index)]}
            item["rule"] = item.pop("rule", [])
        return [self.rule("loop", [self.evaluated(text, variable=name)], [item])] if inner else []

    # ---- what a mapping emits

    def emitted(self, bundle: str, template: ir.Template) -> list[Rule]:
        """Return the rules that put resources into a Bundle."""
        if isinstance(template, ir.Choice):
            return self.choice(template, lambda value: self.emitted(bundle, value))
        if isinstance(template, ir.Loop):
            return self.loop(template, lambda value: self.emitted(bundle, value))
        if isinstance(template, ir.Items):
            return [rule for item in template.items for rule in self.emitted(bundle, item)]
        entry = self.fresh("entry")
        first = self.at((bundle, "Bundle", "entry"), variable=entry)
        place: Place = (entry, "Bundle.entry", "resource")
        if isinstance(template, ir.Object):
            made = self.object(place, template, None)
            made["target"].insert(0, first)
            return [made]
        assert isinstance(template, ir.Expression)
        name, item = self.fresh("made"), self.fresh("resource")
        each = self.rule("put", [first, self.at(place, transform="copy", parameter=[{"valueId": item}])])
        each["source"] = [{"context": name, "variable": item}]
        return [self.rule("emit", [self.evaluated(self.texts.text(template), variable=name)], [each])]


_ORDER = ("context", "contextType", "element", "variable", "transform", "parameter")


def _ordered(targets: list[Rule]) -> list[Rule]:
    return [{key: target[key] for key in _ORDER if key in target} for target in targets]


def ordered(rules: list[Rule]) -> Iterator[Rule]:
    """Yield rules, the elements of each in the order that R4 defines."""
    for rule in rules:
        made: Rule = {"name": rule["name"], "source": rule["source"]}
        made |= {"target": _ordered(rule["target"])} if rule.get("target") else {}
        made |= {"rule": list(ordered(rule["rule"]))} if rule.get("rule") else {}
        yield made | ({"documentation": rule["documentation"]} if "documentation" in rule else {})


def _chosen(type_: str | None, name: str) -> tuple[str, str | None]:
    """Return the element that a JSON name means, and the type where the element is a choice."""
    found = child(type_, name) if type_ else None
    stem = next(
        (n for n in (name[: len(name) - i] for i in range(1, len(name))) if type_ and _is_choice(type_, n)), None
    )
    if found is None or stem is None or found.choice:
        return name, None
    return (stem, found.types[0]) if name[len(stem)].isupper() else (name, None)


def _is_choice(type_: str, name: str) -> bool:
    found = child(type_, name)
    return found is not None and found.choice and found.name == name


def _joined(parameters: list[Rule]) -> Rule:
    """Return the transform that joins texts: append, which takes no blank, for no string of R4's is only blanks."""
    if all(one.get("valueString", "-").strip() for one in parameters):
        return {"transform": "append", "parameter": parameters}
    texts = (
        literal(one["valueString"]) if "valueString" in one else f"{one['valueId']}.toString()" for one in parameters
    )
    return {"transform": "evaluate", "parameter": [{"valueString": " + ".join(texts)}]}


def _first(text: str, code: Code | None) -> str:
    return f"({text}).first()" if code is not None and code.many else text


def _plain_type(value: object) -> str:
    return {bool: "boolean", int: "integer", Decimal: "decimal"}.get(type(value), "string")


def _parameter(value: str | int | Decimal | bool) -> Rule:  # noqa: FBT001 - the literal itself
    names = {bool: "valueBoolean", int: "valueInteger", Decimal: "valueDecimal"}
    return {names.get(type(value), "valueString"): value}
