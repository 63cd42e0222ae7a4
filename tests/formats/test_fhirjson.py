"""FHIR JSON with places."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest, MalformedMessage
from gateway.fhir.json import encode
from gateway.formats.fhirjson import parse

BUNDLE = b"""\xef\xbb\xbf
{"resourceType": "Bundle", "entry": [
  {"resource": {"resourceType": "Slot", "status": "free", "comment": "a \\"{[ b"}},
  {"resource": {"resourceType": "Location", "name": "Caf\xc3\xa9", "a/b~c": [1.10, true, null, {}], "": 3}}
]}"""


@pytest.mark.parametrize(
    ("pointer", "line", "begins"),
    [
        ("", 2, b'{"resourceType": "Bundle"'),
        ("/entry", 2, b"[\n"),
        ("/entry/0/resource/status", 3, b'"free"'),
        ("/entry/1/resource", 4, b'{"resourceType": "Location"'),
        ("/entry/1/resource/name", 4, b'"Caf'),
        ("/entry/1/resource/a~1b~0c/0", 4, b"1.10"),
        ("/entry/1/resource/a~1b~0c/3", 4, b"{}"),
        ("/entry/1/resource/", 4, b"3"),
    ],
)
def test_places_point_into_the_bytes_as_received(pointer: str, line: int, begins: bytes) -> None:
    place = parse(BUNDLE).place(pointer)
    assert (place.path, place.line) == (pointer or "#", line)
    assert BUNDLE[place.byte :].startswith(begins)


@pytest.mark.parametrize("pointer", ["/none", "/entry/2", "/entry/0/resource/status/0", "/entry/x"])
def test_what_is_absent_has_its_pointer_only(pointer: str) -> None:
    place = parse(BUNDLE).place(pointer)
    assert (place.path, place.line, place.byte) == (pointer, None, None)


def test_what_is_no_pointer_is_refused() -> None:
    with pytest.raises(BadRequest, match="JSON pointer"):
        parse(BUNDLE).place("entry/0")


def test_decimals_are_exact() -> None:
    assert encode(parse(BUNDLE).resource["entry"][1]["resource"]["a/b~c"]) == b"[1.10,true,null,{}]"


@pytest.mark.parametrize("data", [b"[]", b"3", b"{}", b'{"resourceType": 3}', b'{"resourceType": "Slot"', b"", b"NaN"])
def test_what_is_no_resource_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse(data)


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
_SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS
_NAMES = st.sampled_from(["a", 'b"', "c/d", "\u00e9\\"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=8
)


@given(_VALUES, st.booleans())
def test_every_value_is_found_where_it_stands(value: object, ascii_: bool) -> None:
    data = json.dumps({"resourceType": "Basic", "x": value}, indent=1, ensure_ascii=ascii_).encode()
    tree = parse(data)
    for pointer, found in walk(value, "/x"):
        place = tree.place(pointer)
        read, _ = json.JSONDecoder().raw_decode(data[place.byte :].decode())
        assert read == found


def walk(value: object, pointer: str) -> list[tuple[str, object]]:
    inner: list[tuple[str, object]] = []
    if isinstance(value, dict):
        inner = [(key.replace("~", "~0").replace("/", "~1"), item) for key, item in value.items()]
    elif isinstance(value, list):
        inner = [(str(number), item) for number, item in enumerate(value)]
    return [(pointer, value), *(found for step, item in inner for found in walk(item, f"{pointer}/{step}"))]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_resource_or_malformed(data: bytes) -> None:
    try:
        parse(data)
    except MalformedMessage:
        return
