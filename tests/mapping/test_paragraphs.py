"""Cut lines become paragraphs where the lines show it; whatever is in doubt stays as it was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.paragraphs import WIDTH, unwrapped

LONG = "Mw. klaagt sinds drie weken over toenemende pijn in haar heup, met"
SECOND = "name bij traplopen en bij het opstaan uit een stoel, en is gister in"


def test_a_line_goes_on_where_the_next_word_would_not_have_fitted() -> None:
    assert unwrapped(f"{LONG}\n{SECOND}\nde badkamer uitgegleden.") == f"{LONG} {SECOND} de badkamer uitgegleden."


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("Mw. klaagt sinds drie weken over toenemende pijn in de linkerheup.", "Gevallen"),
        (LONG, ""),
        (LONG, "Medicatie: metoprolol"),
        (LONG, "- metoprolol 50 mg"),
        (LONG, "2. acenocoumarol"),
        (LONG, "  ingesprongen"),
        ("metoprolol 50 mg 1 dd 1", "acenocoumarol volgens schema"),
        ("", "naam"),
    ],
    ids=["sentence", "blank", "label", "dash", "number", "indent", "short", "begins"],
)
def test_everything_else_stays_on_a_line_of_its_own(line: str, after: str) -> None:
    assert unwrapped(f"{line}\n{after}") == f"{line}\n{after}"


def test_who_cuts_through_words_gets_them_back() -> None:
    text = (
        "verdenking heupfractuur links na val in de badkamer; bekend met hartfalen en met boezemfibrilleren, "
        "waarvoor zij acenocoumarol gebruikt volgens het schema van de trombosedienst, en met een allergie voor "
        "penicilline die vijf jaar geleden is vastgesteld"
    )
    cut = "\n".join(text[i : i + WIDTH] for i in range(0, len(text), WIDTH))

    assert unwrapped(cut) == text


@pytest.mark.parametrize("lines", [1, 2])
def test_few_lines_of_exactly_the_width_may_have_been_cut_either_way(lines: int) -> None:
    text = "\n".join(["x" * WIDTH] * lines) + "\nvervolg"

    assert unwrapped(text) == text


def test_lines_filled_up_with_blanks_are_as_long_as_their_text() -> None:
    lines = ["metoprolol 50 mg".ljust(WIDTH), "acenocoumarol".ljust(WIDTH), "einde"]

    assert unwrapped("\n".join(lines)) == "metoprolol 50 mg\nacenocoumarol\neinde"


def test_a_longer_line_widens_the_letter_and_a_width_can_be_said() -> None:
    assert unwrapped(f"{LONG}\n{SECOND}, {'x' * 40}\n{LONG}") == f"{LONG}\n{SECOND}, {'x' * 40}\n{LONG}"
    assert unwrapped("een twee\ndrie vier", 10) == "een twee drie vier"


def test_blank_lines_stay() -> None:
    assert unwrapped("a\n\n\nb\n") == "a\n\n\nb\n"


@given(st.lists(st.text(alphabet="ab .:-\u00e9", max_size=90), max_size=8))
def test_no_letter_is_lost_or_moved(lines: list[str]) -> None:
    text = "\n".join(lines)

    assert [c for c in unwrapped(text) if not c.isspace()] == [c for c in text if not c.isspace()]
