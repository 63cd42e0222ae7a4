"""Who works at the gateway itself, at a shell of its machine: what is done so stands in the audit as done by them."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, development_caller
from gateway.cli.stores import opened, settings_for

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.store import Store

PURPOSE = "HSYSADMIN"  # https://terminology.hl7.org/CodeSystem-v3-ActReason.html


def operator(settings: Settings, name: str | None = None, *, providers: Iterable[str] = ()) -> Caller:
    """Return who works here, by default who runs this command: who may read and write everything, and send as these.

    In development mode, where nobody is known, that is the development caller.
    """
    if settings.development:
        return development_caller()
    return Caller("operator", name or _user(), providers=frozenset(providers), purpose=PURPOSE)


def noted(store: Store, database: str | None, action: str, seen: Iterable[str], reasons: Iterable[str] = ()) -> None:
    """Add to the audit what who works here is about to see or to do. Raises BadSettings, Unavailable."""
    from gateway.query.audit import audit_row  # noqa: PLC0415 - not for `--help`

    settings = settings_for(database)
    who, node = operator(settings), settings.node or gethostname()
    store.audit(audit_row(who, datetime.now(UTC), action, seen, reasons, node=node))


def noted_key(database: str | None, made: Path) -> None:
    """Add to the audit that a key was made, where it is said which store that is of. ClickException."""
    if database:
        with opened(database) as store:
            noted(store, database, "key", [f"key:{made.stem}"])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unnamed"  # a container may run under a number that has no name
