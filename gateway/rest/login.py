"""Where people log in and out: at the provider of OpenID Connect, or at the directory of a demonstration.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from gateway.access.sessions import Begun, Session
from gateway.access.unknown import NotKnown
from gateway.errors import GatewayError, ResourceNotFound, TooManyRequests, Unavailable
from gateway.identities.provider import CALLBACK
from gateway.query import audit, refusals
from gateway.rest import cookies, forms, login_pages, origins, wire
from gateway.rest.authenticated import LOGIN
from gateway.rest.pages import to_page
from gateway.store import tokens

if TYPE_CHECKING:
    from gateway.access.id_tokens import Login
    from gateway.access.policy import Caller
    from gateway.identities.people import People
    from gateway.identities.provider import Provider
    from gateway.rest.response import Response

blueprint = Blueprint(LOGIN, __name__)

_HERE = "/login"
_ON_THIS_GATEWAY = re.compile(r"/(?![/\\])[!-\[\]-~]{0,500}")  # a path, which no browser takes for another host


@blueprint.get(_HERE)
def begin() -> Response:
    """Show who is logged in; else lead to where one logs in. ResourceNotFound where nobody does, Unavailable."""
    people = _people()
    session = _session(people)
    if session is not None:
        caller = people.caller(session.person, f"session {session.person.session}")
        return login_pages.inside(session.person, caller.name, wire.language())
    asked = _asked()
    if people.provider is not None:
        return _to_provider(people, people.provider, asked)
    return login_pages.form(_path(asked.get("to", "")), wire.language())


@blueprint.get(CALLBACK)
def come_back() -> Response:
    """Let somebody in whom the provider sends back. NotKnown, Unavailable."""
    people = _people()
    if people.provider is None:
        raise ResourceNotFound("nobody comes back here: people do not log in at a provider")
    asked, at = _asked(), wire.services().clock()
    begun = people.cookies.begun(cookies.shown() or "")
    _check_answer(asked, begun, people.provider)
    login = people.provider.login(asked.get("code", ""), begun.verifier, begun.nonce, at)
    return _enter(people, login, begun.role, begun.to)


@blueprint.post(_HERE)
def log_in() -> Response:
    """Let somebody of the directory in. TooManyRequests, Unavailable, BadRequest, Forbidden."""
    people, path = _people(), _path(_asked().get("to", ""))
    if people.directory is None:
        raise ResourceNotFound("nobody logs in here with a password")
    origins.check_own_page(request)
    said, at = forms.fields(), wire.services().clock()
    try:
        login = people.directory.login(said.get("name", ""), said.get("password", ""), said.get("code", ""), at)
        return _enter(people, login, "", path)
    except NotKnown as error:
        _note_refused(error)
        return login_pages.form(path, wire.language(), is_wrong=True)


@blueprint.post("/logout")
def leave() -> Response:
    """End the session of this browser; without one, it is over already."""
    people = _people()
    origins.check_own_page(request)
    session = _session(people)
    if session is not None:
        people.end(session, wire.services().clock())
        _note(people.caller(session.person, f"session {session.person.session}"), "logout", session)
    g.cookie = cookies.taken()
    return login_pages.outside(people.provider.logout() if people.provider else "", wire.language())


@blueprint.get("/logout")
def ask_to_leave() -> Response:
    """Show what ends the session: no link of another page does."""
    return login_pages.leaving(wire.language())


@blueprint.errorhandler(NotKnown)
def refuse_unknown(error: NotKnown) -> Response:
    """Tell somebody that the login failed, and nothing of why."""
    _note_refused(error)
    g.cookie = cookies.taken()
    return login_pages.refused(wire.language())


@blueprint.errorhandler(GatewayError)
def refuse(error: GatewayError) -> Response:
    """Tell somebody what is wrong, as a page."""
    after = error.retry_after if isinstance(error, TooManyRequests | Unavailable) else None
    return login_pages.problem(str(error), error.status, wire.language(), after)


def _note_refused(error: NotKnown) -> None:
    """Add a row to the audit: why, and never what was typed, for a password may stand where a name should."""
    refusals.not_known(error.reason, refusals.nobody(g.correlation, request.remote_addr or ""), wire.services())


def _people() -> People:
    found = wire.services().people
    if found is None:
        raise ResourceNotFound("nobody logs in here")
    return found


def _session(people: People) -> Session | None:
    """Return the session of this browser, None when there is none, or not any more."""
    try:
        return people.session(cookies.shown() or "", wire.services().clock())
    except NotKnown:
        return None


def _asked() -> dict[str, str]:
    """Return what stands in the URL, each once. BadRequest."""
    return forms.once(wire.pairs(request.query_string))


def _path(asked: str) -> str:
    """Return where somebody goes on: a path of this gateway, whatever was asked."""
    return asked if _ON_THIS_GATEWAY.fullmatch(asked) else _HERE


def _to_provider(people: People, provider: Provider, asked: dict[str, str]) -> Response:
    now = int(wire.services().clock().timestamp())
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    address = provider.authorization(state, nonce, verifier)
    begun = Begun(state, nonce, verifier, _path(asked.get("to", "")), asked.get("role", "")[:64], now)
    g.cookie = cookies.given(begun, people.cookies)
    return to_page(address)


def _check_answer(asked: dict[str, str], begun: Begun, provider: Provider) -> None:
    """Raise NotKnown unless this is the answer, the first, to what this browser asked a moment ago.

    https://www.rfc-editor.org/rfc/rfc9700#section-4.7, https://www.rfc-editor.org/rfc/rfc9207
    """
    at = wire.services().clock()
    if not hmac.compare_digest(asked.get("state", "").encode(), begun.state.encode()):
        raise NotKnown("login-of-another-browser")
    if not begun.is_good(at):
        raise NotKnown("login-took-too-long")
    if asked.get("iss", provider.relying.issuer) != provider.relying.issuer:
        raise NotKnown("answer-of-another-issuer")
    with wire.services().store.changing() as db:
        state, until = sha256(begun.state.encode()).hexdigest(), begun.at + 3600
        is_first = tokens.use(db, "login", state, until, int(at.timestamp()))
    if not is_first:
        raise NotKnown("login-answered-before")
    if not asked.get("code"):
        raise NotKnown("provider-let-nobody-in")


def _enter(people: People, login: Login, role: str, path: str) -> Response:
    """Begin a session: always a new one, whatever the browser held before. NotKnown, TooManyRequests, Unavailable."""
    at = wire.services().clock()
    session, caller = people.begin(people.person(login, role), at)
    before = _session(people)
    if before is not None:
        people.end(before, at)
    _note(caller, "login", session)
    g.cookie = cookies.given(session, people.cookies)
    return to_page(path)


def _note(caller: Caller, action: str, session: Session) -> None:
    """Add a row to the audit: no session without it."""
    who = replace(caller, correlation=g.correlation, address=request.remote_addr or "")
    parameters = [session.person.acr] if session.person.acr else []
    audit.note(wire.services(), who, action, [f"session:{session.person.session}"], parameters)
