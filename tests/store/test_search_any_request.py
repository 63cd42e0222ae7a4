"""Whatever a search may ask, the database answers it, on both engines."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest, TooLarge
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import modifiers, parse, served
from gateway.fhir.search.composites import shapes
from gateway.fhir.types import resource_types
from gateway.store import Identity, Store, search
from gateway.store.search import Position, Scope
from tests.store.writing import put

TYPES = ("Slot", "Patient", "Encounter", "Location", "Task", "RiskAssessment", "Observation", "DocumentReference")


class _AnyCodes:
    """Value sets and code systems in which everything is."""

    def members(self, value_set: str) -> list[tuple[str, str]]:
        return [(value_set, "a"), ("", "b")] if len(value_set) > 4 else []

    def related(self, system: str, code: str, direction: str) -> list[str]:
        return [code, f"{system} {direction}"]


INJECTIONS = [
    "' or 1=1 --",
    '"; drop table current',
    "%",
    "_",
    "?",
    "{}",
    "{key}",
    "\\",
    "x' union select 1",
    "%s",
    "$1",
]
WORDS = st.sampled_from(
    [*INJECTIONS, "free", "2026-01-05", "ge2026", "ap0001", "lt9999-12-31", "5", "5.40||mg", "s|c", "|c", "s|"]
)
VALUES = {
    "date": st.sampled_from(["2026-01-05", "ge2026", "ne2026-01-05T10:00", "ap0001", "lt9999-12-31", "ap9999"]),
    "number": st.sampled_from(["5", "ne5.40", "gt1e99", "ap-3", "lt-1e99"]),
    "quantity": st.sampled_from(["5", "5.40||mg", "gt5|http://unitsofmeasure.org|min", "ap-3||'"]),
    "composite": st.sampled_from(
        ["5$5", "s|c$gt5||mg", "|c$2026-01-05", "s|$%", "c$http://s|c", "1$c", "Patient/1$s|c"]
    ),
    "reference": st.sampled_from(
        ["1", "Patient/1", "Patient/1/_history/2,Patient/3", "https://x.example/fhir/Patient/1", "urn:uuid:1"]
    ),
}


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """Return a type and parameters that are known there, with modifiers that they take and values of their type."""
    resource_type = draw(st.sampled_from(TYPES))
    pairs = []
    for _ in range(draw(st.integers(1, 3))):
        parameter = draw(st.sampled_from(sorted(served(resource_type).values(), key=lambda p: p.code)))
        modifier = draw(st.sampled_from(["", *modifiers(resource_type, parameter)]))
        value = "true" if modifier == "missing" else draw(VALUES.get(parameter.type, WORDS))
        value = {"identifier": "s|c", "of-type": "s|c|v", "below": "http://s|c", "above": "http://s|c"}.get(
            modifier, value
        )
        pairs.append((f"{parameter.code}:{modifier}" if modifier else parameter.code, value))
    codes = [code for code in sorted(served(resource_type)) if draw(st.integers(0, 15)) == 0]
    return resource_type, [*pairs, *([("_sort", ",-".join(codes[:4]))] if codes else [])]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=queries(), candidates=st.sampled_from([500, 0]), total=st.booleans())
def test_any_request_is_answered(
    store: Store, asked: tuple[str, list[tuple[str, str]]], candidates: int, total: bool
) -> None:
    resource_type, pairs = asked
    try:
        request = parse(resource_type, [*pairs, *([("_total", "accurate")] if total else [])], codes=_AnyCodes())
    except (BadRequest, TooLarge):
        return
    with store.reading() as db:
        results = search.read(db, request, Scope(candidates=candidates))
        assert results.matches == []
        assert results.total == 0
        columns = max(1, len(request.sort)) if resource_type == "Slot" else len(request.sort)
        search.read(db, request, Scope(candidates=candidates), Position((None,) * columns, 7))


SOME = {"date": "ge2026-01-05", "number": "5", "quantity": "5||mg", "special": "52.07|4.30|25|km"}


def _some_value(resource_type: str, parameter: SearchParameter) -> str:
    if parameter.type == "composite":
        parts = shapes(resource_type, parameter)[0].parts
        return "$".join(_some_value(resource_type, part.parameter) for part in parts)
    if parameter.type == "reference":
        return f"{(parameter.targets or ('Patient',))[0]}/1"
    return SOME.get(parameter.type, "x")


@pytest.mark.slow
def test_every_parameter_of_every_type_can_be_asked(store: Store) -> None:
    with store.reading() as db:
        for resource_type in sorted(resource_types()):
            for parameter in served(resource_type).values():
                is_sorted_by = parameter.type not in {"composite", "special"} and parameter.code != "_text"
                sort = [("_sort", parameter.code)] if is_sorted_by else []
                asked = [(parameter.code, _some_value(resource_type, parameter)), *sort]
                request = parse(resource_type, asked, refuse_codes=False)
                assert search.read(db, request, Scope()).matches == []


@pytest.mark.parametrize("value", INJECTIONS)
def test_sql_in_a_value_is_a_value(store: Store, value: str) -> None:
    put(store, Identity("Location", "a"))
    with store.reading() as db:
        for code in ("identifier", "name:exact", "_id", "_source", "organization:identifier"):
            request = parse("Location", [(code, value.replace("\\", "\\\\").replace(",", "\\,"))])
            assert search.read(db, request, Scope()).matches == []
        assert search.read(db, parse("Location", []), Scope()).total == 1
