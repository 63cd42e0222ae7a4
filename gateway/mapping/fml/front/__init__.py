"""A StructureMap to the intermediate form: groups of rules whose expressions are syntax trees.

What a map accepts follows from the structures it uses; `uses … as source // {format: csv, columns: [A, B]}` says more,
with the keys of `source` in the YAML language, and `each`, `on-error` and `named`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gateway.fhirpath import ast
from gateway.mapping import ir
from gateway.mapping.fml import structures
from gateway.mapping.fml.front.accepted import RESOURCE, options, source
from gateway.mapping.fml.front.constants import Constants
from gateway.mapping.fml.front.kinds import Kinds
from gateway.mapping.fml.front.scope import Read, Scope
from gateway.mapping.fml.model import Model
from gateway.mapping.spans import Problems


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
        self.constants = Constants(model, problems)
        self.read = Read(model, problems, self.constants, RESOURCE)
        self.kinds: dict[str, dict[str, str]] = {}
        self.first = ""

    def mapping(self) -> ir.Mapping | None:
        listed = [group for group in self.map.get("group", ()) if isinstance(group, dict)]
        if not listed:
            self.problems.add(self.model.start, "a map has at least one group")
            return None
        said = options(self.model, self.problems)
        accepted = source(self.model, said, self.problems)
        self.read = self.read._replace(format=accepted.format)
        self.first = str(listed[0].get("name", ""))
        if accepted.format != RESOURCE:
            self.kinds = Kinds(listed, accepted.format, self.models).groups
        names = [str(group.get("name")) for group in listed]
        for name in {name for name in names if names.count(name) > 1}:
            self.problems.add(self.model.start, f"two groups are called '{name}'")
        each = said.get("each")
        if each and accepted.tree is not None:
            scope = Scope(self.read, {}, frozenset())
            accepted = replace(accepted, tree=replace(accepted.tree, each=scope.expression(str(each), accepted.span)))
        groups = tuple(self.group(group) for group in listed)
        if accepted.format == "csv" and not accepted.columns:
            accepted = replace(accepted, columns=tuple(dict.fromkeys(_columns(groups))))
        policy = str(said.get("on-error") or ("quarantine" if each or accepted.format == "csv" else "fail"))
        if policy not in ir.POLICIES:
            self.problems.add(accepted.span, f"an error policy is one of {', '.join(ir.POLICIES)}")
            policy = "fail"
        made = ir.Mapping(
            name=self.name, file=self.model.file, version=str(self.map.get("version", "")), span=self.model.start,
            url=str(self.map.get("url", "")), title=self.map.get("title"), source=accepted, groups=groups,
            each=str(each) if each else ("record" if accepted.format == "csv" else None),
            models=tuple(self.models.items()), uses=self.uses(),
        )  # fmt: skip
        return replace(made, policy=policy)  # type: ignore[arg-type]  # it is one of POLICIES, as just checked

    def uses(self) -> tuple[ir.Use, ...]:
        """Return the ConceptMaps that the map names: by constants, and in its transforms."""
        urls = [value for value in self.constants.urls.values() if value]
        found = [
            ir.Use(name, f"ConceptMap/{url}", self.model.start) for name, url in self.constants.urls.items() if url
        ]
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
        scope = Scope(self.read, kinds, frozenset(one.name for one in takes if one.name not in kinds))
        return ir.Group(
            name=name, file=f"{self.model.file}#{name}", version="", span=self.model.span(group), uses=self.uses(),
            type=structures.type_of(targets[-1].type, self.models) or "" if targets else "",
            parameters=tuple(one.name for one in takes if one.mode == "source"), takes=takes,
            rules=scope.rules(group.get("rule", ())), extends=group.get("extends"), mode=group.get("typeMode", "none"),
            single="makes-many" not in said.split(), policy=scope.policy(group),
        )  # fmt: skip


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


__all__ = ["RESOURCE", "mapping"]
