"""Signed webhooks at the HTTP door: who must sign, and that it did, before anything of the body is read."""

from __future__ import annotations

from flask import request

from gateway.access.signatures import Signing, check_complete
from gateway.errors import UnsupportedMessage
from gateway.rest import wire
from gateway.services import Services


def check(provider: str, sent: bytes) -> None:
    """Return when a provider need not sign, or signed the bytes that were sent. Raises Unauthenticated.

    It must sign when its overlay says how it does, or when there is a secret of it.
    """
    to = wire.services()
    signing, secrets = _signing(to, provider), to.secrets.of(provider)
    if signing is not None or secrets:
        (signing or Signing()).check(sent, request.headers.get, secrets, to.clock())


def check_secrets(to: Services) -> None:
    """Raise BadSettings when a provider that signs has no secret, or there is one of a provider nobody knows."""
    names = to.library.providers
    signing = [name for name in names if _signing(to, name) is not None]
    check_complete(to.secrets, names, signing, to.settings.webhook_secrets)


def _signing(to: Services, provider: str) -> Signing | None:
    try:
        said = to.library.provider(provider).signature
    except UnsupportedMessage:
        return None  # nobody knows it: ingest says so
    return None if said is None else Signing.said(said)
