"""The client of Mitz: over TLS with a certificate of ours, within seconds, and left alone for a while when it fails.

Where it may be is listed like any endpoint (GATEWAY_ENDPOINTS); its address is looked up once and checked, no redirect
is followed, and little of its answer is read: see `gateway.notify.sending`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gateway.notify.closed_question import Decision, Question, Unanswered
from gateway.notify.closed_question.xacml import MEDIA_TYPE, read, written
from gateway.notify.endpoints import Refused
from gateway.notify.outward import Outward

PATH = "/geslotenautorisatievraag/xacml3"
_ANSWER_SECONDS = 3.0  # a process answers nobody else meanwhile
_FAILURES = 3
_LEFT_ALONE_SECONDS = 30.0


@dataclass(slots=True)
class Mitz:
    """An Authority. After some failures in a row it is not asked for a while, then once to see whether it is back."""

    outward: Outward
    base: str
    seconds: Callable[[], float]
    _failures: int = field(default=0, init=False)
    _again: float = field(default=0.0, init=False)
    _mutex: threading.Lock = field(default_factory=threading.Lock, init=False)

    def ask(self, question: Question, message_id: str) -> Mapping[str, Decision]:
        """Return the decision on each category. Raises Unanswered."""
        self._begin()
        try:
            found = self._asked(question, message_id)
        except Unanswered:
            self._ended(failed=True)
            raise
        self._ended(failed=False)
        return found

    def _asked(self, question: Question, message_id: str) -> Mapping[str, Decision]:
        from gateway.notify.sending import Line, NotSent  # noqa: PLC0415 - slow to load, and not for every gateway

        url = self.base.rstrip("/") + PATH
        way = replace(self.outward, seconds=min(self.outward.seconds, _ANSWER_SECONDS))
        headers = {"Content-Type": MEDIA_TYPE, "Accept": "application/soap+xml", "X-Request-Id": message_id}
        try:
            with Line(way, url) as line:
                sent = line.send(written(question, message_id, url), headers)
        except (NotSent, Refused) as error:
            raise Unanswered(str(error)) from error
        return read(sent.content, question)

    def _begin(self) -> None:
        with self._mutex:
            if self._failures >= _FAILURES and self.seconds() < self._again:
                raise Unanswered("it is left alone for a while, for it failed several times in a row")
            if self._failures >= _FAILURES:
                self._again = self.seconds() + _LEFT_ALONE_SECONDS  # who comes next waits whether this one is answered

    def _ended(self, *, failed: bool) -> None:
        with self._mutex:
            self._failures = self._failures + 1 if failed else 0
            self._again = self.seconds() + _LEFT_ALONE_SECONDS
