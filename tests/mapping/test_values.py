"""BSN, numbers, yes and no, ids, hashes, narrative, names: what each function does with one value."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.findings import Finding
from gateway.mapping.names import human_name
from gateway.mapping.values import Identifiers, bsn, decimal, hashed, narrative, yes

NAMESPACE = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


@pytest.mark.parametrize("text", ["999900006", "999900043", "999911120", " 999910589 ", "9999.00.006"])
def test_a_bsn_passes_the_eleven_test(text: str) -> None:
    assert bsn(text) == text.strip().replace(".", "")


def test_a_bsn_of_eight_digits_gets_its_zero_back() -> None:
    short = next(
        f"{n:08d}"
        for n in range(99990000, 99991000)
        if sum(int(d) * w for d, w in zip(f"0{n}", (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)) % 11 == 0
    )

    assert bsn(short) == f"0{short}"


@pytest.mark.parametrize(
    "text", ["123456789", "000000000", "99990000", "9999", "", "9999000060", "99990000a", "٩٩٩٩٠٠٠٠٦"]
)
def test_what_fails_the_eleven_test_is_never_used(text: str) -> None:
    with pytest.raises(Finding) as raised:
        bsn(text)

    assert (raised.value.code, raised.value.instead) == ("bad-bsn", None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("0,5", Decimal("0.5")),
        ("23,50", Decimal("23.50")),
        ("1.5", Decimal("1.5")),
        ("-1", -1),
        ("+3", 3),
        (" 7 ", 7),
        ("1.234,5", None),
        ("1.234", None),
        ("1,2,3", None),
        ("twee", None),
        ("", None),
        ("1e3", None),
        ("NaN", None),
    ],
)
def test_a_number_is_read_the_dutch_way_or_is_a_finding(text: str, number: object) -> None:
    if number is not None:
        assert decimal(text) == number
        assert type(decimal(text)) is type(number)
        return
    with pytest.raises(Finding):
        decimal(text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("J", True),
        ("ja", True),
        ("1", True),
        ("TRUE", True),
        ("x", True),
        ("N", False),
        ("nee", False),
        ("0", False),
        ("false", False),
    ],
)
def test_yes_and_no_are_read(text: str, answer: bool) -> None:
    assert yes(text) is answer


@pytest.mark.parametrize("text", ["misschien", "2", "jn"])
def test_what_is_neither_is_a_finding(text: str) -> None:
    with pytest.raises(Finding) as raised:
        yes(text)

    assert "J/N, ja/nee, 1/0, true/false" in raised.value.say("en")


def test_an_id_is_a_uuid_of_kind_and_parts_in_the_providers_namespace() -> None:
    ids = Identifiers(NAMESPACE)

    assert ids("bed", "3B", "1") == str(uuid.uuid5(uuid.UUID(NAMESPACE), "bed\x1f3B\x1f1"))
    assert ids("bed", "3B", "1") == Identifiers(NAMESPACE)("bed", "3B", "1")
    assert ids("bed", "3B", "1") != Identifiers(str(uuid.NAMESPACE_URL))("bed", "3B", "1")
    assert ids("bed", None, None) is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1, max_size=4))
def test_an_id_is_the_uuid_that_the_standard_library_makes(parts: list[str]) -> None:
    assert Identifiers(NAMESPACE)("k", *parts) == str(uuid.uuid5(uuid.UUID(NAMESPACE), "\x1f".join(["k", *parts])))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
def test_an_id_of_one_text_is_the_same_when_it_is_looked_up(text: str) -> None:
    ids = Identifiers(NAMESPACE)

    assert ids.of("k")[text] == ids("k", text)


def test_ids_that_are_looked_up_are_kept_within_bounds() -> None:
    ids = Identifiers(NAMESPACE).of("k")
    first = ids["0"]
    for n in range(70_000):
        ids[str(n)]

    assert len(ids) < 66_000
    assert ids["0"] == first
    assert ids[None] is None


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=4),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=4),
)
def test_different_parts_have_different_ids(one: list[str | None], other: list[str | None]) -> None:
    separators = any("\x1f" in (part or "") or "\x00" in (part or "") for part in (*one, *other))
    ids = Identifiers(NAMESPACE)
    empty = all(part is None for part in one) or all(part is None for part in other)

    assert separators or empty or (ids("k", *one) == ids("k", *other)) == (one == other)


def test_a_hash_is_of_all_its_parts() -> None:
    assert hashed("a", "b") != hashed("ab")
    assert hashed("a", None) != hashed("a")
    assert len(hashed("a") or "") == 64
    assert hashed(None, None) is None


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('a <b> & "c"', "<p>a &lt;b&gt; &amp; &quot;c&quot;</p>"),
        ("one\r\ntwo", "<p>one<br/>two</p>"),
        ("one\n\ntwo\n", "<p>one</p><p>two</p>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("a\x00b\x1b", "<p>ab</p>"),
    ],
)
def test_a_narrative_is_escaped_and_keeps_its_lines(text: str, body: str) -> None:
    assert narrative(text) == f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'


def test_a_narrative_of_nothing_is_empty() -> None:
    assert narrative(" \x00\n") is None


@given(st.text())
def test_a_narrative_is_valid_xhtml(text: str) -> None:
    from lxml import etree

    made = narrative(text)
    if made is not None:
        etree.fromstring(made.encode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("parts", "family", "text"),
    [
        (("Anna", "de", "Jansen"), "de Jansen", "Anna de Jansen"),
        (("Anna", None, "Jansen", "van", "Dijk"), "van Dijk-Jansen", "Anna van Dijk-Jansen"),
        (("Anna", "de", "Jansen", "van", "Dijk", "NL1"), "de Jansen", "Anna de Jansen"),
        (("Anna", "de", "Jansen", "van", "Dijk", "NL2"), "van Dijk", "Anna van Dijk"),
        (("Anna", "de", "Jansen", "van", "Dijk", "NL4"), "de Jansen-van Dijk", "Anna de Jansen-van Dijk"),
        ((None, None, None, "van", "Dijk"), "van Dijk", "van Dijk"),
        (("Anna", "de", None), None, "Anna"),
    ],
)
def test_a_dutch_name_is_put_together(parts: tuple[str | None, ...], family: str | None, text: str) -> None:
    name = human_name(*parts)

    assert name is not None
    assert (name.get("family"), name["text"]) == (family, text)


def test_the_parts_of_a_name_stand_beside_it_and_a_prefix_never_without_its_name() -> None:
    name = human_name("Anna Maria", "de", "Jansen", "van", None)

    assert name is not None
    assert [e["url"].rpartition("-")[2] + "=" + e["valueString"] for e in name["_family"]["extension"]] == [
        "prefix=de",
        "name=Jansen",
    ]
    assert name["given"] == ["Anna", "Maria"]


def test_a_name_of_nothing_is_empty() -> None:
    assert human_name(None, "de", None) is None
