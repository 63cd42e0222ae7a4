"""How a gateway knows who asks, as its CapabilityStatement and its OpenAPI document say it.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html,
https://spec.openapis.org/oas/v3.1.1.html#security-scheme-object
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gateway.settings import Settings

KnownBy = Literal["nothing", "certificates", "certificates or tokens", "certificates, tokens or people"]

_SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_OF_TOKENS = (
    "TLS with client certificates of registered partners, and tokens as SMART Backend "
    "Services asks for them: /.well-known/smart-configuration tells where. A token that was asked for with a "
    "certificate is good with that certificate alone."
)
_DESCRIPTIONS: Mapping[KnownBy, str] = MappingProxyType(
    {
        "nothing": "Development mode: no authentication, loopback only.",
        "certificates": "TLS with client certificates of registered partners.",
        "certificates or tokens": _OF_TOKENS,
        "certificates, tokens or people": f"{_OF_TOKENS} People who work there log in at a provider of OpenID Connect "
        "(/login), and are known by their session, or by an access token of that provider.",
    }
)
_CODES: Mapping[KnownBy, tuple[str, ...]] = MappingProxyType(
    {
        "certificates": ("Certificates",),
        "certificates or tokens": ("Certificates", "SMART-on-FHIR"),
        "certificates, tokens or people": ("Certificates", "SMART-on-FHIR", "OAuth"),
    }
)
_WITH_TOKENS = frozenset({"certificates or tokens", "certificates, tokens or people"})
_OF_A_PERSON = "An access token for this API, of the provider of OpenID Connect where people log in."
_FORM = "application/x-www-form-urlencoded"


def known_by(settings: Settings) -> KnownBy:
    """Return what who asks is known by."""
    if settings.development:
        return "nothing"
    if settings.oidc_issuer:
        return "certificates, tokens or people"
    return "certificates or tokens" if settings.token_keys else "certificates"


def of_statement(base: str, known: KnownBy) -> dict[str, Any]:
    """Return `CapabilityStatement.rest.security` of the gateway at `base`."""
    said: dict[str, Any] = {"cors": False, "description": _DESCRIPTIONS[known]}
    services = [{"coding": [{"system": _SERVICES, "code": code}]} for code in _CODES.get(known, ())]
    if services:
        said["service"] = services
    if known in _WITH_TOKENS:
        paths = {"token": "token", "introspect": "introspect", "revoke": "revoke"}
        at = base.removesuffix("/fhir")
        uris = [{"url": name, "valueUri": f"{at}/oauth/{path}"} for name, path in paths.items()]
        said = {"extension": [{"url": _URIS, "extension": uris}]} | said
    return said


def of_openapi(address: str, known: KnownBy) -> tuple[dict[str, Any], list[dict[str, list[str]]]]:
    """Return the security schemes, and which of them will do."""
    if known == "nothing":
        return {}, []
    schemes: dict[str, Any] = {
        "certificate": {"type": "mutualTLS", "description": "The client certificate of a registered partner."}
    }
    if known in _WITH_TOKENS:
        flow = {"tokenUrl": f"{address}/oauth/token", "scopes": {}}
        schemes["token"] = {
            "type": "oauth2",
            "description": "The client signs a client_assertion (private_key_jwt).",
            "flows": {"clientCredentials": flow},
        }
    if known == "certificates, tokens or people":
        schemes["person"] = {"type": "http", "scheme": "bearer", "description": _OF_A_PERSON}
    return schemes, [{name: []} for name in schemes]


def _asked(operation: str, summary: str, *parameters: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in parameters}}
    described: dict[str, Any] = {"content": {"application/json": {}}}
    return {
        "post": {
            "operationId": operation,
            "tags": ["tokens"],
            "summary": summary,
            "security": [],
            "requestBody": {"required": True, "content": {_FORM: {"schema": schema}}},
            "responses": {
                "200": {"description": summary, **described},
                "4XX": {"description": "Refused: `error` says what for (RFC 6749).", **described},
            },
        }
    }


def _told(operation: str, summary: str) -> dict[str, Any]:
    answer = {"200": {"description": summary, "content": {"application/json": {}}}}
    return {
        "get": {"operationId": operation, "tags": ["tokens"], "summary": summary, "security": [], "responses": answer}
    }


_PROOF = ("client_assertion_type", "client_assertion")
_CONFIGURATION = "Where tokens are asked for, and how"
TOKEN_DOORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "/oauth/token": _asked("token", "Ask for a token", "grant_type", "scope", *_PROOF),
        "/oauth/introspect": _asked("introspect", "Ask what a token of one's own says", "token", *_PROOF),
        "/oauth/revoke": _asked("revoke", "Take a token of one's own back", "token", *_PROOF),
        "/oauth/jwks": _told("jwks", "The public keys that tokens are signed with"),
        "/.well-known/smart-configuration": _told("smart-configuration", _CONFIGURATION),
        "/.well-known/oauth-authorization-server": _told("oauth-authorization-server", _CONFIGURATION),
        "/fhir/.well-known/smart-configuration": _told("smart-configuration-of-fhir", _CONFIGURATION),
        "/fhir/.well-known/oauth-authorization-server": _told("oauth-authorization-server-of-fhir", _CONFIGURATION),
    }
)
"""Path -> Path Item Object, where tokens are given out."""
