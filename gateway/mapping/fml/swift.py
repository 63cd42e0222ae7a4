"""The `T` of a run that nobody follows: it makes the same, notes nothing, and stops where something must be reported.

The traced run then runs over the same message and reports all of it, as with mappings in YAML.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from gateway.mapping import pieces
from gateway.mapping.findings import Finding
from gateway.mapping.fml.targets import Targets, bare_json
from gateway.mapping.looks import Pair
from gateway.mapping.tracer import Made, Thunk


class Swift(Targets):
    """Does what Targets does, without the trace. Every complaint is a Finding that ends the run."""

    def __init__(self) -> None:
        super().__init__((), "fail", "en")
        self._own: set[int] = set()  # what groups made: it is nobody else's

    def use(self, pair: Pair) -> Any:
        """Return the value of a name."""
        return pair[0]

    def value(self, line: Any, at: tuple[int | None, ...]) -> str | None:
        """Return the text of a field or a part of it."""
        text: str | None = line.value(*(number or 1 for number in at))
        return text

    def at(self, value: Any, *steps: int, repetition: int = 1) -> str | None:
        """Return the text at numeric steps from a piece."""
        first, second, third = (*steps, 1, 1)[:3]
        return pieces.at(value, first, second, third, repetition)

    def column(self, record: Any, name: str) -> str | None:
        """Return the cell of a row."""
        text: str | None = record.get(name)
        return text

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function makes."""
        return function(*arguments)

    def translate(self, table: Any, code: str | None) -> Any:
        """Return what a ConceptMap makes of a code."""
        return table(code)

    def given(self, thunk: Thunk) -> Pair:
        """Return an argument of a group."""
        return thunk(), ()

    def each(self, thunk: Thunk, rule: int | None = None) -> Iterator[Pair]:
        """Yield the items of a collection."""
        del rule
        for value in thunk() or ():
            yield value, ()

    def named(self, rule: int, thunk: Thunk, many: bool) -> Pair:  # noqa: FBT001 - generated code
        """Return the value of a name."""
        del rule, many
        return thunk(), ()

    def test(self, rule: int, thunk: Thunk) -> bool:
        """Return whether a condition holds."""
        del rule
        return bool(thunk())

    def require(self, rule: int, thunk: Thunk, *said: Any, **more: Any) -> None:
        """End the run when a requirement does not hold."""
        del rule, said, more
        if not thunk():
            raise Finding("required-missing", "cardinality")

    def given_back(self, made: Any, wanted: str) -> Any:
        """Return what a group that was called as a function made."""
        found = super().given_back(made, wanted)
        self._own.update(map(id, found if isinstance(found, list) else [found]))
        return found

    def _evaluated(self, rule: int, thunk: Thunk, instead: Any, *, fire: bool = True) -> Pair:
        del rule, instead, fire
        return thunk(), ()

    def _put(self, holder: Any, key: Any, value: Any, made: Made) -> None:
        del made
        if key is None:
            holder.append(value)
        else:
            holder[key] = value

    def _json(self, value: Any) -> Any:
        json = bare_json(value)
        return deepcopy(json) if isinstance(json, dict | list) and id(json) not in self._own else json

    def _note(self, owner: Any, at: tuple[Any, ...], value: Any, *, passed: bool = False) -> None:
        del owner, at, value, passed

    def _say(self, *what: Any, **more: Any) -> None:
        del what, more
        raise Finding("rule-failed", "no-id")
