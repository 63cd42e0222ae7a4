"""A StructureMap to the intermediate form: groups of rules whose expressions are syntax trees.

What a map accepts follows from the structures it uses; `uses … as source // {format: csv, columns: [A, B]}` says more,
with the keys of `source` in the YAML language, and `each`, `on-error` and `named`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from gateway.fhir.outcome import catalogue
from gateway.fhirpath import FhirPathError, ast, parse
from gateway.mapping import ir, yaml_tree
from gateway.mapping.fml import structures
from gateway.mapping.fml.model import CONSTANT, DEFAULT, SIMPLE, Model
from gateway.mapping.fml.paths import MESSAGE, RECORD, TABLE, TREE, Paths
from gateway.mapping.fml.rules import TRANSFORMS
from gateway.mapping.spans import Problems, Span, suggestion
from gateway.mapping.yaml_front import read_source

_POLICY = re.compile(r"(?:^|\s)on-error: ([a-z-]+)(?:\s|$)")
_CODE = re.compile(r"(warning )?([a-z]+(?:-[a-z]+)*): (.*)", re.DOTALL)
_CHARACTER = re.compile(r" \(at character \d+\)$")
_RECORD = "record"
_COUNTED = ir.SEGMENTED
RESOURCE = "resource"
"""The format of a map whose source is a FHIR resource with its types: it is used by name, for `$transform`."""


def mapping(model: Model, name: str, problems: Problems) -> ir.Mapping | None:
    """Return a map as a mapping called `name`; None, with complaints, when there is nothing to run."""
    return _Front(model, name, problems).mapping()


class _Front:
    def __init__(self, model: Model, name: str, problems: Problems) -> None:
        self.model = model
        self.map = model.resource
        self.name = name
        self.problems = problems
        self.models = {s.get("alias") or _last(s["url"]): s["url"] for s in self.map.get("structure", ())}
        self.constants = dict(_constants(self.map))
        self.format = RESOURCE
        self.kinds: dict[str, dict[str, str]] = {}
        self.first = ""
        self._nodes: dict[str, ast.Node] | None = None

    def mapping(self) -> ir.Mapping | None:
        listed = [group for group in self.map.get("group", ()) if isinstance(group, dict)]
        if not listed:
            self.problems.add(self.model.start, "a map has at least one group")
            return None
        options = self.options()
        source = self.source(options)
        self.format = source.format
        self.first = str(listed[0].get("name", ""))
        self._find_kinds(listed)
        names = [str(group.get("name")) for group in listed]
        for name in {name for name in names if names.count(name) > 1}:
            self.problems.add(self.model.start, f"two groups are called '{name}'")
        each = options.get("each")
        if each and source.tree is not None:
            scope = _Scope(self, {}, frozenset())
            source = replace(source, tree=replace(source.tree, each=scope.expression(str(each), source.span)))
        groups = tuple(self.group(group) for group in listed)
        if source.format == "csv" and not source.columns:
            source = replace(source, columns=tuple(dict.fromkeys(_columns(groups))))
        policy = str(options.get("on-error") or ("quarantine" if each or source.format == "csv" else "fail"))
        if policy not in ir.POLICIES:
            self.problems.add(source.span, f"an error policy is one of {', '.join(ir.POLICIES)}")
            policy = "fail"
        made = ir.Mapping(
            name=self.name, file=self.model.file, version=str(self.map.get("version", "")), span=self.model.start,
            url=str(self.map.get("url", "")), title=self.map.get("title"), source=source, groups=groups,
            each=str(each) if each else ("record" if source.format == "csv" else None),
            models=tuple(self.models.items()), uses=self.uses(),
        )  # fmt: skip
        return replace(made, policy=policy)  # type: ignore[arg-type]  # it is one of POLICIES, as just checked

    # ---- what the map accepts

    def options(self) -> dict[str, Any]:
        """Return what the documentation of the first source says of the messages, with its YAML node under ''."""
        for structure in self.map.get("structure", ()):
            said = str(structure.get("documentation", ""))
            if structure.get("mode") == "source" and said.startswith("{"):
                node = yaml_tree.read(said, self.model.file, self.problems)
                if isinstance(node, yaml_tree.Mapping):
                    own = {key.text: value.value for key, value in node if isinstance(value, yaml_tree.Scalar)}
                    return own | {"": node, "span": self.model.span(structure)}
        return {}

    def source(self, options: dict[str, Any]) -> ir.Source:
        urls = [s["url"] for s in self.map.get("structure", ()) if s.get("mode") in {"source", "queried"}]
        formats = [format_ for url in urls if (format_ := structures.format_of(url))]
        node = options.get("")
        named = bool(options.get("named"))
        if isinstance(node, yaml_tree.Mapping):
            kept = [pair for pair in node if pair[0].text not in {"each", "on-error", "named"}]
            if kept:
                made = read_source(yaml_tree.Mapping(tuple(kept), node.span), self.model.file, self.problems)
                if made is not None:
                    return replace(made, named=named)
        format_ = formats[0] if formats else RESOURCE
        when = self._when(urls[0]) if format_ in _COUNTED else None
        return ir.Source(format_, self.model.start, when, named=named or format_ == RESOURCE)

    def _when(self, url: str) -> ir.Expression | None:
        """Return the condition that a message is of the structure: by its type and event, or its EDIFACT type."""
        if found := structures.EDIFACT.fullmatch(url):
            text = f"UNH-2.1 = '{found[1]}'"
        else:
            v2 = structures.V2.fullmatch(url)
            assert v2
            text = f"MSH-9.1 = '{v2[1]}'" + (f" and MSH-9.2 = '{v2[2]}'" if v2[2] else "")
        return ir.Expression(text, parse(text, source_paths=True), self.model.start)

    # ---- names that are whole messages or rows

    def _find_kinds(self, listed: list[dict[str, Any]]) -> None:
        """Find which parameters are whole messages or rows: by their types, and by what calls give them."""
        whole = MESSAGE if self.format in ir.SEGMENTED else TREE if self.format in ir.TREES else TABLE
        if self.format == RESOURCE:
            return
        for number, group in enumerate(listed):
            kinds = self.kinds.setdefault(str(group.get("name")), {})
            for at, one in enumerate(group.get("input", ())):
                typed = structures.format_of(self.models.get(str(one.get("type")), "")) == self.format
                if one.get("mode") == "source" and (typed or (number == 0 and at == 0)):
                    kinds[str(one["name"])] = whole
        for _ in listed:
            for group in listed:
                self._pass_on(group, listed)

    def _pass_on(self, group: dict[str, Any], listed: list[dict[str, Any]]) -> None:
        def walk(rules: Any, kinds: dict[str, str]) -> None:
            for rule in rules or ():
                inner = kinds | self._kinds_of(rule, kinds)
                for call in rule.get("dependent", ()):
                    called = next((g for g in listed if g.get("name") == call.get("name")), None)
                    for one, name in zip(
                        called.get("input", ()) if called else (), call.get("variable", ()), strict=False
                    ):
                        if name in inner:
                            self.kinds.setdefault(str(called["name"]), {})[str(one["name"])] = inner[name]  # type: ignore[index]  # found above
                walk(rule.get("rule"), inner)

        walk(group.get("rule"), dict(self.kinds.get(str(group.get("name")), {})))

    def _kinds_of(self, rule: dict[str, Any], kinds: dict[str, str]) -> dict[str, str]:
        made: dict[str, str] = {}
        for one in rule.get("source", ()):
            context, element, variable = one.get("context"), one.get("element"), one.get("variable")
            kind = kinds.get(str(context))
            if variable and kind and element is None:
                made[str(variable)] = kind
            elif variable and kind == TABLE and element == _RECORD:
                made[str(variable)] = RECORD
            elif variable in kinds:
                made[str(variable)] = ""  # the name is given anew
        return made

    def constants_nodes(self, names: frozenset[str]) -> dict[str, ast.Node]:
        """Return what the constants stand for that no variable hides."""
        if self._nodes is None:
            self._nodes = {}
            for name, text in _declared(self.map):
                try:
                    self._nodes[name] = _with_constants(parse(text), self._nodes)
                except FhirPathError as error:
                    self.problems.add(
                        self.model.start, f"the constant '{name}' is no expression: {error.issues[0].diagnostics}"
                    )
        return {name: node for name, node in self._nodes.items() if name not in names and not self.constants.get(name)}

    # ---- groups

    def uses(self) -> tuple[ir.Use, ...]:
        """Return the ConceptMaps that the map names: by constants, and in its transforms."""
        urls = [value for value in self.constants.values() if value]
        found = [ir.Use(name, f"ConceptMap/{url}", self.model.start) for name, url in self.constants.items() if url]
        for rule in _all_rules(self.map.get("group", ())):
            for target in rule.get("target", ()):
                given = target.get("parameter", ())
                if target.get("transform") == "translate" and len(given) > 1:
                    urls.append(str(given[1].get("valueString", "")))
        return (*found, *(ir.Use(url, f"ConceptMap/{url}", self.model.start) for url in dict.fromkeys(urls)))

    def group(self, group: dict[str, Any]) -> ir.Group:
        name = str(group.get("name", ""))
        own = frozenset(str(one.get("name")) for one in group.get("input", ()))
        root = {n: k for n, k in self.kinds.get(self.first, {}).items() if n not in own}  # seen in every group
        kinds = root | self.kinds.get(name, {})
        said = str(group.get("documentation", ""))
        takes = tuple(
            ir.Parameter(
                str(one.get("name")), "target" if one.get("mode") == "target" else "source", one.get("type"),
                self.model.span(one), kinds.get(str(one.get("name")), ""),
            )
            for one in group.get("input", ())
        )  # fmt: skip
        targets = [one for one in takes if one.mode == "target"]
        scope = _Scope(self, kinds, frozenset(one.name for one in takes if one.name not in kinds))
        return ir.Group(
            name=name, file=f"{self.model.file}#{name}", version="", span=self.model.span(group), uses=self.uses(),
            type=structures.type_of(targets[-1].type, self.models) or "" if targets else "",
            parameters=tuple(one.name for one in takes if one.mode == "source"), takes=takes,
            rules=scope.rules(group.get("rule", ())), extends=group.get("extends"), mode=group.get("typeMode", "none"),
            single="makes-many" not in said.split(), policy=scope.policy(group),
        )  # fmt: skip


class _Scope:
    """The names in one place of a group."""

    def __init__(self, front: _Front, kinds: dict[str, str], names: frozenset[str]) -> None:
        self.front = front
        self.model = front.model
        self.kinds = kinds
        self.names = names

    def having(self, rule: dict[str, Any]) -> "_Scope":
        """Return the scope in which the names that a rule gives are there too."""
        kinds = {**self.kinds, **self.front._kinds_of(rule, self.kinds)}  # noqa: SLF001 - of this module
        named = [one.get("variable") for key in ("source", "target") for one in rule.get(key, ())]
        new = frozenset(str(name) for name in named if name and not kinds.get(str(name)))
        new |= frozenset(f"{one['variable']}Index" for one in rule.get("source", ()) if one.get("variable"))
        return _Scope(self.front, {n: k for n, k in kinds.items() if k}, self.names | new)

    def rules(self, listed: Sequence[dict[str, Any]]) -> tuple[ir.Rule, ...]:
        return tuple(self.rule(rule) for rule in listed)

    def rule(self, rule: dict[str, Any]) -> ir.Rule:
        inner = self.having(rule)
        sources = tuple(self.source(one, inner) for one in rule.get("source", ()))
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
        found = _POLICY.search(str(rule.get("documentation", "")))
        if found is None:
            return None
        made = next((policy for policy in ir.POLICIES if policy == found[1]), None)
        if made is None:
            hint = suggestion(found[1], ir.POLICIES)
            self.front.problems.add(self.model.span(rule), f"no error policy '{found[1]}'{hint}")
        return made

    def source(self, one: dict[str, Any], inner: "_Scope") -> ir.RuleSource:
        context, element = str(one.get("context", "")), one.get("element")
        span = self.model.span(one)
        if context not in self.names and context not in self.kinds:
            known = [*self.names, *self.kinds]
            self.front.problems.add(span, f"no variable '{context}'{suggestion(context, known)}")
        default = next((e["valueString"] for e in one.get("extension", ()) if e.get("url") == DEFAULT), None)
        value = next((v for k, v in one.items() if k.startswith("defaultValue")), None)
        written = default if default is not None else None if value is None else _literal(value)
        code, say, warns = self.said(one, inner)
        return ir.RuleSource(
            context, self.items(context, element, span), one.get("variable"), span, type=one.get("type"),
            least=int(one.get("min", 0)), most=str(one.get("max", "*")), mode=one.get("listMode"),
            default=self.expression(written, span) if written is not None else None,
            condition=inner.of(one, "condition"), check=inner.of(one, "check"), code=code, say=say, warns=warns,
        )  # fmt: skip

    def said(self, one: dict[str, Any], inner: "_Scope") -> tuple[str, str | None, bool]:
        """Return what is said when a check does not hold: the code its log begins with, the text, if it only warns."""
        log = inner.of(one, "logMessage")
        text = log.node.value if log and isinstance(log.node, ast.Literal) and isinstance(log.node.value, str) else None
        found = _CODE.fullmatch(text) if text else None
        known = found is not None and found[2] in catalogue()
        return (found[2], found[3], bool(found[1])) if found and known else ("required-missing", text, False)

    def items(self, context: str, element: str | None, span: Span) -> ir.Expression | None:
        if element is None or (self.kinds.get(context) == TABLE and element == _RECORD):
            return None
        node: ast.Node = ast.Identifier(context)
        for step in element.split("."):
            node = ast.Member(node, step)
        return ir.Expression(f"{context}.{element}", self.rewritten(node), span, many=True)

    def of(self, one: dict[str, Any], key: str) -> ir.Expression | None:
        text = one.get(key)
        return None if text is None else self.expression(str(text), self.model.span(one, key))

    def rewritten(self, node: ast.Node) -> ast.Node:
        return Paths(self.kinds, self.names, numbered=self.front.format in _COUNTED).node(node)

    def expression(self, text: str, span: Span) -> ir.Expression | None:
        text = text.strip()
        try:
            node = parse(text, source_paths=self.front.format in {*_COUNTED, "csv"})
        except FhirPathError as error:
            at = span.shifted(error.position or 0) if "\n" not in text else span
            said = _CHARACTER.sub("", error.issues[0].diagnostics)
            self.front.problems.add(at, f"not an expression: {said}")
            return None
        node = _with_constants(node, self.front.constants_nodes(self.names))
        return ir.Expression(text, self.rewritten(node), span, many=True)

    def target(self, one: dict[str, Any]) -> ir.RuleTarget:
        span, context, transform = self.model.span(one), one.get("context"), one.get("transform")
        if context is not None and context not in self.names:
            self.front.problems.add(span, f"no variable '{context}'{suggestion(str(context), self.names)}")
        if transform is not None and transform not in TRANSFORMS:
            self.front.problems.add(span, f"there is no transform '{transform}'{suggestion(transform, TRANSFORMS)}")
        parameters = [self.parameter(given, str(transform)) for given in one.get("parameter", ())]
        return ir.RuleTarget(
            context, one.get("element"), one.get("variable"), transform,
            tuple(made for made in parameters if made is not None), span, tuple(one.get("listMode", ())),
            one.get("listRuleId"),
        )  # fmt: skip

    def parameter(self, given: dict[str, Any], transform: str) -> ir.Literal | ir.Expression | None:
        span = self.model.span(given)
        key, value = next(((k, v) for k, v in given.items() if k.startswith("value")), ("", None))
        if key == "valueId":
            node = ast.Identifier(str(value), start=0, end=len(str(value)))
            constant = self.front.constants_nodes(self.names).get(str(value))
            return ir.Expression(str(value), self.rewritten(constant or node), span, many=True)
        if transform == "evaluate" and key == "valueString":
            return self.expression(str(value), self.model.span(given, key))
        if isinstance(value, str | int | Decimal):
            return ir.Literal(value, span)
        self.front.problems.add(span, "a parameter is an id, a text, a number or a boolean")
        return None


def _constants(map_: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield the constants of a map: name, and the url where it is that of a ConceptMap."""
    for name, text in _declared(map_):
        bare = text.strip()
        quoted = len(bare) > 1 and bare[0] == bare[-1] == "'" and "/ConceptMap/" in bare
        yield name, bare[1:-1] if quoted else None


def _declared(map_: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in map_.get("extension", ()):
        if one.get("url") == CONSTANT:
            parts = {part.get("url"): part for part in one.get("extension", ())}
            yield str(parts.get("name", {}).get("valueId", "")), str(parts.get("value", {}).get("valueString", ""))
    for one in map_.get("const", ()):  # R5
        yield str(one.get("name", "")), str(one.get("value", ""))


def _with_constants(node: ast.Node, known: dict[str, ast.Node]) -> ast.Node:
    """Return an expression with the map's constants put in."""
    if not known:
        return node
    if isinstance(node, ast.Identifier | ast.Constant) and node.name in known:
        return replace(known[node.name], start=node.start, end=node.end)
    changed: dict[str, Any] = {}
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, ast.Node):
            changed[name] = _with_constants(value, known)
        elif isinstance(value, tuple):
            changed[name] = tuple(_with_constants(v, known) if isinstance(v, ast.Node) else v for v in value)
    return replace(node, **changed) if changed else node


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


def _all_rules(listed: Any) -> Iterator[dict[str, Any]]:
    for one in listed:
        yield from one.get("rule", ())
        yield from _all_rules(one.get("rule", ()))


def _columns(groups: tuple[ir.Group, ...]) -> Iterator[str]:
    """Yield the columns that the rules of a table read."""
    for group in groups:
        for rule in ir.rules_of(group.rules):
            for value in ir.rule_expressions(rule):
                for node in ast.walk(value.node):
                    if isinstance(node, ast.SourcePath) and node.column is not None:
                        yield node.column


def _last(url: str) -> str:
    return url.rpartition("/")[2]
