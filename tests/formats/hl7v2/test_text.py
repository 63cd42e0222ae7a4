"""Character sets and escape sequences: what is declared, what is there, and what is made of it."""

import pytest

from gateway.formats.hl7v2 import Message, parse


def message(body: str, codec: str, msh18: str = "", msh19: str = "") -> Message:
    return parse(f"MSH|^~\\&|EPD|||||||||2.5.1||||||{msh18}|{msh19}\rPID|||{body}".encode(codec))


def found(read: Message) -> list[tuple[str, str, str]]:
    return [(issue.code, issue.severity, issue.place.path if issue.place else "") for issue in read.issues]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("8859/1", "iso-8859-1"),
        ("8859/15", "iso-8859-15"),
        ("UNICODE UTF-8", "utf-8"),
        ("UNICODE", "utf-8"),
        ("UTF-8", "utf-8"),
        ("ISO-8859-1", "iso-8859-1"),
        ("windows-1252", "windows-1252"),
        ("8859/2", "iso-8859-2"),
        ("8859/5", "iso-8859-5"),
        ("GB 18030-2000", "gb18030"),
        ("BIG-5", "big5"),
        ("KS X 1001", "euc_kr"),
        ("ISO IR87", "iso2022_jp"),
    ],
)
def test_the_declared_character_set_reads_the_message(declared: str, codec: str) -> None:
    texts = {
        "iso-8859-2": "Łódź",
        "iso-8859-5": "Москва",
        "gb18030": "北京市",
        "big5": "臺北",
        "euc_kr": "서울",
        "iso2022_jp": "東京",
    }
    text = texts.get(codec, "Café Zoë")
    read = message(text, codec, declared)
    assert (read.get("PID-3"), read.charset, read.issues) == (text, codec, ())


@pytest.mark.parametrize("declared", ["", "ASCII", "8859/1", "UNICODE UTF-8", "8859/15", "windows-1252"])
def test_plain_ascii_needs_no_finding_whatever_is_declared(declared: str) -> None:
    read = message("Jansen", "ascii", declared)
    assert (read.get("PID-3"), read.issues) == ("Jansen", ())


@pytest.mark.parametrize(
    ("declared", "codec", "text", "read_by"),
    [
        ("UNICODE UTF-8", "iso-8859-1", "Café", "windows-1252"),
        ("8859/1", "utf-8", "Café", "utf-8"),
        ("8859/1", "windows-1252", "€ 10 “bed”", "windows-1252"),
        ("ASCII", "iso-8859-1", "Zoë", "windows-1252"),
        ("UNICODE UTF-16", "utf-8", "Zoë", "utf-8"),
        ("", "iso-8859-1", "Zoë", "windows-1252"),
        ("", "utf-8", "Zoë", "utf-8"),
        ("NONSENSE", "iso-8859-1", "Zoë", "windows-1252"),
    ],
)
def test_a_character_set_that_is_untrue_unknown_or_absent_is_a_warning(
    declared: str, codec: str, text: str, read_by: str
) -> None:
    read = message(text, codec, declared)
    assert (read.get("PID-3"), read.charset) == (text, read_by)
    assert found(read) == [("charset", "warning", "MSH-18")]


def test_a_character_set_one_field_too_far_is_used_and_reported() -> None:
    read = message("Café", "iso-8859-1", "NLD", "8859/1")
    assert (read.get("PID-3"), read.charset) == ("Café", "iso-8859-1")
    assert "one field too far" in read.issues[0].diagnostics


def test_the_first_known_repetition_counts() -> None:
    assert message("Café", "iso-8859-15", "~8859/15").charset == "iso-8859-15"


def test_the_fallback_is_the_callers() -> None:
    data = "MSH|^~\\&|\rPID|||Łódź".encode("iso-8859-2")
    assert parse(data, fallback_charset="iso-8859-2").get("PID-3") == "Łódź"


def test_bytes_that_no_character_set_fits_are_still_read() -> None:
    read = parse(b"MSH|^~\\&|EPD|||||||||||||||UNICODE UTF-8\rPID|||\x81\x8d")
    assert (read.charset, len(read.get("PID-3") or "")) == ("iso-8859-1", 2)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_two_byte_unicode_is_read_with_places(codec: str) -> None:
    text = "MSH|^~\\&|EPD|||||||||2.5.1||||||UNICODE UTF-16\r\nPID|||Zoë^x"
    data = text.encode(codec)
    read = parse(data)
    place = read.place("PID-3.2")
    assert (read.get("PID-3"), place.line, read.issues) == ("Zoë", 2, ())
    assert data[place.byte :] == "x".encode("utf-16-be" if codec == "utf-16-be" else "utf-16-le")


def test_a_byte_order_mark_declares_utf8() -> None:
    read = parse(b"\xef\xbb\xbf" + "MSH|^~\\&|\rPID|||Zoë".encode())
    assert (read.get("PID-3"), read.charset, read.issues) == ("Zoë", "utf-8", ())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\F\b", "a|b"),
        (r"a\S\b", "a^b"),
        (r"a\T\b", "a&b"),
        (r"a\R\b", "a~b"),
        (r"a\E\b", "a\\b"),
        (r"\E\T\E\ ", "\\T\\ "),
        (r"a\X0D0A\b", "a\r\nb"),
        (r"a\X0d\b", "a\rb"),
        (r"a\.br\b", "a\nb"),
        (r"a\.sp2\b", "a\n\nb"),
        (r"a\.sk3\b", "a   b"),
        (r"a\.ce\b", "a\nb"),
        (r"\.in+4\a\.fi\\.nf\\.ti-2\b", "ab"),
        (r"\H\a\N\b", "ab"),
        (r"a\T\b\T\c", "a&b&c"),
        (r"a\T\T\b", "a&T\\b"),
    ],
)
def test_escapes_are_decoded(written: str, meant: str) -> None:
    assert message(written, "ascii").get("PID-3") == meant


@pytest.mark.parametrize(
    ("declared", "written", "meant"),
    [
        ("8859/1", r"Caf\XE9\ ", "Café "),
        ("UNICODE UTF-8", r"Caf\XC3A9\ ", "Café "),
        ("windows-1252", r"\X80\10", "€10"),
        ("", r"Caf\XC3A9\ ", "Café "),
        ("", r"Caf\XE9\ ", "Café "),
    ],
)
def test_hexadecimal_escapes_are_read_in_the_messages_character_set(declared: str, written: str, meant: str) -> None:
    read = message(written, "ascii", declared)
    assert (read.get("PID-3"), read.issues) == (meant, ())


@pytest.mark.parametrize(
    "written",
    [
        r"a\Zlocal\b",
        r"a\C2842\b",
        r"a\M2842\b",
        r"C:\temp",
        "a\\",
        r"\X0\ ",
        r"\XGG\ ",
        r"\X00\ ",
        r"\.xx\ ",
        r"\f\ ",
        r"\P\ ",
    ],
)
def test_unknown_escapes_are_kept_and_reported_with_their_place(written: str) -> None:
    read = message(f"x^{written}", "ascii")
    assert read.get("PID-3.2") == written
    assert found(read) == [("unknown-escape", "warning", "PID-3.2")]
    assert read.issues[0].value == written
    assert written not in str(read.issues[0])


def test_hexadecimal_bytes_that_are_no_text_are_kept_and_reported() -> None:
    read = message(r"\XFFFE\ ", "ascii", "UNICODE UTF-8")
    assert (read.get("PID-3"), len(read.issues)) == (r"\XFFFE\ ", 1)


def test_the_truncation_character_is_escaped_as_p() -> None:
    read = parse(b"MSH|^~\\&#|EPD\rPID|||a\\P\\b")
    assert (read.get("PID-3"), read.issues) == ("a#b", ())


def test_escapes_follow_the_messages_own_delimiters() -> None:
    read = parse(b"MSH|^_\\&|EPD\rPID|||a\\R\\b\\S\\c\rPV1")
    assert read.get("PID-3") == "a_b^c"


def test_an_escaped_delimiter_separates_nothing() -> None:
    read = message(r"a\S\b\T\c\R\d^e", "ascii")
    assert (read.get("PID-3.1"), read.get("PID-3.2"), read.all("PID")[0].repetitions(3)) == ("a^b&c~d", "e", 1)


def test_escaped_quotes_are_text() -> None:
    assert message(r'"\X22\ ', "ascii").get("PID-3") == '"" '
