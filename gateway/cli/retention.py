"""What a running gateway does by itself: the content of old messages is deleted, once an hour."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import timedelta

from gateway.cli.operator import operator
from gateway.errors import GatewayError
from gateway.services import Services
from gateway.transact.inbox import purge

_log = logging.getLogger(__name__)

HOUR = 60 * 60


def serve(to: Services, *, every: float = HOUR) -> None:
    """Purge the inbox now and then, until SIGTERM or SIGINT."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    while True:
        purge_old(to)
        if told.wait(every):
            return


def purge_old(to: Services) -> None:
    """Delete the content that is older than the settings say; when the store cannot be reached, next time."""
    try:
        number = purge(to.clock() - timedelta(days=to.settings.inbox_days), operator(to.settings, "retention"), to)
    except GatewayError:
        _log.warning("inbox-not-purged: the store cannot be used now; it is tried again")
        return
    if number:
        _log.info("inbox-purged: the content of %d messages", number)
