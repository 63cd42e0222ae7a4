"""`gateway partners`: who the gateway works with, what each is known by, and what it may."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.stores import built, database_option, opened
from gateway.errors import BadRequest, GatewayError

if TYPE_CHECKING:
    from gateway.access.partners import Partner
    from gateway.access.policy import Caller
    from gateway.access.registration import Known
    from gateway.services import Services
    from gateway.store.records import PartnerVersion

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_format = click.option("--format", "as_", type=click.Choice(["text", "json"]), default="text", show_default=True)
_by = click.option("--by", metavar="NAME", default=getpass.getuser, help="Who changes it; by default who runs this.")


@click.group()
def partners() -> None:
    """Say who the gateway works with, what each is known by, and what it may.

    Every change is kept with who made it, and holds from the next request, without a restart. Only public keys and
    names of certificates are kept. Exit codes: 0 fine, 1 refused or not there, 2 wrong use.
    """


@partners.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--development", is_flag=True, help="The partners of the development world.")
@click.option("--certs", type=_FOLDER, help="With --development: the folder of `gateway certs dev`, for clients too.")
@click.option("--id", "id_", metavar="ID", help="Small letters, digits and hyphens.")
@click.option("--name", metavar="TEXT")
@click.option("--kind", metavar="CODE", help="ziekenhuis, hap, rav, vvt, ggz, rtp, zcc, platform, ...")
@click.option("--ura", metavar="NUMBER")
@click.option("--agb", metavar="NUMBER")
@click.option("--oin", metavar="NUMBER")
@click.option("--region", "regions", multiple=True, help="west, or west/haaglanden; may be given again.")
@click.option("--network", "networks", multiple=True, help="May be given again.")
@click.option("--certificate", "certificates", type=_FILE, multiple=True, help="A certificate in PEM; the same.")
@click.option("--client", metavar="ID", help="A client of the token endpoint.")
@click.option("--jwks", type=_FILE, help="Its public keys.")
@click.option("--jwks-url", metavar="URL", help="Or where they are.")
@click.option("--scope", "scopes", multiple=True, help="system/Slot.rs; may be given again.")
@click.option("--provider", "providers", multiple=True, help="A provider that it may send as; the same.")
@click.option("--sees", multiple=True, metavar="TYPE", help="All that it may read and write; by default by its scopes.")
@click.option("--rate", type=int, help="Requests a minute.")
@click.option("--endpoint", "endpoints", multiple=True, metavar="TYPE=ADDRESS", help="Where it is reached; the same.")
@click.option("--replace", is_flag=True, help="Put it in the place of what is there of the same id.")
@_by
@_format
@database_option
def add(file: Path | None, as_: str, by: str, database: str | None, *, replace: bool, **given: Any) -> None:
    """Add the partners of a FILE (YAML or JSON), or one by options. All of them, or none with every reason."""
    from gateway.access.registration import read  # noqa: PLC0415 - not for `--help`
    from gateway.transact import partners as registry  # noqa: PLC0415 - slow to load

    with built(database) as to, _told(as_):
        document, lines = _asked(file, given)
        wanted = read(document, _known(to), lines)
        made = registry.add(wanted, _operator(by), to, replace=replace)
        _tell(made, as_, "nothing changed: they are there as they are here")


def _asked(file: Path | None, given: dict[str, Any]) -> tuple[Any, dict[str, int]]:
    """Return the document that is asked to be added, and its lines. UsageError."""
    from gateway.cli import partner_files  # noqa: PLC0415 - not for `--help`
    from gateway.data import shipped  # noqa: PLC0415 - as above

    development, certs = given.pop("development"), given.pop("certs")
    options = {name: value for name, value in given.items() if value}
    if [file is not None, development, bool(options)].count(True) != 1:
        raise click.UsageError("say one of: a FILE, --development, or a partner by options")
    if certs and not development:
        raise click.UsageError("--certs goes with --development")
    if options:
        return partner_files.of_options(options), {}
    if file:
        return partner_files.document_of(file)
    document, lines = partner_files.document_of(shipped("profiles") / "partners" / "development.yaml")
    return (partner_files.with_development_keys(document, certs) if certs else document), lines


@partners.command("list")
@_format
@database_option
def list_(as_: str, database: str | None) -> None:
    """List the partners."""
    from gateway.cli import partner_views  # noqa: PLC0415 - not for `--help`
    from gateway.store.partners import newest  # noqa: PLC0415 - as above

    with opened(database) as store, store.reading() as db:
        found = newest(db)
    click.echo(partner_views.listed(found, as_) or "there are no partners")


@partners.command()
@click.argument("id_", metavar="ID")
@_format
@database_option
def show(id_: str, as_: str, database: str | None) -> None:
    """Show a partner, and who changed what of it."""
    from gateway.cli import partner_views  # noqa: PLC0415 - not for `--help`
    from gateway.store.partners import history  # noqa: PLC0415 - as above

    with opened(database) as store, store.reading() as db:
        versions = history(db, id_)
    if not versions:
        raise click.ClickException("there is no such partner; `gateway partners list` names them")
    click.echo(partner_views.shown(versions, as_))


@partners.command()
@click.argument("id_", metavar="ID")
@click.option("--certificate", type=_FILE, help="The new certificate, in PEM.")
@click.option("--client", metavar="ID", help="The client that has new keys.")
@click.option("--jwks", type=_FILE, help="Its new public keys.")
@click.option("--jwks-url", metavar="URL", help="Or where they are.")
@click.option(
    "--until", required=True, metavar="MOMENT", help="Until when the old one is good too: 2026-12-01, or now."
)
@click.option("--old", type=click.IntRange(1), help="Which one ends, by its number, if several are in use.")
@_by
@_format
@database_option
def rotate(id_: str, until: str, old: int | None, as_: str, by: str, database: str | None, **new: Any) -> None:
    """Let a new certificate, or new keys of a client, follow the old: both are good until MOMENT."""
    if bool(new["certificate"]) == bool(new["client"]):
        raise click.UsageError("say either --certificate, or --client with --jwks or --jwks-url")
    with built(database) as to, _told(as_):
        at = to.clock()
        follow = _follower(new, at, at if until == "now" else _moment(until), old or 0, to)
        _change(id_, "rotated", follow, by, as_, to)


def _follower(
    new: dict[str, Any], at: datetime, ends: datetime, old: int, to: Services
) -> Callable[[Partner], Partner]:
    """Return what puts the new certificate, or the new keys, after the old one. BadRequest."""
    from gateway.access import registration, rotation  # noqa: PLC0415 - not for `--help`
    from gateway.cli import partner_files  # noqa: PLC0415 - as above

    if new["client"]:
        keys = registration.key_set(partner_files.of_keys(new["jwks"], new["jwks_url"]), _known(to))
        return lambda one: rotation.with_keys(one, new["client"], keys, at, ends, old)
    name = registration.certificate({"pem": partner_files.pem_of(new["certificate"])})
    return lambda one: rotation.with_certificate(one, name, at, ends, old)


@partners.command()
@click.argument("id_", metavar="ID")
@_by
@_format
@database_option
def disable(id_: str, as_: str, by: str, database: str | None) -> None:
    """Let nobody in as a partner, from the next request."""
    from gateway.transact.partners import disabled  # noqa: PLC0415 - slow to load

    with built(database) as to, _told(as_):
        _change(id_, "disabled", disabled, by, as_, to)


@partners.command()
@click.argument("id_", metavar="ID")
@_by
@_format
@database_option
def enable(id_: str, as_: str, by: str, database: str | None) -> None:
    """Let a partner in again that was disabled."""
    from gateway.transact.partners import enabled  # noqa: PLC0415 - slow to load

    with built(database) as to, _told(as_):
        _change(id_, "enabled", enabled, by, as_, to)


def _change(id_: str, what: str, made: Callable[[Partner], Partner], by: str, as_: str, to: Services) -> None:
    from gateway.transact.partners import change  # noqa: PLC0415 - slow to load

    version = change(id_, what, made, _operator(by), to)
    _tell([version] if version else [], as_, f"nothing changed: {id_} was {what} already")


def _tell(made: list[PartnerVersion], as_: str, nothing: str) -> None:
    from gateway.cli import partner_views  # noqa: PLC0415 - not for `--help`

    click.echo(partner_views.changed(made, as_) or nothing)


@contextmanager
def _told(as_: str) -> Iterator[None]:
    """Tell what is refused: as text, or as an OperationOutcome."""
    from gateway.cli import partner_views  # noqa: PLC0415 - not for `--help`

    try:
        yield
    except GatewayError as error:
        click.echo(partner_views.refused(error, as_), err=as_ == "text")
        raise click.exceptions.Exit(1) from error


def _operator(by: str) -> Caller:
    from gateway.access.policy import Caller  # noqa: PLC0415 - not for `--help`
    from gateway.cli.operator import PURPOSE  # noqa: PLC0415 - as above

    return Caller("operator", by, purpose=PURPOSE)


def _known(to: Services) -> Known:
    """Return what a partner may refer to here."""
    from gateway.access.registration import Known  # noqa: PLC0415 - not for `--help`

    return Known(set(to.library.providers) - {"default"}, to.outward.allowed.refusal)


def _moment(text: str) -> datetime:
    """Return the moment that a date or an instant begins. BadRequest."""
    from gateway.fhir.datetime import read  # noqa: PLC0415 - not for `--help`
    from gateway.store.records import moment  # noqa: PLC0415 - as above

    found = read(text)
    if found is None:
        raise BadRequest("the moment must be as 2026-12-01, 2026-12-01T09:00:00+01:00, or now", code="bad-partner")
    return moment(found.low)
