"""Queues of endpoints: bytes that are sent as they are, one after the other."""

from __future__ import annotations

import logging

from gateway.deliver import transfers
from gateway.deliver.callers import gateway
from gateway.deliver.turn import Turn
from gateway.notify.endpoints import Refused
from gateway.notify.sending import Line, NotSent
from gateway.store import queues
from gateway.store.queues import Delivery

_log = logging.getLogger("gateway.deliver")

_AT_A_TIME = 20
_UNDERSTOOD = frozenset({400, 413, 415, 422})
"""The receiver read it and will not have it: what comes after it must not wait for it."""


def deliver(turn: Turn) -> None:
    """Send what waits in an endpoint's queue, in order, until something fails or the turn is over."""
    if not turn.allow(turn.to.outward.seconds):
        return
    try:
        with Line(turn.to.outward, turn.queue.name) as line:
            _empty(turn, line)
    except Refused as error:
        first = next(iter(_waiting(turn, turn.queue.told)), None)
        if first is not None and not (_give_up(turn, first, NotSent(str(error))) and turn.told(first.number)):
            turn.failed(NotSent(str(error)))
            return
    turn.end()


def _empty(turn: Turn, line: Line) -> None:
    told = turn.queue.told
    while waiting := _waiting(turn, told):
        for delivery in waiting:
            if not turn.may_go_on() or not _told(turn, line, delivery):
                return
            told = delivery.number


def _waiting(turn: Turn, after: int) -> list[Delivery]:
    with turn.to.store.reading(snapshot=False) as db:
        return queues.following(db, turn.queue.name, after, _AT_A_TIME)


def _told(turn: Turn, line: Line, delivery: Delivery) -> bool:
    """Send one and note it; False when the turn is over."""
    row = None
    if delivery.dead_at is None:
        try:
            with turn.span([delivery]):
                line.send(delivery.body or b"", _headers(delivery))
            row = transfers.row(turn, gateway(), (), delivery.body or b"")
        except NotSent as problem:
            if not _give_up(turn, delivery, problem):
                turn.failed(problem)
                return False
    return turn.told(delivery.number, row=row)


def _headers(delivery: Delivery) -> dict[str, str]:
    """Return the headers; by its key a receiver knows what it was sent before."""
    key = delivery.once or f"{delivery.queue}#{delivery.number}"
    return {"Content-Type": delivery.content_type or "application/octet-stream", "Idempotency-Key": f'"{key}"'}


def _give_up(turn: Turn, delivery: Delivery, problem: NotSent) -> bool:
    """Return whether it is given up, and then let it lie for its operator."""
    if problem.status not in _UNDERSTOOD and not turn.is_too_late(delivery.at):
        return False
    with turn.to.store.changing() as db:
        queues.bury(db, delivery.queue, delivery.number, turn.now, problem.reason)
    _log.error("given-up: number %d to %s: %s", delivery.number, turn.queue.origin, problem.reason)
    return True
