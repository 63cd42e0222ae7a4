"""Which places a finding names, of all that its rule looked at."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.data import shipped
from gateway.errors import Issue, Place
from gateway.fhir.outcome import operation_outcome
from gateway.formats.hl7v2 import acknowledge, parse
from gateway.mapping import pointers
from gateway.mapping.library import Library
from gateway.mapping.looks import Read
from gateway.mapping.run import run
from gateway.report.places import columns, words

AT = datetime.fromisoformat("2026-01-05T10:00:00+01:00")


class Source:
    """A segment, row or document whose places are the paths themselves."""

    def place(self, path: str) -> Place:
        return Place(path)


def read(path: str, value: object = None, *, passed: bool = False, of: Source | None = None) -> Read:
    return Read(of or Source(), (path,), value, passed=passed)


def paths(found: list[Read]) -> list[str]:
    return [one.place.path for one in found]


@pytest.mark.parametrize(
    ("reads", "code", "text", "expected"),
    [
        ([read("EVN-6"), read("EVN-2", "0202")], "bad-value", "the moment is before 2000", ["EVN-2"]),
        (
            [read("EVN-6"), read("EVN-2"), read("MSH-7")],
            "required-missing",
            "EVN-6, EVN-2 and MSH-7 are all empty",
            ["EVN-6", "EVN-2", "MSH-7"],
        ),
        (
            [read("MSH-9.2", "I12"), read("RF1-1.1")],
            "required-missing",
            "RF1-1 is empty: the referral has no status",
            ["RF1-1.1"],
        ),
        (
            [read("NPU-1.2"), read("NPU-1.3")],
            "required-missing",
            "no bed is named: NPU-1.3, or NPU-1.1 alone",
            ["NPU-1.3"],
        ),
        (
            [read('row 3 column "Totaal"', 5), read('row 3 column "Bezet"', 4), read('row 3 column "Vrij"', 3)],
            "contradiction",
            "Vrij and Bezet are more than Totaal",
            ['row 3 column "Totaal"', 'row 3 column "Bezet"', 'row 3 column "Vrij"'],
        ),
        (
            [read("/status", "STOP"), read("/verwachtEinde", "b"), read("/ingangstijd", "a")],
            "bad-value",
            "verwachtEinde is not after ingangstijd",
            ["/verwachtEinde", "/ingangstijd"],
        ),
        (
            [read("/bedden/0/status"), read("/bedden/0/soort")],
            "required-missing",
            "soort is empty",
            ["/bedden/0/soort"],
        ),
        (
            [read("/SOEP", "", passed=True), read("/SOEP/S/b", "x")],
            "malformed",
            "SOEP is text: elements in it would be lost",
            ["/SOEP/S/b"],
        ),
        (
            [read("/b/0/naam", "a"), read("/b/1/naam")],
            "bad-value",
            "an attachment has no name\neen bijlage heeft geen naam",
            ["/b/1/naam", "/b/0/naam"],
        ),
        ([read("MSH-9.2", "A01"), read("PID-3", "1"), read("PV1-2", "I")], "bad-value", "odd", ["PID-3", "PV1-2"]),
        ([], "bad-value", "odd", []),
    ],
)
def test_a_requirement_is_about_what_its_text_names_or_else_about_all(
    reads: list[Read], code: str, text: str, expected: list[str]
) -> None:
    assert paths(pointers.of_requirement(reads, code, text)) == expected


def test_no_finding_names_more_places_than_can_be_read() -> None:
    reads = [read(f"/a{number}", number) for number in range(20)]

    assert len(pointers.of_requirement(reads, "bad-value", "odd")) == pointers.MOST


def test_a_value_is_about_the_look_that_gave_it_and_one_that_was_put_together_about_each_part() -> None:
    day, time, other = read("DTM-1", "31022026"), read("DTM-2", "1200"), read("PID-3", None)

    assert paths(pointers.of_value([day, time], day.value)) == ["DTM-1"]
    assert paths(pointers.of_value([day, time, other], "310220261200")) == ["DTM-2", "DTM-1"]
    assert paths(pointers.of_value([other], None)) == ["PID-3"]


def contradicted() -> Issue:
    data = (shipped("mappings") / "csv/vvt_bed_list/cases/good-more-free-than-there-are.csv").read_bytes()
    library = Library.load([shipped("mappings")])
    made = run(library, data, provider="dev", content_type="text/csv", received_at=AT)
    return next(issue for mapped in made for issue in mapped.issues if issue.code == "contradiction")


def test_a_finding_about_several_columns_names_all_of_them_wherever_it_is_told() -> None:
    issue = contradicted()
    assert issue.place is not None

    said = words(issue.place, "csv", "nl", issue.others)
    assert said == f'rij {columns(issue.place, ()).row} kolom "Totaal", kolom "Bezet", kolom "Vrij"'
    assert columns(issue.place, issue.others).column == "Totaal, Bezet, Vrij"
    assert len(operation_outcome([issue])["issue"][0]["location"]) == 3
    assert issue.value is not None
    assert len(issue.value.split("; ")) == 3


def test_an_ack_names_each_field_in_err_2() -> None:
    message = parse(b"MSH|^~\\&|EPD|ZKH|GW|ZCC|20260105||ADT^A01|1|T|2.5.1\rEVN|A01\r")
    issue = Issue("required-missing", "both are empty", place=Place("EVN-6"), others=(Place("MSH-7"),))
    answer = parse(acknowledge(message, "AE", [issue], control_id="G", at=AT))

    assert answer.all("ERR")[0].raw(2) == "EVN^1^6^1~MSH^1^7^1"
