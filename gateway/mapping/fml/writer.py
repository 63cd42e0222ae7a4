"""A StructureMap as FML text. What is written is read back by `parser` as the same StructureMap."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from gateway.mapping.fml.concept_map import EQUIVALENCES
from gateway.mapping.fml.model import CONSTANT, DEFAULT, SIMPLE

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS = frozenset(
    [
        "source",
        "target",
        "as",
        "where",
        "check",
        "log",
        "then",
        "default",
        "first",
        "last",
        "not_first",
        "not_last",
        "only_one",
        "share",
        "single",
        "collate",
        "group",
        "true",
        "false",
    ]
)
_TYPE_MODES = {"types": " <<types>>", "type-and-types": " <<type+>>"}
_MARKS = {equivalence: mark for mark, equivalence in reversed(EQUIVALENCES.items())}
_WIDTH = 100
"""Targets that are longer together stand each on a line of its own, so that a finding names the one it is about."""
_METADATA = ("url", "version", "name", "title", "status", "description")


def write(resource: dict[str, Any]) -> str:
    """Return a StructureMap (R4) as FML text."""
    return "\n".join(_Writer().lines(resource)).rstrip("\n") + "\n"


def name(text: str) -> str:
    """Return a name as FML writes it: in backticks where it is no plain name, or a word of the language.

    >>> name("bed"), name("source"), name("2")
    ('bed', '`source`', '`2`')
    """
    return text if _NAME.fullmatch(text) and text not in _KEYWORDS else f"`{text}`"


def string(text: str) -> str:
    """Return a text in single quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    for written, sign in (("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t")):
        escaped = escaped.replace(sign, written)
    return f"'{escaped}'"


class _Writer:
    def lines(self, map_: dict[str, Any]) -> Iterator[str]:
        for key in _METADATA:
            if key in map_:
                yield f"/// {key} = {string(str(map_[key]))}"
        yield ""
        for contained in map_.get("contained", ()):
            if contained.get("resourceType") == "ConceptMap":
                yield from self.concept_map(contained)
        for structure in map_.get("structure", ()):
            yield self.uses(structure)
        yield from (f"imports {string(url)}" for url in map_.get("import", ()))
        yield ""
        for one in map_.get("extension", ()):
            if one.get("url") == CONSTANT:
                parts = {part["url"]: part for part in one["extension"]}
                yield f"let {name(parts['name']['valueId'])} = {parts['value']['valueString']};"
        for group in map_.get("group", ()):
            yield from self.group(group)

    def uses(self, structure: dict[str, Any]) -> str:
        alias = f" alias {name(structure['alias'])}" if "alias" in structure else ""
        said = f" // {_line(structure['documentation'])}" if "documentation" in structure else ""
        return f"uses {string(structure['url'])}{alias} as {structure['mode']}{said}"

    def concept_map(self, map_: dict[str, Any]) -> Iterator[str]:
        yield f"conceptmap {string(map_.get('url') or '#' + map_['id'])} {{"
        systems = {
            s: f"s{n}"
            for n, s in enumerate(dict.fromkeys(g[k] for g in map_["group"] for k in ("source", "target") if k in g))
        }
        yield from (f"  prefix {prefix} = {string(system)}" for system, prefix in systems.items())
        for group in map_["group"]:
            source, target = systems[group["source"]], systems.get(group.get("target", ""))
            if unmapped := group.get("unmapped"):
                code = f" {string(unmapped['code'])}" if "code" in unmapped else ""
                yield f"  unmapped for {source} = {string(unmapped['mode'])}{code}"
            for element in group["element"]:
                for one in element.get("target", ()):
                    mark = _MARKS[one["equivalence"]]
                    other = f" {target}:{string(one['code'])}" if "code" in one else ""
                    yield f"  {source}:{string(element['code'])} {mark}{other}"
        yield "}"
        yield ""

    def group(self, group: dict[str, Any]) -> Iterator[str]:
        if "documentation" in group:
            yield f"// {_line(group['documentation'])}"
        inputs = ", ".join(self.input(one) for one in group["input"])
        extends = f" extends {name(group['extends'])}" if "extends" in group else ""
        yield f"group {name(group['name'])}({inputs}){extends}{_TYPE_MODES.get(group.get('typeMode', ''), '')} {{"
        for rule in group["rule"]:
            yield from self.rule(rule, "  ")
        yield "}"
        yield ""

    def input(self, one: dict[str, Any]) -> str:
        return f"{one['mode']} {name(one['name'])}" + (f" : {name(one['type'])}" if "type" in one else "")

    def rule(self, rule: dict[str, Any], indent: str) -> Iterator[str]:
        if "documentation" in rule:
            yield f"{indent}// {_line(rule['documentation'])}"
        simple = _is_simple(rule)
        text = ", ".join(self.source(one, simple=simple) for one in rule["source"])
        if rule.get("target"):
            shown = [self.target(one, simple=simple) for one in rule["target"]]
            long = len(shown) > 1 and sum(map(len, shown)) > _WIDTH
            text += " -> " + (f",\n{indent}    " if long else ", ").join(shown)
        calls = [f"{name(one['name'])}({', '.join(map(name, one['variable']))})" for one in rule.get("dependent", ())]
        if calls or rule.get("rule"):
            text += " then" + (f" {', '.join(calls)}" if calls else "")
        end = f' "{rule["name"]}";'
        if not rule.get("rule"):
            yield f"{indent}{text}{end}"
            return
        yield f"{indent}{text} {{"
        for inner in rule["rule"]:
            yield from self.rule(inner, indent + "  ")
        yield f"{indent}}}{end}"

    def source(self, one: dict[str, Any], *, simple: bool) -> str:
        text = _path(one)
        text += f" : {name(one['type'])}" if "type" in one else ""
        text += f" {one.get('min', 0)}..{one.get('max', '*')}" if "min" in one or "max" in one else ""
        for extension in one.get("extension", ()):
            text += f" default ({extension['valueString']})" if extension["url"] == DEFAULT else ""
        text += f" default {string(one['defaultValueString'])}" if "defaultValueString" in one else ""
        text += f" {one['listMode']}" if "listMode" in one else ""
        text += f" as {name(one['variable'])}" if "variable" in one and not simple else ""
        for key, word in (("condition", "where"), ("check", "check"), ("logMessage", "log")):
            text += f" {word} ({one[key]})" if key in one else ""
        return text

    def target(self, one: dict[str, Any], *, simple: bool) -> str:
        text = _path(one) if "context" in one else ""
        if "transform" in one and not simple:
            text += (" = " if text else "") + self.transform(one)
        text += f" as {name(one['variable'])}" if "variable" in one and not simple else ""
        for mode in one.get("listMode", ()):
            text += (
                f" share {name(one['listRuleId'])}"
                if mode == "share"
                else f" {'single' if mode == 'collate' else mode}"
            )
        return text

    def transform(self, one: dict[str, Any]) -> str:
        given = one.get("parameter", [])
        if one["transform"] == "evaluate" and len(given) == 1:
            return f"({given[0]['valueString']})"
        if one["transform"] == "copy" and len(given) == 1:
            return self.parameter(given[0])
        shown = [self.parameter(parameter) for parameter in given]
        if one["transform"] == "evaluate":
            shown[1] = given[1]["valueString"]
        return f"{one['transform']}({', '.join(shown)})"

    def parameter(self, one: dict[str, Any]) -> str:
        ((key, value),) = ((key, value) for key, value in one.items() if key.startswith("value"))
        if key == "valueId":
            return name(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value) if isinstance(value, int | Decimal) else string(value)


def _is_simple(rule: dict[str, Any]) -> bool:
    sources, targets = rule["source"], rule.get("target", ())
    same = len(sources) == 1 and len(targets) == 1 and not rule.get("rule") and not rule.get("dependent")
    return (
        same and sources[0].get("variable") == SIMPLE == targets[0].get("variable") and not targets[0].get("parameter")
    )


def _path(one: dict[str, Any]) -> str:
    steps = one["element"].split(".") if "element" in one else []
    return ".".join(map(name, [one["context"], *steps]))


def _line(text: str) -> str:
    return " ".join(text.split())
