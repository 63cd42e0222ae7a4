"""A finding about beds names them as their source does, in every answer, and never the patient."""

from __future__ import annotations

import csv
import io

import pytest

from gateway import report
from gateway.errors import Issue
from gateway.fhir.outcome import operation_outcome
from gateway.ingest import Ingested
from gateway.report import Language
from gateway.services import Services
from gateway.store import inbox
from tests.inbox.lists import gateway, row, table, take
from tests.order.histories import Told
from tests.order.test_order import take as taken

GONE = {
    "en": (
        "Warning: bed ZUID/IC/K1/2: this list no longer has a bed that an earlier one had; it is not offered any more:"
    ),
    "nl": "Let op: bed ZUID/IC/K1/2: in deze lijst ontbreekt een bed dat eerder wel in de lijst stond; het wordt",
}


@pytest.fixture
def to(services: Services) -> Services:
    return gateway(services)


def second(to: Services, provider: str = "zuid", beds: int = 2) -> Ingested:
    """Return what becomes of a list that has only the first of some beds."""
    take(table([row(bed) for bed in range(1, beds + 1)]), to, provider)
    return take(table([row(bed, at="09:45") for bed in range(1, beds // 2 + 1)]), to, provider)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_report_names_the_bed_in_each_form(to: Services, language: Language) -> None:
    found = second(to)

    assert GONE[language] in report.text(found, language)
    (line,) = csv.DictReader(io.StringIO(report.table(found, language).lstrip("\ufeff")), delimiter=";")
    assert line["place" if language == "en" else "plaats"] == "bed ZUID/IC/K1/2"
    said = [one for result in report.rows(found, language)["results"] for one in result.get("issues", ())]
    assert [(one["about"], one["where"]) for one in said] == [(("ZUID/IC/K1/2",), "bed ZUID/IC/K1/2")]


def test_several_beds_are_counted_and_named_in_order(to: Services) -> None:
    found = second(to, beds=6)

    (issue,) = found.issues
    assert issue.about == ("ZUID/IC/K1/4", "ZUID/IC/K1/5", "ZUID/IC/K1/6")
    assert "bedden ZUID/IC/K1/4, ZUID/IC/K1/5, ZUID/IC/K1/6: in deze lijst ontbreken 3 bedden" in report.text(
        found, "nl"
    )


def test_more_beds_than_are_written_out_are_all_named(to: Services) -> None:
    found = second(to, beds=44)

    (issue,) = found.issues
    assert len(issue.about) == 22
    assert issue.diagnostics.endswith(" and 2 more")
    assert " en nog 2\n" in report.text(found, "nl")


def test_of_a_provider_that_only_wants_to_be_told_the_beds_are_named_too(to: Services) -> None:
    (issue,) = second(to, "zuid-report").issues

    assert issue.about == ("ZUID/IC/K1/2",)


def test_the_same_list_again_names_the_bed_again(to: Services) -> None:
    first = second(to, "zuid-report")
    again = take(table([row(1, at="09:45")]), to, "zuid-report")

    assert [issue.about for issue in again.issues] == [issue.about for issue in first.issues] == [("ZUID/IC/K1/2",)]


def test_two_in_a_bed_and_one_in_two_beds_are_told_by_the_names_of_the_beds(services: Services) -> None:
    first, twice, moved = (
        taken(Told("A01", minute, visit, bed).written(1), services)
        for minute, visit, bed in ((0, "V", "A"), (1, "W", "A"), (2, "V", "B"))
    )

    named = {issue.code: issue.about for issue in (*twice.issues, *moved.issues) if issue.about}
    (shared,) = named["bed-occupied-twice"]
    assert shared.endswith("W1/1/A")
    assert [name.rpartition("/")[2] for name in named["patient-in-two-beds"]] == ["A", "B"]
    assert not first.issues
    assert "Jansen" not in str([*twice.issues, *moved.issues])


def test_the_inbox_and_an_operation_outcome_name_the_bed(to: Services) -> None:
    (issue,) = second(to).issues
    kept = next(entry for entry in inbox.entered(to.store) if entry.codes == ["bed-not-listed"])

    assert kept.issues[-1]["about"] == ["ZUID/IC/K1/2"]
    (told_,) = operation_outcome([issue])["issue"]
    assert told_["diagnostics"].endswith("; ZUID/IC/K1/2")


def test_a_ward_with_a_slash_in_its_name_is_named_as_the_source_does(to: Services) -> None:
    take(table([row(1, ward="IC/HC"), row(2, ward="IC/HC")]), to)
    (issue,) = take(table([row(1, ward="IC/HC", at="09:45")]), to).issues

    assert issue.about == ("ZUID/IC/HC/K1/2",)


def test_names_of_beds_stand_in_no_line_that_is_logged() -> None:
    issue = Issue("bed-not-listed", "some beds", "warning", about=("ZUID/IC/K1/2",))

    assert "ZUID" not in str(issue)
