"""The sources of a rule as Python: a loop over each, with its condition, its default and its check."""

from dataclasses import replace

from gateway.fhir.elements import is_type
from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.compiler.frame import Name
from gateway.mapping.fml.scope import Scope
from gateway.mapping.fml.slots import missing, slot
from gateway.mapping.fml.targets import Limits
from gateway.mapping.fml.writing.part import Part, plain_name

_ABSTRACT = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})


class Sources(Part):
    """Writes the loops over the sources of rules."""

    def source(self, source: ir.RuleSource, rule: ir.Rule, scope: Scope) -> Scope:
        """Open the loop over a source; return the scope inside."""
        kind = scope.kinds.get(source.context)
        if source.items is None and kind is not None:
            return self._whole(source, rule, scope, kind)
        self._check_element(source, scope)
        expression = source.items or self._variable(source)
        code, pieces = self.expressions.code(expression, scope.frame, pieces=True, json=False)
        item = self.body.name(f"x_{plain_name(source.variable or source.context)}_")
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

    def _check_element(self, source: ir.RuleSource, scope: Scope) -> None:
        """Report an element that the type of a source does not have; of an abstract type there may be any."""
        known = scope.frame.names.get(source.context)
        type_ = known.type if known is not None else None
        for step in source.items.text.removeprefix(f"{source.context}.").split(".") if source.items else ():
            if type_ is None or type_ in _ABSTRACT or not is_type(type_):
                return
            found = slot(type_, step)
            if found is None:
                self.problems(source.span, missing(type_, step))
                return
            type_ = found.type

    def _variable(self, source: ir.RuleSource) -> ir.Expression:
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
        inner = scope.whole(source.variable, "record" if kind == "table" else kind) if source.variable else scope
        if source.condition is not None:
            number = self.number(rule, source.condition.span, "where")
            self._open(f"if T.test({number}, lambda: {self.expressions.truth(source.condition, inner.frame)})")
        self._checked(source, rule, inner, None)
        return inner

    def _checked(self, source: ir.RuleSource, rule: ir.Rule, inner: Scope, item: Name | None) -> None:
        if source.check is None:
            return
        frame = inner.frame.having({}, item) if item is not None else inner.frame
        truth = self.expressions.truth(source.check, frame)
        say = source.say or f"{source.check.text} does not hold"
        dutch = source.dutch if source.say else f"{source.check.text} geldt niet"
        number = self.number(rule, source.check.span, "check")
        self.body.line(f"T.require({number}, lambda: {truth}, {source.code!r}, {say!r}, {source.warns}, {dutch!r})")

    def _open(self, head: str) -> None:
        self.body.line(f"{head}:")
        self.body.depth += 1
