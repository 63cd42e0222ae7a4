"""The beginning of a mapping of JSON, NDJSON or XML, made from a sample: the names in it, never a value."""

import re
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO

from gateway.errors import MalformedMessage
from gateway.formats import jsontree, xmltree

Emit = Callable[[str], Iterator[str]]
"""Writes the rules of a mapping that has one path to a name."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"/\d+(?=/|$)|\[\d+\]")
_ASKED = 2  # so many of the names at the top tell these messages from others


def json_lines(data: bytes, emit: Emit) -> Iterator[str]:
    """Yield the lines of a mapping of JSON. Raises MalformedMessage."""
    document = jsontree.parse(data)
    many = isinstance(document.root, list)
    return _json("json, array: true" if many else "json", document, emit)


def ndjson_lines(data: bytes, emit: Emit) -> Iterator[str]:
    """Yield the lines of a mapping of NDJSON, from its first line. Raises MalformedMessage."""
    first = next(jsontree.lines(BytesIO(data)), None)
    if first is None:
        raise MalformedMessage("there is no line here")
    return _json("ndjson", first.document(), emit)


def _json(format_: str, document: jsontree.Document, emit: Emit) -> Iterator[str]:
    many = isinstance(document.root, list)
    found = [place.path for _, place in document.leaves()]
    paths = _paths(path.partition("/")[2].partition("/")[2] if many else path[1:] for path in found)
    tops = list(dict.fromkeys(path.partition(".")[0] for path in paths))[:_ASKED]
    asked = " and ".join(f"{name}.exists()" for name in tops)
    yield f"source: {{format: {format_}, when: {_quoted(asked)}}}"
    yield from emit(paths[0] if paths else "%message")
    yield from _held(paths)


def xml_lines(data: bytes, emit: Emit) -> Iterator[str]:
    """Yield the lines of a mapping of XML. Raises MalformedMessage."""
    document = xmltree.parse(data)
    root = document.root
    above = root.place().path + "/"
    paths = _paths(place.path.removeprefix(above) for _, place in document.leaves() if place.path.startswith(above))
    namespace = f", namespace: {_quoted(root.namespace)}" if root.namespace else ""
    yield f"source: {{format: xml, root: {root.name}{namespace}}}"
    yield from emit(paths[0] if paths else "text()")
    yield from _held(paths)


def _paths(places: Iterable[str]) -> list[str]:
    """Return pointers and XPaths as expressions, each once: without the numbers of items, odd names in backticks."""
    return list(dict.fromkeys(_path(_NUMBER.sub("", f"/{place}")[1:]) for place in places))


def _path(place: str) -> str:
    names = (name.removeprefix("@").replace("~1", "/").replace("~0", "~") for name in place.split("/"))
    return ".".join(name if _NAME.fullmatch(name) else f"`{name}`" for name in names)


def _held(paths: Iterable[str]) -> Iterator[str]:
    yield "# What the sample holds:"
    for path in paths:
        yield f"#   {path}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
