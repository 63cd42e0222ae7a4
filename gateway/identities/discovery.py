"""What a provider of OpenID Connect says of itself: where people log in, where codes are exchanged, where its keys are.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from gateway.errors import Unavailable
from gateway.notify.endpoints import Refused
from gateway.notify.outward import Outward

_log = logging.getLogger("gateway.access")
_FRESH_SECONDS = 3600.0
_AGAIN_SECONDS = 10.0
_SHOWN_TO_BROWSERS = ("authorization_endpoint", "end_session_endpoint")
_ASKED = ("token_endpoint", "jwks_uri")
AWAY = "the provider where people log in cannot be asked now; try again"


class Discovery:
    """The addresses of one provider, read again once an hour."""

    def __init__(self, issuer: str, outward: Outward, seconds: Callable[[], float]) -> None:
        self._issuer = issuer
        self._outward = outward
        self._seconds = seconds
        self._found: Mapping[str, str] = {}
        self._since = self._tried = float("-inf")

    def addresses(self) -> Mapping[str, str]:
        """Return them by their names; those of before, while it cannot be asked. Raises Unavailable."""
        now = self._seconds()
        if now - self._since > _FRESH_SECONDS and now - self._tried >= _AGAIN_SECONDS:
            self._tried = now
            if found := self._fetched():
                self._found, self._since = found, now
        if not self._found:
            raise Unavailable(AWAY)
        return self._found

    def _fetched(self) -> Mapping[str, str] | None:
        """Return what it says of itself, None when that cannot be had, or is of somebody else."""
        from gateway.notify.sending import Line, NotSent  # noqa: PLC0415 - slow to load, and not for every gateway

        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            with Line(self._outward, url) as line:
                return self._checked(json.loads(line.send(b"", {"Accept": "application/json"}, method="GET").content))
        except (NotSent, Refused) as error:
            _log.warning("provider-not-read", extra={"reason": str(error)})
        except (ValueError, RecursionError, KeyError, TypeError):
            _log.warning("provider-not-read", extra={"reason": "it says not who it is, or where it is asked"})
        return None

    def _checked(self, found: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the addresses of a document. ValueError, KeyError, TypeError, Refused for one of somebody else.

        https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
        """
        if found["issuer"] != self._issuer:
            raise ValueError("issuer")
        wanted = (*_ASKED, *(name for name in _SHOWN_TO_BROWSERS if isinstance(found.get(name), str)))
        addresses = {name: str(found[name]) for name in wanted}
        for name in _ASKED:
            self._outward.allowed.endpoint(addresses[name])
        if not {urlsplit(one).scheme for one in addresses.values()} <= {urlsplit(self._issuer).scheme, "https"}:
            raise ValueError("scheme")
        return addresses if _SHOWN_TO_BROWSERS[0] in addresses else {}
