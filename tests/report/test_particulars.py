"""Numbers and moments within the texts of a report, as its reader writes them."""

import re

import pytest

from gateway.mapping.findings import TEXTS
from gateway.report import Language, dutch, phrases, quality
from gateway.report.particulars import Particular, written
from gateway.report.phrases import phrase
from gateway.report.translation import told


@pytest.mark.parametrize(
    ("found", "en", "nl"),
    [
        ("1 more rows", "1 more row", "nog 1 rij"),
        ("12 more rows", "12 more rows", "nog 12 rijen"),
        ("1 more lines are not segments", "1 more line is not a segment", "nog 1 regel is geen segment"),
        (
            "the row has 1 cells, the header 7",
            "the row has 1 cell, the header 7",
            "de rij heeft 1 cel, de kopregel 7",
        ),
        (
            "no mapping accepts this table of 1 columns",
            "no mapping accepts this table of 1 column",
            "deze lijst van 1 kolom is hier niet bekend",
        ),
        (
            "UNT-1 counts 5 segments, but 1 came",
            "UNT-1 counts 5 segments, but 1 came",
            "volgens UNT-1 is het aantal segmenten 5, maar er kwam er 1",
        ),
        (
            "no mapping accepts this JSON array of 1 items",
            "no mapping accepts this JSON array of 1 item",
            "dit bericht wordt hier niet gelezen: een JSON-array met 1 item",
        ),
        (
            "Slot.extension: at least 2 needed, there are 1",
            "Slot.extension: at least 2 needed, there is 1",
            "Slot.extension: ten minste 2 nodig, er is er 1",
        ),
        (
            "this list has 1 beds and the last one of this source had 30: less than 50 %, so half of it seems lost",
            "this list has 1 bed and the last one of this source had 30: less than 50 %, so half of it seems lost",
            "deze lijst heeft 1 bed en de vorige van deze bron had er 30: minder dan 50 %, dus er lijkt een deel "
            "verloren",
        ),
        (
            "this list says how it was at 2026-07-05T09:40+02:00, and one of 2026-07-05T07:45:00Z was taken of the "
            "same source: nothing of it is used",
            None,
            "deze lijst zegt hoe het was op 05-07-2026 09:40, en van dezelfde bron is er al een van 05-07-2026 09:45 "
            "verwerkt: er is niets van gebruikt",
        ),
        (
            "the message is longer than 20000000 bytes",
            "the message is longer than 20,000,000 bytes",
            "het bericht is langer dan 20.000.000 bytes",
        ),
    ],
)
def test_a_number_has_the_words_that_go_with_it(found: str, en: str | None, nl: str | None) -> None:
    if en is not None:
        assert told(found, "en") == en
    if nl is not None:
        assert told(found, "nl") == nl
        assert told(nl, "nl") == nl


def test_each_text_is_recognised_with_one_and_with_several() -> None:
    """What the code says has one form; what is told, and what was told in Dutch before, may have either."""
    for pair in (*dutch.TEXTS, *dutch.PARTS):
        for template in pair:
            if ":" in "".join(re.findall(r"\{(.*?)\}", template)):
                for number in ("1", "3"):
                    filled = re.sub(r"\{\w+:([^|{}]*)\|([^|{}]*)\}", r"\1" if number == "1" else r"\2", template)
                    said = re.sub(r"\{\w+\}", number, filled)
                    assert told(said, "nl") or pair in dutch.PARTS, said


def test_every_word_of_a_number_names_a_number_of_its_text() -> None:
    words = [*phrases._WORDS.values(), *quality._WORDS.values(), *dutch.TEXTS, *dutch.PARTS, *TEXTS.values()]
    for pair in words:
        for template in pair:
            for name in re.findall(r"\{(\w+):", template):
                assert f"{{{name}}}" in template, template


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        (
            "en",
            "1 resource is older than what is known: kept as history.",
            "2 resources are older than what is known: kept as history.",
        ),
        (
            "nl",
            "1 resource is ouder dan wat bekend is: bewaard als historie.",
            "2 resources zijn ouder dan wat bekend is: bewaard als historie.",
        ),
    ],
)
def test_the_report_itself_counts_in_words_that_fit(language: Language, one: str, several: str) -> None:
    assert [phrase("superseded", language, superseded=number) for number in (1, 2)] == [one, several]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("moment", "2026-01-05T08:40:00Z", "05-01-2026 09:40"),
        ("moment", "2026-01-05T09:40:30.123+01:00", "05-01-2026 09:40"),
        ("moment", "2026-01-05", "2026-01-05"),
        ("limit", "9999", "9999"),
        ("limit", "10000", "10.000"),
        ("keys", "20000000", "20000000"),
    ],
)
def test_a_dutch_reader_reads_local_time_and_large_numbers_with_points(name: str, value: str, expected: str) -> None:
    assert written(name, value, "nl") == expected


def test_what_is_filled_in_is_otherwise_written_as_it_is() -> None:
    assert "{count:>3}|{count:a|b}".format_map({"count": Particular("1")}) == "  1|a"
