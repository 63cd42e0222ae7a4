from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.search import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("de Vriès", "DE VRIES"),
        ("Özdemir", "ozdemir"),
        ("'s-Gravenhage", "s Gravenhage"),
        ("van  den\tBerg", "van den Berg"),
        ("Jansen-de Boer", "jansen de boer"),
        ("1012 JS", "1012js"),
        ("Straße", "STRASSE"),
        ("Søren", "Soren"),
        ("ĳs", "ijs"),
        ("İstanbul", "istanbul"),
    ],
)
def test_case_accents_punctuation_and_spacing_do_not_count(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
