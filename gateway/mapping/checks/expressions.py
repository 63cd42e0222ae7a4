"""Checks every expression: unknown functions, aliases and names, wrong arguments, formats, provider settings."""

from collections.abc import Iterator

from gateway.fhir.outcome import catalogue
from gateway.fhirpath import ast
from gateway.fhirpath.scope import Code
from gateway.mapping import ir, moments
from gateway.mapping.checks.installed import Installed
from gateway.mapping.compiler.checker import check_unit
from gateway.mapping.compiler.condition import condition
from gateway.mapping.compiler.sources import Units, all_nodes
from gateway.mapping.spans import Problems, suggestion
from gateway.mapping.tree_selection import accepting

_FORMATTED = frozenset({"toDateTime", "toDate", "toInstant"})
_ALWAYS = ("name", "share", "timezone")

Types = dict[int, Code]
"""What expressions give, by the identity of the expression."""


def check_expressions(unit: ir.Unit, library: Installed, units: Units, problems: Problems) -> Types:
    """Compile every expression of a unit as it stands; return what each gives."""
    types = check_unit(unit, format_of(unit), units, problems)
    if isinstance(unit, ir.Mapping):
        condition(unit, problems)
        if unit.source.tree is not None:
            accepting(unit, unit.source.tree, problems)
        _requirements(unit, problems)
    for value, node in all_nodes(unit):
        if isinstance(node, ast.Call):
            _format(node, value, problems)
        elif isinstance(node, ast.Member):
            _provider(node, value, library, problems)
    return types


def format_of(unit: ir.Unit) -> str:
    """Return the format whose paths a unit may use; a fragment's shows in where it lies and what it reads."""
    if isinstance(unit, ir.Mapping):
        return unit.source.format
    if any(isinstance(node, ast.SourcePath) and node.base == "record" for _, node in all_nodes(unit)):
        return "csv"
    return next((folder for folder in unit.file.split("/") if folder in {"edifact", *ir.TREES}), "hl7v2")


def _requirements(mapping: ir.Mapping, problems: Problems) -> None:
    for rule in mapping.requires:
        if rule.code not in catalogue():
            problems.add(rule.span, f"no issue code '{rule.code}'{suggestion(rule.code, catalogue())}")


def _format(node: ast.Call, value: ir.Expression, problems: Problems) -> None:
    """A date format that is written in the map is read now."""
    if node.name not in _FORMATTED or not node.arguments:
        return
    last = node.arguments[-1]
    if isinstance(last, ast.Literal) and isinstance(last.value, str):
        wrong = moments.format_problem(last.value)
        if wrong:
            problems.add(value.span.shifted(last.start), wrong)


def _provider(node: ast.Node, value: ir.Expression, library: Installed, problems: Problems) -> None:
    """What is asked of the provider must stand in at least one overlay."""
    path = provider_path(node)
    if not path:
        return
    for length in range(1, len(path) + 1):
        if not any(o.value(path[:length]) is not None for o in library.providers.values()):
            known = {key for o in library.providers.values() for key in _keys(o.value(path[: length - 1]))}
            name = ".".join(path[:length])
            hint = suggestion(path[length - 1], sorted(known))
            problems.add(value.span.shifted(node.start), f"no overlay says %provider.{name}{hint}")
            return


def provider_path(node: ast.Node) -> tuple[str, ...]:
    """Return ('systems', 'place') for `%provider.systems.place`, nothing for anything else."""
    if not isinstance(node, ast.Member):
        return ()
    if isinstance(node.base, ast.Constant):
        return (node.name,) if node.base.name == "provider" else ()
    inner = provider_path(node.base)
    return (*inner, node.name) if inner else ()


def _keys(value: object) -> Iterator[str]:
    yield from (str(key) for key in value) if hasattr(value, "keys") and hasattr(value, "__iter__") else ()
    yield from _ALWAYS
