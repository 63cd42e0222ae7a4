"""Who asks, at the HTTP door: looked at before anything of the request is read, and who is not known is told so.

Who is refused hears that a certificate or a token is wanted; the reason stands in the log and in the audit.
https://www.rfc-editor.org/rfc/rfc6750
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request

from gateway.access.policy import Caller, development_caller
from gateway.access.unknown import NotKnown
from gateway.emergency import using
from gateway.errors import Forbidden, GatewayError
from gateway.fhir.frozen import changed
from gateway.query import refusals
from gateway.rest import cookies, origins, shown, wire

if TYPE_CHECKING:
    from gateway.access.correlation import Correlation
    from gateway.rest.wire import Http
    from gateway.services import Services

_OPEN = frozenset({"/health/live", "/health/ready", "/fhir/metadata", "/openapi.json"})
"""What everybody may know: whether it lives, and what it can do."""
OAUTH, LOGIN = "oauth", "login"
"""The blueprints of the endpoints that look themselves at who asks."""
_ON_THIS_MACHINE = "/metrics"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


def authenticated(asked: Http, correlation: Correlation, to: Services) -> Caller:
    """Return who asks, in a request with these ids.

    Without authentication configured that is the development caller, on loopback alone.
    Raises NotKnown, Forbidden, TooManyRequests, Unavailable.
    """
    address = asked.remote_addr or ""
    if to.identities is None and to.people is None:
        return development_caller(correlation, address)
    if asked.path == _ON_THIS_MACHINE:
        return _on_this_machine(correlation)
    if asked.path in _OPEN or asked.blueprint in {OAUTH, LOGIN}:
        return _anybody(correlation)
    try:
        known = _known(asked, to)
    except NotKnown as error:
        refusals.not_known(error.reason, refusals.nobody(correlation, address), to)
        raise
    except Forbidden:
        refusals.not_known("sent-by-another-page", refusals.nobody(correlation, address), to)
        raise
    return using(changed(known, correlation=correlation, address=address), to)


def _known(asked: Http, to: Services) -> Caller:
    """Return who shows what; a cookie counts where no token is shown, for what the gateway's own pages send.

    Raises NotKnown, Forbidden, TooManyRequests, Unavailable.
    """
    people, at = to.people, to.clock()
    session = cookies.shown() if people else None
    if to.identities is not None:
        found = to.identities.known(shown.certificate(asked, to), shown.token(asked), session, at)
    elif people is not None and session is not None:
        found = people.of_session(session, at)
        found = found._replace(caller=to.registry.granted(found.caller, at))
    else:
        return development_caller()
    if found.caller.person is not None and found.caller.person.session:
        origins.check_own_page(asked)
    if found.renewed is not None and people is not None:
        g.cookie = cookies.given(found.renewed, people.cookies)
    return found.caller


def challenge(error: GatewayError) -> str:
    """Return how to show who asks, and what is wrong with the token. https://www.rfc-editor.org/rfc/rfc6750#section-3"""
    said = f'Bearer realm="{wire.services().settings.base_url}"'
    kind = error.error if isinstance(error, NotKnown) else "insufficient_scope"
    return f'{said}, error="{kind}"' if kind else said


def _anybody(correlation: Correlation) -> Caller:
    """Return a caller that may do nothing at all."""
    return Caller("anybody", "anybody", types=frozenset(), purpose="", correlation=correlation)


def _on_this_machine(correlation: Correlation) -> Caller:
    if request.remote_addr in _LOOPBACK and not wire.services().settings.proxies:
        return _anybody(correlation)
    raise Forbidden("this is told on the machine of the gateway alone")
