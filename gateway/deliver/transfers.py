"""What is sent out is a transfer: a row of the audit, in the commit in which it is noted that it was sent.

Who may know it was looked at before, and stands in rows of its own. What was sent and not noted is sent once more, and
is a transfer then.
https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.query.audit import audit_row
from gateway.store.audited import about_sent

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.deliver.turn import Turn

_ACTION = "deliver"


def row(turn: Turn, caller: Caller, named: Sequence[str], body: bytes) -> bytes:
    """Return the row of what was sent on behalf of `caller`: the resources that it names, to which queue and origin.

    `body` is what was sent of them, encoded as JSON.
    """
    to, where = turn.to, [f"origin: {turn.queue.origin}"]
    if "://" not in turn.queue.name:  # that of an endpoint is called by its URL
        where.append(f"queue: {turn.queue.name}")
    about = about_sent(named, body)
    return audit_row(caller, to.clock(), _ACTION, [*named, *where], (), node=to.settings.node, about=about)
