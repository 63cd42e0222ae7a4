"""JSON and NDJSON as trees: places, several messages in one, and what is refused."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedMessage, Place, TooLarge
from gateway.fhir.json import encode
from gateway.formats import jsontree

MESSAGE = b"""{
  "afdeling": {"code": "SEH", "a/b": 1},
  "bedden": [
    {"vrij": 0},
    {"vrij": null, "soort": ""}
  ],
  "tekst": "een \\"haak\\" { en ,"
}
"""


def test_a_value_is_placed_by_pointer_line_and_byte() -> None:
    document = jsontree.parse(MESSAGE)

    assert document.place("/bedden/0/vrij") == Place("/bedden/0/vrij", 4, MESSAGE.index(b"0}"))
    assert document.place("/afdeling/a~1b") == Place("/afdeling/a~1b", 2, MESSAGE.index(b"1}"))
    assert document.place("/tekst") == Place("/tekst", 7, MESSAGE.index(b'"een'))
    assert document.place("") == Place("#", 1, 0)


def test_what_is_not_there_has_the_line_of_what_it_would_stand_in() -> None:
    document = jsontree.parse(MESSAGE, line=40)

    assert document.place("/bedden/1/bezet") == Place("/bedden/1/bezet", 44)


def test_the_leaves_are_the_values_that_are_not_empty() -> None:
    assert [key for key, _ in jsontree.parse(MESSAGE).leaves()] == [
        "/afdeling/code",
        "/afdeling/a~1b",
        "/bedden/0/vrij",
        "/tekst",
    ]


def test_a_byte_order_mark_is_passed_over() -> None:
    document = jsontree.parse(b'\xef\xbb\xbf{"a": 1}')

    assert document.root == {"a": 1}
    assert document.place("/a").byte == 9


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": 1, "a": 2}', "names a property twice: a"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b"12", "a JSON message is an object"),
        (b'"tekst"', "a JSON message is an object"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(MalformedMessage, match=what):
        jsontree.parse(data)


def test_a_message_that_is_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsontree, "MAX_BYTES", 10)

    with pytest.raises(TooLarge):
        jsontree.parse(b'{"a": "0123456789"}')


def test_each_line_is_a_message_with_its_place() -> None:
    first, second, third = jsontree.lines(BytesIO(b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"b": 2}\n{"c": 3}'))

    assert [part.document().root for part in (first, second, third)] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert second.document().place("/b") == Place("/b", 4, 23)
    assert (third.line, third.refusal) == (5, None)


def test_a_bad_line_stops_no_other() -> None:
    good, bad, last = jsontree.lines(BytesIO(b'{"a": 1}\n{"b"\n{"c": 3}\n'))

    with pytest.raises(MalformedMessage, match="line 2") as caught:
        bad.document()
    assert caught.value.issues[0].code == "malformed"
    assert (good.document().root, last.document().root) == ({"a": 1}, {"c": 3})


def test_a_half_last_line_is_told_and_not_taken() -> None:
    whole, half = jsontree.lines(BytesIO(b'{"a": 1}\n{"b": "SE'))

    with pytest.raises(MalformedMessage) as caught:
        half.document()
    (issue,) = caught.value.issues
    assert (issue.code, issue.place) == ("broken-off", Place("line", 2, 9))
    assert whole.document().root == {"a": 1}


def test_a_line_that_is_too_long_is_passed_over_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsontree, "MAX_LINE", 16)
    long, short = jsontree.lines(BytesIO(b'{"a": "' + b"x" * 100 + b'"}\n{"b": 2}\n'))

    with pytest.raises(TooLarge):
        long.document()
    assert len(long.content) == 17
    assert short.document().place("/b") == Place("/b", 2, 110 + 6)


def test_the_items_of_an_array_keep_their_bytes_and_places() -> None:
    data = b'[\n {"a": 1.50},\n null,\n {"a": [2, {}]}\n]'
    first, second = jsontree.items(jsontree.parse(data))

    assert (first.content, second.content) == (b'{"a": 1.50}', b'{"a": [2, {}]}')
    assert second.document().place("/a/1") == Place("/a/1", 4, data.index(b"{}"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_every_leaf_stands_where_its_place_says(root: dict[str, object]) -> None:
    try:
        document = jsontree.parse(data := encode(root))
    except MalformedMessage:
        return  # a NUL
    for pointer, place in document.leaves():
        value: object = document.root
        for token in pointer.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]  # type: ignore[index]  # it is a dict
        assert place.byte is not None
        assert data[place.byte :].startswith(encode(value))


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:1 ntu\\', max_size=60).map(str.encode))
def test_any_bytes_are_messages_or_refused(data: bytes) -> None:
    for part in jsontree.lines(BytesIO(data)):
        try:
            list(part.document().leaves())
        except (MalformedMessage, TooLarge):
            continue
