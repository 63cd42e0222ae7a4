"""From what an operation is (where it stands, what it takes) to the routes that lead to it.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.parameters import Said, Takes, read
from gateway.rest.routes import Route

SYSTEM, TYPE, INSTANCE = "", "/<fhir_type:type>", "/<fhir_type:type>/<fhir_id:id>"


@dataclass(frozen=True, slots=True)
class Served:
    """An operation that answers for itself, and is no write of a transaction.

    It is asked by POST, and by GET (`by_get`) where it changes nothing and its parameters can stand in a URL.

    `paths` are where it stands, without its name.
    """

    name: str
    paths: tuple[str, ...]
    takes: tuple[Takes, ...]
    answer: Callable[[Ask, Said], Answer]
    by_get: bool = True


def routes(operations: Sequence[Served]) -> Iterator[Route]:
    """Yield the routes of operations."""
    for one in operations:
        named = tuple((takes.name, takes.in_json) for takes in one.takes if takes.in_json)
        for path in one.paths:
            if one.by_get:
                asked = partial(_asked, one)
                yield Route(None, "GET", f"{path}/${one.name}", read=asked, operation=one.name, takes=named)
            yield Route(None, "POST", f"{path}/${one.name}", read=partial(_posted, one), operation=one.name)


def _asked(operation: Served, ask: Ask) -> Answer:
    return operation.answer(ask, read(operation.takes, ask.parameters))


def _posted(operation: Served, ask: Ask) -> Answer:
    sent = None if ask.is_bare else ask.read_body()  # all that is asked may stand in the URL
    return operation.answer(ask, read(operation.takes, ask.parameters, sent))
