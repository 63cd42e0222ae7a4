"""Who was not let in, and why: in the log, and in the audit as long as these are not too many.

Whoever is let in nowhere must not be able to fill the disk, so there are so many lines at most in a minute.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.errors import TooManyRequests, Unavailable
from gateway.query.audit import audit_row

if TYPE_CHECKING:
    from gateway.access.correlation import Correlation
    from gateway.services import Services

_log = logging.getLogger("gateway.access")
_AUDITED = 300  # in a minute, by all processes of this gateway


def note(reason: str, correlation: Correlation, to: Services, caller: Caller | None = None) -> None:
    """Write down that somebody was not let in, and why; never what was shown. `caller` is who it was, where known."""
    who = caller or Caller("unknown", "unknown", purpose="", correlation=correlation)
    _log.warning("not-known", extra=correlation.noted() | {"reason": reason, "partner": who.partner or "-"})
    try:
        if to.identities is not None:
            to.identities.rates.take("refused", _AUDITED)
        to.store.audit(audit_row(who, to.clock(), "refused", [], [reason]))
    except TooManyRequests:
        _log.warning("refusals-not-audited", extra=correlation.noted())
    except Unavailable as error:  # that it is refused holds, whatever the store can do now
        _log.error("refusal-not-audited: %s", error)
