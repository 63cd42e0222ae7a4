"""One mapping, with all fragments it uses as groups, as a StructureMap."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Protocol

from gateway.mapping import ir
from gateway.mapping.compiler.checker import check_unit
from gateway.mapping.compiler.sources import Units
from gateway.mapping.fml.export.rules import Exporter, Rule, ordered
from gateway.mapping.fml.export.texts import Texts, literal
from gateway.mapping.fml.model import CONSTANT, id_of
from gateway.mapping.fml.structures import CORE, TABLE
from gateway.mapping.spans import Problems

_OWN = "https://msb-gateway.example/fhir/StructureDefinition/"
_TEST = re.compile(r"MSH-9\.([12]) *= *'([A-Z0-9]{3})'")
_KIND = re.compile(r"UNH-2\.1 *= *'([A-Z]{6})'")
_TARGET = "made"


class Library(Protocol):
    """What an export asks of what is installed."""

    def units(self, problems: Problems) -> Units:
        """Return where fragments and ConceptMaps are found."""


def export(mapping: ir.Mapping, library: Library) -> dict[str, Any]:
    """Return a mapping of the YAML language as a StructureMap. http://hl7.org/fhir/R4/structuremap.html"""
    return _Export(mapping, library).resource()


class _Export:
    def __init__(self, mapping: ir.Mapping, library: Library) -> None:
        self.mapping = mapping
        self.problems = Problems()
        self.units = library.units(self.problems)
        self.format = mapping.source.format
        self.names: dict[str, str] = {}  # the groups that fragments became, by file
        self.maps: dict[str, str] = {}  # the constants that ConceptMaps became, by their url
        self.groups: list[Rule] = []
        self.types: set[str] = set()
        taken = {binding.name for binding in mapping.lets}
        self.root = (
            "src" if self.format == "csv" else next(n for n in ("msg", "message", "theMessage") if n not in taken)
        )

    def resource(self) -> dict[str, Any]:
        first = self.first_group()
        structures = list(self.structures())
        last = self.mapping.url.rpartition("/")[2]
        made: dict[str, Any] = {"resourceType": "StructureMap", "id": id_of(last)}
        if self.maps:
            made["extension"] = [_constant(name, f"'{url}'") for url, name in self.maps.items()]
        made |= {"url": self.mapping.url, "version": self.mapping.version, "name": _pascal(last)}
        made |= {"title": self.mapping.title} if self.mapping.title else {}
        made |= {"status": "active", "structure": structures, "group": [first, *self.groups]}
        return made

    # ---- structures

    def structures(self) -> Iterator[Rule]:
        yield {"url": self.model(), "mode": "source", "alias": self.alias(), "documentation": self.documentation()}
        for name in ("Bundle", *sorted(self.types - {"Bundle"})):
            yield {"url": f"{CORE}{name}", "mode": "target", "alias": name}

    def alias(self) -> str:
        return self.model().rpartition("/")[2].replace("-", "_")

    def model(self) -> str:
        """Return the url of the structure of the messages."""
        when = self.mapping.source.when.text if self.mapping.source.when else ""
        if self.format == "hl7v2":
            codes = dict(reversed(_TEST.findall(when)))
            named = "_".join(codes[n] for n in ("1", "2") if n in codes) if "1" in codes else "ACK"
            return f"http://hl7.org/v2/StructureDefinition/{named}"
        if self.format == "edifact":
            kind = _KIND.search(when)
            return f"{_OWN}edifact-{kind[1] if kind else 'MEDXXX'}"
        return TABLE if self.format == "csv" else f"{_OWN}{self.format}-message"

    def documentation(self) -> str:
        """Return what the messages are, as `source` of the YAML language says it."""
        source = self.mapping.source
        said: dict[str, Any] = {"format": source.format}
        if source.when:
            said["when"] = source.when.text
        if source.columns:
            said["columns"] = list(source.columns)
        said |= {key: value for key, value in source.layout if value is not None}
        said |= _tree(source.tree) if source.tree else {}
        if self.mapping.each:
            said["each"] = source.tree.each.text if source.tree and source.tree.each else self.mapping.each
        default = "quarantine" if self.mapping.each else "fail"
        said |= {"on-error": self.mapping.policy} if self.mapping.policy != default else {}
        return json.dumps(said, ensure_ascii=False, default=_number)

    # ---- groups

    def first_group(self) -> Rule:
        exporter = self.exporter(self.mapping)
        rules = exporter.bound(self.mapping.lets, lambda: self.body(exporter), "let")
        inputs = [
            {"name": self.root, "type": self.alias(), "mode": "source"},
            {"name": "bundle", "type": "Bundle", "mode": "target"},
        ]
        kind = [
            exporter.rule(
                "type",
                [
                    exporter.at(
                        ("bundle", "Bundle", "type"), transform="copy", parameter=[{"valueString": "transaction"}]
                    )
                ],
            )
        ]
        if self.format == "csv":
            row = {"context": self.root, "element": "record", "variable": "record"}
            rules = [{"name": "record", "source": [row], "rule": rules}]
        self.types |= {"Bundle"}
        name = id_of(_pascal(self.mapping.url.rpartition("/")[2]))
        return {"name": name, "typeMode": "none", "input": inputs, "rule": list(ordered([*kind, *rules]))}

    def body(self, exporter: Exporter) -> list[Rule]:
        rules = [self.check(exporter, one, number) for number, one in enumerate(self.mapping.requires, 1)]
        for template in self.mapping.emit:
            rules += exporter.emitted("bundle", template)
        return rules

    def check(self, exporter: Exporter, require: ir.Require, number: int) -> Rule:
        """Return the rule of a requirement: a check, the text that is said as its log, the Dutch one beside it."""
        plain = require.code == "required-missing" and not require.warns
        said = require.say if plain else f"{'warning ' if require.warns else ''}{require.code}: {require.say}"
        made = exporter.rule(f"require-{number}", check=exporter.texts.text(require.that), logMessage=literal(said))
        return made | ({"documentation": f"nl: {require.dutch}"} if require.dutch else {})

    def exporter(self, unit: ir.Unit) -> Exporter:
        """Return what writes the rules of a unit; the fragments it uses become groups."""
        codes = check_unit(unit, self.format, self.units, Problems())
        functions, maps = {}, {}
        for use in unit.uses:
            if use.concept_map is not None:
                maps[use.alias] = self.constant(use)
            elif (fragment := self.units.fragment(use)) is not None:
                functions[use.alias] = self.function(fragment)
        self.types |= {t.resource_type for template in unit.emit for t in _objects(template) if t.resource_type}
        names = (
            frozenset(unit.parameters)
            if isinstance(unit, ir.Fragment)
            else frozenset({"record"} if self.format == "csv" else ())
        )
        return Exporter(self.root, Texts(self.format, self.root, functions, maps, names - {"record"}), codes)

    def constant(self, use: ir.Use) -> str:
        found = self.units.concept_map(use)
        url = found.url if found else f"ConceptMap/{use.concept_map}"
        if url not in self.maps:
            self.maps[url] = f"{_camel(url.rpartition('/')[2])}Map"
        return self.maps[url]

    def function(self, fragment: ir.Fragment) -> str:
        """Return the group that a fragment becomes, written when it is first used."""
        if fragment.file in self.names:
            return self.names[fragment.file]
        name = fragment.name
        while name in self.names.values():
            name += "2"
        self.names[fragment.file] = name
        exporter = self.exporter(fragment)
        rules = exporter.bound(fragment.lets, lambda: self.made(exporter, fragment), "let")
        target: Rule = (
            {"name": _TARGET, "type": fragment.type, "mode": "target"}
            if fragment.type
            else {"name": _TARGET, "mode": "target"}
        )
        inputs = [{"name": one, "mode": "source"} for one in fragment.parameters]
        said = [] if fragment.single else ["makes-many"]
        policy = fragment.emit[0].policy if fragment.single and isinstance(fragment.emit[0], ir.Object) else None
        said += [f"on-error: {policy}"] if policy else []
        group: Rule = {"name": name, "typeMode": "none"}
        group |= {"documentation": " ".join(said)} if said else {}
        self.groups.append({**group, "input": [*inputs, target], "rule": list(ordered(rules))})
        return name

    def made(self, exporter: Exporter, fragment: ir.Fragment) -> list[Rule]:
        """Return the rules of a fragment: they fill its target, or make `value`s of it where it makes many."""
        type_ = fragment.type or None
        if not fragment.single:
            exporter.several = type_
            return [rule for one in fragment.emit for rule in exporter.value((_TARGET, None, "value"), one)]
        return _whole(exporter, type_, fragment.emit[0])


def _whole(exporter: Exporter, type_: str | None, template: ir.Template) -> list[Rule]:
    """Return the rules that make the target itself."""
    if isinstance(template, ir.Object):
        return exporter.members(_TARGET, type_, template.members)
    if isinstance(template, ir.Choice):
        return exporter.choice(template, lambda inner: _whole(exporter, type_, inner))
    context = {"context": _TARGET, "contextType": "variable"}
    if isinstance(template, ir.Expression):
        return [exporter.rule("value", [exporter.evaluated(exporter.texts.text(template), **context)])]
    place = (_TARGET, type_, "value")
    return exporter.value(place, template)


def _objects(template: ir.Template) -> Iterator[ir.Object]:
    if isinstance(template, ir.Object):
        yield template
    for part in ir.inside(template):
        yield from _objects(part)


def _tree(tree: ir.TreeSource) -> dict[str, Any]:
    said: dict[str, Any] = {
        "root": tree.root,
        "namespace": tree.namespace,
        "namespaces": dict(tree.prefixes),
        "array": tree.array,
    }
    said |= {"control": tree.control.text if tree.control else None}
    said |= {"event-time": tree.event_time.text if tree.event_time else None}
    return {key: value for key, value in said.items() if value}


def _constant(name: str, value: str) -> Rule:
    return {"url": CONSTANT, "extension": [{"url": "name", "valueId": name}, {"url": "value", "valueString": value}]}


def _number(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name)) or "Map"


def _camel(name: str) -> str:
    made = _pascal(name)
    return made[:1].lower() + made[1:]
