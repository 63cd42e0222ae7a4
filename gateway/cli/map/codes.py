"""`gateway map codes`: codes that messages hold and no ConceptMap knows; and lines for them in a ConceptMap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from gateway.cli.map import options

if TYPE_CHECKING:
    from gateway.mapping.cases import Case
    from gateway.mapping.concept_maps import ConceptMap
    from gateway.mapping.every_code import EveryCode
    from gateway.mapping.library import Library
    from gateway.mapping.unmapped import Codes, Seen

_INBOX = "inbox"
_ALL = 1_000_000  # rows of an inbox


@click.command()
@click.argument("mapping", required=False)
@click.option(
    "--from", "sources", multiple=True, metavar="PATH|inbox",
    help="Messages to look in: a file, a folder, or the inbox of the store; more than once for several. Without it: "
    "the golden cases.",
)  # fmt: skip
@click.option("--database", metavar="URL", help="The store of --from inbox; by default that of GATEWAY_DATABASE.")
@click.option("--all", "every", is_flag=True, help="Every code: of which provider, in which field, what it becomes.")
@click.option("--fill", metavar="CONCEPTMAP", help="Make a line for each code in this ConceptMap, by its id.")
@click.option("--system", metavar="URI", help="With --fill: the source system to fill, where the map has several.")
@click.option("--write", is_flag=True, help="With --fill: write the lines, and not only show them.")
@options.asked_options
@options.format_option("text", "json", "csv")
@options.values_option
@click.pass_context
def codes(
    context: click.Context, /, *, mapping: str | None, asked: options.Asked, show_values: bool, **wanted: Any
) -> None:
    """List the codes that had no row in a ConceptMap: how often, in which field, asked by which rule.

    With --all every code that a ConceptMap was asked for, in messages that are taken and in those that are refused: by
    provider and field, how often, and what it becomes; those without a row first.

    A code is shown when it looks like one; text that may be about a patient is masked (--show-values shows it).
    --fill adds the codes to a ConceptMap, a line each, without a target. Until you have chosen the targets the map does
    not load: a code is never guessed.

    Exit code 0: none (or all were written), 1: some, or the mappings cannot be read, 2: the command cannot be run so.
    """
    from gateway.errors import GatewayError  # noqa: PLC0415 - `--help` need not wait for it

    fill: str | None = wanted["fill"]
    _check(wanted)
    try:
        library = options.library(asked.folders)
        sent = _Sent(library, mapping, wanted["sources"], asked, wanted["database"])
        if wanted["every"]:
            context.exit(_list_every(sent, wanted["format_"], show_values=show_values))
        found = sent.unmapped()
        listed = [one for one in found if fill is None or one.concept_map == fill]
        if fill is None:
            _list(listed, _Maps(library, asked.folders), wanted["format_"], show_values=show_values)
        elif _fill(
            listed, _Maps(library, asked.folders).named(fill), wanted["system"], show=show_values, write=wanted["write"]
        ):
            listed = []
    except GatewayError as error:
        click.echo("\n".join(f"{issue.severity}: {issue}" for issue in error.issues), err=True)
        context.exit(1)
    context.exit(1 if listed else 0)


# ---- looking


def _check(wanted: dict[str, Any]) -> None:
    """Raise UsageError for options that do not go together."""
    if wanted["fill"] is None and (wanted["write"] or wanted["system"]):
        raise click.UsageError("--write and --system go with --fill")
    if wanted["every"] and wanted["fill"] is not None:
        raise click.UsageError("--all and --fill do not go together")
    if wanted["format_"] == "csv" and not wanted["every"]:
        raise click.UsageError("--format csv goes with --all")


class _Taker(Protocol):
    def take(self, data: bytes, *, provider: str, received_at: datetime) -> None:
        """Map some messages and keep their codes."""


@dataclass(frozen=True)
class _Sent:
    """The messages that were asked for."""

    library: "Library"
    mapping: str | None
    sources: Sequence[str]
    asked: options.Asked
    database: str | None

    def unmapped(self) -> "Codes":
        """Return the codes in them that have no row."""
        from gateway.mapping.unmapped import Codes  # noqa: PLC0415 - `--help` need not wait for it

        found = Codes(self._narrowed())
        self._given_to(found, every=False)
        return found

    def all(self) -> "EveryCode":
        """Return every code in them."""
        from gateway.mapping.every_code import EveryCode  # noqa: PLC0415 - `--help` need not wait for it

        found = EveryCode(self._narrowed())
        self._given_to(found, every=True)
        return found

    def _narrowed(self) -> "Library":
        from gateway.mapping.comparison import Version  # noqa: PLC0415 - `--help` need not wait for it

        if self.mapping is None:
            return self.library
        return Version.of(self.mapping, self.library, self.library.mapping(self.mapping)).library

    def _given_to(self, found: _Taker, *, every: bool) -> None:
        for case in () if self.sources else self._cases():
            found.take(case.message.read_bytes(), provider=case.provider, received_at=case.received_at)
        if _INBOX in self.sources:
            for data, provider, received_at in _inbox(self.database, every=every):
                found.take(data, provider=provider, received_at=received_at)
        files = _files([source for source in self.sources if source != _INBOX])
        for path in options.with_progress(files, "looking"):
            found.take(options.content(path), provider=self.asked.provider, received_at=self.asked.received_at)

    def _cases(self) -> "Sequence[Case]":
        from gateway.mapping.cases import find_cases  # noqa: PLC0415 - `--help` need not wait for it

        chosen = self.library.mapping(self.mapping).name if self.mapping else None
        return find_cases(options.roots(self.asked.folders), chosen)


def _files(sources: Sequence[str]) -> list[Path]:
    for source in sources:
        if source != "-" and not Path(source).exists():
            raise click.BadParameter(f"there is no file or folder '{source}'", param_hint="--from")
    return options.inside([Path(source) for source in sources])


def _inbox(database: str | None, *, every: bool) -> Iterator[tuple[bytes, str, Any]]:
    """Yield each message of the inbox (or each with a code without a row), its provider and when it was received.

    Raises BadSettings when a message is sealed with a key that is not among those of the settings.
    """
    import os  # noqa: PLC0415 - only --from inbox needs it

    from gateway.access.sealing import row_name  # noqa: PLC0415 - only --from inbox needs it
    from gateway.services import keys, seals  # noqa: PLC0415 - idem
    from gateway.settings import Settings  # noqa: PLC0415 - idem
    from gateway.store import inbox, open_store  # noqa: PLC0415 - idem
    from gateway.store.records import microseconds  # noqa: PLC0415 - idem

    settings = Settings.from_env(os.environ | ({"GATEWAY_DATABASE": database} if database else {}))
    sealing = seals(settings)
    held, store = keys(settings, sealing), open_store(settings.database, seals=sealing)
    try:
        rows = [row for row in inbox.entered(store, limit=_ALL) if every or "unmapped-code" in row.codes]
        gone = 0
        for id_ in sorted({inbox.holder(store, row.id) for row in rows}):
            row = inbox.one(store, id_)
            stored = inbox.content(store, id_)
            gone += not stored
            if row is not None and stored:
                name = row_name(row.provider, microseconds(row.received_at))
                yield held.open(row.sealed_with, stored, name), row.provider, row.received_at
        if gone:
            click.echo(f"{gone} messages were not looked into: their content was deleted", err=True)
    finally:
        store.close()


# ---- telling


@dataclass(frozen=True)
class _Map:
    """A ConceptMap and its file, None where it is not a file of its own."""

    found: "ConceptMap"
    path: Path | None

    @property
    def groups(self) -> list[str]:
        """Return the source system of each group."""
        from gateway.fhir.json import decode  # noqa: PLC0415 - msgspec takes 50 ms

        return [str(group.get("source", "")) for group in decode(self.path.read_bytes())["group"]] if self.path else []

    def line(self, group: int = 0) -> str:
        """Return file and line where the rows of a group begin."""
        from gateway.mapping.concept_map_text import line_of  # noqa: PLC0415 - `--help` need not wait for it

        return f"{self.found.file}:{line_of(self.path.read_text(encoding='utf-8'), group) if self.path else 1}"


class _Maps:
    def __init__(self, library: "Library", folders: Sequence[Path]) -> None:
        self.library = library
        self.roots = [root.resolve() for root in options.roots(folders)]

    def named(self, id_: str) -> _Map:
        """Return a ConceptMap. Raises BadMapping when there is none."""
        from gateway.errors import BadMapping  # noqa: PLC0415 - `--help` need not wait for it
        from gateway.mapping.spans import suggestion  # noqa: PLC0415 - idem

        found = self.library.concept_map_by_url(id_)
        if found is None:
            raise BadMapping(f"no ConceptMap '{id_}'{suggestion(id_, self.library.concept_maps)}")
        folder, _, inner = found.file.partition("/")
        paths = [root / inner for root in self.roots if root.name == folder]
        return _Map(found, next((path for path in paths if path.is_file() and path.suffix == ".json"), None))


def _list(listed: "Sequence[Seen]", maps: _Maps, format_: str, *, show_values: bool) -> None:
    told: set[str] = set()
    for one in listed:
        concept_map = maps.named(one.concept_map)
        systems = list(dict.fromkeys(concept_map.groups))
        code = one.code if show_values else one.shown
        if format_ == "json":
            document = {"conceptMap": one.concept_map, "map": concept_map.line(), "systems": systems, "code": code}
            click.echo(_json({**document, "count": one.count, "places": dict(one.places), "rules": dict(one.rules)}))
            continue
        if one.concept_map not in told:
            told.add(one.concept_map)
            click.echo(f"ConceptMap/{one.concept_map}  {concept_map.line()}  from {', '.join(systems) or '?'}")
        click.echo(f"  {one.count:>6}  {code}  in {', '.join(one.places) or '?'}, asked by {', '.join(one.rules)}")
    if format_ == "text":
        click.echo(f"{len(listed)} codes without a row")


def _list_every(sent: _Sent, format_: str, *, show_values: bool) -> int:
    """Tell every code, and return the exit code: 1 when one of them has no row."""
    from gateway.cli.map.every_code import WRITERS  # noqa: PLC0415 - only --all needs it

    found = list(sent.all())
    WRITERS[format_](found, show_values=show_values)
    return int(any(one.row is None for one in found))


def _json(value: Any) -> str:
    from gateway.fhir.json import encode  # noqa: PLC0415 - msgspec takes 50 ms

    return encode(value).decode()


# ---- filling


def _fill(listed: "Sequence[Seen]", into: _Map, system: str | None, *, show: bool, write: bool) -> bool:
    """Add a line for each code to a ConceptMap, or show the lines; return whether it was written."""
    from gateway.mapping.concept_map_text import with_codes  # noqa: PLC0415 - `--help` need not wait for it

    if into.path is None:
        raise click.UsageError(f"ConceptMap/{into.found.id} does not stand in a file of its own")
    group = _group(into, system)
    fit = sorted(one.code for one in listed if one.plain or show)
    if len(fit) < len(listed):
        click.echo(
            f"{len(listed) - len(fit)} texts that look like no code are left out (--show-values takes them)", err=True
        )
    if not fit:
        click.echo("nothing to fill in")
        return False
    before = into.path.read_text(encoding="utf-8")
    after = with_codes(before, group, fit)
    if write:
        into.path.write_text(after, encoding="utf-8")
        click.echo(f"{into.path}: {len(fit)} lines added; give each a target, it does not load before that")
    else:
        _show_lines(before, after, into.found.file)
    return write and len(fit) == len(listed)


def _group(into: _Map, system: str | None) -> int:
    groups = into.groups
    if system is None and len(set(groups)) > 1:
        raise click.UsageError(f"say --system, one of: {', '.join(dict.fromkeys(groups))}")
    if system is not None and system not in groups:
        raise click.BadParameter(f"ConceptMap/{into.found.id} has no group of it", param_hint="--system")
    return groups.index(system) if system is not None else 0


def _show_lines(before: str, after: str, name: str) -> None:
    from difflib import unified_diff  # noqa: PLC0415 - only --fill needs it

    lines = unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (filled)", n=1, lineterm="")
    click.echo("\n".join(lines))
