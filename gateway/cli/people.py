"""`gateway people`: who logs in at the directory of a demonstration, in the file of GATEWAY_DIRECTORY."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gateway.cli.stores import reported

_DIRECTORY = click.option(
    "--directory",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GATEWAY_DIRECTORY",
    required=True,
    help="The file; by default that of GATEWAY_DIRECTORY.",
)


@click.group()
def people() -> None:
    """Say who logs in at the directory of a demonstration.

    It is for a gateway on loopback; elsewhere people log in at a provider (GATEWAY_OIDC_ISSUER). What is changed holds
    within a second. Exit codes: 0 fine, 1 refused or not there, 2 wrong use.
    """


@people.command()
@click.argument("id_", metavar="ID")
@click.option("--name", required=True, help="Name of the person, as pages show it.")
@click.option(
    "--role", required=True, metavar="CODE", help="zcc-coordinator, referrer, receiver, analyst, auditor, ..."
)
@click.option(
    "--organisation", required=True, metavar="PARTNER", help="Id or URA of a partner: `gateway partners list`."
)
@_DIRECTORY
def add(id_: str, name: str, role: str, organisation: str, path: Path) -> None:
    """Add a person, and show the password and the secret for an authenticator, once."""
    import secrets  # noqa: PLC0415 - not for `--help`

    from gateway.access import passwords, totp  # noqa: PLC0415 - as above

    password, secret = secrets.token_urlsafe(15), totp.new_secret()
    kept = {"password": passwords.kept(password), "totp": secret}
    with _changed(path) as listed:
        listed.append({"id": id_, "name": name, "role": role, "organisation": organisation} | kept)
    click.echo(f"added {id_}\npassword: {password}\nauthenticator: {totp.address(secret, id_, 'msb-gateway')}")


@people.command("list")
@_DIRECTORY
def list_(path: Path) -> None:
    """List the people, without anything that is secret."""
    from gateway.identities.directory import read  # noqa: PLC0415 - not for `--help`

    with reported():
        found = read(path).values() if path.exists() else ()
    for one in found:
        click.echo(f"{one.id}  {one.role}  {one.organisation}  {one.name}{'  disabled' if one.disabled else ''}")


@people.command()
@click.argument("id_", metavar="ID")
@_DIRECTORY
def disable(id_: str, path: Path) -> None:
    """Let nobody in as this person, nor go on in a session."""
    _let_in(id_, path, is_let_in=False)


@people.command()
@click.argument("id_", metavar="ID")
@_DIRECTORY
def enable(id_: str, path: Path) -> None:
    """Let a person in again that was disabled."""
    _let_in(id_, path, is_let_in=True)


def _let_in(id_: str, path: Path, *, is_let_in: bool) -> None:
    with _changed(path) as listed:
        person = _of(listed, id_)
        person.pop("disabled", None)
        if not is_let_in:
            person["disabled"] = True
    click.echo(f"{'enabled' if is_let_in else 'disabled'} {id_}")


def _of(listed: list[dict[str, Any]], id_: str) -> dict[str, Any]:
    found = next((one for one in listed if one["id"] == id_), None)
    if found is None:
        raise click.ClickException("there is no such person; `gateway people list` names them")
    return found


@contextmanager
def _changed(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Let the people of a file be changed, and write them, all or nothing. ClickException with every reason."""
    from gateway.identities import directory  # noqa: PLC0415 - not for `--help`
    from gateway.mapping import documents  # noqa: PLC0415 - as above

    with reported():
        listed: list[dict[str, Any]] = []
        if path.exists():
            directory.read(path)
            listed = documents.read(path)[0]["people"]
        yield listed
        directory.of_document({"people": listed}, {}, "")
        _write(path, listed)


def _write(path: Path, listed: list[dict[str, Any]]) -> None:
    """Write a whole file, or none, that only its owner can read."""
    import yaml  # noqa: PLC0415 - not for `--help`

    aside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        yaml.safe_dump({"people": listed}, file, sort_keys=False, allow_unicode=True)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
