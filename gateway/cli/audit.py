"""`gateway audit`: whether the audit is as it was written, its signed heads and their keys, and extracts of it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from gateway.cli.audit_extract import extract
from gateway.cli.stores import built, database_option, known_database_option, opened, reported

if TYPE_CHECKING:
    from gateway.query.auditlog.verifying import Public
    from gateway.store.chain import Flaw

_KEYS = click.option(
    "--keys",
    type=click.Path(exists=True, path_type=Path),
    envvar="GATEWAY_AUDIT_KEYS",
    help="The folder of GATEWAY_AUDIT_KEYS, or a file with the public keys (`gateway audit keys`).",
)
_FOLDER = click.option(
    "--keys",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GATEWAY_AUDIT_KEYS",
    required=True,
    help="The folder; by default that of GATEWAY_AUDIT_KEYS.",
)
_WORDS = {
    "changed": "is not what was written, or was put in or moved",
    "gone": "follows rows that are gone",
    "rewritten": "was written anew, with what follows it, after it was signed",
    "cut-off": "was signed as the last one, and it and what follows it are gone",
    "pruned-unseen": "is the first one, and nothing says that those before it were kept for long enough",
}


@click.group()
def audit() -> None:
    """Look at who did what: verify it, sign it, and make extracts of it."""


audit.add_command(extract)


@audit.command()
@database_option
@_KEYS
@click.option(
    "--heads", type=click.File("r", encoding="ascii"), help="Signed heads that were kept elsewhere, one a line."
)
def verify(database: str | None, keys: Path | None, heads: TextIO | None) -> None:
    """Say whether the audit is as it was written and signed; exit 1 when it is not.

    Each row that was changed, put in, moved, or follows one that is gone is named by its lane and number.
    """
    from gateway.cli.operator import noted  # noqa: PLC0415 - not for `--help`
    from gateway.query.auditlog.verifying import Forged, Verifying  # noqa: PLC0415 - as above

    wrong = 0
    with opened(database) as store:
        public = _public(keys) if keys else None
        with store.reading() as db:
            look = Verifying(db, public)
            for flaw in look.flaws(heads or ()):
                wrong += 1
                click.echo(f"{flaw.where}: {flaw.why}" if isinstance(flaw, Forged) else _told(flaw))
            click.echo(_summary(look.signed, look.unsigned(), wrong, is_looked_at=public is not None))
        noted(store, database, "audit-verify", [], [f"{wrong} found"])
    sys.exit(bool(wrong))


def _told(flaw: Flaw) -> str:
    return f"lane {flaw.lane}: row {flaw.seq} {_WORDS[flaw.what]}"


def _summary(signed: int, unsigned: int, wrong: int, *, is_looked_at: bool) -> str:
    said = "the audit is as it was written" if not wrong else f"THE AUDIT WAS TAMPERED WITH: {wrong} found"
    if not signed:
        return f"{said}; no heads were signed, so who writes to the database could have written all of it anew"
    how = "" if is_looked_at else ", of which no signature was looked at (--keys)"
    return f"{said}; {signed} signed heads agree or are named above{how}; {unsigned} rows came after the last of them"


def _public(keys: Path) -> Public:
    """Return what finds a public key by its name: in a folder of keys, or in a JWKS. ClickException."""
    from gateway.fhir.json import decode  # noqa: PLC0415 - not for `--help`
    from gateway.query.auditlog.signing import read_keys  # noqa: PLC0415 - as above

    with reported():
        if keys.is_dir():
            return read_keys(keys).public
        published = decode(keys.read_bytes())
    try:
        found = {one["kid"]: one for one in published["keys"]}
    except (KeyError, TypeError) as error:
        raise click.ClickException(f"{keys} is no JWKS") from error
    return found.get


@audit.command()
@_FOLDER
@known_database_option
def key(folder: Path, database: str | None) -> None:
    """Make a key that heads are signed with from now on; those before stay, for what they signed."""
    from gateway.access.signing_keys import make  # noqa: PLC0415 - cryptography takes 50 ms to load
    from gateway.cli.operator import noted_key  # noqa: PLC0415 - as above

    with reported():
        made = make(folder, datetime.now(UTC))
    noted_key(database, made)
    click.echo(f"made {made}")


@audit.command()
@_FOLDER
def keys(folder: Path) -> None:
    """Write the public halves of the keys (JWKS): with them anybody can verify, and nobody can sign."""
    from gateway.fhir.json import encode_pretty  # noqa: PLC0415 - not for `--help`
    from gateway.query.auditlog.signing import read_keys  # noqa: PLC0415 - as above

    with reported():
        click.echo(encode_pretty(read_keys(folder).published()), nl=False)


@audit.command()
@database_option
def sign(database: str | None) -> None:
    """Sign the heads of the chains now, as a running gateway does every five minutes."""
    from gateway.cli.audit_keeper import sign as signed  # noqa: PLC0415 - slow to load

    with built(database) as to:
        if to.settings.audit_keys is None:
            raise click.ClickException("GATEWAY_AUDIT_KEYS is not set: there is no key to sign with")
        click.echo("signed" if signed(to, now=True) else "nothing was added since it was signed")


@audit.command()
@database_option
def prune(database: str | None) -> None:
    """Have rows go that were kept for GATEWAY_AUDIT_DAYS, as a running gateway does every hour."""
    from gateway.cli.audit_keeper import prune as pruned  # noqa: PLC0415 - slow to load

    with built(database) as to:
        if to.settings.audit_keys is None:
            raise click.ClickException("GATEWAY_AUDIT_KEYS is not set: only what was signed goes")
        click.echo(f"{pruned(to):,} rows went")


@audit.command()
@database_option
def heads(database: str | None) -> None:
    """Write the signed heads, one a line, to be kept where who has the database cannot write."""
    from gateway.store.auditing.heads import signed  # noqa: PLC0415 - not for `--help`

    with opened(database) as store, store.reading() as db:
        for one in signed(db):
            click.echo(one.text)
