"""What a running gateway does for its audit: it indexes it, signs its heads, and lets go what was kept long enough."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.cli.operator import operator
from gateway.errors import GatewayError
from gateway.query.auditlog import pruning, signing
from gateway.store.auditing import index

if TYPE_CHECKING:
    from gateway.services import Services

_log = logging.getLogger("gateway.audit")
_EVERY = 5.0
_HOUR = 60 * 60.0
_INDEXED = 5_000  # rows at a time: who stops waits for no more than these


def serve(to: Services, *, every: float = _EVERY, seconds: Callable[[], float] = time.monotonic) -> None:
    """Keep the audit now and then, until SIGTERM or SIGINT; what was added by then is signed."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    pruned = seconds() - _HOUR
    while not told.wait(every):
        _or_later("audit-not-indexed", lambda: _index(to, told))
        _or_later("audit-not-signed", lambda: sign(to))
        if seconds() - pruned >= _HOUR:
            pruned = seconds()
            _or_later("audit-not-pruned", lambda: prune(to))
    _or_later("audit-not-signed", lambda: sign(to, now=True))


def sign(to: Services, *, now: bool = False) -> bool:
    """Sign the heads of the chains when that is due, or `now`, and return whether it was done.

    They are kept in the store, and added to a file where the settings name one: that is tried again with the next ones.
    Raises BadSettings for the keys, Unavailable.
    """
    folder = to.settings.audit_keys
    if folder is None or not (now or signing.is_due(to.store, to.clock())):
        return False
    made = signing.sign(to.store, signing.read_keys(folder), to.settings.node, to.clock())
    if made is not None and to.settings.audit_heads is not None:
        try:
            signing.append(to.settings.audit_heads, made)
        except OSError as error:
            _log.error("audit-heads-not-written: %s", type(error).__name__)
    return made is not None


def prune(to: Services) -> int:
    """Have what was kept for long enough go, and return how many rows that were. Raises what `pruning.prune` raises."""
    folder, days = to.settings.audit_keys, to.settings.audit_days
    if folder is None or not days:
        return 0
    caller = operator(to.settings, "retention")
    number = pruning.prune(to.clock() - timedelta(days=days), signing.read_keys(folder), caller, to)
    if number:
        _log.info("audit-pruned: %d rows", number)
    return number


def _index(to: Services, told: threading.Event) -> None:
    while index.catch_up(to.store, most=_INDEXED) >= _INDEXED and not told.is_set():
        pass  # there is more


def _or_later(what: str, do: Callable[[], object]) -> None:
    try:
        do()
    except GatewayError as error:
        _log.warning("%s: %s; it is tried again", what, error.issues[0].diagnostics)
