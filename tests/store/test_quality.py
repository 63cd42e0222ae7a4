"""Which share of what a provider sends arrives as it should: the example of `docs/operating.md`, and its edges."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.access.policy import development_caller
from gateway.cli import main
from gateway.data import shipped
from gateway.ingest import ingest, replay
from gateway.mapping.library import Library
from gateway.services import Services
from gateway.store import inbox
from gateway.store.quality import Quality, quality
from gateway.transact import Again, Received
from tests.messages import bed_list, bed_message, bed_row, unmapped_message

OVERLAY = """
provider: dev
organisation: {name: Ontwikkelziekenhuis, ura: "00000001"}
systems: {base: https://msb-gateway.example/x, place: https://msb-gateway.example/x-place}
codes: {bed-status: {"9": U}}
"""


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


@pytest.mark.parametrize("tries", [2, 3])
def test_a_message_that_is_refused_each_time_it_comes_counts_once(services: Services, tries: int) -> None:
    for hours in range(tries):
        take(bed_message("1", state="9"), services, hours=hours)
    take(bed_message("1", state="8"), services, hours=tries)  # another message under the same name

    (found,) = quality(services.store)

    assert (found.messages, found.taken, found.codes) == (2, 0, {"unmapped-code": 2})


def test_a_message_that_its_sender_sent_again_counts_as_what_it_became(services: Services, tmp_path: Path) -> None:
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "dev.yaml").write_text(OVERLAY, encoding="utf-8")
    take(bed_message("1", state="9"), services)
    (before,) = quality(services.store)
    mended = replace(services, library=Library.load([shipped("mappings"), tmp_path]))
    take(bed_message("1", state="9"), mended, hours=1)
    (after,) = quality(services.store)

    assert (before.messages, before.taken) == (1, 0)
    assert (after.messages, after.taken, after.right) == (1, 1, 1)


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


def test_the_fields_of_the_worked_example_are_counted(services: Services) -> None:
    the_example(services)

    table, messages = quality(services.store)

    assert messages.fields_wanted - messages.fields_right == 1
    assert messages.flaws == {"NPU-2": 1}
    assert messages.fields_wanted == 8 * 6
    assert messages.field_share == pytest.approx(47 / 48)
    assert (table.fields_wanted, table.fields_right) == (10 * 12, 119)
    assert table.flaws == {"Bedstatus": 1}


def test_each_mapping_is_counted_by_itself(services: Services) -> None:
    take(bed_message("1"), services)
    take(bed_message("2", state="9"), services)
    take(unmapped_message("3"), services)

    (messages,) = quality(services.store)

    assert {name: (one.messages, one.right) for name, one in messages.mappings.items()} == {
        "": (1, 0),
        "hl7v2/adt_a20_bed": (2, 1),
    }
    assert messages.fields_wanted == sum(one.fields_wanted for one in messages.mappings.values())


def test_a_message_that_is_taken_again_has_the_count_of_then(services: Services) -> None:
    take(bed_message("1", state="9"), services)
    (before,) = quality(services.store)
    (row,) = inbox.entered(services.store)
    again = Again(row.id, services.clock())
    mended = Received("dev", "hl7v2", bed_message("1"), row.received_at, again=again)
    replay(mended, caller=development_caller(), to=services)
    (after,) = quality(services.store)

    assert (before.fields_wanted - before.fields_right, after.fields_wanted - after.fields_right) == (1, 0)


def test_what_a_resource_lacks_counts_with_the_fields_of_its_message(services: Services) -> None:
    take(b'{"resourceType": "Slot", "id": "a", "status": "free", "start": "2026-01-05T10:00:00+01:00"}', services)

    (found,) = quality(services.store)

    assert found.format == "fhir"
    assert (found.fields_wanted, found.fields_right) == (6, 4)  # end and schedule are missing
    assert found.flaws == {"Slot.end": 1, "Slot.schedule": 1}


def test_the_command_says_so_as_text_json_and_csv(services: Services, database_url: str) -> None:
    the_example(services)

    text, dutch, json_, csv_, csv_dutch, none = (
        CliRunner().invoke(main, ["quality", "--database", database_url, *asked]).output
        for asked in (
            (),
            ("--lang", "nl"),
            ("--format", "json"),
            ("--format", "csv"),
            ("--format", "csv", "--lang", "nl"),
            ("--since", "2030-01-01"),
        )
    )

    assert "dev hl7v2: 7 of 8 messages as they should be (87.5 %), 1 refused; 47 of 48 fields" in text
    assert "9 of 10 rows taken (90.0 %)" in text
    assert "  worst fields: NPU-2 1\n  hl7v2/adt_a20_bed: 7 of 8" in text
    assert "7 van 8 berichten zoals het hoort (87,5 %), 1 geweigerd; 47 van 48 velden zoals het hoort (97,9 %)" in dutch
    assert "slechtste velden: NPU-2 1" in dutch
    assert '"rowShare": 0.9' in json_
    (of_table, of_messages) = json.loads(json_)
    assert of_messages["fieldShare"] == of_messages["mappings"][0]["fieldShare"] == 0.9792
    assert of_table["worstFields"] == {"Bedstatus": 1}
    assert csv_.splitlines()[0].startswith("provider;format;mapping;messages;taken;right;messageShare")
    assert csv_.splitlines()[4].startswith(
        "dev;hl7v2;hl7v2/adt_a20_bed;8;7;7;0.875;0;0;;48;47;0.9792;unmapped-code 1;NPU-2 1"
    )
    assert csv_dutch.startswith("aanbieder;formaat;mapping;berichten;")
    assert none == "no messages\n"
