"""`gateway inbox`: the messages as they came, what became of them, and taking them again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

import click

from gateway.cli.stores import built, reported, settings_for

if TYPE_CHECKING:
    from gateway.access.sealing import Keys
    from gateway.cli.replaying import Replayed
    from gateway.settings import Settings
    from gateway.store import Store
    from gateway.store.inbox import Entered, Fate

_STATES = ("accepted", "refused", "replaced", "requeued")
_database = click.option("--database", metavar="URL", help="The store; by default that of GATEWAY_DATABASE.")
_format = click.option("--format", "as_", type=click.Choice(["text", "json"]), default="text", show_default=True)
_provider = click.option("--provider", metavar="NAME", help="Only messages of this provider.")


class Moment(click.ParamType):  # type: ignore[type-arg] # not generic in click 8.1
    """A date, or a date and time; without an offset it is UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, which knows its zone."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("write 2026-01-05, or 2026-01-05T10:00:00+01:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Wanted(TypedDict):
    """Which messages are listed."""

    provider: str | None
    state: Fate | None
    since: datetime | None
    control_id: str | None
    limit: int


@click.group()
def inbox() -> None:
    """Look at messages as they came, and take them again.

    Exit codes: 0 fine, 1 something was refused or is not there, 2 wrong use.
    """


@inbox.command("list")
@_provider
@click.option("--state", type=click.Choice(_STATES), help="Only messages in this state.")
@click.option("--since", type=Moment(), metavar="MOMENT", help="Only messages received since then (UTC, or an offset).")
@click.option("--control-id", metavar="NAME", help="Only messages with this name of their own (MSH-10, eventId).")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many.")
@_format
@_database
def list_(as_: str, database: str | None, **wanted: Unpack[_Wanted]) -> None:
    """List messages, newest first: never what stands in them."""
    from gateway.store.inbox import entered  # noqa: PLC0415 - not for `--help`

    with opened(database) as to:
        found = entered(to.store, **wanted)
    if as_ == "json":
        click.echo(json.dumps([_row(row) for row in found], indent=2))
    else:
        click.echo("\n".join(_line(row) for row in found) or "no messages")


@inbox.command()
@click.argument("id_", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@click.option("--content", is_flag=True, help="Write the message itself, and nothing else. It may hold patient data.")
@_format
@_database
def show(id_: int, as_: str, database: str | None, *, content: bool) -> None:
    """Show one message: what was found in it, and what it made. Its content only with --content."""
    from gateway.cli.operator import noted  # noqa: PLC0415 - not for `--help`
    from gateway.store import inbox as stored  # noqa: PLC0415 - as above

    with opened(database) as to:
        row = stored.one(to.store, id_)
        if row is None:
            raise click.ClickException("there is no such message in the inbox")
        if content:
            found = _content(row, to)
            noted(to.store, database, "inbox-content", [f"inbox:{id_}"])
            sys.stdout.buffer.write(found)
            return
        made = [f"{type_}/{name}/_history/{version}" for type_, name, version in stored.made(to.store, id_)]
    if as_ == "json":
        click.echo(json.dumps(_row(row) | {"issues": row.issues, "made": made}, indent=2))
        return
    click.echo("\n".join([_line(row), *_findings(row.issues), *(f"  {one}" for one in made)]))


@inbox.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1, 2**63 - 1))
@click.option("--failed", is_flag=True, help="All that were refused or requeued, oldest first.")
@_provider
@click.option("--again", is_flag=True, help="Also what was accepted: it has its effect once more.")
@_format
@_database
def replay(
    ids: Sequence[int], provider: str | None, as_: str, database: str | None, *, failed: bool, again: bool
) -> None:
    """Take messages again with today's mappings, with their own moments and the same ids; exit 1 if any is refused."""
    from gateway.cli.operator import operator  # noqa: PLC0415 - the doors are slow to load
    from gateway.cli.replaying import take_again  # noqa: PLC0415 - as above
    from gateway.store import inbox as stored  # noqa: PLC0415 - as above

    _check_ids(ids, failed=failed, provider=provider)
    with built(database) as to:
        wanted = stored.failed(to.store, provider) if failed else ids
        who = operator(to.settings, providers=to.library.providers)
        results = []
        for id_ in wanted:
            result = take_again(id_, who, to, anew=again)
            results.append(result)
            if as_ == "text":
                click.echo("\n".join(_told(result)))
    if as_ == "json":
        click.echo(json.dumps([_result(result) for result in results], indent=2))
    elif not results:
        click.echo("nothing to replay")
    sys.exit(any(result.result in {"refused", "absent"} for result in results))


@inbox.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))
@_database
def requeue(ids: Sequence[int], database: str | None) -> None:
    """Have the next `replay --failed` take these along, accepted ones too (as with --again)."""
    from gateway.cli.operator import operator  # noqa: PLC0415 - not for `--help`
    from gateway.store import inbox as stored  # noqa: PLC0415 - as above
    from gateway.store.records import Mark  # noqa: PLC0415 - as above
    from gateway.transact.inbox import mark  # noqa: PLC0415 - as above

    with opened(database) as to:
        absent = [str(id_) for id_ in ids if stored.one(to.store, id_) is None]
        if absent:
            raise click.ClickException(
                f"there is no such message in the inbox: {', '.join(absent)}; nothing was changed"
            )
        mark([Mark(tuple(ids), requeued=True)], "requeue", operator(to.settings), to)
    click.echo(f"requeued: {len(ids)}")


@inbox.command()
@_database
def rekey(database: str | None) -> None:
    """Seal every message with the first key of GATEWAY_INBOX_KEY, whatever it was sealed with, or not at all."""
    from gateway.cli.operator import operator  # noqa: PLC0415 - not for `--help`
    from gateway.transact import inbox as kept  # noqa: PLC0415 - as above

    with opened(database) as to:
        number = kept.rekey(operator(to.settings), to)
    click.echo(f"sealed: {number}")


@inbox.command()
@click.option("--before", type=Moment(), metavar="MOMENT", help="By default GATEWAY_INBOX_DAYS ago.")
@_database
def purge(before: datetime | None, database: str | None) -> None:
    """Delete the content of old messages; their rows stay."""
    from gateway.cli.operator import operator  # noqa: PLC0415 - not for `--help`
    from gateway.transact import inbox as kept  # noqa: PLC0415 - as above

    with opened(database) as to:
        days = to.settings.inbox_days
        if before is None and not days:
            raise click.UsageError("GATEWAY_INBOX_DAYS is 0, so nothing is deleted by its age: say --before")
        number = kept.purge(before or to.clock() - timedelta(days=days), operator(to.settings), to)
    click.echo(f"purged: {number}")


def _check_ids(ids: Sequence[int], *, failed: bool, provider: str | None) -> None:
    if bool(ids) == failed:
        raise click.UsageError("name messages by their ids, or write --failed")
    if provider is not None and not failed:
        raise click.UsageError("--provider goes with --failed")


def _content(row: Entered, to: Kept) -> bytes:
    from gateway.transact.inbox import content_of  # noqa: PLC0415 - not for `--help`

    found = content_of(row, to)
    if not found:
        raise click.ClickException(
            "this row holds no content: nothing was sent, it was deleted, or it stands with the rest of its table"
        )
    return found


def _row(row: Entered) -> dict[str, Any]:
    """Return what is listed of a message: nothing that stands in it."""
    return {
        "id": row.id,
        "provider": row.provider,
        "format": row.format,
        "state": row.state,
        "mapping": row.mapping,
        "received": _written(row.received_at),
        "event": _written(row.event_time),
        "codes": row.codes,
        "attempts": row.attempts,
        "tried": _written(row.tried_at),
        "refusedBefore": row.was_refused,
        "replacedBy": row.replaced_by,
        "purged": _written(row.purged_at),
    }


def _line(row: Entered) -> str:
    words = [
        f"{row.id:>8}",
        _written(row.received_at),
        f"{row.state:<8}",
        row.provider,
        row.format,
        row.mapping or "-",
        f"event {_written(row.event_time) or '-'}",
        ", ".join(row.codes) or "-",
        *(["refused before"] if row.was_refused else []),
        *([f"taken as {row.replaced_by}"] if row.replaced_by else []),
    ]
    return "  ".join(str(word) for word in words)


def _findings(issues: Sequence[dict[str, Any]]) -> Iterator[str]:
    for issue in issues:
        parts = [*(str(issue[name]) for name in ("place", "expression") if name in issue), *issue.get("about", ())]
        where = " ".join(parts)
        yield f"  {issue['severity']}: {where}{': ' if where else ''}{issue['diagnostics']} ({issue['code']})"


def _told(result: Replayed) -> Iterator[str]:
    made = f"  {len(result.made)} resource{'s' if len(result.made) > 1 else ''}" if result.made else ""
    yield f"{result.id:>8}  {result.result}{made}"
    for issue in result.issues:
        yield f"          {issue.severity}: {issue} ({issue.code})"


def _result(result: Replayed) -> dict[str, Any]:
    issues = [{"code": i.code, "severity": i.severity, "text": str(i)} for i in result.issues]
    made = [f"{one.type}/{one.id}/_history/{one.version}" for one in result.made]
    return {"id": result.id, "result": result.result, "issues": issues, "made": made}


def _written(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


class Kept(NamedTuple):
    """The inbox without the mappings: these take seconds to load, and only a replay needs them."""

    settings: Settings
    store: Store
    keys: Keys
    clock: Callable[[], datetime]


@contextmanager
def opened(database: str | None) -> Iterator[Kept]:
    """Yield the inbox in a store; ClickException for what is wrong with it."""
    from gateway.services import keys, now, seals  # noqa: PLC0415 - not for `--help`
    from gateway.store import open_store  # noqa: PLC0415 - as above

    with reported():
        settings = settings_for(database)
        sealing = seals(settings)
        store = open_store(settings.database, durability=settings.durability, seals=sealing)
        try:
            yield Kept(settings, store, keys(settings, sealing), now)
        finally:
            store.close()
