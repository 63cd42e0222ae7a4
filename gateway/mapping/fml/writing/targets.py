"""The targets of a rule as Python: a value in its place, an object made there, or a name for a value."""

from dataclasses import replace

from gateway.mapping import ir
from gateway.mapping.compiler.frame import Name
from gateway.mapping.compiler.traced import Traced
from gateway.mapping.fml import structures
from gateway.mapping.fml.scope import Scope, Target
from gateway.mapping.fml.slots import Slot, slot
from gateway.mapping.fml.writing.part import Part, below, plain_name
from gateway.mapping.spans import suggestion


class Targets(Part):
    """Writes what rules put into their targets."""

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
        path = below(holder, target.element)
        if target.transform in {None, "create"} and not (target.transform is None and place.choices):
            return self.created(target, rule, scope, ends, (holder, place, path))
        return self.assigned(target, rule, scope, (holder, place, path))

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
        variable = self.body.name(f"n_{plain_name(target.variable)}_")
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
                return below(holder, named or one.element)
        return None

    def _part(self, target: ir.RuleTarget, value: ir.Expression, rule: ir.Rule, scope: Scope, path: str) -> Scope:
        """Write a name that is part of an element: what is wrong with it is wrong with the element."""
        assert target.variable is not None
        code, pieces = self.expressions.code(replace(value, many=False), scope.frame, pieces=False)
        variable = self.body.name(f"n_{plain_name(target.variable)}_")
        number = self.number(rule, target.span, target.variable, path)
        self.body.line(f"{variable} = T.named({number}, lambda: {code.text}, {code.many})")
        return scope.reading(target.variable, Name(variable, code.many, code.type, pieces=pieces))

    def _loose(self, target: ir.RuleTarget, scope: Scope) -> Scope:
        """Write the making of an object that is put somewhere later on."""
        assert target.variable is not None
        type_ = structures.type_of(self.values.type_name(target), dict(self.builder.mapping.models))
        name = self.body.name(f"o_{plain_name(target.variable)}_")
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
            path = below(holder, place.chosen(type_) or place.key)
        number = self.number(rule, target.span, target=path)
        name = self.body.name(f"o_{plain_name(target.variable or place.key)}_")
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
            path = below(holder, place.chosen(code.type) or place.key)
        number = self.number(rule, target.span, target=path)
        constant = self.builder.constant(place, "slot")
        given = f"{holder.text}, {constant}, {number}, lambda: {code.text}, {code.many}, {code.type!r}"
        call = f"T.assign({given})"
        if target.variable is None:
            self.body.line(call)
        else:
            name = self.body.name(f"v_{plain_name(target.variable)}_")
            self.body.line(f"{name} = {call}")
            type_ = place.type or code.type
            scope = scope.filling(target.variable, Target(f"{name}[0]", type_, path))
        if "first" in target.modes:
            self.body.line(f"T.front({holder.text}, {constant})")
        return scope
