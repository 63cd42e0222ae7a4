"""The rules of a group in the intermediate form: names looked up, expressions parsed, constants put in."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from gateway.fhir.outcome import catalogue
from gateway.fhirpath import FhirPathError, ast, parse
from gateway.mapping import ir
from gateway.mapping.fml.filling import TRANSFORMS
from gateway.mapping.fml.front.constants import Constants, with_constants
from gateway.mapping.fml.front.kinds import RECORD_ELEMENT, kinds_of
from gateway.mapping.fml.model import DEFAULT, SIMPLE, Model
from gateway.mapping.fml.paths import TABLE, Paths
from gateway.mapping.spans import Problems, Span, suggestion

_POLICY = re.compile(r"(?:^|\s)on-error: ([a-z-]+)(?:\s|$)")
_DUTCH = re.compile(r"(?:^|\s)nl: (.+?)(?=\s+on-error: |\s*$)", re.DOTALL)
_CODE = re.compile(r"(warning )?([a-z]+(?:-[a-z]+)*): (.*)", re.DOTALL)
_CHARACTER = re.compile(r" \(at character \d+\)$")


class Read(NamedTuple):
    """A map that is being read: what every scope in it knows."""

    model: Model
    problems: Problems
    constants: Constants
    format: str


class Scope:
    """The names in one place of a group."""

    def __init__(self, read: Read, kinds: dict[str, str], names: frozenset[str]) -> None:
        self.read = read
        self.model = read.model
        self.kinds = kinds
        self.names = names

    def having(self, rule: dict[str, Any]) -> "Scope":
        """Return the scope in which the names that a rule gives are there too."""
        kinds = {**self.kinds, **kinds_of(rule, self.kinds)}
        named = [one.get("variable") for key in ("source", "target") for one in rule.get(key, ())]
        new = frozenset(str(name) for name in named if name and not kinds.get(str(name)))
        new |= frozenset(f"{one['variable']}Index" for one in rule.get("source", ()) if one.get("variable"))
        return Scope(self.read, {n: k for n, k in kinds.items() if k}, self.names | new)

    def rules(self, listed: Sequence[dict[str, Any]]) -> tuple[ir.Rule, ...]:
        """Return rules in their order."""
        return tuple(self.rule(rule) for rule in listed)

    def rule(self, rule: dict[str, Any]) -> ir.Rule:
        """Return a rule, with what it leads on to."""
        inner = self.having(rule)
        dutch = _DUTCH.search(str(rule.get("documentation", "")))
        sources = tuple(self.source(one, inner, dutch and dutch[1]) for one in rule.get("source", ()))
        targets = tuple(inner.target(one) for one in rule.get("target", ()))
        calls = tuple(
            ir.GroupCall(str(one.get("name")), tuple(map(str, one.get("variable", ()))), self.model.span(one))
            for one in rule.get("dependent", ())
        )
        return ir.Rule(
            str(rule.get("name", "")), sources, targets, self.model.span(rule), inner.rules(rule.get("rule", ())),
            calls, _is_simple(rule), self.policy(rule),
        )  # fmt: skip

    def policy(self, rule: dict[str, Any]) -> ir.Policy | None:
        """Return what becomes of what a rule could not make, where its documentation says so."""
        found = _POLICY.search(str(rule.get("documentation", "")))
        if found is None:
            return None
        made = next((policy for policy in ir.POLICIES if policy == found[1]), None)
        if made is None:
            hint = suggestion(found[1], ir.POLICIES)
            self.read.problems.add(self.model.span(rule), f"no error policy '{found[1]}'{hint}")
        return made

    def source(self, one: dict[str, Any], inner: "Scope", dutch: str | None) -> ir.RuleSource:
        """Return a source of a rule, with its condition, default and check; `dutch` is its log in Dutch."""
        context, element = str(one.get("context", "")), one.get("element")
        span = self.model.span(one)
        if context not in self.names and context not in self.kinds:
            known = [*self.names, *self.kinds]
            self.read.problems.add(span, f"no variable '{context}'{suggestion(context, known)}")
        default = next((e["valueString"] for e in one.get("extension", ()) if e.get("url") == DEFAULT), None)
        value = next((v for k, v in one.items() if k.startswith("defaultValue")), None)
        written = default if default is not None else None if value is None else _literal(value)
        code, say, warns = self.said(one, inner)
        return ir.RuleSource(
            context, self.items(context, element, span), one.get("variable"), span, type=one.get("type"),
            least=int(one.get("min", 0)), most=str(one.get("max", "*")), mode=one.get("listMode"),
            default=self.expression(written, span) if written is not None else None,
            condition=inner.of(one, "condition"), check=inner.of(one, "check"), code=code, say=say, warns=warns,
            dutch=dutch,
        )  # fmt: skip

    def said(self, one: dict[str, Any], inner: "Scope") -> tuple[str, str | None, bool]:
        """Return what is said when a check does not hold: the code its log begins with, the text, if it only warns."""
        log = inner.of(one, "logMessage")
        text = log.node.value if log and isinstance(log.node, ast.Literal) and isinstance(log.node.value, str) else None
        found = _CODE.fullmatch(text) if text else None
        known = found is not None and found[2] in catalogue()
        return (found[2], found[3], bool(found[1])) if found and known else ("required-missing", text, False)

    def items(self, context: str, element: str | None, span: Span) -> ir.Expression | None:
        """Return the expression for an element of a source; None for the variable itself and a table's rows."""
        if element is None or (self.kinds.get(context) == TABLE and element == RECORD_ELEMENT):
            return None
        node: ast.Node = ast.Identifier(context)
        for step in element.split("."):
            node = ast.Member(node, step)
        return ir.Expression(f"{context}.{element}", self.rewritten(node), span, many=True)

    def of(self, one: dict[str, Any], key: str) -> ir.Expression | None:
        """Return the expression that a source says under a key."""
        text = one.get(key)
        return None if text is None else self.expression(str(text), self.model.span(one, key))

    def rewritten(self, node: ast.Node) -> ast.Node:
        """Return an expression whose paths into messages and rows are written as such."""
        return Paths(self.kinds, self.names, numbered=self.read.format in ir.SEGMENTED).node(node)

    def expression(self, text: str, span: Span) -> ir.Expression | None:
        """Return an expression parsed, with the constants put in; None, with a complaint, when it is none."""
        text = text.strip()
        try:
            node = parse(text, source_paths=self.read.format in {*ir.SEGMENTED, "csv"})
        except FhirPathError as error:
            at = span.shifted(error.position or 0) if "\n" not in text else span
            said = _CHARACTER.sub("", error.issues[0].diagnostics)
            self.read.problems.add(at, f"not an expression: {said}")
            return None
        node = with_constants(node, self.read.constants.nodes(self.names))
        return ir.Expression(text, self.rewritten(node), span, many=True)

    def target(self, one: dict[str, Any]) -> ir.RuleTarget:
        """Return a target of a rule."""
        span, context, transform = self.model.span(one), one.get("context"), one.get("transform")
        if context is not None and context not in self.names:
            self.read.problems.add(span, f"no variable '{context}'{suggestion(str(context), self.names)}")
        if transform is not None and transform not in TRANSFORMS:
            self.read.problems.add(span, f"there is no transform '{transform}'{suggestion(transform, TRANSFORMS)}")
        parameters = [self.parameter(given, str(transform)) for given in one.get("parameter", ())]
        return ir.RuleTarget(
            context, one.get("element"), one.get("variable"), transform,
            tuple(made for made in parameters if made is not None), span, tuple(one.get("listMode", ())),
            one.get("listRuleId"),
        )  # fmt: skip

    def parameter(self, given: dict[str, Any], transform: str) -> ir.Literal | ir.Expression | None:
        """Return a parameter of a transform: a literal or an expression."""
        span = self.model.span(given)
        key, value = next(((k, v) for k, v in given.items() if k.startswith("value")), ("", None))
        if key == "valueId":
            node = ast.Identifier(str(value), start=0, end=len(str(value)))
            constant = self.read.constants.nodes(self.names).get(str(value))
            return ir.Expression(str(value), self.rewritten(constant or node), span, many=True)
        if transform == "evaluate" and key == "valueString":
            return self.expression(str(value), self.model.span(given, key))
        if isinstance(value, str | int | Decimal):
            return ir.Literal(value, span)
        self.read.problems.add(span, "a parameter is an id, a text, a number or a boolean")
        return None


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else "'" + str(value).replace("'", "\\'") + "'"


def _is_simple(rule: dict[str, Any]) -> bool:
    sources, targets = rule.get("source", ()), rule.get("target", ())
    if len(sources) != 1 or len(targets) != 1 or rule.get("rule") or rule.get("dependent"):
        return False
    same = sources[0].get("variable") == SIMPLE == targets[0].get("variable")
    return same and targets[0].get("transform") == "create" and not targets[0].get("parameter")
