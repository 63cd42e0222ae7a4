"""Who was not let in, or not let do what it asked, and why: in the log and in the audit.

Whoever is let in nowhere must not be able to fill the disk, so of those there are so many rows at most in a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.errors import Forbidden, GatewayError, ResourceGone, ResourceNotFound, TooManyRequests
from gateway.fhir.bsn import is_bsn
from gateway.query import audit

if TYPE_CHECKING:
    from gateway.access.correlation import Correlation
    from gateway.services import Services

_log = logging.getLogger("gateway.access")
_AUDITED = 300  # in a minute, by all processes of this gateway


def nobody(correlation: Correlation, address: str = "") -> Caller:
    """Return who is not known."""
    return Caller("unknown", "unknown", purpose="", correlation=correlation, address=address)


def not_known(reason: str, who: Caller, to: Services) -> None:
    """Write down that somebody was not let in, and why; never what was shown."""
    ids = who.correlation.noted() if who.correlation else {}
    _log.warning("not-known", extra=ids | {"reason": reason, "partner": who.partner or "-"})
    try:
        if to.identities is not None:
            to.identities.rates.take("refused", _AUDITED)
    except TooManyRequests:
        _log.warning("refusals-not-audited", extra=ids)
    else:
        refused(reason, who, to)


def note(error: GatewayError, who: Caller, to: Services, resource_type: str = "", id_: str = "") -> None:
    """Write down that somebody may not do what it asked, or that what it asked for by its id is not there for it.

    What is not there and what may not be seen are written down alike, so that one takes as long as the other.
    """
    is_absent = bool(id_) and isinstance(error, ResourceNotFound | ResourceGone)
    if is_absent or isinstance(error, Forbidden):
        asked = [f"{resource_type}/{id_}"] if id_ and not is_bsn(id_) else [resource_type] if resource_type else []
        refused(error.issues[0].code, who, to, asked)


def refused(reason: str, who: Caller, to: Services, asked: Sequence[str] = ()) -> None:
    """Add to the audit that somebody was refused what it asked: `asked`, as `Type/id`, where it named something."""
    patients = [one.removeprefix("Patient/") for one in asked if one.startswith("Patient/")]
    try:
        audit.note(to, who, "refused", asked, [reason], about={"patients": patients} if patients else audit.NOTHING)
    except Exception as error:  # noqa: BLE001 - that it is refused holds, whatever the store can do now
        _log.error("refusal-not-audited: %s", type(error).__name__)
