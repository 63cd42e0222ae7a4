"""What a method and a path lead to: a rule of Flask for a request, a route for an entry of a Bundle.

Flask's own map walks a tree, trying an expression at each step of the path, which takes as long as reading a resource.
Here those ways alone are tried that have as many steps, and the same operation at their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

from werkzeug.routing import BaseConverter

T = TypeVar("T")


class TypeConverter(BaseConverter):
    """A resource type in a path."""

    regex = "[A-Z][A-Za-z]{1,63}"


class IdConverter(BaseConverter):
    """A logical id, or a version, in a path. https://hl7.org/fhir/R4/datatypes.html#id"""

    regex = r"[A-Za-z0-9\-.]{1,64}"


CONVERTERS: Mapping[str, type[BaseConverter]] = MappingProxyType({"fhir_type": TypeConverter, "fhir_id": IdConverter})
_NAMED = re.compile(r"<(?:(\w+):)?(\w+)>")
_OURS = ("$", "_")  # no id begins so, nor does a type: `$everything`, `_history`
_Matches = Callable[[str], "re.Match[str] | None"]


class Paths(Generic[T]):
    """Where methods and paths lead. Of several ways that a path can go, the first that was given is gone."""

    def __init__(self, ways: Iterable[tuple[str, str, T]]) -> None:
        self._ways: dict[tuple[str, int, str], list[tuple[_Matches, T]]] = {}
        for method, path, end in ways:
            self._ways.setdefault(_shape(method, path), []).append((_pattern(path).fullmatch, end))

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """Return where it leads, and what the path names; None where it leads nowhere."""
        for matches, end in self._ways.get(_shape(method, path), ()):
            if found := matches(path):
                return end, found.groupdict()
        return None


def _shape(method: str, path: str) -> tuple[str, int, str]:
    """Return what a path has in common with every way that it can go."""
    last = path.rpartition("/")[2]
    return method, path.count("/"), last if last.startswith(_OURS) else ""


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches a path as rules are written; what it names are the groups."""
    written, at = "", 0
    for named in _NAMED.finditer(path):
        converter = CONVERTERS.get(named[1] or "", BaseConverter)
        written += f"{re.escape(path[at : named.start()])}(?P<{named[2]}>{converter.regex})"
        at = named.end()
    return re.compile(written + re.escape(path[at:]))
