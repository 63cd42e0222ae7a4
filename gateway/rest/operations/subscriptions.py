"""The operations on Subscription of the R5 backport: how it is, what happened, and why there is no websocket.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html,
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-events.html
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from gateway.deliver.events import not_kept, told
from gateway.errors import BadRequest, Issue, MethodNotAllowed, TooLarge
from gateway.fhir import bundle, json
from gateway.fhir.bundle import Match
from gateway.notify.notifications import About, parameters
from gateway.notify.notifications import bundle as notification
from gateway.notify.subscription import CONTENTS, kept
from gateway.query import subscriptions
from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.definition import Served
from gateway.rest.operations.parameters import Said, Takes
from gateway.store import queues
from gateway.store.queues import Queue

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPE, _INSTANCE = "/Subscription", "/Subscription/<fhir_id:id>"
_STATUSES = ("requested", "active", "error", "off")
_MOST = 1000
_NO_WEBSOCKETS = "the gateway tells subscribers by rest-hook alone: there is no websocket to bind to"


def status(ask: Ask, said: Said) -> Answer:
    """Return a searchset with how each subscription is: this one, or those that are asked for."""
    found = [subscriptions.one(ask.id, ask.caller, ask.to)] if ask.id else _asked(ask, said)
    shown = [(one.name, parameters(_about(one, ask), "query-status")) for one in found]
    matches = [Match(f"urn:uuid:{uuid5(NAMESPACE_URL, name)}", resource) for name, resource in shown]
    url = f"{ask.to.settings.base_url}/Subscription{f'/{ask.id}' if ask.id else ''}/$status"
    searchset = bundle.searchset(matches, total=len(matches), links=[("self", url)])
    return Answer(HTTPStatus.OK, json.encode(searchset))


def events(ask: Ask, said: Said) -> Answer:
    """Return a notification with the events of a subscription from one number to another, as far as they are kept."""
    queue = subscriptions.one(ask.id, ask.caller, ask.to)
    first, last = _number(said, "eventsSinceNumber", 1), _number(said, "eventsUntilNumber", queue.last)
    wanted = kept(queue.about)
    content = said.text("content") or wanted.content or "id-only"
    if content not in CONTENTS:
        raise BadRequest(f"content is one of {', '.join(CONTENTS)}", code="bad-value")
    if min(last, queue.last) - first >= _MOST:
        raise TooLarge(f"at most {_MOST} events are told at once: ask for those until number {first + _MOST - 1} first")
    with ask.to.store.reading(snapshot=False) as db:
        found = [one for one in queues.following(db, queue.name, first - 1, _MOST) if one.number <= last]
    answer = notification(
        _about(queue, ask), "query-event", [told(one, content, ask.caller, ask.to) for one in found], ask.to.clock()
    )
    return Answer(HTTPStatus.OK, json.encode(answer))


def binding_token(_: Ask, __: Said) -> Answer:
    """Refuse with the reason: there are no websockets."""
    raise MethodNotAllowed(
        [Issue("subscription-not-supported", _NO_WEBSOCKETS, expression="Subscription.channel.type")]
    )


def _asked(ask: Ask, said: Said) -> Sequence[Queue]:
    ids, statuses = set(map(str, said.all("id"))), set(said.all("status"))
    if unknown := statuses - set(_STATUSES):
        text = f"status is one of {', '.join(_STATUSES)}"
        raise BadRequest([Issue("bad-value", text, value=str(value)) for value in sorted(unknown)])
    found = subscriptions.several(ids, ask.caller, ask.to)
    return [one for one in found if not statuses or one.status in statuses]


def _about(queue: Queue, ask: Ask) -> About:
    wanted = kept(queue.about)
    id_, base = queue.name.partition("/")[2], ask.to.settings.base_url
    reasons = [queue.reason, not_kept(queue, ask.to) if queue.status in {"requested", "error"} else None]
    reason = "; ".join(reason for reason in reasons if reason) or None
    return About(base, id_, queue.status, wanted.topic, queue.last, reason)


def _number(said: Said, name: str, default: int) -> int:
    """Return a number that the guide has as a text. BadRequest."""
    text = said.text(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 16):
        raise BadRequest(f"{name} is the number of an event", code="bad-value")
    return max(int(text), 1)


OPERATIONS = (
    Served("status", (_TYPE, _INSTANCE), (Takes("id", "id", many=True), Takes("status", "code", many=True)), status),
    Served(
        "events",
        (_INSTANCE,),
        (Takes("eventsSinceNumber"), Takes("eventsUntilNumber"), Takes("content", "code")),
        events,
    ),
    Served("get-ws-binding-token", (_TYPE, _INSTANCE), (Takes("id", "id", many=True),), binding_token),
)
