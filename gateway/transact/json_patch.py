"""JSON Patch: operations on the JSON of a resource, all or none of them.

https://www.rfc-editor.org/rfc/rfc6902, https://www.rfc-editor.org/rfc/rfc6901 (pointers)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from gateway.errors import BadRequest, InvalidResource, Issue
from gateway.fhir.types import Resource

MEDIA_TYPE = "application/json-patch+json"
MAX_OPERATIONS = 1000
MAX_COPIED = 100_000
"""So many objects, lists and values are copied by one patch: copies of copies grow without bounds."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_ESCAPE = re.compile(r"~(?![01])")
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "add": ("path", "value"),
        "remove": ("path",),
        "replace": ("path", "value"),
        "move": ("from", "path"),
        "copy": ("from", "path"),
        "test": ("path", "value"),
    }
)


class _Step(NamedTuple):
    name: str
    path: tuple[str, ...]
    origin: tuple[str, ...]
    value: Any


def read(sent: Any) -> Callable[[Resource], Resource]:
    """Return what a patch document does to a resource. BadRequest, with each operation that is none.

    What comes back raises InvalidResource where an operation does not fit the resource; it changes what it is given.
    """
    if not isinstance(sent, list):
        raise BadRequest("a JSON Patch is a list of operations")
    if len(sent) > MAX_OPERATIONS:
        raise BadRequest(f"a JSON Patch has at most {MAX_OPERATIONS} operations")
    steps, wrong = [], []
    for number, one in enumerate(sent):
        try:
            steps.append(_step(one))
        except BadRequest as error:
            wrong += [replace(issue, diagnostics=_of(number, issue.diagnostics)) for issue in error.issues]
    if wrong:
        raise BadRequest(wrong)
    return lambda resource: _Patching(resource).carried_out(steps)


def _step(one: Any) -> _Step:
    name = one.get("op") if isinstance(one, dict) else None
    if not isinstance(name, str) or name not in _NEEDS:
        raise BadRequest(f"op is one of {', '.join(_NEEDS)}")
    if missing := [member for member in _NEEDS[name] if member not in one]:
        raise BadRequest(f"{name} needs {' and '.join(missing)}")
    origin = _pointer(one["from"]) if "from" in _NEEDS[name] else ()
    path = _pointer(one["path"])
    if name == "move" and len(path) > len(origin) and path[: len(origin)] == origin:
        raise BadRequest("nothing can be moved into itself")
    return _Step(name, path, origin, one.get("value"))


def _pointer(text: Any) -> tuple[str, ...]:
    if not isinstance(text, str) or (text and not text.startswith("/")) or _ESCAPE.search(text):
        raise BadRequest("path and from are JSON pointers: /name/0/family")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _of(number: int, text: str) -> str:
    return f"operation {number + 1}: {text}"


class _Patching:
    """One resource while it is changed; lists that lose their last item go with it, for FHIR knows no empty ones."""

    def __init__(self, resource: Resource) -> None:
        self.whole: Any = resource
        self._copied = 0
        self._emptied: list[tuple[dict[str, Any], str]] = []

    def carried_out(self, steps: Sequence[_Step]) -> Resource:
        for number, step in enumerate(steps):
            try:
                getattr(self, f"_{step.name}")(step)
            except _Unfit as unfit:
                raise InvalidResource([Issue("patch-failed", _of(number, str(unfit)))]) from unfit
        for holder, name in self._emptied:
            if holder.get(name) == []:
                del holder[name]
        if not isinstance(self.whole, dict):
            raise InvalidResource([Issue("patch-failed", "what is left is no resource")])
        return self.whole

    def _add(self, step: _Step) -> None:
        self._put(step.path, self._copy_of(step.value))

    def _remove(self, step: _Step) -> None:
        self._taken(step.path)

    def _replace(self, step: _Step) -> None:
        self._at(step.path)
        if not step.path:
            self.whole = self._copy_of(step.value)
            return
        holder, last = self._at(step.path[:-1]), step.path[-1]
        holder[int(last) if isinstance(holder, list) else last] = self._copy_of(step.value)

    def _move(self, step: _Step) -> None:
        self._put(step.path, self._taken(step.origin))

    def _copy(self, step: _Step) -> None:
        self._put(step.path, self._copy_of(self._at(step.origin)))

    def _test(self, step: _Step) -> None:
        if not _equal(self._at(step.path), step.value):
            raise _Unfit("the test fails: what stands there is something else")

    def _at(self, path: Sequence[str]) -> Any:
        found = self.whole
        for part in path:
            if isinstance(found, list):
                found = found[_index(part, len(found) - 1)]
            elif isinstance(found, dict) and part in found:
                found = found[part]
            else:
                raise _Unfit("there is nothing at this path")
        return found

    def _put(self, path: Sequence[str], value: Any) -> None:
        if not path:
            self.whole = value
            return
        holder, last = self._at(path[:-1]), path[-1]
        if isinstance(holder, list):
            holder.insert(len(holder) if last == "-" else _index(last, len(holder)), value)
        elif isinstance(holder, dict):
            holder[last] = value
        else:
            raise _Unfit("there is nothing at this path")

    def _taken(self, path: Sequence[str]) -> Any:
        if not path:
            raise _Unfit("the resource itself is not removed by a patch; DELETE does that")
        value, holder, last = self._at(path), self._at(path[:-1]), path[-1]
        if isinstance(holder, dict):
            return holder.pop(last)
        del holder[int(last)]
        above = self._at(path[:-2])
        if not holder and isinstance(above, dict):
            self._emptied.append((above, path[-2]))
        return value

    def _copy_of(self, value: Any) -> Any:
        self._copied += _size(value)
        if self._copied > MAX_COPIED:
            raise _Unfit(f"a patch adds at most {MAX_COPIED} values")
        return deepcopy(value)


class _Unfit(Exception):
    """An operation does not fit what is there."""


def _index(part: str, last: int) -> int:
    if not _INDEX.fullmatch(part) or int(part) > last:
        raise _Unfit("there is no such item in the list")
    return int(part)


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


def _equal(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON: numbers by what they are worth, true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
