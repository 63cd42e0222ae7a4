"""`$hold`, `$extend-hold` and `$release-hold`: a place is held for a request, by one, until a moment.

https://msb-gateway.example/fhir/OperationDefinition/slot-hold
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import BadRequest
from gateway.referral import holds
from gateway.rest.headers import version_of
from gateway.rest.operations.definition import INSTANCE
from gateway.rest.operations.parameters import Said, Takes, read
from gateway.rest.routes import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.rest.interaction import Ask
    from gateway.transact import Operation

_HOLD = (Takes("request", "Reference"), Takes("minutes", "positiveInt"))
_EXTEND = (Takes("reason", "code"),)


def hold(ask: Ask) -> Operation:
    """Return the operation that holds a Slot. BadRequest, and what `gateway.referral.holds.hold` raises."""
    said = _said(_HOLD, ask)
    request = said.one("request")
    if request is None or not isinstance(request.get("reference"), str):
        raise BadRequest("the parameter request names the ServiceRequest that the place is held for")
    at = version_of(ask.conditions.if_match)
    return holds.hold(ask.id, request["reference"], said.one("minutes"), ask.caller, ask.to, at)


def extend(ask: Ask) -> Operation:
    """Return the operation that extends a hold. BadRequest."""
    reason = _said(_EXTEND, ask).text("reason")
    if reason is None:
        raise BadRequest(f"the parameter reason says why, as one of {', '.join(holds.REASONS)}")
    return holds.extend(ask.id, reason, ask.caller, ask.to, version_of(ask.conditions.if_match))


def release(ask: Ask) -> Operation:
    """Return the operation that ends a hold. BadRequest."""
    _said((), ask)
    return holds.release(ask.id, ask.caller, ask.to, version_of(ask.conditions.if_match))


def _said(takes: Sequence[Takes], ask: Ask) -> Said:
    holds.check_may(ask.caller)
    return read(takes, ask.parameters, None if ask.is_bare else ask.read_body())


def _route(name: str, write: Callable[[Ask], Operation], takes: Sequence[Takes] = ()) -> Route:
    in_url = tuple((one.name, one.in_json) for one in takes if one.in_json)
    return Route(None, "POST", f"{INSTANCE}/${name}", write=write, operation=name, takes=in_url)


ROUTES = (_route("hold", hold, _HOLD), _route("extend-hold", extend, _EXTEND), _route("release-hold", release))
