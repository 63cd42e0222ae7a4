"""Everything the doors need, in one frozen record, and the one place that puts it together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from os import urandom
from socket import gethostname
from typing import TYPE_CHECKING

from gateway import __version__
from gateway.access.sealing import NO_KEYS, Keys
from gateway.access.signatures import NO_SECRETS, Secrets
from gateway.data import shipped
from gateway.errors import BadSettings
from gateway.granting import Granting
from gateway.metrics import Metrics
from gateway.notify.endpoints import Allowed, Refused
from gateway.notify.feeds import Feed
from gateway.notify.feeds import read as read_feeds
from gateway.notify.outward import NOWHERE, Outward
from gateway.registry import Registry
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.store.beside import Beside
from gateway.store.sealed import NO_SEALS, Seals
from gateway.store.sealed import check as check_keys
from gateway.telemetry import OFF, Telemetry

if TYPE_CHECKING:
    from gateway.identities import Identities
    from gateway.identities.people import People
    from gateway.mapping.library import Library
    from gateway.notify.closed_question import Authority
    from gateway.validation import Validator

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What a request is answered with. Time and new ids come from here and from nowhere else."""

    settings: Settings
    store: Store
    validator: Validator
    library: Library
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    keys: Keys = NO_KEYS
    secrets: Secrets = NO_SECRETS
    outward: Outward = NOWHERE
    feeds: tuple[Feed, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)
    registry: Registry = field(init=False)
    identities: Identities | None = field(init=False)
    people: People | None = field(init=False)
    beside: Beside = field(init=False)
    telemetry: Telemetry = OFF
    authority: Authority | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "registry", Registry(self.store, Granting(self.settings.policy)))
        object.__setattr__(self, "beside", Beside(self.settings.base_url))
        object.__setattr__(self, "identities", _identities(self))
        object.__setattr__(self, "people", self.identities.people if self.identities else _people(self))


def build(
    settings: Settings, *, clock: Callable[[], datetime] | None = None, new_id: Callable[[], str] | None = None
) -> Services:
    """Return the services that `settings` ask for. Raises BadSettings, BadMapping, and Unavailable for the store."""
    from gateway.mapping.library import Library  # noqa: PLC0415 - slow to load, and only needed here
    from gateway.validation import Validator  # noqa: PLC0415 - as above
    from gateway.validation.profiles.shipped import library  # noqa: PLC0415 - as above

    use_packages(settings)
    settings = replace(settings, node=settings.node or gethostname())
    if settings.development:
        _log.warning("development-mode: nobody is authenticated, so the gateway listens on loopback only")
    way = _outward(settings, telemetry := _telemetry(settings))
    authority = _authority(settings, way)
    return Services(
        settings=settings,
        store=_store(settings, sealing := seals(settings, clock or now)),
        validator=Validator(library(settings.profiles)),
        library=Library.load([shipped("mappings"), *settings.mappings], max_attachment=settings.max_attachment),
        clock=clock or now,
        new_id=new_id or random_id,
        keys=keys(settings, sealing),
        secrets=Secrets.read(settings.webhook_secrets),
        outward=way,
        feeds=read_feeds(settings.feeds, way.allowed) if settings.feeds else (),
        telemetry=telemetry,
        authority=authority,
    )


def _authority(settings: Settings, way: Outward) -> Authority | None:
    """Return the register of consents that is asked, None where none is. BadSettings where it may not be sent to."""
    if not settings.closed_question:
        return None
    from gateway.notify.closed_question.mitz import Mitz  # noqa: PLC0415 - with lxml, and few gateways ask

    try:
        way.allowed.endpoint(settings.closed_question)
    except Refused as error:
        raise BadSettings(f"GATEWAY_CLOSED_QUESTION: {error}") from error
    return Mitz(way, settings.closed_question, time.monotonic)


def seals(settings: Settings, clock: Callable[[], datetime] | None = None) -> Seals:
    """Return the keys that the store is sealed with. BadSettings."""
    if settings.data_keys is None:
        return NO_SEALS
    from gateway.access.data_seals import DataSeals  # noqa: PLC0415 - cryptography takes 50 ms to load

    return DataSeals(settings.data_keys, settings.kms_command, clock or now, time.monotonic)


def keys(settings: Settings, sealing: Seals) -> Keys:
    """Return the keys that messages are sealed with: those of the store, where it has any. BadSettings."""
    found = Keys.read(settings.inbox_key)
    return found if sealing is NO_SEALS else replace(found, data=sealing)


def _store(settings: Settings, sealing: Seals) -> Store:
    """Return the store, of which every key is here; without any it is told what is not sealed. BadSettings."""
    if sealing is NO_SEALS and not settings.development:
        _log.warning(
            "not-sealed: GATEWAY_DATA_KEYS is not set: resources, numbers and messages stand readable in the store"
        )
    store = open_store(settings.database, durability=settings.durability, patience=settings.wait_seconds, seals=sealing)
    try:
        with store.reading(snapshot=False) as db:
            check_keys(db)
    except BadSettings:
        store.close()
        raise
    return store


def _outward(settings: Settings, telemetry: Telemetry) -> Outward:
    """Return how the gateway sends."""
    return Outward(
        Allowed(frozenset(settings.endpoints), settings.endpoint_networks),
        authorities=settings.endpoint_ca,
        certificate=settings.endpoint_certificate,
        key=settings.endpoint_key,
        telemetry=telemetry,
    )


def _telemetry(settings: Settings) -> Telemetry:
    """Return who records spans. BadSettings where that is asked for and not installed."""
    if not settings.otlp_endpoint:
        return OFF
    try:
        from gateway.telemetry.otlp import Otlp  # noqa: PLC0415 - an extra, and slow to load
    except ModuleNotFoundError as error:
        text = "GATEWAY_OTLP_ENDPOINT: OpenTelemetry is not installed: pip install 'msb-gateway[otel]'"
        raise BadSettings(text) from error
    return Otlp(settings.otlp_endpoint, __version__)


def _identities(to: Services) -> Identities | None:
    """Return how partners and people are known, None in development mode. BadSettings for what the files hold."""
    if to.settings.tls_client_ca is None:
        return None
    to.registry.granting.policy()  # what is wrong with it is told at the start
    from gateway.identities.making import identities  # noqa: PLC0415 - slow to load, and not for development

    return identities(to.settings, to.registry, to.store, to.outward, to.new_id)


def _people(to: Services) -> People | None:
    """Return how people are known in development mode: by a directory, if there is one. BadSettings for the file."""
    if to.settings.directory is None:
        return None
    from gateway.identities.making import people  # noqa: PLC0415 - as above

    return people(to.settings, to.registry, to.store, to.new_id)


def use_packages(settings: Settings) -> None:
    """Let resources be searched by the search parameters of the installed packages. MalformedMessage (bad-package)."""
    from gateway.fhir.parameters import install  # noqa: PLC0415 - not for `--help`
    from gateway.validation.packages.parameters import search_parameters  # noqa: PLC0415 - as above

    install(search_parameters(settings.profiles))


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def random_id() -> str:
    """Return an id that no other resource has: a UUID of version 4, which `uuid4` makes in twice the time.

    https://hl7.org/fhir/R4/datatypes.html#id, https://www.rfc-editor.org/rfc/rfc9562#section-5.4
    """
    digits = urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
