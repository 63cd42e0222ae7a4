"""The rules of a group as Python: a loop for each source, a call of the tracer for each target, then what follows."""

from dataclasses import replace
from typing import Protocol

from gateway.fhir.elements import is_type
from gateway.fhirpath.scope import Code
from gateway.mapping import ir
from gateway.mapping.compiler.body import Body
from gateway.mapping.compiler.frame import Name
from gateway.mapping.compiler.rules import Rules
from gateway.mapping.compiler.shared import Expressions
from gateway.mapping.compiler.traced import Traced
from gateway.mapping.fml import structures
from gateway.mapping.fml.scope import Scope, Target
from gateway.mapping.fml.simple import Simple
from gateway.mapping.fml.slots import Slot, missing, slot
from gateway.mapping.fml.targets import Limits
from gateway.mapping.fml.values import Values
from gateway.mapping.spans import Problems, Span, suggestion


class Builder(Protocol):
    """What the rules ask of the program they become part of."""

    problems: Problems
    rules: Rules
    expressions: Expressions
    mapping: ir.Mapping
    groups: dict[str, ir.Group]

    def constant(self, value: object, hint: str) -> str:
        """Return the name under which generated code sees a value."""

    def group(self, name: str, span: Span) -> ir.Group | None:
        """Return a group; none is a problem."""

    def function(self, group: ir.Group, given: list[Name | Target | str]) -> str:
        """Return the function of a group for arguments of some kinds."""


class RulesWriter:
    """Writes rules into one function body."""

    def __init__(self, builder: Builder, body: Body, group: ir.Group) -> None:
        self.builder = builder
        self.body = body
        self.group = group
        self.expressions = builder.expressions
        self.values = Values(builder)
        self.shared: set[str] = set()

    def rules(self, rules: tuple[ir.Rule, ...], scope: Scope) -> None:
        """Write rules, one after the other."""
        names = sorted({t.shared for rule in ir.rules_of(rules) for t in rule.targets if t.shared} - self.shared)
        if names:
            self.body.line("shared = {}")
            self.shared |= set(names)
        for rule in rules:
            self.rule(rule, scope)

    def rule(self, rule: ir.Rule, scope: Scope) -> None:
        """Write one rule."""
        depth = self.body.depth
        for source in rule.sources:
            scope = self.source(source, rule, scope)
        if rule.simple:
            self.simple(rule, scope)
        else:
            self.made(rule, scope)
        self.body.depth = depth

    def made(self, rule: ir.Rule, scope: Scope) -> None:
        """Write the targets of a rule, what it leads on to, and the end of what it began."""
        ends: list[str] = []
        before = len(self.body.lines)
        for target in rule.targets:
            scope = self.target(target, rule, scope, ends)
        for call in rule.calls:
            self.call(call, scope)
        self.rules(rule.rules, scope)
        for end in reversed(ends):
            self.body.line(end)
        if len(self.body.lines) == before:
            self.body.line("pass")

    def number(self, rule: ir.Rule, span: Span, word: str = "", target: str | None = None) -> int:
        """Return the number of a rule, or of one target of it."""
        name = f"{self.group.name}.{rule.name}"
        return self.builder.rules.add(f"{name} {word}".rstrip(), span, target)

    # ---- sources

    def source(self, source: ir.RuleSource, rule: ir.Rule, scope: Scope) -> Scope:
        """Open the loop over a source; return the scope inside."""
        kind = scope.kinds.get(source.context)
        if source.items is None and kind is not None:
            return self._whole(source, rule, scope, kind)
        expression = source.items or self._variable(source)
        code, pieces = self.expressions.code(expression, scope.frame, pieces=True, json=False)
        item = self.body.name(f"x_{_plain(source.variable or source.context)}_")
        known = scope.frame.names.get(source.context)
        type_ = source.type if source.type and is_type(source.type) else code.type
        name = Name(item, type=type_, pieces=pieces, present=True)
        if source.items is None and known is not None and not code.many and known.present and source.condition is None:
            name = replace(known, text=known.text)  # the variable itself, under another name
            inner = scope.reading(source.variable, name) if source.variable else scope
            self._checked(source, rule, inner, name)
            return inner
        inner = scope.reading(source.variable, name) if source.variable else scope
        number = self.number(rule, source.span, "for")
        arguments = [str(number), f"lambda: {code.text}", str(code.many), *self._wanted(source, rule, inner, name)]
        index = self.body.name("i_")
        self._open(f"for {index}, {item} in enumerate(T.source({', '.join(arguments)}))")
        self._checked(source, rule, inner, name)
        if source.variable is None:
            return inner
        return inner.reading(f"{source.variable}Index", Name(f"({index}, ())", type="System.Integer", present=True))

    def _variable(self, source: ir.RuleSource) -> ir.Expression:
        from gateway.fhirpath import ast  # noqa: PLC0415 - one node

        node = ast.Identifier(source.context, end=len(source.context))
        return ir.Expression(source.context, node, source.span, many=True)

    def _wanted(self, source: ir.RuleSource, rule: ir.Rule, inner: Scope, item: Name) -> list[str]:
        made: list[str] = []
        if source.condition is not None:
            frame = inner.frame.having({}, item)
            truth = self.expressions.truth(source.condition, frame)
            number = self.number(rule, source.condition.span, "where")
            made.append(f"where=lambda {item.text}: T.test({number}, lambda: {truth})")
        if source.default is not None:
            code, _ = self.expressions.code(source.default, inner.frame, pieces=False)
            made.append(f"default=lambda: {code.text}")
        limits = Limits(source.type, source.mode, source.least, source.most)
        return [self.builder.constant(limits, "limits"), *made]

    def _whole(self, source: ir.RuleSource, rule: ir.Rule, scope: Scope, kind: str) -> Scope:
        """Write a source that is a whole message or row: no loop, only its conditions."""
        inner = (
            scope.whole(source.variable, "record" if kind == "table" and self._is_row(source) else kind)
            if source.variable
            else scope
        )
        if source.condition is not None:
            number = self.number(rule, source.condition.span, "where")
            self._open(f"if T.test({number}, lambda: {self.expressions.truth(source.condition, inner.frame)})")
        self._checked(source, rule, inner, None)
        return inner

    def _is_row(self, source: ir.RuleSource) -> bool:
        return source.variable is not None

    def _checked(self, source: ir.RuleSource, rule: ir.Rule, inner: Scope, item: Name | None) -> None:
        if source.check is None:
            return
        frame = inner.frame.having({}, item) if item is not None else inner.frame
        truth = self.expressions.truth(source.check, frame)
        say = source.say or f"{source.check.text} does not hold"
        number = self.number(rule, source.check.span, "check")
        self.body.line(f"T.require({number}, lambda: {truth}, {source.code!r}, {say!r}, {source.warns})")

    def _open(self, head: str) -> None:
        self.body.line(f"{head}:")
        self.body.depth += 1

    # ---- targets

    def target(self, target: ir.RuleTarget, rule: ir.Rule, scope: Scope, ends: list[str]) -> Scope:
        """Write one target; return the scope in which its variable is there."""
        if target.context is None:
            return self.binding(target, rule, scope)
        holder = scope.targets.get(target.context)
        if holder is None:
            if target.context in scope.frame.names or target.context in scope.kinds:
                self.problems(target.span, f"'{target.context}' is a source, and nothing can be put into it")
            return scope
        if target.element is None:
            return self._without_element(target, rule, scope, holder)
        place = self.slot(holder, target)
        if place is None:
            return scope
        path = _below(holder, target.element)
        if target.transform in {None, "create"} and not (target.transform is None and place.choices):
            return self.created(target, rule, scope, ends, (holder, place, path))
        return self.assigned(target, rule, scope, (holder, place, path))

    def problems(self, span: Span, text: str) -> None:
        """Note a problem."""
        self.builder.problems.add(span, text)

    def slot(self, holder: Target, target: ir.RuleTarget) -> Slot | None:
        """Return where an element of a target stands; one that its type does not have is a problem."""
        assert target.element is not None
        if holder.plain and target.element == "value":
            return Slot("value", listed=False, types=(holder.type,) if holder.type else ())
        if holder.several:
            return Slot("value", listed=True, types=(holder.type,) if holder.type else ())
        found = slot(holder.type, target.element)
        if found is None and holder.type is not None:
            self.problems(target.span, missing(holder.type, target.element))
        return found

    def binding(self, target: ir.RuleTarget, rule: ir.Rule, scope: Scope) -> Scope:
        """Write a name for a value: a target with a transform and without a place."""
        if target.variable is None or target.transform is None:
            self.problems(
                target.span, "a target without a variable to put it in needs a transform and a name: (…) as x"
            )
            return scope
        if target.transform == "evaluate" and len(target.parameters) == 1:
            value = target.parameters[0]
            if isinstance(value, ir.Expression) and (path := self._wanted_by(target, rule, scope)):
                return self._part(target, value, rule, scope, path)
            if isinstance(value, ir.Expression):
                writer = Traced(self.body, self.expressions, self.builder.rules)
                bound = ir.Binding(target.variable, replace(value, many=False), target.span)
                frame = writer.bind((bound,), scope.frame, f"{self.group.name}.")
                return scope.reading(target.variable, frame.names[target.variable])
        if target.transform == "create":
            return self._loose(target, scope)
        code = self.values.code(target, scope, None)
        variable = self.body.name(f"n_{_plain(target.variable)}_")
        number = self.number(rule, target.span)
        self.body.line(f"{variable} = T.named({number}, lambda: {code.text}, {code.many})")
        return scope.reading(target.variable, Name(variable, code.many, code.type))

    def _wanted_by(self, target: ir.RuleTarget, rule: ir.Rule, scope: Scope) -> str | None:
        """Return the element that a name is a part of, where it is given for an element of the same rule alone."""
        if rule.rules or rule.calls:
            return None
        for one in rule.targets:
            used = any(isinstance(p, ir.Expression) and p.text == target.variable for p in one.parameters)
            holder = scope.targets.get(one.context or "")
            if used and holder is not None and one.element is not None:
                last = one.parameters[-1] if one.transform == "cast" else None
                place = slot(holder.type, one.element) if isinstance(last, ir.Literal) and not holder.several else None
                named = place.chosen(str(last.value)) if place and isinstance(last, ir.Literal) else None
                return _below(holder, named or one.element)
        return None

    def _part(self, target: ir.RuleTarget, value: ir.Expression, rule: ir.Rule, scope: Scope, path: str) -> Scope:
        """Write a name that is part of an element: what is wrong with it is wrong with the element."""
        assert target.variable is not None
        code, pieces = self.expressions.code(replace(value, many=False), scope.frame, pieces=False)
        variable = self.body.name(f"n_{_plain(target.variable)}_")
        number = self.number(rule, target.span, target.variable, path)
        self.body.line(f"{variable} = T.named({number}, lambda: {code.text}, {code.many})")
        return scope.reading(target.variable, Name(variable, code.many, code.type, pieces=pieces))

    def _loose(self, target: ir.RuleTarget, scope: Scope) -> Scope:
        """Write the making of an object that is put somewhere later on."""
        assert target.variable is not None
        type_ = structures.type_of(self.values.type_name(target), dict(self.builder.mapping.models))
        name = self.body.name(f"o_{_plain(target.variable)}_")
        self.body.line(f"{name} = {{'resourceType': {type_!r}}}" if structures.is_resource(type_) else f"{name} = {{}}")
        return scope.filling(
            target.variable, Target(name, type_, type_ if structures.is_resource(type_) and type_ else "")
        )

    def _without_element(self, target: ir.RuleTarget, rule: ir.Rule, scope: Scope, holder: Target) -> Scope:
        if target.transform is None:
            return scope.filling(target.variable, holder) if target.variable else scope
        code = self.values.code(target, scope, holder.type)
        number = self.number(rule, target.span, target=holder.path or "")
        self.body.line(f"T.lay({holder.text}, {number}, lambda: {code.text}, {code.many})")
        return scope

    def created(
        self, target: ir.RuleTarget, rule: ir.Rule, scope: Scope, ends: list[str], at: tuple[Target, Slot, str]
    ) -> Scope:  # fmt: skip
        """Write the making of an object (or of what holds a plain value) in its place."""
        holder, place, path = at
        written = self.values.type_name(target)
        type_ = structures.type_of(written, dict(self.builder.mapping.models)) if written else place.type
        type_ = structures.DOCUMENT if place.open else type_
        if place.choices:
            path = _below(holder, place.chosen(type_) or place.key)
        number = self.number(rule, target.span, target=path)
        name = self.body.name(f"o_{_plain(target.variable or place.key)}_")
        constant = self.builder.constant(place, "slot")
        plain = structures.is_plain(type_) and not place.choices
        if plain:
            self.body.line(f"{name} = T.box()")
            ends.append(f"T.unbox({holder.text}, {constant}, {number}, {name})")
        else:
            if place.choices and place.chosen(type_) is None:
                self.problems(
                    target.span, f"'{target.element}' cannot be a {written}{suggestion(str(written), place.choices)}"
                )
            named = repr(written if place.open else type_) if written else "None"
            made = f"T.child({holder.text}, {constant}, {number}, {named})"
            shared = f"T.shared(shared, {target.shared!r}, lambda: {made})" if target.shared else made
            self.body.line(f"{name} = {shared}")
        if "first" in target.modes:
            self.body.line(f"T.front({holder.text}, {constant})")
        if structures.is_resource(type_) and type_ is not None:
            self.body.line(f"T.begin({type_!r}, {rule.policy!r})")
            ends.append(f"T.end({number}, {name})")
            path = type_
        if target.variable is None:
            return scope
        return scope.filling(target.variable, Target(name, type_, path, plain=plain))

    def assigned(self, target: ir.RuleTarget, rule: ir.Rule, scope: Scope, at: tuple[Target, Slot, str]) -> Scope:
        """Write a value into its place."""
        holder, place, path = at
        code = self.values.code(target, scope, place.type, choice=bool(place.choices), listed=place.listed is True)
        if place.choices and code.type:
            path = _below(holder, place.chosen(code.type) or place.key)
        number = self.number(rule, target.span, target=path)
        constant = self.builder.constant(place, "slot")
        given = f"{holder.text}, {constant}, {number}, lambda: {code.text}, {code.many}, {code.type!r}"
        call = f"T.assign({given})"
        if target.variable is None:
            self.body.line(call)
        else:
            name = self.body.name(f"v_{_plain(target.variable)}_")
            self.body.line(f"{name} = {call}")
            type_ = place.type or code.type
            scope = scope.filling(target.variable, Target(f"{name}[0]", type_, path))
        if "first" in target.modes:
            self.body.line(f"T.front({holder.text}, {constant})")
        return scope

    # ---- what follows

    def call(self, call: ir.GroupCall, scope: Scope) -> None:
        """Write the call of a group."""
        group = self.builder.group(call.name, call.span)
        if group is None:
            return
        if len(call.arguments) != len(group.takes):
            wanted = ", ".join(one.name for one in group.takes)
            self.problems(
                call.span, f"{call.name}({wanted}) takes {len(group.takes)} arguments, not {len(call.arguments)}"
            )
            return
        given = [self._argument(name, one, call, scope) for name, one in zip(call.arguments, group.takes, strict=True)]
        if any(one is None for one in given):
            return
        function = self.builder.function(group, [one for one in given if one is not None])
        texts = [one.text for one in given if one is not None and not isinstance(one, str)]
        path = next((one.path for one in given if isinstance(one, Target)), "")
        before = self.body.name("before")
        self.body.line(f"{before} = T.enter_at({path!r})")
        self.body.line(f"{function}({', '.join(['m', 'received_at', 'control_id', 'T', *texts])})")
        self.body.line(f"T.leave({before})")

    def _argument(
        self, name: str, wanted: ir.Parameter, call: ir.GroupCall, scope: Scope
    ) -> Name | Target | str | None:
        if name in scope.kinds and name not in scope.frame.names:
            return scope.kinds[name]
        if wanted.mode == "target":
            if name not in scope.targets:
                self.problems(
                    call.span, f"'{name}' is no target; {call.name}() fills it{suggestion(name, scope.targets)}"
                )
            return scope.targets.get(name)
        known = scope.frame.names.get(name)
        if known is None:
            self.problems(call.span, f"no variable '{name}'{suggestion(name, scope.frame.names)}")
            return None
        if known.path is not None and not known.pieces:  # a name for a path: what stands there now
            return replace(known, path=None)
        return known

    def simple(self, rule: ir.Rule, scope: Scope) -> None:
        """Write `src.a -> tgt.b`: by the default group of the types, or as a copy."""
        source, target = rule.sources[0], rule.targets[0]
        assert source.variable is not None
        item = scope.frame.names.get(source.variable)
        holder = scope.targets.get(target.context or "")
        place = self.slot(holder, target) if holder else None
        if item is None or holder is None or place is None:
            self.body.line("pass")
            return
        path = _below(holder, str(target.element))
        number = self.number(rule, target.span, target=path)
        group = Simple(self.builder.groups, dict(self.builder.mapping.models)).default(item.type, place.type)
        if group is None:
            given = f"{holder.text}, {self.builder.constant(place, 'slot')}, {number}"
            self.body.line(f"T.assign({given}, lambda: T.use({item.text}), False, {item.type!r})")
            return
        made = self.body.name("o_")
        plain = structures.is_plain(place.type)
        constant = self.builder.constant(place, "slot")
        self.body.line(f"{made} = T.box()" if plain else f"{made} = T.child({holder.text}, {constant}, {number})")
        function = self.builder.function(group, [item, Target(made, place.type, path, plain=plain)])
        self.body.line(f"{function}(m, received_at, control_id, T, {item.text}, {made})")
        if plain:
            self.body.line(f"T.unbox({holder.text}, {constant}, {number}, {made})")


def _below(holder: Target, element: str) -> str:
    """Return the path of an element; what holds a plain value, or each of many, is itself the element."""
    if holder.several or holder.plain:
        return holder.path
    return f"{holder.path}.{element}" if holder.path else element


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name)


__all__ = ["Builder", "Code", "RulesWriter"]
