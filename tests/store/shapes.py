"""Every shape of a search, made from the tables of types, parameters and modifiers, and the statements that it becomes.

A statement is known by its text: values are parameters of it, so the same shape on another type is the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.errors import BadRequest, TooLarge
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import (
    AnyOf,
    Chain,
    Filter,
    Has,
    SearchRequest,
    modifiers,
    parse,
    parse_several,
    served,
    targets,
    within,
)
from gateway.fhir.search.composites import shapes as composite_shapes
from gateway.fhir.search.paths import data_types, implied_systems
from gateway.fhir.search.singles import has_no_system
from gateway.fhir.types import resource_types
from gateway.store import Identity, history, search
from gateway.store.history import Span
from gateway.store.records import Engine
from gateway.store.search import Position, Scope
from gateway.store.search.apart import Found
from gateway.store.search.includes import read_includes
from gateway.store.search.pages import count_matches, read_page
from gateway.store.search.scope import is_single
from gateway.store.search.sql import TRUE
from gateway.validation.terms import Terms
from gateway.validation.terms.searched import SearchedCodes

VALUES = {
    "string": ("jansen", "jansen,de vries"),
    "token": ("http://x|a", "a", "a,b", "http://x|", "http://x|a,|b"),
    "date": ("2026-01-05", "ge2026-01-05", "ne2026", "ap2026-01-05", "lt2026,gt2027"),
    "number": ("5", "ge5", "ne5"),
    "quantity": ("5", "gt5|http://unitsofmeasure.org|mg", "5||mg"),
    "uri": ("http://example.org/a", "http://example.org/a,http://example.org/b"),
    "special": ("52.07|4.30|25|km", "52.07|4.30|1000|km"),
}
VALUES_OF_MODIFIERS = {
    "missing": ("true", "false"),
    "identifier": ("http://x|a", "a"),
    "of-type": ("http://x|MR|12",),
    "text": ("bloed",),
    "in": ("http://hl7.org/fhir/ValueSet/encounter-status",),
    "not-in": ("http://hl7.org/fhir/ValueSet/encounter-status",),
    "above": ("http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP",),
    "below": ("http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP",),
}
SCALARS: Mapping[str, Any] = {"date": 7, "number": 7.5, "quantity": 7.5}
CODES = SearchedCodes(Terms(None))
Pairs = Sequence[tuple[str, str]]


class Recorder:
    """A Database that remembers each statement by its text, and where `many`, says of all counts that they are high."""

    def __init__(self, db: Any, *, many: bool, into: dict[str, Sequence[Any]]) -> None:
        self._db = db
        self._many = many
        self.statements = into
        self.engine: Engine = db.engine
        self.seals = db.seals

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.statements.setdefault(sql, parameters)
        counted = sql.count("select count(*) from (select 1 from")
        if self._many and counted and sql.startswith(("select (select count(*)", "select count(*)")):
            return [(1_000_000,) * counted]
        found: list[tuple[Any, ...]] = self._db.rows(sql, parameters)
        return found


def statements(db: Any) -> dict[str, Sequence[Any]]:
    """Return the statements of every shape, each with parameters that fit it, whatever plan is chosen."""
    found: dict[str, Sequence[Any]] = {}
    for many in (False, True):
        recorder = Recorder(db, many=many, into=found)
        for request in requests():
            _ask(recorder, request)
        _several(recorder)
        _histories(recorder)
        _includes(recorder)
    return found


def near_statements(db: Any) -> dict[str, Sequence[Any]]:
    """Return those of what is near a place, which are the only ones that differ by engine."""
    found: dict[str, Sequence[Any]] = {}
    for many in (False, True):
        recorder = Recorder(db, many=many, into=found)
        for request in filter(_is_near, requests()):
            _ask(recorder, request)
    return found


def _is_near(request: SearchRequest) -> bool:
    return any("near" in name for name, _ in request.applied)


def requests() -> Iterator[SearchRequest]:
    """Yield a search of every shape, once."""
    known = set[Any]()
    for request in _requests():
        shape = _shape(request)
        if shape not in known:
            known.add(shape)
            yield request


def _shape(request: SearchRequest) -> Any:
    """Return what the statements of a search depend on: names and values of it do not count, their kinds do."""
    conditions = tuple(_of_condition(request.resource_type, condition) for condition in request.conditions)
    order = tuple((_of_parameter(request.resource_type, k.parameter), k.descending) for k in request.sort)
    return request.resource_type == "Slot", conditions, order, request.total, len(request.includes)


def _of_condition(resource_type: str, condition: Any) -> Any:
    match condition:
        case Filter(parameter, modifier, values):
            return _of_parameter(resource_type, parameter), modifier, tuple(map(_of_value, values))
        case Chain(parameter, ways):
            return "chain", resource_type == "Slot", tuple(_of_condition(target, then) for target, then in ways)
        case Has(source, _, then):
            return "has", _of_condition(source, then)
        case AnyOf(conditions):
            return "any", tuple(_of_condition(resource_type, each) for each in conditions)


def _of_parameter(resource_type: str, parameter: SearchParameter) -> Any:
    if parameter.type == "composite":
        return "composite", tuple(p.parameter.type for p in composite_shapes(resource_type, parameter)[0].parts)
    known = data_types(resource_type, parameter)
    plain = has_no_system(resource_type, parameter), bool(implied_systems(resource_type, parameter))
    slot = parameter.code if resource_type == "Slot" else parameter.code in {"_id", "_lastUpdated", "_text"}
    single = is_single(resource_type, parameter), "instant" in known
    return parameter.type, slot, plain, single, bool(parameter.targets)


def _of_value(value: Any) -> Any:
    shown = [type(value).__name__, getattr(value, "prefix", None)]
    return *shown, *(bool(getattr(value, name, None)) for name in ("system", "code", "types", "missing"))


def _requests() -> Iterator[SearchRequest]:
    for resource_type in sorted(resource_types()):
        for parameter in served(resource_type).values():
            for name, value in asked(resource_type, parameter):
                yield from _parsed(resource_type, [(name, value)])
                yield from _parsed(resource_type, [(name, value), ("_lastUpdated", "gt2026-01-01")])
    for resource_type, parameter in kinds():
        yield from _together(resource_type, parameter)
        yield from _related(resource_type, parameter)
    for resource_type in ("Patient", "Slot"):
        yield from _parsed(resource_type, [])
    yield within(parse("Observation", [("status", "final")]), "Patient", "1")


def asked(resource_type: str, parameter: SearchParameter) -> Iterator[tuple[str, str]]:
    """Yield a parameter with each of its modifiers and kinds of values."""
    for value in _plain(resource_type, parameter):
        yield parameter.code, value
    for modifier in modifiers(resource_type, parameter):
        for value in VALUES_OF_MODIFIERS.get(modifier, VALUES.get(parameter.type, ("x",))):
            yield f"{parameter.code}:{modifier}", value
    if parameter.type == "reference":
        yield f"{parameter.code}:{targets(parameter)[0]}", "1"


def _plain(resource_type: str, parameter: SearchParameter) -> Sequence[str]:
    if parameter.code == "_text":
        return ("koorts hoest*", "koorts,hoest")
    if parameter.type == "reference":
        first = targets(parameter)[0]
        return ("1", f"{first}/1", f"{first}/1,{first}/2", "https://x.example/fhir/Patient/1")
    if parameter.type == "composite":
        parts = composite_shapes(resource_type, parameter)[0].parts
        return ("$".join(_plain(resource_type, part.parameter)[0] for part in parts),)
    return VALUES[parameter.type]


def kinds() -> list[tuple[str, SearchParameter]]:
    """Return a parameter of each type, on several resource types, of which one has Slots' projection."""
    wanted = ("Slot", "Patient", "Encounter", "Location", "Observation", "Task", "RiskAssessment")
    found: dict[tuple[str, str], tuple[str, SearchParameter]] = {}
    for resource_type in wanted:
        for parameter in served(resource_type).values():
            found.setdefault((resource_type, parameter.type), (resource_type, parameter))
    return list(found.values())


def _together(resource_type: str, parameter: SearchParameter) -> Iterator[SearchRequest]:
    """Yield a parameter with others: two conditions, each order, a total."""
    (first, *_) = asked(resource_type, parameter)
    for other in (each for of_type, each in kinds() if of_type == resource_type):
        name, value = next(iter(asked(resource_type, other)))
        yield from _parsed(resource_type, [first, (name, value)])
        for sort in (other.code, f"-{other.code}", f"{other.code},-_id"):
            yield from _parsed(resource_type, [first, ("_sort", sort)])
            yield from _parsed(resource_type, [("_sort", sort)])
    yield from _parsed(resource_type, [first, ("_total", "accurate")])


def _related(resource_type: str, parameter: SearchParameter) -> Iterator[SearchRequest]:
    """Yield chains to a parameter, one and two references deep, and what points back."""
    (name, value), *_ = asked(resource_type, parameter)
    for source in ("Slot", "Schedule", "Encounter", "Patient", "Task", "Observation", "Location", "HealthcareService"):
        for reference in served(source).values():
            if reference.type != "reference" or resource_type not in targets(reference):
                continue
            chain = f"{reference.code}:{resource_type}.{name}"
            yield from _parsed(source, [(chain, value)])
            yield from _parsed(source, [(chain, value), ("_lastUpdated", "gt2026-01-01")])
            yield from _parsed(source, [(chain, value), ("_sort", "-_lastUpdated")])
            yield from _parsed("Observation", [(f"encounter:{source}.{chain}", value)])
            yield from _parsed("Slot", [(f"schedule.actor:{source}.{chain}", value), ("status", "free")])
            break
    for reference in served(resource_type).values():
        if reference.type == "reference":
            has = f"_has:{resource_type}:{reference.code}:{name}"
            yield from _parsed(targets(reference)[0], [(has, value)])
            yield from _parsed(targets(reference)[0], [(has, value), ("_lastUpdated", "gt2026-01-01")])
            break


def _parsed(resource_type: str, pairs: Pairs) -> Iterator[SearchRequest]:
    try:
        yield parse(resource_type, [*pairs, ("_count", "20")], codes=CODES)
    except (BadRequest, TooLarge):  # as of a chain that leads nowhere, and of an order by what has none
        return


def _ask(db: Recorder, request: SearchRequest) -> None:
    scope = Scope("https://gateway.example/fhir")
    search.read(db, request, scope)
    if request.total:
        count_matches(db, request, scope)
    for value in ("same", None) if request.sort else ("same",):
        read_page(db, request, scope, Position(_values(request, value), 7))


def _values(request: SearchRequest, value: str | None) -> tuple[Any, ...]:
    """Return sort values as they stand in a position: of a kind that the column has."""
    if not request.sort:
        return (0.00001,) if _is_near(request) else (7,) if request.resource_type == "Slot" else ()
    if value is None:
        return (None,) * len(request.sort)
    return tuple(7 if k.parameter.code == "_lastUpdated" else SCALARS.get(k.parameter.type, "x") for k in request.sort)


def _several(db: Recorder) -> None:
    for query in ([("_lastUpdated", "gt2026-01-01")], [("_type", "Slot,Schedule"), ("_sort", "-_lastUpdated")]):
        request = parse_several(("Slot", "Schedule", "Patient"), query, codes=CODES)
        search.read_several(db, request, Scope(), None)


def _histories(db: Recorder) -> None:
    for at in (None, (0, 2**60)):
        for types in (["Slot"], ["Patient", "Slot"]):
            history.of_types(db, dict.fromkeys(types, TRUE), Span(20, at=at))
            history.of_types(db, dict.fromkeys(types, TRUE), Span(20, at=at, after=(7, 7, 7)))
        history.of_instance(db, Identity("Slot", "s1"), Span(20, at=at))


def _includes(db: Recorder) -> None:
    for source, include in (("Slot", "_include"), ("Schedule", "_revinclude")):
        for value in ("Slot:schedule", "Slot:schedule:Schedule", "Slot:*"):
            for request in _parsed(source, [(include, value), ("_include:iterate", "Schedule:actor")]):
                for count in (1, 3):
                    matches = [Found(key, source, f"s{key}", b"{}") for key in range(1, count + 1)]
                    read_includes(db, request.includes, matches, Scope())
