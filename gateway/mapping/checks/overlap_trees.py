"""Two mappings of trees that accept the same message: found before the message comes.

A message that has just what one of them asks for must not be accepted by the other as well. (That a message with what
both ask for would be accepted by both says nothing: there need be none such. If one comes, it is refused.)
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from gateway.fhirpath import ast
from gateway.formats import jsontree
from gateway.mapping import ir
from gateway.mapping.spans import Problems
from gateway.mapping.tree_selection import Accepting, accepting, names

_MOST = 20_000  # combinations tried for a mapping; more literals than that no condition has
_OTHER = "\x00"  # a value that no condition mentions
_JSON = frozenset({"json", "ndjson"})
Path = tuple[str, ...]


def common(one: ir.Mapping, other: ir.Mapping) -> str | None:
    """Return an example of a message that two mappings accept, None when there is none or they are of other formats."""
    if not _alike(one, other) or one.source.tree is None or other.source.tree is None:
        return None
    both = accepting(one, one.source.tree, Problems()), accepting(other, other.source.tree, Problems())
    return _example(*both) or _example(*reversed(both))


def _alike(one: ir.Mapping, other: ir.Mapping) -> bool:
    if {one.source.format, other.source.format} <= _JSON:
        return True
    first, second = one.source.tree, other.source.tree
    if one.source.format != "xml" or other.source.format != "xml" or first is None or second is None:
        return False
    return first.root == second.root and (
        first.namespace == second.namespace or "" in (first.namespace, second.namespace)
    )


def _example(own: Accepting, other: Accepting) -> str | None:
    """Return a message that has just what the one asks for, and is accepted by the other as well."""
    values = _values(own.mapping)
    if len(next(iter(values.values()), [])) ** len(values) > _MOST:
        return None
    for chosen in product(*values.values()):
        message = dict(zip(values, chosen, strict=True))
        document = jsontree.Document(_tree(message), b"")
        if own.accepts(document) and other.accepts(document):
            return _described(message) or "any"
    return None


def _values(mapping: ir.Mapping) -> dict[Path, list[Any]]:
    """Return, for each path that a condition looks at, the values it compares anything with, and others."""
    when = mapping.source.when
    nodes = list(ast.walk(when.node)) if when else []
    literals = [n.value for n in nodes if isinstance(n, ast.Literal) and isinstance(n.value, str | int)]
    inner = {id(n.base) for n in nodes if isinstance(n, ast.Member)}
    prefixes = dict(mapping.source.tree.prefixes) if mapping.source.tree else {}
    found = [names(node) for node in nodes if id(node) not in inner]
    paths = [tuple(_key(name, prefixes) for name in path) for path in found if path]
    return {path: [*dict.fromkeys(literals), _OTHER, None] for path in dict.fromkeys(paths)}


def _key(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    return f"{{{prefixes[prefix]}}}{local}" if colon and prefix in prefixes else name


def _tree(message: Mapping[Path, Any]) -> dict[str, Any]:
    """Return the values as an object; of a path that goes through another value, that value has no say."""
    root: dict[str, Any] = {}
    for path, value in sorted(message.items(), key=lambda item: len(item[0])):
        holder = root
        for name in path[:-1]:
            if not isinstance(holder.get(name), dict):
                holder[name] = {}
            holder = holder[name]
        if value is not None:
            holder.setdefault(path[-1], value)
    return root


def _described(message: Mapping[Path, Any]) -> str:
    return " and ".join(_parts(message))


def _parts(message: Mapping[Path, Any]) -> Iterator[str]:
    for path, value in message.items():
        name = ".".join(path)
        if value is None:
            yield f"{name} empty"
        elif value != _OTHER:
            yield f"{name} '{value}'"
