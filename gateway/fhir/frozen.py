"""Values that nothing changes after they are made, at the price of values that could be.

A start makes some hundred thousand tokens, places and pieces of code. `dataclass(frozen=True)` sets each of their
fields through `object.__setattr__`, which makes an object cost four times as much; so here it is the type checker that
keeps them as they are, and nothing at run time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(*, eq: bool = True, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Return the decorator of a dataclass with slots whose fields are set once, by its `__init__` alone.

    With `eq` equal fields make equal values, which have the same hash; without, each value equals itself alone.
    https://docs.python.org/3.11/library/dataclasses.html#frozen-instances
    """
    return dataclass(slots=True, eq=eq, unsafe_hash=eq, kw_only=kw_only)
