"""`gateway outbox`: what is told outward, what could not be told, and having it sent again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.stores import built, opened

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store.queues import Delivery, Queue

_database = click.option("--database", metavar="URL", help="The store; by default that of GATEWAY_DATABASE.")
_format = click.option("--format", "as_", type=click.Choice(["text", "json"]), default="text", show_default=True)
_TIMES = ("at", "due", "failing_since", "dead_at")


@click.group()
def outbox() -> None:
    """Look at what is told outward, and have it sent again.

    Each receiver has a queue: one a subscription, one an endpoint. Exit codes: 0 fine, 1 it is not there, 2 wrong use.
    """


@outbox.command("list")
@click.option("--failing", is_flag=True, help="Only those that fail, or of which something was given up.")
@_format
@_database
def list_(as_: str, database: str | None, *, failing: bool) -> None:
    """List the queues: how much waits, what was given up, and why."""
    from gateway.store import queues  # noqa: PLC0415 - not for `--help`

    with opened(database) as store, store.reading() as db:
        rows = [_row(queue, len(queues.dead(db, queue.name)), queues.dropped(db, queue)) for queue in queues.queues(db)]
    rows = [row for row in rows if not failing or row["failing_since"] or row["given_up"] or row["status"] == "error"]
    if as_ == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        click.echo("\n".join(_line(row) for row in rows) or "nothing is told outward")


@outbox.command()
@click.argument("name", metavar="QUEUE")
@click.option("--content", type=click.IntRange(1), metavar="NUMBER", help="Write the bytes of one, and nothing else.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many.")
@_format
@_database
def show(name: str, content: int | None, limit: int, as_: str, database: str | None) -> None:
    """Show what waits in a queue and what was given up. Content, which may be of a patient, only with --content."""
    from gateway.cli.operator import noted  # noqa: PLC0415 - not for `--help`
    from gateway.store import queues  # noqa: PLC0415 - as above

    with opened(database) as store, store.reading() as db:
        queue = _known(queues.queue(db, name))
        dead = queues.dead(db, name)
        waiting = queues.following(db, name, queue.told, limit)
        row = _row(queue, len(dead), queues.dropped(db, queue))
        wanted = queues.following(db, name, content - 1, 1) if content else []
    if content:
        with opened(database) as store:
            noted(store, database, "outbox-content", [f"{name}:{content}"])
        _write(wanted, content)
        return
    rows = [_delivery(one) for one in (*dead, *waiting)]
    if as_ == "json":
        click.echo(json.dumps(row | {"deliveries": rows}, indent=2))
        return
    click.echo("\n".join([_line(row), *(_told(one) for one in rows)]))


@outbox.command()
@click.argument("name", metavar="QUEUE")
@click.option("--number", type=click.IntRange(1), help="Only this one of those that were given up.")
@_database
def resend(name: str, number: int | None, database: str | None) -> None:
    """Send again what was given up, after what waits already; and try at once what waits for its next attempt.

    A Subscription in error is requested anew: when its endpoint answers, everything that waits is told.
    """
    from gateway.deliver.settling import settle  # noqa: PLC0415 - slow to load
    from gateway.store import queues  # noqa: PLC0415 - not for `--help`
    from gateway.store.records import microseconds  # noqa: PLC0415 - as above

    with built(database) as to:
        now = microseconds(to.clock())
        with to.store.changing() as db:
            queue = _known(queues.queue(db, name))
            wanted = [one for one in queues.dead(db, name) if number in {None, one.number}]
            if number is not None and not wanted:
                raise click.ClickException(f"number {number} of this queue was not given up")
            for one in wanted:
                queues.revive(db, one, now)
            queues.hasten(db, name, now)
            lost = queues.dropped(db, queue)
        if queue.kind == "subscription" and queue.status == "error":
            settle(name, "requested", to, due=now)
            click.echo(f"{name}: requested anew, and then {queue.last - queue.told - lost} are told{_gone(lost)}")
            return
    click.echo(f"{name}: {len(wanted)} to be sent again{_gone(lost)}")


def _gone(lost: int) -> str:
    return f"; {lost} were not kept while it was in error (a feed is sent everything by `fill`)" if lost else ""


@outbox.command()
@click.argument("name", metavar="FEED")
@_database
def fill(name: str, database: str | None) -> None:
    """Send a feed everything there is that it asks for: when it is new, or its partner lost something."""
    from gateway.deliver import feeds  # noqa: PLC0415 - slow to load

    with built(database) as to:
        feed = next((one for one in to.feeds if name in {one.name, one.queue}), None)
        if feed is None:
            raise click.ClickException(f"there is no such feed in GATEWAY_FEEDS; it has {_names(to)}")
        click.echo(f"{feed.queue}: {feeds.fill(feed, to)} to be sent")


def _names(to: Services) -> str:
    return ", ".join(one.name for one in to.feeds) or "none"


def _known(queue: Queue | None) -> Queue:
    if queue is None:
        raise click.ClickException("there is no such queue; `gateway outbox list` names them")
    return queue


def _write(found: list[Delivery], number: int) -> None:
    if not found or found[0].number != number or found[0].body is None:
        raise click.ClickException(
            f"number {number} of this queue has no bytes: it was sent, or is made when it is sent"
        )
    sys.stdout.buffer.write(found[0].body)


def _row(queue: Queue, given_up: int, dropped: int) -> dict[str, Any]:
    row = queue._asdict()
    for name in ("holder", "leased_until", "about", "secret", "sealed_with"):
        del row[name]
    waiting = queue.last - queue.told - dropped
    return _timed(row) | {"waiting": waiting, "given_up": given_up, "not_kept": dropped}


def _delivery(one: Delivery) -> dict[str, Any]:
    row = one._asdict()
    for name in ("queue", "body", "key", "once", "endpoint"):
        del row[name]
    return _timed(row)


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    from gateway.fhir.datetime import format_instant  # noqa: PLC0415 - not for `--help`
    from gateway.store.records import moment  # noqa: PLC0415 - as above

    for name in _TIMES:
        if row.get(name) is not None:
            row[name] = format_instant(moment(row[name]))
    return row


def _line(row: dict[str, Any]) -> str:
    return f"{row['name']}: " + ", ".join(_said(row))


def _said(row: dict[str, Any]) -> Iterator[str]:
    yield str(row["status"])
    yield f"{row['told']} of {row['last']} told"
    if row["given_up"]:
        yield f"{row['given_up']} given up"
    if row["not_kept"]:
        yield f"{row['not_kept']} not kept"
    if row["failing_since"]:
        yield f"failing since {row['failing_since']}: {row['reason']}; {row['attempts']} attempts"
    elif row["reason"]:
        yield str(row["reason"])
    if row["waiting"] and row["due"]:
        yield f"next at {row['due']}"


def _told(row: dict[str, Any]) -> str:
    what = row["content_type"] or f"{row['event']} {row['about']}"
    return f"  {row['number']}: {what}, of {row['at']}" + (f", given up: {row['reason']}" if row["dead_at"] else "")
