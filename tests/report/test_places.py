"""A place in the words of a person, and a table that no spreadsheet runs."""

import csv
import io
from datetime import UTC, datetime

import pytest

from gateway import report
from gateway.errors import Issue, MappingFailed, Place
from gateway.ingest import Ingested, Taken
from gateway.report.places import words
from gateway.transact import Received

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "format_", "english", "dutch"),
    [
        ('row 17 column "Vrij"', "csv", 'row 17 column "Vrij"', 'rij 17 kolom "Vrij"'),
        ("row 17", "csv", "row 17", "rij 17"),
        (
            "PID[2]-3[2].1",
            "hl7v2",
            "segment PID (number 2), field 3, repetition 2, component 1 (line 4)",
            "segment PID (nummer 2), veld 3, herhaling 2, component 1 (regel 4)",
        ),
        ("NPU", "hl7v2", "segment NPU (line 4)", "segment NPU (regel 4)"),
        (
            "NAD(HP)-2.1",
            "edifact",
            "segment NAD HP, element 2, component 1 (line 4)",
            "segment NAD HP, element 2, component 1 (regel 4)",
        ),
        (
            "/bedden/0/toe~1stand",
            "json",
            "bedden (number 1) > toe/stand (line 4)",
            "bedden (nummer 1) > toe/stand (regel 4)",
        ),
        ("line", "ndjson", "line 4", "regel 4"),
        ("#", "json", "the message (line 4)", "het bericht (regel 4)"),
        (
            "/dag/plek[2]/@code",
            "xml",
            "dag > plek (number 2) > attribute code (line 4)",
            "dag > plek (nummer 2) > attribuut code (regel 4)",
        ),
    ],
)
def test_a_place_is_said_in_words(path: str, format_: str, english: str, dutch: str) -> None:
    place = Place(path, 4, 118)

    assert words(place, format_, "en") == english
    assert words(place, format_, "nl") == dutch


def ingested(*issues: Issue, format_: str = "csv", refused: bool = False) -> Ingested:
    received = Received("dev", format_, b"", received_at=AT)
    refusal = MappingFailed(issues) if refused else None
    return Ingested(format_, [Taken(received, issues, rows=1, refusal=refusal)])


@pytest.mark.parametrize("value", ["=1+1", "+31", "-2", "@SUM(A1)", "  =1+1", "\t=1+1", '="x";DDE', "\uff1d1+1"])
def test_no_cell_of_the_table_begins_as_a_formula(value: str) -> None:
    issue = Issue("bad-value", "not a number: write digits, with a comma before decimals", value=value)

    table = report.table(ingested(issue), "nl", show_values=True)

    for row in csv.reader(io.StringIO(table.removeprefix("\ufeff")), delimiter=";"):
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in row)
    assert "\r\n" in table


def test_what_stands_there_is_shown_only_when_asked_for() -> None:
    issue = Issue("bad-value", "x", place=Place('row 2 column "Vrij"', 2), value="a secret\nof two lines")

    for form in (report.text, report.table):
        assert "secret" not in form(ingested(issue), "en")
        assert "(not shown)" in form(ingested(issue), "en")
        assert "a secret of two lines" in form(ingested(issue), "en", show_values=True)
    assert "secret" not in str(report.rows(ingested(issue)))


def test_what_became_of_the_rest_is_said() -> None:
    wrong = Issue("bad-value", "x", place=Place('row 2 column "Vrij"', 2))
    apart = Issue("row-quarantined", "y", place=Place("row 2", 2))
    warning = Issue("formula-cell", "z", "warning", place=Place('row 3 column "Vrij"', 3))

    text = report.text(ingested(wrong, apart, warning), "en")

    assert "nothing of row 2 was used; the rows without errors were" in text
    assert "What was done: the rest was used" in text
    assert "ERROR: row 2: y" not in text  # said with what is wrong in the row
    assert "ERROR: row 2: y" in report.text(ingested(apart), "en")
    assert "without errors" not in report.text(ingested(wrong, apart, refused=True), "en")  # none was used
    refused = report.text(ingested(wrong, format_="hl7v2", refused=True), "en")
    assert "nothing of the message was used" in refused


def test_the_report_for_programs_has_the_words_too() -> None:
    wrong = Issue("bad-value", "x", place=Place('row 2 column "Vrij"', 2), expected="cijfers")

    (found,) = report.rows(ingested(wrong), "nl")["results"][0]["issues"]

    assert (found["row"], found["column"], found["where"]) == (2, "Vrij", 'rij 2 kolom "Vrij"')
    assert (found["expected"], found["outcome"]) == ("cijfers", "de rest is gebruikt")
