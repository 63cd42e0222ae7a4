"""Templates and expressions of the YAML front end: what stands under `emit`, `let`, `when` and `that`."""

import re
from typing import NamedTuple

from gateway.fhirpath import FhirPathError, parse
from gateway.mapping import ir, yaml_tree
from gateway.mapping.spans import Problems, Span, suggestion
from gateway.mapping.yaml_absent import Reader
from gateway.mapping.yaml_tree import Node, Scalar, Sequence

_VALUE = re.compile(r"\{\{(.*?)\}\}(?!\})|\{\[(.*?)\]\}", re.DOTALL)
_DIRECTIVE = re.compile(r"\s*\{%\s*(\S+)(.*?)%\}\s*", re.DOTALL)
_FOR = re.compile(
    r"\s*(?:(?P<index>[A-Za-z_][A-Za-z0-9_]*)\s*,\s*)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s+in\s+(?P<source>.+)", re.DOTALL
)
_CHARACTER = re.compile(r" \(at character \d+\)$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DIRECTIVES = ("if", "elif", "else", "for", "assign", "merge", "on-error", "absent")


class _Directive(NamedTuple):
    word: str
    rest: str
    offset: int  # of `rest` within the key
    key: Scalar
    value: Node


class Templates:
    """Makes templates of YAML nodes. A node that is wrong is reported and becomes None."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.pieces: set[str] = set()  # names that may hold pieces of the source: `x-5.1` is then a path

    def template(self, node: Node) -> ir.Template | None:
        """Return what a YAML value stands for."""
        if isinstance(node, Scalar):
            return self._scalar(node)
        if isinstance(node, Sequence):
            items = [made for item in node.items if (made := self.template(item)) is not None]
            return ir.Items(tuple(items), node.span)
        directives = [self._directive(key, value) for key, value in node]
        if directives and all(found and found.word in {"if", "elif", "else", "for"} for found in directives):
            return self._control([found for found in directives if found], node.span)
        return self._object(node)

    def bare(self, node: Node) -> ir.Expression | None:
        """Return an expression written without braces (or with them)."""
        if not isinstance(node, Scalar) or node.value is None:
            self.problems.add(node.span, "an expression must be text")
            return None
        whole = _VALUE.fullmatch(node.text.strip())
        if whole and isinstance(node.value, str):
            return self._braced(node, _VALUE.search(node.text) or whole)
        text = str(node.value).lower() if isinstance(node.value, bool) else node.text
        return self.expression(text, node.content)

    def expression(self, text: str, span: Span, *, many: bool = False) -> ir.Expression | None:
        """Return the syntax tree of FHIRPath `text` that begins at `span`."""
        begin = len(text) - len(text.lstrip())
        span, text = span.shifted(begin) if "\n" not in text[:begin] else span, text.strip()
        try:
            node = parse(text, source_paths=True, is_source=self.pieces.__contains__)
        except FhirPathError as error:
            at = span.shifted(error.position or 0) if "\n" not in text else span
            said = _CHARACTER.sub("", error.issues[0].diagnostics)  # the column of the file says it better
            self.problems.add(at, f"not an expression: {said}")
            return None
        return ir.Expression(text, node, span, many)

    def bindings(self, node: Node | None, key: str) -> tuple[ir.Binding, ...]:
        """Return names and their expressions, from an object or from a list of objects."""
        if node is None:
            return ()
        if isinstance(node, Sequence):
            return tuple(binding for item in node.items for binding in self.bindings(item, key))
        if not isinstance(node, yaml_tree.Mapping):
            self.problems.add(node.span, f"'{key}' must be an object of names and expressions")
            return ()
        made: list[ir.Binding] = []
        for name, value in node:
            expression = self.bare(value) if self._good_name(name) else None
            self.pieces.add(name.text)
            made += [ir.Binding(name.text, expression, name.span)] if expression else []
        return tuple(made)

    def policy(self, node: Node | None) -> ir.Policy | None:
        """Return an error policy."""
        if node is None:
            return None
        text = node.text if isinstance(node, Scalar) else ""
        found = next((policy for policy in ir.POLICIES if policy == text), None)
        if found is None:
            hint = suggestion(text, ir.POLICIES)
            self.problems.add(node.span, f"an error policy is one of {', '.join(ir.POLICIES)}{hint}")
        return found

    def _good_name(self, name: Scalar) -> bool:
        good = _NAME.fullmatch(name.text) is not None
        if not good:
            self.problems.add(name.span, f"'{name.text}' is not a name: letters, digits and _ only")
        return good

    def _scalar(self, node: Scalar) -> ir.Template | None:
        if node.value is None:
            self.problems.add(node.span, "an element without a value; leave it out")
            return None
        if not isinstance(node.value, str) or not ("{{" in node.text or "{[" in node.text):
            return ir.Literal(node.value, node.span)
        found = list(_VALUE.finditer(node.text))
        if not found:
            self.problems.add(node.span, "'{{' without '}}'")
            return None
        if len(found) == 1 and found[0][0] == node.text.strip():
            return self._braced(node, found[0])
        return self._concat(node, found)

    def _braced(self, node: Scalar, match: re.Match[str]) -> ir.Expression | None:
        group = 2 if match[2] is not None else 1
        return self.expression(match[group], node.content.shifted(match.start(group)), many=group == 2)

    def _concat(self, node: Scalar, found: list[re.Match[str]]) -> ir.Concat | None:
        parts: list[ir.Literal | ir.Expression | None] = []
        end = 0
        for match in found:
            if match[2] is not None:
                self.problems.add(node.content.shifted(match.start()), "'{[ ]}' makes a list and cannot stand in text")
            if match.start() > end:
                parts.append(ir.Literal(node.text[end : match.start()], node.span))
            parts.append(self._braced(node, match))
            end = match.end()
        if end < len(node.text):
            parts.append(ir.Literal(node.text[end:], node.span))
        return ir.Concat(tuple(part for part in parts if part), node.span) if None not in parts else None

    def _directive(self, key: Scalar, value: Node) -> _Directive | None:
        match = _DIRECTIVE.fullmatch(key.text)
        return _Directive(match[1], match[2], match.start(2), key, value) if match else None

    def _control(self, directives: list[_Directive], span: Span) -> ir.Template | None:
        if directives[0].word == "for":
            for extra in directives[1:]:
                self.problems.add(extra.key.span, f"'{extra.word}' cannot stand beside a 'for'")
            return self._loop(directives[0])
        return self._choice(directives, span)

    def _loop(self, directive: _Directive) -> ir.Loop | None:
        match = _FOR.fullmatch(directive.rest)
        if not match:
            self.problems.add(directive.key.span, "a loop is written {% for name in expression %}")
            return None
        offset = directive.offset + match.start("source")
        source = self.expression(match["source"], directive.key.span.shifted(1 + offset), many=True)
        self.pieces.add(match["name"])
        body = self.template(directive.value)
        if source is None or body is None:
            return None
        return ir.Loop(match["name"], match["index"], source, body, directive.key.span)

    def _choice(self, directives: list[_Directive], span: Span) -> ir.Choice:
        branches: list[ir.Branch] = []
        for found in directives:
            if found.word == "for" or (found.word == "if") == bool(branches):
                problem = "is one too many" if found.word in {"if", "for"} else "without an 'if' before it"
                self.problems.add(found.key.span, f"'{found.word}' {problem} in this place")
            condition = None
            if found.word != "else":
                condition = self.expression(found.rest, found.key.span.shifted(1 + found.offset))
            value = self.template(found.value)
            if value is not None and (condition is not None or found.word == "else"):
                branches.append(ir.Branch(condition, value, found.key.span))
        return ir.Choice(tuple(branches), span)

    def _object(self, node: yaml_tree.Mapping) -> ir.Object:
        members: list[ir.Field | ir.Assign | ir.Choice | ir.Merge] = []
        policy: ir.Policy | None = None
        pending: list[_Directive] = []  # the branches of a choice that is being read
        for key, value in node:
            found = self._directive(key, value)
            if pending and (found is None or found.word not in {"elif", "else"}):
                members.append(self._choice(pending, pending[0].key.span))
                pending = []
            if found is not None and found.word in {"if", "elif", "else"}:
                pending.append(found)
            elif found is not None and found.word == "on-error":
                policy = self.policy(value)
            elif found is not None:
                members.extend(self._member(found))
            elif (made := self.template(value)) is not None:
                members.append(ir.Field(key.text, made, key.span))
        if pending:
            members.append(self._choice(pending, pending[0].key.span))
        return ir.Object(tuple(members), node.span, policy)

    def _member(self, found: _Directive) -> list[ir.Field | ir.Assign | ir.Choice | ir.Merge]:
        if found.word == "assign":
            return [ir.Assign(self.bindings(found.value, "assign"), found.key.span)]
        if found.word == "merge":
            nodes = found.value.items if isinstance(found.value, Sequence) else (found.value,)
            parts = tuple(made for item in nodes if (made := self.template(item)) is not None)
            return [ir.Merge(parts, found.key.span)]
        if found.word == "absent":
            said = Reader(self, self.problems).field(found.value, found.key.span)
            return [said] if said else []
        if found.word == "for":
            self.problems.add(found.key.span, "a 'for' makes a list; it cannot stand among the elements of an object")
        else:
            hint = suggestion(found.word, DIRECTIVES)
            self.problems.add(found.key.span, f"unknown directive '{found.word}'{hint}")
        return []
