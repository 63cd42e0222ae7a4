"""`gateway profiles`: FHIR packages, and the gateway's own as one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.cli.registry import Registry
    from gateway.validation.packages import Installed, PackageStore

_MOST_PACKAGES = 50  # that one installation may take in


def _store() -> "PackageStore":
    from gateway.settings import Settings  # noqa: PLC0415 - --help need not wait for it
    from gateway.validation.packages import PackageStore  # noqa: PLC0415 - as above

    return PackageStore(Settings.from_env(os.environ).profiles)


@click.group()
def profiles() -> None:
    """Install, check and make FHIR packages of profiles. They stand in the folder GATEWAY_PROFILES."""


@profiles.command()
@click.argument("what", metavar="FILE|NAME#VERSION")
@click.option(
    "--registry", "address", metavar="URL", help="Where NAME#VERSION, and what a package needs, is asked for."
)
@click.option("--sha256", "expected", metavar="HEX", help="The checksum the package has to have.")
@click.option(
    "--dependencies/--no-dependencies", default=True, show_default=True, help="Install what it needs as well."
)
def install(what: str, address: str | None, expected: str | None, *, dependencies: bool) -> None:
    """Install a FHIR package from a file (.tgz) or from a registry.

    The same package again changes nothing; another content under the same name and version is refused.
    """
    try:
        for line in _install(what, address, expected, dependencies=dependencies):
            click.echo(line)
    except GatewayError as refusal:
        raise click.ClickException(str(refusal)) from refusal


def _install(what: str, address: str | None, expected: str | None, *, dependencies: bool) -> Iterator[str]:
    from gateway.cli.registry import Registry  # noqa: PLC0415 - requests takes 60 ms to load

    store, registry = _store(), Registry(address) if address else None
    if Path(what).is_file():
        package = store.install(Path(what).read_bytes(), expected=expected)
        yield _line(package)
    elif registry is not None:
        from gateway.validation.packages.manifest import name_and_version  # noqa: PLC0415 - as above

        package, line = _from_registry(store, registry, *name_and_version(what), expected=expected)
        yield line
    else:
        raise click.UsageError("there is no such file; NAME#VERSION needs --registry URL")
    yield from _needed(store, registry if dependencies else None, package)


def _from_registry(
    store: "PackageStore", registry: "Registry", name: str, version: str, *, expected: str | None = None
) -> tuple["Installed", str]:
    listed = registry.listed(name, version)
    package = store.install(registry.archive(listed), expected=expected)
    told = "" if listed.is_checked or expected else "; its registry says no checksum"
    return package, _line(package) + told


def _needed(store: "PackageStore", registry: "Registry | None", first: "Installed") -> Iterator[str]:
    """Install what a package needs, and what that needs; or say what is lacking."""
    from gateway.validation.packages.manifest import CORE  # noqa: PLC0415 - as above

    names = {one.id.partition("#")[0] for one in store.installed()}
    todo = list(first.dependencies.items())
    for _ in range(_MOST_PACKAGES):
        todo = [(name, version) for name, version in todo if name not in names and name != CORE]
        if not todo:
            return
        name, version = todo.pop()
        names.add(name)
        if registry is None:
            yield f"{first.id} needs {name}#{version}, which is not installed"
            continue
        package, line = _from_registry(store, registry, name, version)
        todo += package.dependencies.items()
        yield line


def _line(package: "Installed") -> str:
    return f"{package.id}: {package.status}, {package.files} files, sha256 {package.sha256}"


@profiles.command(name="list")
def list_() -> None:
    """List what is installed, and the gateway's own."""
    from gateway.data import shipped  # noqa: PLC0415 - as above
    from gateway.validation.packages.manifest import read_manifest  # noqa: PLC0415 - as above

    try:
        own = read_manifest((shipped("profiles") / "package.json").read_bytes())
        click.echo(f"{own.id}: the gateway's own")
        for package in _store().installed():
            click.echo(f"{package.id}: {package.files} files, sha256 {package.sha256}")
    except GatewayError as refusal:
        raise click.ClickException(str(refusal)) from refusal


@profiles.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Check that the installed files are those that were installed, and that every profile can be used.

    Exit code 1 when something is wrong.
    """
    from gateway.validation.profiles.shipped import library  # noqa: PLC0415 - it loads the validator

    try:
        store = _store()
        faults = [f"{id_}: {text}" for id_, text in store.faults()]
        known = library(store.folder)
    except GatewayError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    urls = sorted(known.definitions.urls("StructureDefinition"))
    for url in urls:
        known.profile(url)
    faults += known.definitions.problems + [f"{url}: {text}" for url, text in known.problems.items()]
    for fault in faults:
        click.echo(fault)
    click.echo(f"{len(urls)} profiles and extensions, {len(known.problems)} of them cannot be used")
    context.exit(bool(faults))


@profiles.command()
@click.argument("package", metavar="NAME#VERSION")
def remove(package: str) -> None:
    """Take a package away."""
    try:
        _store().remove(package)
    except GatewayError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{package}: removed")


@profiles.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def pack(folder: Path | None, out: Path | None) -> None:
    """Make a FHIR package (.tgz) of FOLDER, or of the gateway's own profiles. The same files give the same bytes."""
    from gateway.validation.packages import pack as make  # noqa: PLC0415 - as above
    from gateway.validation.packages import sha256  # noqa: PLC0415 - as above
    from gateway.validation.packages.packing import own  # noqa: PLC0415 - as above

    try:
        id_, content = make(folder) if folder else own()
    except GatewayError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    path = out or Path(f"{id_.replace('#', '-')}.tgz")
    path.write_bytes(content)
    click.echo(f"{path}: {id_}, {len(content)} bytes, sha256 {sha256(content)}")
