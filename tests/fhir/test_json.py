"""FHIR JSON: exact in, exact out, and anything that is no JSON is refused as such."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedMessage
from gateway.fhir.json import decode, encode, encode_pretty


def refusal(data: bytes | str, **limits: int) -> MalformedMessage:
    with pytest.raises(MalformedMessage) as refused:
        decode(data, **limits)
    return refused.value


@pytest.mark.parametrize("number", ["1.50", "0.010", "12345678901234567890.123456789", "-0.0", "100", "1E+3", "1E-7"])
def test_a_number_comes_out_as_it_went_in(number: str) -> None:
    assert encode(decode(f'{{"value":{number}}}')) == f'{{"value":{number}}}'.encode()


def test_a_fraction_is_a_decimal_and_a_whole_number_an_int() -> None:
    assert decode("[1.50, 7]") == [Decimal("1.50"), 7]
    assert [type(n) for n in decode("[1.50, 7]")] == [Decimal, int]


def test_keys_keep_their_order() -> None:
    assert encode(decode('{"b":1,"a":{"d":1,"c":2}}')) == b'{"b":1,"a":{"d":1,"c":2}}'


@pytest.mark.parametrize("data", [b'\xef\xbb\xbf{"a":1}', '\ufeff{"a":1}'])
def test_a_byte_order_mark_is_skipped(data: bytes | str) -> None:
    assert decode(data) == {"a": 1}


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'{"a":1,}', 1),
        (b'\n\n{"a" 1}', 3),
        (b"NaN", 1),
        (b"Infinity", 1),
        (b"", 1),
        (b"{} {}", 1),
        (b'{"a":\n"x', 2),
        (b'"\xff"', 1),
        (b'"\xed\xa0\x80"', 1),
        (b'"\\ud800"', 1),
        (b'"\\udc00"', 1),
        (b'"a\x00b"', 1),
        (b"9" * 5_000, 1),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(data: bytes, line: int) -> None:
    place = refusal(data).issues[0].place

    assert place is not None
    assert place.line == line


@pytest.mark.parametrize("data", ['"a\\u0000b"', '"\ud800"', "1e99999999999999999999"])
def test_what_fhir_cannot_hold_is_refused(data: str) -> None:
    assert refusal(data).issues[0].code == "malformed"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_json_in_wider_characters_is_told_so(codec: str) -> None:
    assert refusal('{"naam": 1}'.encode(codec)).issues[0].diagnostics == "the text is not UTF-8"


def test_an_escaped_backslash_before_u0000_is_text() -> None:
    assert decode('"a\\\\u0000"') == "a\\u0000"


def test_depth_is_limited() -> None:
    assert decode("[" * 64 + "]" * 64)
    assert "deeper than 64" in str(refusal("[" * 65 + "]" * 65))
    assert "deeper than 64" in str(refusal('{"a":' * 65 + "1" + "}" * 65))
    assert "deeper than 3" in str(refusal("[[[[1]]]]", max_depth=3))


def test_brackets_in_strings_do_not_count() -> None:
    assert decode('["' + "[" * 100 + '", "\\"", "]", "{\\\\"]')
    hidden = "[" + '"]",[' * 70 + '"[",1' + ',"["]' * 70 + "]"
    assert "deeper" in str(refusal(hidden))


@pytest.mark.parametrize("depth", [2_000, 200_000])
def test_a_bomb_of_brackets_is_refused(depth: int) -> None:
    assert refusal("[" * depth)
    assert refusal("[" * depth + "]" * depth)


def test_a_property_named_twice_is_refused_by_its_name() -> None:
    assert "twice: active" in str(refusal('{"id":"a","active":true,"b":{"c":"\\""},"active":false}'))
    assert "999900006" not in str(refusal('{"999900006":1,"999900006":2}'))


@pytest.mark.parametrize("number", ["1e400", "-1e-400", "0e400", "1E+999999999999999999", "0." + "0" * 120 + "1"])
def test_a_number_with_a_wild_exponent_is_refused(number: str) -> None:
    assert "exponent beyond 99" in str(refusal(f'{{"value":[{{"value":{number}}}]}}'))


@pytest.mark.parametrize("text", ['{"value":1E+99}', '{"value":-1E-99}', '{"value":"1E+400"}'])
def test_other_exponents_and_what_only_looks_like_one_pass(text: str) -> None:
    assert encode(decode(text)) == text.encode()


def test_pretty_is_for_people() -> None:
    assert encode_pretty({"a": [Decimal("1.50")]}) == b'{\n  "a": [\n    1.50\n  ]\n}\n'


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0d81 -e.\n', max_size=40).map(str.encode))
def test_any_bytes_are_json_or_a_malformed_message(data: bytes) -> None:
    try:
        value = decode(data)
    except MalformedMessage:
        return
    assert decode(encode(value)) == value
