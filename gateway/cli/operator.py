"""Who works at the gateway itself, at a shell of its machine: what is done so stands in the audit as done by them."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, development_caller

if TYPE_CHECKING:
    from gateway.settings import Settings

PURPOSE = "HSYSADMIN"  # https://terminology.hl7.org/CodeSystem-v3-ActReason.html


def operator(settings: Settings, name: str | None = None, *, providers: Iterable[str] = ()) -> Caller:
    """Return who works here, by default who runs this command: who may read and write everything, and send as these.

    In development mode, where nobody is known, that is the development caller.
    """
    if settings.development:
        return development_caller()
    return Caller("operator", name or _user(), providers=frozenset(providers), purpose=PURPOSE)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unnamed"  # a container may run under a number that has no name
