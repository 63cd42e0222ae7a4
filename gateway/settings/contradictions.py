"""What settings ask of each other: each by itself may be right, and together they are not."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from gateway.settings.environment import variable

if TYPE_CHECKING:
    from gateway.settings import Settings


def contradictions(settings: Settings) -> list[str]:
    """Return what some settings ask of others that is not so."""
    problems = []
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        problems.append("GATEWAY_TLS_CERTIFICATE and GATEWAY_TLS_KEY: the one needs the other")
    behind_proxy = bool(settings.socket or (settings.proxies and _is_loopback(settings.host)))
    behind_proxy = behind_proxy and _is_loopback(settings.mllp_host)
    if settings.tls_client_ca is not None and settings.tls_certificate is None and not behind_proxy:
        problems.append(
            "GATEWAY_TLS_CLIENT_CA: needs GATEWAY_TLS_CERTIFICATE and GATEWAY_TLS_KEY, or GATEWAY_PROXIES and "
            "loopback, or GATEWAY_SOCKET"
        )
    if settings.socket is not None and settings.base_url == settings.own_base_url:
        problems.append("GATEWAY_SOCKET: needs GATEWAY_BASE_URL, the address of the proxy")
    if settings.socket is not None and settings.proxies:
        problems.append("GATEWAY_SOCKET and GATEWAY_PROXIES: a proxy is known by the one or by the other")
    problems += [
        f"{variable(name)}: needs GATEWAY_TLS_CLIENT_CA"
        for name in ("tls_client_crl", "proxies", "socket", "token_keys", "issuers", "oidc_issuer")
        if settings.tls_client_ca is None and getattr(settings, name)
    ]
    problems += [
        f"GATEWAY_OIDC_ISSUER: needs {variable(name)}"
        for name in ("oidc_client_id", "token_keys")
        if settings.oidc_issuer and not getattr(settings, name)
    ]
    if settings.kms_command is not None and settings.data_keys is None:
        problems.append("GATEWAY_KMS_COMMAND: needs GATEWAY_DATA_KEYS, the keys that it unwraps: nothing is sealed")
    if settings.oidc_client_id == settings.base_url:
        problems.append("GATEWAY_OIDC_CLIENT_ID: must differ from GATEWAY_BASE_URL, or an ID token is one for the API")
    if settings.directory and settings.oidc_issuer:
        problems.append("GATEWAY_DIRECTORY and GATEWAY_OIDC_ISSUER: people log in at one of them")
    if settings.directory and (settings.proxies or settings.socket or not _is_loopback(settings.host)):
        problems.append("GATEWAY_DIRECTORY: is for demonstration: HTTP must listen on loopback, and behind no proxy")
    if (settings.endpoint_certificate is None) != (settings.endpoint_key is None):
        problems.append("GATEWAY_ENDPOINT_CERTIFICATE and GATEWAY_ENDPOINT_KEY: the one needs the other")
    return problems + [
        f"{variable(name)}: must be a loopback address, because without GATEWAY_TLS_CLIENT_CA nobody is authenticated "
        "(development mode)"
        for name in ("host", "mllp_host")
        if settings.development and not _is_loopback(getattr(settings, name))
    ]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
