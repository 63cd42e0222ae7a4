"""A Dutch reader reads Dutch: every finding of every broken case, whatever the format."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import report
from gateway.access.policy import development_caller
from gateway.data import shipped
from gateway.fhir.outcome import catalogue
from gateway.ingest import Ingested, ingest
from gateway.report import Language
from gateway.report.told import told
from gateway.services import Services
from gateway.store import open_store

SUFFIXES = {".hl7", ".edi", ".csv", ".xml", ".ndjson"}
BROKEN = sorted(
    path
    for path in shipped("mappings").glob("*/*/cases/broken-*")
    if path.suffix in SUFFIXES or path.name.endswith(".in.json")
)
TABLES = [path for path in BROKEN if path.parent.parent.parent.name == "csv"]
ENGLISH = re.compile(
    r"\b(?:the|and|not|no|row|rows|column|is empty|write|there|stands|were|with|without|cannot|message|must|should"
    r"|which|that|this|have|has|what|from|nothing|value|values|used|read|known)\b",
    re.IGNORECASE,
)
MARKED = "(in het Engels)"


@pytest.fixture
def database_url(tmp_path: Path) -> str:  # what is said does not depend on the database
    return f"sqlite:///{tmp_path}/store.sqlite"


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, clock=lambda: datetime(2026, 12, 31, 12, tzinfo=UTC))


def take(path: Path, to: Services, language: Language = "nl") -> Ingested:
    options = path.with_name(path.name.removesuffix(".json").removesuffix(".in")).with_suffix(".yaml")
    said = options.read_text("utf-8") if options.is_file() else ""
    provider = re.search(r"^provider: (\S+)", said, re.MULTILINE)
    return ingest(
        path.read_bytes(),
        provider=provider[1] if provider else "dev",
        content_type=None,
        caller=development_caller(),
        to=to,
        language=language,
    )


def leaks(text: str) -> list[str]:
    """Return the English words of a text, without what is marked as English and without names between quotes."""
    return ENGLISH.findall(re.sub(r'"[^"]*"', "", text.partition(MARKED)[0]))


@pytest.fixture
def others(services: Services, tmp_path: Path) -> Iterator[Services]:
    """A gateway that knows nothing of what `services` was sent."""
    store = open_store(f"sqlite:///{tmp_path}/other.sqlite")
    yield replace(services, store=store)
    store.close()


def spoken(expected: str) -> str:
    """Return what should stand somewhere without the codes that may stand there."""
    return expected.partition("een van: ")[0]


@pytest.mark.parametrize("path", TABLES, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_nothing_english_stands_in_the_report_on_a_table(path: Path, services: Services) -> None:
    ingested = take(path, services)
    text = report.text(ingested, "nl")

    assert MARKED not in text
    assert [line for line in text.splitlines() if leaks(spoken(line))] == []


def test_nothing_english_stands_in_the_report_on_any_broken_case(services: Services) -> None:
    seen = {path: list(told(take(path, services), "nl")) for path in BROKEN}
    said = [(path.name, text) for path, found in seen.items() for one in found for text in (one.text, one.expected)]

    assert [(name, text) for name, text in said if text and (MARKED in text or leaks(spoken(text)))] == []
    assert len(seen) > 500


def test_no_finding_on_any_broken_case_is_told_in_the_same_words_in_both_languages(
    services: Services, others: Services
) -> None:
    for path in BROKEN:
        dutch, english = told(take(path, services), "nl"), told(take(path, others, "en"), "en")
        for nl, en in zip(dutch, english, strict=True):
            assert nl.issue.code == en.issue.code, path
            assert nl.text != en.text, path
            assert (nl.expected is None) == (en.expected is None), path


def test_what_is_wrong_at_one_place_is_said_once_though_two_elements_lack_it(services: Services) -> None:
    path = next(path for path in BROKEN if path.stem == "broken-pdf-is-a-program")
    ingested = take(path, services)

    assert [one.issue.code for one in told(ingested, "nl", every=True)] == ["unsafe-attachment"] * 2
    assert [one.issue.code for one in told(ingested, "nl")] == ["unsafe-attachment"]
    assert report.text(ingested, "nl").count("FOUT:") == 1


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = re.compile(
        r"(?:Issue|Finding)\(\s*\"([a-z-]+)\"|\bcode=\"([a-z]+-[a-z-]+)\"|issue_code = .*\"([a-z-]+)\"$"
        r"|^MISNAMED = \"([a-z-]+)\"",
        re.MULTILINE,
    )
    package = Path(report.__file__).parent.parent
    found = {next(filter(None, m)) for path in package.rglob("*.py") for m in raised.findall(path.read_text("utf-8"))}

    assert {"unmapped-code", "row-quarantined", "duplicate-control-id"} <= found
    assert found - set(catalogue()) <= {"mappings"}  # an id, not a code


def test_an_answer_given_before_in_the_other_language_is_told_in_the_readers(services: Services) -> None:
    path = next(path for path in TABLES if path.stem == "broken-unknown-state-and-a-good-row")
    take(path, services)  # its answer is kept in Dutch
    ingested = take(path, services)

    assert "a row of" not in report.text(ingested, "nl")
    assert "this word or code is not known here" in report.text(ingested, "en")


def test_the_table_of_a_report_says_row_column_and_what_should_stand_there(services: Services) -> None:
    path = next(path for path in TABLES if path.stem == "broken-unknown-state-and-a-good-row")
    content = report.table(take(path, services), "nl", show_values=True)

    assert content.startswith("\ufeff")
    header, first, *_ = csv.reader(io.StringIO(content.removeprefix("\ufeff")), delimiter=";")
    row = dict(zip(header, first, strict=True))
    assert (row["ernst"], row["rij"], row["kolom"]) == ("FOUT", "2", "Bedstatus")
    assert row["wat er mis is"] == "dit woord of deze code is hier niet bekend"
    assert row["wat er moet staan"].startswith("een van: ")
    assert "VRIJ" in row["wat er moet staan"]
    assert row["wat er is gebeurd"] == "van rij 2 is niets gebruikt; van de rijen zonder fouten wel"
