"""The rules of a group as Python: a loop for each source, a call of the tracer for each target, then what follows."""

from dataclasses import replace

from gateway.mapping import ir
from gateway.mapping.compiler.body import Body
from gateway.mapping.compiler.frame import Name
from gateway.mapping.fml import structures
from gateway.mapping.fml.scope import Scope, Target
from gateway.mapping.fml.simple import Simple
from gateway.mapping.fml.writing.part import Builder, Part, below
from gateway.mapping.fml.writing.sources import Sources
from gateway.mapping.fml.writing.targets import Targets
from gateway.mapping.spans import suggestion


class RulesWriter(Part):
    """Writes rules into one function body."""

    def __init__(self, builder: Builder, body: Body, group: ir.Group) -> None:
        super().__init__(builder, body, group)
        self.sources = Sources(builder, body, group)
        self.targets = Targets(builder, body, group)
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
            scope = self.sources.source(source, rule, scope)
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
            scope = self.targets.target(target, rule, scope, ends)
        for call in rule.calls:
            self.call(call, scope)
        self.rules(rule.rules, scope)
        for end in reversed(ends):
            self.body.line(end)
        if len(self.body.lines) == before:
            self.body.line("pass")

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
        path = below(holder, str(target.element))
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


__all__ = ["Builder", "RulesWriter"]
