"""Which share of what a provider sends arrives as it should: the example of `docs/operating.md`, and its edges."""

from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from gateway.access.policy import development_caller
from gateway.cli import main
from gateway.ingest import ingest
from gateway.services import Services
from gateway.store.quality import Quality, quality
from tests.messages import bed_list, bed_message, bed_row, unmapped_message


def take(data: bytes, to: Services, *, provider: str = "dev", hours: int = 0) -> None:
    later = replace(to, clock=lambda: to.clock() + timedelta(hours=hours))
    ingest(data, provider=provider, content_type=None, caller=development_caller(), to=later)


def the_example(to: Services) -> None:
    """Send what the example of the documentation counts."""
    for number in range(1, 8):
        take(bed_message(str(number), bed=str(number)), to)
    take(bed_message("8", state="9"), to)
    take(bed_list([bed_row(str(n)) for n in range(10, 19)] + [bed_row("19", "ONZIN")]), to)


def test_the_worked_example(services: Services) -> None:
    the_example(services)

    table, messages = quality(services.store)

    assert (messages.format, messages.messages, messages.taken, messages.right) == ("hl7v2", 8, 7, 7)
    assert messages.message_share == pytest.approx(0.875)
    assert messages.row_share is None
    assert messages.codes == {"unmapped-code": 1}
    assert (table.format, table.messages, table.taken, table.right) == ("csv", 1, 1, 0)
    assert (table.rows, table.rows_apart) == (9, 1)
    assert table.row_share == pytest.approx(0.9)


def test_a_table_in_many_parts_is_one_message(services: Services) -> None:
    take(bed_list([bed_row(str(n)) for n in range(450)]), services)

    (table,) = quality(services.store)

    assert (table.messages, table.right, table.rows, table.rows_apart) == (1, 1, 450, 0)


def test_a_message_that_came_twice_counts_once(services: Services) -> None:
    take(bed_message("1"), services)
    take(bed_message("1"), services)

    assert [one.messages for one in quality(services.store)] == [1]


def test_a_period_and_a_provider_are_chosen(services: Services) -> None:
    take(bed_message("1"), services)
    take(bed_message("2"), services, hours=2)
    take(unmapped_message("3"), services, provider="duinrand", hours=2)
    later = services.clock() + timedelta(hours=1)

    def counts(found: list[Quality]) -> list[tuple[str, int, int]]:
        return [(one.provider, one.messages, one.taken) for one in found]

    assert counts(quality(services.store)) == [("dev", 2, 2), ("duinrand", 1, 0)]
    assert counts(quality(services.store, since=later)) == [("dev", 1, 1), ("duinrand", 1, 0)]
    assert counts(quality(services.store, until=later)) == [("dev", 1, 1)]
    assert counts(quality(services.store, provider="duinrand")) == [("duinrand", 1, 0)]
    assert quality(services.store, provider="nobody") == []


def test_the_command_says_so_as_text_json_and_csv(services: Services, database_url: str) -> None:
    the_example(services)

    text, json_, csv_, none = (
        CliRunner().invoke(main, ["quality", "--database", database_url, *asked]).output
        for asked in ((), ("--format", "json"), ("--format", "csv"), ("--since", "2030-01-01"))
    )

    assert "dev hl7v2: 7 of 8 messages as they should be (87.5 %), 1 refused; unmapped-code 1" in text
    assert "9 of 10 rows taken (90.0 %)" in text
    assert '"rowShare": 0.9' in json_
    assert csv_.splitlines()[0].startswith("provider;format;messages;taken;right;messageShare")
    assert none == "no messages\n"
