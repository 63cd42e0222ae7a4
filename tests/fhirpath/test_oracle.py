"""The same cases asked of fhirpathpy, an independent implementation.

Where fhirpathpy cannot answer (a function it lacks, an error) there is nothing to compare. Where it answers and
differs, `oracle_differences.yaml` says why ours stands; an entry that is no difference any more has to go.
"""

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.fhirpath import FhirPathError, compile  # noqa: A004 -- as re.compile
from gateway.fhirpath.values import Quantity, Temporal, Typed
from tests.fhirpath.cases import Case, read
from tests.fhirpath.resources import RESOURCES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fhirpathpy import evaluate
    from fhirpathpy.engine.nodes import FP_Quantity, FP_TimeBase
    from fhirpathpy.models import models

_CLOCK = ("now()", "today()", "timeOfDay()")
DIFFERENCES: set[str] = {
    expression
    for expressions in yaml.safe_load(Path(__file__).with_name("oracle_differences.yaml").read_text("utf-8")).values()
    for expression in expressions
}
CASES = [case for case in read() if not any(clock in case.expression for clock in _CLOCK)]


class Unanswered(Exception):
    """The oracle has no answer."""


def theirs(case: Case) -> list[Any]:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = evaluate(RESOURCES[case.root], case.expression, {}, models["r4"])
        except Exception as wrong:
            raise Unanswered from wrong
    return [_plain(value) for value in found]


def _plain(value: Any) -> Any:
    if isinstance(value, FP_TimeBase):  # its text has every digit, whatever was written
        raise Unanswered
    return str(value) if isinstance(value, FP_Quantity) else value


def ours(case: Case) -> Any:
    try:
        values = compile(case.expression, root=case.root).typed(RESOURCES[case.root])
    except FhirPathError as wrong:
        return f"error: {wrong}"
    plain = [str(value) if isinstance(value, Quantity | Temporal) else value for value in values]
    return [x for x in (v.value if isinstance(v, Typed) else v for v in plain) if x is not None]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_oracle_agrees(case: Case) -> None:
    try:
        wanted = theirs(case)
    except Unanswered:
        pytest.skip("the oracle has no answer")
    if case.expression in DIFFERENCES:
        assert ours(case) != wanted, "no difference any more: take it out of oracle_differences.yaml"
    else:
        assert ours(case) == wanted


def test_the_differences_are_cases() -> None:
    assert DIFFERENCES - {case.expression for case in CASES} == set()


def test_most_cases_are_compared() -> None:
    """A differential test that compares nothing proves nothing."""
    answered = 0
    for case in CASES[::7]:
        with contextlib.suppress(Unanswered):
            theirs(case)
            answered += 1
    assert answered > len(CASES[::7]) * 0.6
