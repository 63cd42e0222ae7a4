"""Delimited text as it really comes: every oddity read in the one way it can be meant, and reported."""

import io

import pytest

from gateway.errors import BadMapping, MalformedMessage
from gateway.formats.delimited import Layout, Record, Table, read

BEDS = 'Locatie;Bed;Vrij;Opmerking\r\nW;1;0,5;ok\r\nW;2;;"a;b"\r\n'


def table(text: str | bytes, layout: Layout | None = None) -> Table:
    return read(io.BytesIO(text if isinstance(text, bytes) else text.encode()), layout)


def rows(text: str | bytes, layout: Layout | None = None) -> list[list[str | None]]:
    opened = table(text, layout)
    return [[record.get(column) for column in opened.columns] for record in opened]


def only(text: str | bytes, layout: Layout | None = None) -> Record:
    (record,) = table(text, layout)
    return record


def codes(record: Record) -> list[tuple[str, str]]:
    return [(issue.code, issue.severity) for issue in record.issues]


def test_cells_are_found_by_column() -> None:
    first, second = table(BEDS)
    assert [first.get(column) for column in first.columns] == ["W", "1", "0,5", "ok"]
    assert (second.get("Vrij"), second.get("Opmerking"), second.get("Geen")) == (None, "a;b", None)


@pytest.mark.parametrize("name", ["Vrij", "vrij", " VRIJ ", "Beschikbaar", "beschikbaar"])
@pytest.mark.parametrize(
    "header", ["Locatie;Vrij;Bed", "vrij;Bed;Locatie", "Bed; VRIJ ;Locatie", "Bed;Beschikbaar;Locatie"]
)
def test_columns_stand_in_any_order_and_spelling(header: str, name: str) -> None:
    layout = Layout(aliases={"Vrij": ("Beschikbaar", "Free"), "Beschikbaar": ("Vrij",)})
    values = {"vrij": "7", "beschikbaar": "7"}
    row = ";".join(values.get(column.strip().casefold(), "x") for column in header.split(";"))
    assert only(f"{header}\n{row}", layout).get(name) == "7"


def test_spaces_inside_a_column_name_do_not_count() -> None:
    assert only("Per   wanneer;x\nvandaag;y").get("per wanneer") == "vandaag"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("declared", [True, False])
def test_delimiter_and_line_end_are_found(delimiter: str, ending: str, *, declared: bool) -> None:
    text = ending.join(delimiter.join(cells) for cells in (["A", "B"], ["1", '"x,;|\ty"'], ["2", "z"]))
    layout = Layout(delimiter=delimiter) if declared else None
    assert rows(text, layout) == [["1", "x,;|\ty"], ["2", "z"]]


def test_a_decimal_comma_does_not_make_a_comma_the_delimiter() -> None:
    assert rows("A;B\n1,5;2,5\n3,5;4,5") == [["1,5", "2,5"], ["3,5", "4,5"]]


def test_excels_hint_is_followed() -> None:
    assert rows("sep=|\nA;|B\n1|2") == [["1", "2"]]


def test_a_delimiter_declared_in_vain_is_reported() -> None:
    opened = table("A,B\n1,2", Layout(delimiter=";"))
    assert [record.get("B") for record in opened] == ["2"]
    assert [issue.code for issue in opened.issues] == ["repaired"]


def test_one_column_needs_no_delimiter() -> None:
    assert rows("Bed\n1\n2") == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("codec", "declared", "found"),
    [
        ("utf-8", None, 0),
        ("utf-8-sig", None, 0),
        ("utf-8-sig", "windows-1252", 0),
        ("utf-16", None, 0),
        ("utf-16", "utf-8", 0),
        ("windows-1252", "windows-1252", 0),
        ("windows-1252", "CP1252", 0),
        ("iso-8859-15", "latin9", 0),
        ("windows-1252", None, 1),
        ("windows-1252", "utf-8", 1),
        ("utf-8", "windows-1252", 1),
        ("windows-1252", "iso-8859-1", 1),
    ],
)
def test_the_character_set_is_declared_or_found(codec: str, declared: str | None, found: int) -> None:
    text = "Zorgaanbieder;Naam\nDuinhof;Café €\nDuinhof;Zoë".encode(codec)
    opened = table(text, Layout(charset=declared))
    records = list(opened)
    assert [record.get("Naam") for record in records] == ["Café €", "Zoë"]
    assert [code for record in records for code in codes(record)] == [("charset", "warning")] * found


def test_utf16_has_lines_and_no_bytes() -> None:
    place = only("A;B\n1;2".encode("utf-16")).place("B")
    assert (place.path, place.line, place.byte) == ('row 2 column "B"', 2, None)


def test_places_name_row_and_column_with_the_byte_of_the_row() -> None:
    data = b"\xef\xbb\xbf\r\nLocatie;Vrij\r\n\r\n\xc3\xa9;1\r\nx;2"
    first, second = table(data)
    assert str(first.place("vrij")) == 'row 4 column "Vrij" (line 4, byte 21)'
    assert str(first.place()) == "row 4 (line 4, byte 21)"
    assert (second.row, data[second.place().byte :]) == (5, b"x;2")
    assert second.place("Onbekend").path == 'row 5 column "Onbekend"'


def test_quoted_cells_hold_delimiters_quotes_and_line_ends() -> None:
    opened = table('A;B\r\n"x;""y""\r\nz";2\r\n3;4')
    assert [(record.row, record.get("A"), codes(record)) for record in opened] == [(2, 'x;"y"\nz', []), (4, "3", [])]


def test_another_quote_can_be_declared() -> None:
    assert rows("A;B\n'x;y';'it''s'", Layout(quote="'")) == [["x;y", "it's"]]


@pytest.mark.parametrize(
    ("odd", "first"),
    [
        ('"open;2', "open;2"),
        ('x;"open', "x"),
        ('"a"b;2', "ab"),
        ('"a"b";2', 'ab"'),
    ],
)
def test_an_unbalanced_quote_costs_its_own_row_only(odd: str, first: str) -> None:
    records = list(table(f'A;B\n1;2\n{odd}\n3;"x"\n4;y'))
    assert [record.row for record in records] == [2, 3, 4, 5]
    assert (records[1].get("A"), records[2].get("B"), records[3].get("B")) == (first, "x", "y")
    assert ("unbalanced-quote", "error") in codes(records[1])
    assert not any(codes(records[at]) for at in (0, 2, 3))


def test_an_open_quote_does_not_swallow_the_file() -> None:
    records = list(table('A;B\n1;"open\n' + "2;x\n" * 5000))
    assert (len(records), [record.row for record in records if record.issues]) == (5001, [2])


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("1;2;3", []),
        ("1;2", [("ragged-row", "error")]),
        ("1", [("ragged-row", "error")]),
        ("1;2;3;4", [("ragged-row", "error")]),
        ("1;2;3;;", []),
    ],
)
def test_a_row_of_more_or_fewer_cells_is_reported(cells: str, found: list[tuple[str, str]]) -> None:
    assert codes(only(f"A;B;C\n{cells}")) == found


def test_merged_cells_are_reported_and_not_filled_in() -> None:
    first, second = table("Locatie;Bed;Vrij\nW;1;2\n;2;3")
    assert (first.issues, second.get("Locatie"), codes(second)) == ((), None, [("ragged-row", "warning")])


@pytest.mark.parametrize(
    "cell", ["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+1+cmd()", "-2+3*A1", "-x", "+A1", "=HYPERLINK(1)"]
)
def test_formulas_are_text_and_reported(cell: str) -> None:
    record = only(f"A;B\nx;{cell}")
    (issue,) = record.issues
    assert record.get("B") == cell
    assert (issue.code, issue.severity, issue.value) == ("formula-cell", "warning", cell)
    assert (issue.place.path if issue.place else "", cell in str(issue)) == ('row 2 column "B"', False)


@pytest.mark.parametrize(
    "cell", ["-1", "-0,5", "-1.250,00", "+31 70 5550101", "-", "+", "12-4-2024", "-1-", "a=b", "x@y"]
)
def test_numbers_dates_and_telephone_numbers_are_no_formulas(cell: str) -> None:
    assert codes(only(f"A;B\nx;{cell}")) == []


def test_a_second_header_is_passed_over_with_a_finding() -> None:
    opened = table("A;B\n1;2\na; B \n3;4")
    assert [record.get("B") for record in opened] == ["2", "4"]
    (issue,) = opened.issues
    assert (issue.code, issue.severity, issue.place.path if issue.place else "") == (
        "row-skipped",
        "information",
        "row 3",
    )


def test_a_second_header_in_another_order_is_obeyed() -> None:
    records = list(table("A;B\n1;2\nB;A\n3;4"))
    assert [(record.get("A"), record.get("B")) for record in records] == [("1", "2"), ("4", "3")]
    assert (records[0].columns, records[1].columns) == (("A", "B"), ("B", "A"))


@pytest.mark.parametrize(
    "row", ["Totaal;;42;38", "TOTAAL: ;;;", "Subtotaal West;;3;4,5", ";Totaal;42;", "Total;;1;2", "Eindtotaal;;-;99%"]
)
def test_totals_are_passed_over_with_a_finding(row: str) -> None:
    opened = table(f"Locatie;Bed;Totaal;Vrij\nW;1;2;3\n{row}")
    assert ([record.row for record in opened], [issue.code for issue in opened.issues]) == ([2], ["row-skipped"])


@pytest.mark.parametrize("row", ["Totaal Zorg BV;Bed 1;2;3", "W;Totaal;2;3", "Totaalzorg;;2;3"])
def test_a_place_that_is_called_total_is_a_place(row: str) -> None:
    assert [record.row for record in table(f"Locatie;Bed;Totaal;Vrij\n{row}")] == [2]


def test_empty_rows_are_nothing() -> None:
    opened = table("A;B\n\n;;\n  ; \n1;2\n\n")
    assert ([record.row for record in opened], opened.issues) == ([5], [])


def test_titles_above_the_header_are_passed_over() -> None:
    opened = table("Bedden, week 3\n\nLocatie;Vrij;X\nW;1;2\nV;2;2\n")
    assert ([record.get("Vrij") for record in opened], [i.code for i in opened.issues]) == (["1", "2"], ["row-skipped"])


def test_required_columns_find_the_header() -> None:
    opened = table("Peildatum;12-4\nLocatie;Vrij\nW;1", Layout(required=("Vrij", "locatie")))
    assert [record.get("Vrij") for record in opened] == ["1"]


def test_all_missing_columns_are_named_at_once() -> None:
    with pytest.raises(MalformedMessage) as caught:
        table("Locatie;Beschikbaar\nW;1", Layout(required=("Locatie", "Vrij", "Bed")))
    assert [issue.diagnostics for issue in caught.value.issues] == [
        "there is no column 'Vrij'",
        "there is no column 'Bed'",
    ]


def test_a_column_that_stands_twice_is_reported() -> None:
    opened = table("A;Vrij;vrij\n1;2;3")
    assert [record.get("Vrij") for record in opened] == ["2"]
    assert [(issue.code, issue.severity) for issue in opened.issues] == [("repaired", "warning")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\r\n \r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel"),
        (b"\xff\xfeA\x00;\x00\x00\xd8", "UTF-16"),
        (b"a;\n" * 20 + b"b;c\n", "no header"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(MalformedMessage, match=why):
        list(table(data))


def test_a_nul_is_replaced_and_reported() -> None:
    record = only(b"A;B\nx\0y;2")
    assert (record.get("A"), codes(record)) == ("x\N{REPLACEMENT CHARACTER}y", [("malformed", "error")])


def test_a_row_without_end_is_passed_over_in_constant_memory() -> None:
    opened = read(Endless(b"A;B\r\n1;2\r\n", b'"' + b"x" * 65535, 1600, b"\r\n3;4"))
    assert [record.row for record in opened] == [2, 4]
    assert [issue.code for issue in opened.issues] == ["too-large", "row-skipped"]


class Endless:
    """A stream that is never whole in memory."""

    def __init__(self, first: bytes, repeated: bytes, times: int, last: bytes = b"") -> None:
        self._pieces = iter([first, *[repeated] * times, last])

    def read(self, _size: int = -1, /) -> bytes:
        return next(self._pieces, b"")


def test_a_layout_that_cannot_be_is_refused_with_every_reason() -> None:
    with pytest.raises(BadMapping, match=r"delimiter is not one character.*charset is not a character set"):
        Layout(delimiter=";;", charset="hex")
    with pytest.raises(BadMapping, match="also the quote"):
        Layout(delimiter='"')


def test_a_record_shows_nothing_of_its_content() -> None:
    assert "geheim" not in repr(only("A;B\ngeheim;1"))
