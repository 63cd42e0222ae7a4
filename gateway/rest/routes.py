"""How a method and a path lead to an interaction, for HTTP requests and for the entries of a Bundle alike.

The CapabilityStatement's table has the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, current_app

from gateway.errors import MethodNotAllowed, ResourceNotFound
from gateway.rest import answering, named, wire
from gateway.rest.interaction import Answer, Ask
from gateway.rest.metadata import Interaction, check_operation, check_served, lists, lists_operation
from gateway.rest.paths import CONVERTERS, Paths
from gateway.rest.response import Response
from gateway.transact import ask as carry_out_once
from gateway.transact import transact

if TYPE_CHECKING:
    from gateway.rest.headers import Return
    from gateway.transact import Operation, Outcome, Received

PREFIX = "/fhir"
NO_SUCH_PATH = "no such path; an id is 1 to 64 of A-Z a-z 0-9 - ."
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NO_SUCH_OPERATION = "no such path: this operation is not served here; GET metadata lists those of each type"


@dataclass(frozen=True)
class Route:
    """How an interaction is asked, and the function that reads, or that makes the operation to write.

    `interaction` or `operation` is what the CapabilityStatement must list; without either it is always served. A write
    is answered with its outcome, unless `told` makes something else of that. `takes` are the parameters of an operation
    that can stand in a URL, each with its type in JSON; `sends` is the type of what is posted to an operation, and
    `also` are statuses of success beside the usual ones.
    """

    interaction: Interaction | None
    method: str
    path: str
    read: Callable[[Ask], Answer] | None = None
    write: Callable[[Ask], Operation] | None = None
    operation: str | None = None
    told: Callable[[Outcome], Answer] | None = None
    takes: tuple[tuple[str, str], ...] = ()
    sends: str = "Parameters"
    also: tuple[HTTPStatus, ...] = ()

    def operation_of(self, ask: Ask) -> Operation:
        """Return what is to be written. BadRequest, for a condition too that it would not keep to."""
        assert self.write
        ask.conditions.check_written(is_create=self.interaction == "create")
        return self.write(ask)

    def answer(self, ask: Ask) -> Answer:
        """Return what the interaction answers by itself; a write is then a transaction of its own."""
        if self.read:
            return self.read(ask)
        operation, returned = self.operation_of(ask), ask.prefer.returned or "representation"
        returned = "representation" if self.told else returned
        (outcome,), repeated = carry_out([operation], ask, returned, named.of_operation(operation, ask))
        return replace(self.told(outcome) if self.told else answering.written(outcome, returned), repeated=repeated)


def carry_out(
    operations: Sequence[Operation], ask: Ask, returned: Return, received: Received | None
) -> tuple[Sequence[Outcome], bool]:
    """Carry out operations, and return their outcomes and whether these are of before: that takes a name.

    Raises what `gateway.transact.transact` raises, and Conflict.
    """
    if received is None:
        return transact(operations, ask.caller, ask.to), False
    return carry_out_once(operations, ask.caller, ask.to, received, bodies=returned == "representation")


def serve(app: Flask, routes: Sequence[Route]) -> None:
    """Let `app` answer `routes` under /fhir."""
    app.url_map.converters |= CONVERTERS
    app.url_map.merge_slashes = False
    blueprint = Blueprint("fhir", __name__, url_prefix=PREFIX)
    for number, route in enumerate(routes):
        blueprint.add_url_rule(route.path, str(number), _view(route), methods=[route.method])
    app.register_blueprint(blueprint)
    app.extensions["gateway.routes"] = tuple(routes)
    app.extensions["gateway.paths"] = Paths((route.method, route.path or "/", route) for route in routes)


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a path below the FHIR base, and what the path names. ResourceNotFound, MethodNotAllowed."""
    paths: Paths[Route] = current_app.extensions["gateway.paths"]
    found = paths.find(method, f"/{path}")
    if found is not None:
        _check(*found)
        return found
    if any(paths.find(other, f"/{path}") for other in _METHODS):
        raise MethodNotAllowed("this method is not served here; GET metadata lists what is")
    raise ResourceNotFound(no_such_path(path))


def no_such_path(path: str) -> str:
    """Return why nothing is found on a path: it ends in an operation, or it is written otherwise than any."""
    return NO_SUCH_OPERATION if path.rpartition("/")[2].startswith("$") else NO_SUCH_PATH


def allowed_methods(path: str) -> list[str]:
    """Return the methods that are served on a path, sorted: what the table does not list is not among them."""
    adapter = current_app.url_map.bind("")
    return sorted(method for method in adapter.allowed_methods(path) if _is_listed(*adapter.match(path, method)))


def _is_listed(endpoint: str, values: Mapping[str, str]) -> bool:
    if not endpoint.startswith("fhir."):
        return True
    route: Route = current_app.extensions["gateway.routes"][int(endpoint.removeprefix("fhir."))]
    if route.operation:
        return lists_operation(values.get("type"), route.operation)
    return route.interaction is None or lists(values.get("type", ""), route.interaction)


def _check(route: Route, values: Mapping[str, str]) -> None:
    if route.interaction:
        check_served(values.get("type", ""), route.interaction)
    elif route.operation:
        check_operation(values.get("type"), route.operation)


def _view(route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return respond(route, path)

    return view


def respond(route: Route, path: Mapping[str, str]) -> Response:
    """Return the response to an HTTP request for a route; `path` is what its path names. GatewayError."""
    _check(route, path)
    asked = wire.http()
    wire.check_acceptable(asked)
    return answering.respond(answering.as_liked(route.answer(wire.ask(asked, **path)), asked))
