"""Every function and operator, on invented resources: compiled with the type, and without."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from gateway.fhirpath import FhirPathError, ast, compile, parse  # noqa: A004 -- as re.compile
from gateway.fhirpath.calls import FUNCTIONS
from tests.fhirpath.cases import Case, read
from tests.fhirpath.resources import RESOURCES

NOW = datetime(2026, 1, 5, 10, 30, tzinfo=timezone(timedelta(hours=1)))
CASES = read()
OPERATORS = {*"= != ~ !~ < > <= >= + - * / div mod & and or xor implies | in contains".split(), "is", "as"}  # noqa: SIM905 -- the operators as the specification lists them


def answer(case: Case, root: str | None) -> Any:
    return compile(case.expression, root=root)(RESOURCES[case.root], now=NOW)


def check(case: Case, root: str | None) -> None:
    if isinstance(case.gives, str):
        with pytest.raises(FhirPathError) as raised:
            answer(case, root)
        assert case.gives.removeprefix("error").removeprefix(": ") in str(raised.value)
    else:
        found = answer(case, root)
        assert found == case.gives
        assert [type(f) for f in found] == [type(g) for g in case.gives] or _numbers(found, case.gives)


def _numbers(found: list[Any], wanted: list[Any]) -> bool:
    """1 = 1.0 in Python too, but 1 = true is an accident that must not pass."""
    pairs = [(f, w) for f, w in zip(found, wanted, strict=True) if type(f) is not type(w)]
    return all({type(f), type(w)} <= {int, Decimal} for f, w in pairs)


@pytest.mark.parametrize("case", [c for c in CASES if c.only != "untyped"], ids=str)
def test_with_the_type(case: Case) -> None:
    check(case, case.root)


@pytest.mark.parametrize("case", [c for c in CASES if c.only != "typed"], ids=str)
def test_without_a_type(case: Case) -> None:
    check(case, None)


def test_every_function_has_a_case() -> None:
    called = {n.name for c in CASES for n in _nodes(c.expression) if isinstance(n, ast.Call)}
    assert set(FUNCTIONS) - called == set()


def test_every_operator_has_a_case() -> None:
    used = {n.operator for c in CASES for n in _nodes(c.expression) if isinstance(n, ast.Binary | ast.TypeTest)}
    assert OPERATORS - used == set()


def _nodes(expression: str) -> list[ast.Node]:
    try:
        return list(ast.walk(parse(expression)))
    except FhirPathError:
        return []
