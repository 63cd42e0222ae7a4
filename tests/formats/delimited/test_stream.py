"""Large files and any bytes: constant memory, a record or a finding for every row, never another error."""

import io
import re
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import Issue, MalformedMessage
from gateway.formats.delimited import Layout, read
from tests.shared import SHARED, needs_shared


class Generated:
    """A file made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int = -1, /) -> bytes:
        return next(self._pieces, b"")


def bed_list(rows: int) -> Iterator[bytes]:
    yield "Locatie;Afdeling;Bed;Status;Opmerking\r\n".encode("windows-1252")
    for row in range(rows):
        yield f'"Café {row % 7}";IC;{row};{"=1+1" if row % 100 == 0 else "VRIJ"};"a;b"\r\n'.encode("windows-1252")


def test_forty_thousand_rows_take_constant_memory() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        try:
            records = sum(record.get("Bed") is not None for record in read(Generated(bed_list(rows))))
            assert records == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    small, large = peak(2_000), peak(40_000)
    assert large < small * 1.2
    assert large < 2 * 1024 * 1024


def test_findings_on_skipped_rows_are_bounded() -> None:
    opened = read(Generated(iter([b"A;B\n", *[b"A;B\n"] * 5000])))
    assert list(opened) == []
    assert len(opened.issues) == 1001
    assert opened.issues[-1].diagnostics == "4000 more rows"


_CHARACTERS = st.sampled_from([*b'AB;,\t|" \r\n=+-@1\x00', 0xC3, 0xA9, 0xE9, 0x80])
_FILES = st.one_of(
    st.binary(max_size=120),
    st.lists(_CHARACTERS, max_size=120).map(bytes),
    st.lists(_CHARACTERS, max_size=80).map(lambda rest: b"Locatie;Bed\r\n" + bytes(rest)),
    st.text(max_size=60).map(lambda text: ("A;B\n" + text).encode("utf-16", "surrogatepass")),
)
_LAYOUTS = st.sampled_from(
    [Layout(), Layout(delimiter=";", charset="utf-8"), Layout(charset="iso-8859-1", required=("Bed",))]
)


@given(_FILES, _LAYOUTS, st.integers(1, 7))
def test_any_bytes_are_a_table_or_malformed(data: bytes, layout: Layout, size: int) -> None:
    pieces = iter([data[at : at + size] for at in range(0, len(data), size)])
    try:
        opened = read(Generated(pieces), layout)
        records = [
            (record.row, tuple(record.get(column) for column in record.columns), record.place("Bed"), record.issues)
            for record in opened
        ]
    except MalformedMessage:
        return
    assert [row for row, *_ in records] == sorted({row for row, *_ in records})
    for _, cells, _, issues in records:
        assert not any("\0" in cell for cell in cells if cell)
        assert all(issue.place for issue in issues)
    whole = [
        (r.row, tuple(r.get(c) for c in r.columns), r.place("Bed"), r.issues) for r in read(io.BytesIO(data), layout)
    ]
    assert whole == records


_E = "\N{LATIN SMALL LETTER E WITH ACUTE}"
_WORDS = ("", " ", "IC", " ic ", "12", "0,5", "-1", "- 1", "+31", "=1+1", "@b", "- bed", f"Caf{_E}", "\x1c", "a\0b")
_FIRST = (*_WORDS, "Totaal", " totaal: ", "Totaal IC", "subtotalen", "Bed", "Locatie ")
_HEADERS = ["Locatie;Bed;Vrij", "Bed;Vrij;Locatie", "locatie; BED ;vrij"]
_ROW = st.tuples(st.sampled_from(_FIRST), st.sampled_from(_WORDS), st.sampled_from(_WORDS)).map(";".join)
_RAGGED = st.text(st.sampled_from("AB 1-=,;"), max_size=6)
_ROWS = st.lists(st.one_of(_ROW, _ROW, _RAGGED, st.sampled_from(_HEADERS)), max_size=8)


@example(["IC;1;2", "Totaal;IC;12", "totaal IC;1;2", "Totaal IC;VRIJ;2"], "\r\n", "utf-8")
@example(["Bed;Locatie;Vrij", "=IC;1;2", " ;1;2"], "\n", "utf-8")
@given(_ROWS, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "windows-1252"]))
def test_rows_without_quotes_are_read_as_those_with_them(plain: list[str], end: str, charset: str) -> None:
    """A row without quotes takes the short way; the same row with a cell in quotes does not."""
    quoted = [re.sub("^([^;]*)", r'"\1"', row) if row.strip() else row for row in plain]

    assert _told(plain, end, charset) == _told(quoted, end, charset)


def _told(lines: list[str], end: str, charset: str) -> object:
    data = end.join(["Locatie;Bed;Vrij", *lines]).encode(charset)
    opened = read(io.BytesIO(data), Layout(delimiter=";", fallback_charset="windows-1252"))
    columns = ("Vrij", "Locatie", "Bed", "Kamer")
    records = [(r.row, r.values(columns), tuple(map(r.get, columns)), _issues(r.issues)) for r in opened]
    assert all(values == got for _, values, got, _ in records)
    return records, _issues(opened.issues)


def _issues(issues: Iterable[Issue]) -> list[object]:
    return [(i.code, i.severity, i.diagnostics, i.value, i.place and (i.place.path, i.place.line)) for i in issues]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8), min_size=3, max_size=3),
        max_size=5,
    )
)
def test_what_the_standard_writer_writes_is_read_back(rows: list[list[str]]) -> None:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerows([["Locatie", "Bed", "Vrij"], *[["W", *row] for row in rows]])
    read_back = [
        [record.get(column) for column in record.columns] for record in read(io.BytesIO(text.getvalue().encode()))
    ]
    assert read_back == [["W", *[cell.strip() or None for cell in row]][:3] for row in rows]


@needs_shared
@pytest.mark.parametrize(
    ("name", "records", "first"),
    [
        ("F03_bedextract_5min.csv", 7, {"Bedstatus": "BEZET", "peilmoment": "12-04-2024 08:15"}),
        ("F06_vvt_beddenlijst.csv", 4, {"AGB-code": "41999901", "Locatie": "De Duinhof Café", "Vrij": "2"}),
        ("F13_wijkverpleging_capaciteit.csv", 3, {"agb": "42999901"}),
    ],
)
def test_the_public_feeds_are_read(name: str, records: int, first: dict[str, str]) -> None:
    assert SHARED is not None
    with (SHARED / "data" / "feeds" / name).open("rb") as stream:
        found = list(read(stream, Layout(delimiter=";", charset="windows-1252" if "F06" in name else None)))
    assert len(found) == records
    assert {column: found[0].get(column) for column in first} == first
    assert not any(record.issues for record in found)
