"""How the gateway knows who asks, made of its settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.access import issuers, roles
from gateway.access.id_tokens import Relying
from gateway.access.roles import Roles
from gateway.access.sealing import Keys
from gateway.access.sessions import Cookies
from gateway.access.signing_keys import SigningKeys
from gateway.access.tokens import Issuer
from gateway.access.trusted import watched as trusted
from gateway.access.watched import Watched
from gateway.data import shipped
from gateway.identities import Identities
from gateway.identities.client_keys import ClientKeys
from gateway.identities.directory import Directory
from gateway.identities.outside import Outside
from gateway.identities.people import People
from gateway.identities.provider import CALLBACK, Provider
from gateway.identities.published_keys import PublishedKeys
from gateway.identities.rates import Rates
from gateway.identities.revoked import Revoked
from gateway.mapping import documents

if TYPE_CHECKING:
    from gateway.notify.outward import Outward
    from gateway.registry import Registry
    from gateway.settings import Settings
    from gateway.store import Store


def identities(
    settings: Settings, registry: Registry, store: Store, outward: Outward, new_id: Callable[[], str]
) -> Identities:
    """Return how partners, and the people who work there, are known. Raises BadSettings for what the files hold."""
    assert settings.tls_client_ca
    folder, seconds, base = settings.token_keys, time.monotonic, settings.base_url.removesuffix("/fhir")
    keys = Watched([folder], lambda: SigningKeys.read(folder), seconds) if folder else None
    revoked, rates = Revoked(store, seconds), Rates.of(store, seconds)
    provider = None
    if keys is not None and settings.oidc_issuer:
        provider = Provider.at(relying(settings), f"{base}{CALLBACK}", outward, keys.now, seconds, new_id)
    directory = _directory(settings, store, rates)
    known = provider is not None or directory is not None
    published = PublishedKeys(outward, seconds)
    return Identities(
        registry,
        Issuer(base, settings.base_url),
        ClientKeys(published),
        revoked,
        trusted(settings.tls_client_ca, settings.tls_client_crl, seconds),
        keys,
        rates=rates,
        people=_people(settings, registry, revoked, rates, new_id, provider, directory) if known else None,
        outside=_outside(settings, settings.issuers, store, outward, published) if settings.issuers else None,
    )


def people(settings: Settings, registry: Registry, store: Store, new_id: Callable[[], str]) -> People | None:
    """Return how people are known where partners are not; None without a directory. Raises BadSettings."""
    seconds = time.monotonic
    rates = Rates.of(store, seconds)
    directory = _directory(settings, store, rates)
    if directory is None:
        return None
    return _people(settings, registry, Revoked(store, seconds), rates, new_id, None, directory)


def _outside(settings: Settings, path: Path, store: Store, outward: Outward, published: PublishedKeys) -> Outside:
    """Return the issuers of others in a file. Raises BadSettings."""
    found = issuers.read(*documents.read(path), path.name, settings.base_url, outward.allowed.refusal)
    authorities = {
        one.issuer: trusted(one.authorities, one.revoked, time.monotonic, ("authorities", "revoked"))
        for one in found
        if one.authorities
    }
    return Outside({one.issuer: one for one in found}, authorities, published, store)


def relying(settings: Settings) -> Relying:
    """Return what is expected of the provider where people log in."""
    return Relying(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        audience=settings.base_url,
        role_claim=settings.oidc_role_claim,
        organisation_claim=settings.oidc_organisation_claim,
        acr=settings.oidc_acr,
    )


def table_of_roles(path: Path | None) -> Roles:
    """Return the table of roles in a file, ours for None. Raises BadSettings with everything that is wrong with it."""
    file = path or shipped("profiles") / "tables" / "roles.yaml"
    return roles.read(*documents.read(file), file.name)


def _directory(settings: Settings, store: Store, rates: Rates) -> Directory | None:
    return Directory.at(settings.directory, store, rates, time.monotonic) if settings.directory else None


def _people(
    settings: Settings,
    registry: Registry,
    revoked: Revoked,
    rates: Rates,
    new_id: Callable[[], str],
    provider: Provider | None,
    directory: Directory | None,
) -> People:
    cookies = Cookies.by(Keys.read(settings.session_key, "GATEWAY_SESSION_KEY"))
    table = table_of_roles(settings.roles)
    return People(registry, table, cookies, revoked, rates, new_id, provider, directory)
