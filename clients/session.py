"""What both sessions in Python need: to say what held, to end at what does not, and to race."""

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

SYSTEM = "https://msb-gateway.example/fhir/NamingSystem/clients"
RACERS = 16
T = TypeVar("T")


def held(what: str, *, that: bool) -> None:
    """Say that something held, or end."""
    if not that:
        sys.exit(f"NOT ok {what}")
    print(f"ok {what}")


def refused(what: str, asked: Callable[[], object], how: type[Exception], says: str = "") -> None:
    """Say that something was refused in this way, with these words in it, or end."""
    try:
        asked()
    except how as error:
        held(what, that=says in str(error))
    else:
        held(what, that=False)


def at_once(asked: Callable[[int], T]) -> list[T]:
    """Have as many as there are racers ask at the same time, and return what each was told."""
    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(asked, range(RACERS)))


def statuses(answer: Iterable[str]) -> list[str]:
    """Return the codes of what an answer to a Bundle says of its entries."""
    return [status[:3] for status in answer]
