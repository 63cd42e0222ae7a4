"""Public keys as they stand at an address (JWKS): fetched when one is needed, and kept.

Only an origin that the operator lists is asked, as `gateway.notify.sending` asks, and no address of a header ever. What
is found is kept as long as its Cache-Control says, a minute at least and an hour at most, ten minutes where it says
nothing; for a key that is not among it, it is asked for once a minute.
https://www.rfc-editor.org/rfc/rfc7517
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.access import public_keys
from gateway.notify.endpoints import Refused
from gateway.notify.outward import Outward

_log = logging.getLogger("gateway.access")
_FRESH_SECONDS = 600.0  # where nothing is said
_AGAIN_SECONDS = 60.0
_LONGEST_SECONDS = 3600.0
ANSWER_SECONDS = 3.0
"""So long may an answer take: a process answers nobody else meanwhile."""

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?([0-9]{1,9})", re.IGNORECASE)
_UNKEPT = re.compile(r"(?:^|[,\s])(?:no-store|no-cache)(?:$|[,\s])", re.IGNORECASE)

Key = Mapping[str, Any]


@dataclass(slots=True)
class _Found:
    """What stood at an address, when that was, and when it was last asked for."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    since: float = float("-inf")
    tried: float = float("-inf")
    fresh: float = _FRESH_SECONDS


class PublishedKeys:
    """Finds keys by their address and name."""

    def __init__(self, outward: Outward, seconds: Callable[[], float]) -> None:
        self._outward = replace(outward, seconds=min(outward.seconds, ANSWER_SECONDS))
        self._seconds = seconds
        self._found: dict[str, _Found] = {}

    def at(self, url: str, kid: str) -> Key | None:
        """Return the key of this name at an address, None when there is none, or it cannot be had now."""
        found, now = self._found.setdefault(url, _Found()), self._seconds()
        age = now - found.since
        if (age > found.fresh or kid not in found.keys) and now - found.tried >= _AGAIN_SECONDS:
            found.tried = now
            fetched = self._fetched(url)
            if fetched is not None:
                (found.keys, found.fresh), found.since, age = fetched, now, 0.0
        return found.keys.get(kid) if age <= _LONGEST_SECONDS else None

    def _fetched(self, url: str) -> tuple[Mapping[str, Key], float] | None:
        """Return the keys at an address and for how many seconds they are fresh, None when they cannot be had."""
        from gateway.notify.sending import Line, NotSent  # noqa: PLC0415 - slow to load, and not for every gateway

        try:
            with Line(self._outward, url) as line:
                sent = line.send(b"", {"Accept": "application/json"}, method="GET")
            return named(json.loads(sent.content)), _fresh(sent.cache_control)
        except (NotSent, Refused) as error:
            _log.warning("keys-not-fetched", extra={"reason": str(error)})
        except (ValueError, RecursionError):
            _log.warning("keys-not-fetched", extra={"reason": "it is no JWKS"})
        return None


def _fresh(cache_control: str) -> float:
    """Return for how many seconds an answer is fresh. https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2"""
    if _UNKEPT.search(cache_control):
        return _AGAIN_SECONDS
    found = _MAX_AGE.search(cache_control)
    return min(max(float(found[1]), _AGAIN_SECONDS), _LONGEST_SECONDS) if found else _FRESH_SECONDS


def named(jwks: Any) -> dict[str, Key]:
    """Return the keys of a JWKS that can be used, by their names."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    usable = [key for key in keys if not any(public_keys.problems({"keys": [key]}))] if isinstance(keys, list) else []
    return {key["kid"]: key for key in usable}
