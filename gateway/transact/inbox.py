"""What an operator changes of the inbox: each in one commit, with an audit row that names the rows and the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.store import Batch
from gateway.store.records import Mark

if TYPE_CHECKING:
    from gateway.services import Services


def mark(marks: Sequence[Mark], action: str, caller: Caller, to: Services) -> None:
    """Change rows of the inbox. `action` is the word for it in the audit. Raises Unavailable."""
    row = {
        "action": action,
        "at": format_instant(to.clock()),
        "organisation": caller.organisation,
        "caller": caller.name,
        "development": caller.development,
        "purpose": caller.purpose,
        "inbox": [id_ for one in marks for id_ in one.ids],
    }
    batch = Batch(encode(row), marks=list(marks))
    to.store.write(lambda _: (batch, None))
