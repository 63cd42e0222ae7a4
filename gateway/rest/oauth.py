"""OAuth for machines (SMART Backend Services): where tokens are asked for, looked at and taken back, and what is told.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html, https://www.rfc-editor.org/rfc/rfc8414
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from gateway.access.unknown import NotKnown
from gateway.errors import GatewayError, ResourceNotFound, TooManyRequests, Unavailable
from gateway.fhir import json
from gateway.identities.grants import Desk, Refused
from gateway.query import refusals
from gateway.query.audit import note
from gateway.rest import forms, shown, wire
from gateway.rest.authenticated import OAUTH, challenge
from gateway.rest.oauth_metadata import metadata
from gateway.rest.response import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.access.peers import PeerCertificate
    from gateway.access.policy import Caller
    from gateway.access.tokens import Token
    from gateway.identities import Identities

blueprint = Blueprint(OAUTH, __name__)

_PUBLISHED_SECONDS = 300


@blueprint.get("/.well-known/smart-configuration")
@blueprint.get("/fhir/.well-known/smart-configuration")
@blueprint.get("/.well-known/oauth-authorization-server")
@blueprint.get("/fhir/.well-known/oauth-authorization-server")
def configuration() -> Response:
    """Return where tokens are asked for, and how. ResourceNotFound where none are given out."""
    identities = _identities()
    identities.signing_keys()
    return _published(metadata(identities.issuer, identities.grants))


@blueprint.get("/oauth/jwks")
def jwks() -> Response:
    """Return the public keys that tokens are signed with. ResourceNotFound where none are given out."""
    return _published(_identities().signing_keys().published())


@blueprint.post("/oauth/token")
def token() -> Response:
    """Return a token for a client that proves to be one."""
    to, identities = wire.services(), _identities()
    granted = _desk(identities).grant(_form(), _certificate(), to.clock())
    seen = [f"client:{granted.token.client_id}", f"key:{granted.kid}", f"token:{granted.token.jti}"]
    note(to, _asking(granted.caller), "login", seen, granted.token.scopes)  # no token without its line
    seconds = granted.token.expires - granted.token.issued
    said = {"access_token": granted.text, "token_type": "Bearer", "expires_in": seconds, "scope": granted.token.scope}
    return _json(said)


@blueprint.post("/oauth/introspect")
def introspect() -> Response:
    """Return what a token of the asking partner says, and of any other that it is not active.

    https://www.rfc-editor.org/rfc/rfc7662
    """
    identities, form = _identities(), _form()
    caller = _requester(identities, form)
    found = _own_token(identities, form, caller)
    said = identities.issuer.claims(found) | {"active": True, "token_type": "Bearer"} if found else {"active": False}
    return _json(said)


@blueprint.post("/oauth/revoke")
def revoke() -> Response:
    """Take a token of the asking partner back; of what is no token of it, nothing changes and nothing is told.

    https://www.rfc-editor.org/rfc/rfc7009
    """
    to, identities, form = wire.services(), _identities(), _form()
    caller = _requester(identities, form)
    found = _own_token(identities, form, caller)
    if found is not None:
        identities.revoked.add(found.jti, found.expires, to.clock())
        seen = [f"client:{found.client_id}", f"token:{found.jti}"]
        note(to, _asking(caller), "revoke", seen)
    return Response(status=HTTPStatus.OK)


@blueprint.errorhandler(Refused)
def refuse(error: Refused) -> Response:
    """Answer as OAuth does. https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""
    refusals.not_known(error.reason, _asking(error.caller), wire.services())
    return _error(error.error, error.said, error.status)


@blueprint.errorhandler(NotKnown)
def refuse_unknown(error: NotKnown) -> Response:
    """Answer who showed a certificate or a token that is not taken, or nothing at all."""
    refusals.not_known(error.reason, _asking(None), wire.services())
    response = _error("invalid_client", str(error), HTTPStatus.UNAUTHORIZED)
    response.headers["WWW-Authenticate"] = challenge(error)
    return response


@blueprint.errorhandler(TooManyRequests)
@blueprint.errorhandler(Unavailable)
def refuse_for_now(error: TooManyRequests | Unavailable) -> Response:
    """Answer who has to come back."""
    response = _error("temporarily_unavailable", str(error), error.status)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _asking(caller: Caller | None) -> Caller:
    """Return who asks, as the audit names it; None is nobody that is known."""
    address = request.remote_addr or ""
    if caller is None:
        return refusals.nobody(g.correlation, address)
    return replace(caller, correlation=g.correlation, address=address)


def _identities() -> Identities:
    """Return who knows partners. ResourceNotFound in development mode."""
    found = wire.services().identities
    if found is None:
        raise ResourceNotFound("no tokens are given out in development mode: nobody is authenticated")
    return found


def _certificate() -> PeerCertificate | None:
    return shown.certificate(wire.http(), wire.services())


def _desk(identities: Identities) -> Desk:
    to = wire.services()
    return Desk(identities, to.store, to.new_id)


def _requester(identities: Identities, form: Mapping[str, str]) -> Caller:
    """Return the partner that asks: by an assertion, or as at any other door. Raises Refused, NotKnown."""
    identities.signing_keys()
    at = wire.services().clock()
    if "client_assertion" in form:
        return _desk(identities).client(form, _certificate(), at).partner.caller()
    caller = identities.caller(_certificate(), shown.token(wire.http()), at)
    if caller.person is not None:
        raise Refused("unauthorized_client", "this is for machines", "a-person-asks-of-tokens", caller)
    return caller


def _own_token(identities: Identities, form: Mapping[str, str], caller: Caller) -> Token | None:
    """Return the token that is asked about, None when it is not good, or is another partner's. Raises Refused."""
    if not form.get("token"):
        raise Refused("invalid_request", "token is missing")
    try:
        found, registered = identities.token(form["token"], wire.services().clock())
    except NotKnown:
        return None
    return found if registered.partner.id == caller.partner else None


def _form() -> dict[str, str]:
    """Return the parameters in the body, each once. Raises Refused."""
    if request.query_string:
        raise Refused("invalid_request", "parameters stand in the body, never in the URL")
    try:
        return forms.fields()
    except (TooManyRequests, Unavailable):
        raise
    except GatewayError as error:
        raise Refused("invalid_request", str(error)) from error


def _published(document: Mapping[str, Any]) -> Response:
    g.cache_control = f"public, max-age={_PUBLISHED_SECONDS}"
    return _json(document)


def _error(error: str, said: str, status: HTTPStatus) -> Response:
    response = _json({"error": error, "error_description": said})
    response.status = status
    return response


def _json(document: Mapping[str, Any]) -> Response:
    return Response(json.encode(dict(document)), content_type="application/json")
