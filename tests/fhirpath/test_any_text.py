"""Any text is an expression or a FhirPathError; any resource gives an answer or a FhirPathError."""

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.fhirpath import FhirPathError, compile, parse  # noqa: A004 -- as re.compile
from tests.fhirpath.cases import read
from tests.fhirpath.resources import PATIENT

_EXPRESSIONS = [case.expression for case in read() if case.root == "Patient"]
_PIECES = st.sampled_from(
    ["name", "given", ".", "(", ")", "'", "'a'", "1", "1.5", " ", "and", "or", "=", "|", "where(", "first()", "$this",
     "%sct", "@2026", "[", "0", "]", "{}", "-", "is", "as", "Patient", "birthDate", "~", "&", "exists()", "not()",
     "\\", "`"]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(PATIENT)), inner, max_size=4),
    max_leaves=12,
)


def answered(text: str, value: Any, root: str | None) -> None:
    with contextlib.suppress(FhirPathError):
        compile(text, root=root)(value)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.lists(_PIECES, max_size=12).map("".join), st.booleans())
def test_any_text(text: str, source_paths: bool) -> None:
    with contextlib.suppress(FhirPathError):
        parse(text, source_paths=source_paths)
    answered(text, PATIENT, "Patient")
    answered(text, PATIENT, None)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(_EXPRESSIONS),
    st.sampled_from(_EXPRESSIONS),
    st.sampled_from(["{} and {}", "({}) | ({})", "({}) = ({})", "iif({}, {})"]),
)
def test_expressions_put_together(one: str, other: str, pattern: str) -> None:
    answered(pattern.format(one, other), PATIENT, "Patient")
    answered(pattern.format(one, other), PATIENT, None)


_NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
_RECKONED = [
    "%a + %b", "%a - %b", "%a * %b", "%a / %b", "%a div %b", "%a mod %b", "%a = %b", "%a ~ %b", "%a < %b",
    "%a.power(%b)", "%a.log(%b)", "%a.exp()", "%a.ln()", "%a.sqrt()", "%a.round(2)", "%a.floor()", "%a.toString()",
    "%a.lowBoundary()", "%a.highBoundary(3)", "%a.toQuantity() = %b.toQuantity()", "%a.toInteger()", "-%a",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_RECKONED), _NUMBERS, _NUMBERS)
def test_any_numbers(text: str, a: Any, b: Any) -> None:
    with contextlib.suppress(FhirPathError):
        compile(text)({}, a=a, b=b)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_EXPRESSIONS), _JSON)
def test_any_resource(text: str, value: Any) -> None:
    answered(text, value, "Patient")
    answered(text, value, None)
