"""The inbox on the command line: what is listed, and what is taken again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.access.policy import development_caller
from gateway.cli.inbox import inbox
from gateway.data import shipped
from gateway.ingest import Ingested, ingest
from gateway.mapping.library import Library
from gateway.services import Services
from tests.messages import bed_list, bed_message, bed_row, unmapped_message

OVERLAY = """
provider: dev
share: clinical
organisation: {name: Ontwikkelziekenhuis, ura: "00000001"}
systems: {base: https://msb-gateway.example/x, place: https://msb-gateway.example/x-place}
codes: {bed-status: {"9": U}}
"""


def run(url: str, *args: str) -> Result:
    return CliRunner().invoke(inbox, [*args, "--database", url])


def listed(url: str, *args: str) -> Any:
    found = run(url, "list", "--format", "json", *args)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def take(data: bytes, to: Services, provider: str = "dev") -> Ingested:
    return ingest(data, provider=provider, content_type=None, caller=development_caller(), to=to)


def slots(to: Services) -> list[tuple[str, str, int]]:
    with to.store.reading() as db:
        rows = db.rows("select c.id, s.status, c.version from slot s join current c on c.key = s.key order by c.id")
    return [(id_, status, version) for id_, status, version in rows]


def test_the_list_names_messages_and_holds_nothing_of_them(services: Services, database_url: str) -> None:
    take(bed_message("1"), services)
    take(bed_message("2", state="9"), services)
    take(unmapped_message("3"), services)

    found = listed(database_url)

    assert [(row["state"], row["format"], row["mapping"], row["codes"]) for row in found] == [
        ("refused", "hl7v2", None, ["no-mapping"]),
        ("refused", "hl7v2", "hl7v2/adt_a20_bed", ["unmapped-code"]),
        ("accepted", "hl7v2", "hl7v2/adt_a20_bed", []),
    ]
    assert [row["received"] for row in found] == ["2026-01-05T09:00:00Z"] * 3
    assert "ZKH_DUINRAND" not in run(database_url, "list").output
    assert [row["id"] for row in listed(database_url, "--state", "accepted")] == [found[2]["id"]]
    assert listed(database_url, "--provider", "nobody") == []
    assert listed(database_url, "--since", "2026-01-05T10:00:01+01:00") == []
    assert len(listed(database_url, "--since", "2026-01-05", "--limit", "2")) == 2
    assert [row["id"] for row in listed(database_url, "--control-id", "2")] == [found[1]["id"]]
    assert listed(database_url, "--control-id", "2", "--state", "accepted") == []


def test_the_content_is_shown_only_when_it_is_asked_for(services: Services, database_url: str) -> None:
    take(bed_message("1", state="9"), services)
    (row,) = listed(database_url)

    shown = run(database_url, "show", str(row["id"]))
    content = run(database_url, "show", str(row["id"]), "--content")

    assert shown.exit_code == content.exit_code == 0
    assert "unmapped-code" in shown.output
    assert "NPU|" not in shown.output
    assert content.stdout_bytes == bed_message("1", state="9")
    assert run(database_url, "show", "999").exit_code == 1


def test_of_nothing_there_is_nothing_to_show_or_to_take_again(services: Services, database_url: str) -> None:
    take(b"", services)
    (row,) = listed(database_url)

    shown, replayed = run(database_url, "show", str(row["id"]), "--content"), run(database_url, "replay", "--failed")

    assert (row["state"], shown.exit_code, replayed.exit_code) == ("refused", 1, 1)
    assert "nothing was sent" in shown.output
    assert "nothing was sent" in replayed.output


def test_what_was_refused_is_taken_when_the_mapping_is_mended(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(bed_message("1", state="9"), services)
    (row,) = listed(database_url)
    refused = run(database_url, "replay", str(row["id"]))
    mend(tmp_path, monkeypatch)

    replayed = run(database_url, "replay", "--failed")

    assert refused.exit_code == 1
    assert "unmapped-code" in refused.output
    assert replayed.exit_code == 0, replayed.output
    (after,) = listed(database_url)
    assert (after["id"], after["state"], after["codes"], after["attempts"]) == (row["id"], "accepted", [], 2)
    assert (row["refusedBefore"], after["refusedBefore"]) == (False, True)
    assert "  accepted  " in (line := run(database_url, "list").output)
    assert line.endswith("  refused before\n")
    assert after["received"] == row["received"]
    made = json.loads(run(database_url, "show", str(row["id"]), "--format", "json").stdout)["made"]
    assert any(one.startswith("Slot/") for one in made)
    told = [(status, version) for _, status, version in slots(services)]
    assert told == [("busy-unavailable", 1)]  # it was free in January
    assert run(database_url, "replay", "--failed").output == "nothing to replay\n"


def mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mended"
    (folder / "providers").mkdir(parents=True)
    (folder / "providers" / "dev.yaml").write_text(OVERLAY, encoding="utf-8")
    monkeypatch.setenv("GATEWAY_MAPPINGS", str(folder))


def test_the_ids_are_those_that_it_would_have_had(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(bed_message("1", at="20260105095800"), services)
    take(bed_message("2", state="9"), services)
    (first,) = slots(services)
    mend(tmp_path, monkeypatch)

    run(database_url, "replay", "--failed")

    assert [(id_, version) for id_, _, version in slots(services)] == [(first[0], 2)]


def test_an_older_message_that_is_replayed_does_not_undo_what_is_newer(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(bed_message("1", state="9", at="20260105095800"), services)
    take(bed_message("2", state="O"), services)
    before = slots(services)
    mend(tmp_path, monkeypatch)

    assert run(database_url, "replay", "--failed").exit_code == 0

    assert slots(services) == before
    assert listed(database_url, "--state", "accepted")[-1]["codes"] == ["older-than-known"]


def test_an_accepted_message_is_taken_again_only_when_that_is_said(services: Services, database_url: str) -> None:
    take(bed_message("1", state="O"), services)
    (row,) = listed(database_url)

    plain, again = (run(database_url, "replay", str(row["id"]), *option) for option in ((), ("--again",)))

    assert "unchanged" in plain.output
    assert "accepted" in again.output
    assert (plain.exit_code, again.exit_code) == (0, 0)
    assert [version for _, _, version in slots(services)] == [1]
    (after,) = listed(database_url)
    assert (after["state"], after["attempts"], after["refusedBefore"]) == ("accepted", 1, False)


def test_what_the_sender_sent_again_itself_is_replaced_by_that(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(bed_message("1", state="9"), services)
    mend(tmp_path, monkeypatch)
    to = replace(services, library=Library.load([shipped("mappings"), tmp_path / "mended"]))
    take(bed_message("1", state="9"), to)

    taken, refused = listed(database_url)
    nothing = run(database_url, "replay", "--failed")

    for rows in ([taken, refused], listed(database_url)):
        assert [(row["id"], row["state"], row["replacedBy"]) for row in rows] == [
            (taken["id"], "accepted", None),
            (refused["id"], "replaced", taken["id"]),
        ]
    assert (nothing.exit_code, nothing.output) == (0, "nothing to replay\n")
    assert f"  taken as {taken['id']}\n" in run(database_url, "list").output
    assert listed(database_url, "--state", "refused") == []
    assert [row["id"] for row in listed(database_url, "--state", "replaced")] == [refused["id"]]
    assert "unchanged" in run(database_url, "replay", str(refused["id"])).output


def test_another_content_under_the_same_name_says_nothing_of_what_was_refused(
    services: Services, database_url: str
) -> None:
    take(bed_message("1", state="9"), services)
    take(bed_message("1"), services)

    assert [row["state"] for row in listed(database_url)] == ["accepted", "refused"]


def test_a_row_of_a_table_stays_refused_when_the_table_comes_again_with_that_row_as_it_was(
    services: Services, database_url: str
) -> None:
    data = bed_list([bed_row("1"), bed_row("2", "9")])
    take(data, services)
    first = listed(database_url)
    take(data, replace(services, clock=lambda: services.clock() + timedelta(days=1)))

    assert listed(database_url)[-len(first) :] == first


def test_rows_of_an_accepted_table_that_were_set_apart_come_along_when_it_is_requeued(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(bed_list([bed_row("1"), bed_row("2", "9")]), services)
    (row,) = listed(database_url)
    mend(tmp_path, monkeypatch)

    requeued = run(database_url, "requeue", str(row["id"]))
    between = listed(database_url)[0]["state"]
    replayed = run(database_url, "replay", "--failed", "--provider", "dev")

    assert (requeued.exit_code, replayed.exit_code) == (0, 0), replayed.output
    assert between == "requeued"
    assert len(slots(services)) == 2
    assert [(found["state"], found["codes"]) for found in listed(database_url)] == [("accepted", [])]
    assert run(database_url, "requeue", "999").exit_code == 1


@pytest.mark.parametrize("args", [("replay",), ("replay", "1", "--failed"), ("replay", "x"), ("requeue",), ("show",)])
def test_wrong_use_is_told(args: tuple[str, ...], tmp_path: Path) -> None:
    assert run(f"sqlite:///{tmp_path}/s.sqlite", *args).exit_code == 2
