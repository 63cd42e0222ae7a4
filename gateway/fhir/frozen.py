"""Values that nothing changes after they are made, at the price of values that could be.

A start makes some hundred thousand tokens, places and pieces of code. `dataclass(frozen=True)` sets each of their
fields through `object.__setattr__`, which makes an object cost four times as much; so here it is the type checker that
keeps them as they are, and nothing at run time. Each method that a dataclass generates costs its module a tenth of a
millisecond when it is loaded; so equality, hash and representation are not generated but shared.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(*, eq: bool = True, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Return the decorator of a dataclass with slots whose fields are set once, by its `__init__` alone.

    With `eq` equal fields make equal values, which have the same hash; without, each value equals itself alone.
    https://docs.python.org/3.11/library/dataclasses.html#frozen-instances
    """

    def decorated(cls: type[T]) -> type[T]:
        cls.__doc__ = cls.__doc__ or cls.__name__  # a dataclass would put its signature together for it
        made: Any = dataclass(slots=True, eq=False, repr=False, kw_only=kw_only)(cls)
        if eq:
            _compared_by_fields(made)
        made.__repr__ = made.__dict__.get("__repr__", _shown)
        found: type[T] = made
        return found

    return decorated


def changed(value: T, **fields_: object) -> T:
    """Return a frozen value with some fields changed, of a class that takes them all in order.

    What `dataclasses.replace` does, in a third of its time: who asks is changed twice in every request.
    """
    kind: Any = type(value)
    made: T = kind(*_contents(kind)(value))
    for name, one in fields_.items():
        setattr(made, name, one)
    return made


@cache
def _contents(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*[one.name for one in fields(kind)])


def _compared_by_fields(cls: Any) -> None:
    compared = [one.name for one in fields(cls) if one.compare]
    content = attrgetter(*compared) if compared else lambda _: ()

    def equal(self: object, other: object) -> bool:
        return content(self) == content(other) if type(other) is cls else NotImplemented

    def digest(self: object) -> int:
        return hash(content(self))

    cls.__eq__, cls.__hash__ = equal, digest


def _shown(self: Any) -> str:
    inside = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(inside)})"
