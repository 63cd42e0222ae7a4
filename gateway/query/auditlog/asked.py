"""A search in the audit: its parameters, read strictly, as conditions on the index of its rows.

https://hl7.org/fhir/R4/auditevent.html#search
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gateway.errors import BadRequest, Issue
from gateway.fhir.datetime import read as read_moment
from gateway.fhir.parameters import SearchParameter, search_parameters
from gateway.fhir.search import Page, page_of
from gateway.fhir.search.served import DEFAULT_COUNT, MAX_COUNT, suggestion
from gateway.store.auditing import index, meanings
from gateway.store.auditing.finding import Condition, Wanted
from gateway.store.index.references import ELSEWHERE, located

TYPE = "AuditEvent"
CODES = ("date", "patient", "agent", "entity", "action", "outcome", "type", "subtype")
"""What the audit is searched by. Its rows are told newest first."""

_URA = "http://fhir.nl/fhir/NamingSystem/ura"
_ORGANISATION = "partner-"
_NOTHING = "\x7f"  # a value that no row has
_MOST_VALUES, _MOST_CONDITIONS = 50, 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was understood; `page` is what a page link says, until it is unsealed."""

    wanted: Wanted = field(default_factory=Wanted)
    count: int = DEFAULT_COUNT
    applied: tuple[tuple[str, str], ...] = ()
    page: Page | None = None

    @property
    def address(self) -> str:
        """Return what is searched."""
        return TYPE


def parameters() -> Sequence[SearchParameter]:
    """Return what the audit is searched by."""
    known = search_parameters(TYPE)
    return [known[code] for code in CODES]


def parse(pairs: Sequence[tuple[str, str]], base: str) -> Asked:
    """Return the search that the parameters ask for. BadRequest with everything that is wrong with them."""
    page = page_of(pairs)
    if page is not None:
        return Asked(page=page)
    asked, issues = Asked(applied=tuple(pairs)), list[Issue]()
    if len(pairs) > _MOST_CONDITIONS:
        raise BadRequest(f"the audit is searched by {_MOST_CONDITIONS} parameters at most")
    for name, value in pairs:
        try:
            asked = _with(asked, name, value, base)
        except BadRequest as error:
            issues += error.issues
    if issues:
        raise BadRequest(issues)
    return asked


def _with(asked: Asked, name: str, value: str, base: str) -> Asked:
    """Return the search with one more parameter. BadRequest."""
    if name == "_count":
        return replace(asked, count=_count(value))
    if name == "_sort":
        if value != "-date":
            raise BadRequest("the audit is told newest first: _sort is -date", code="bad-value")
        return asked
    if name == "date":
        return replace(asked, wanted=_within(asked.wanted, value))
    if name not in _CONDITIONS:
        near = suggestion(name.partition(":")[0], [*CODES, "_count", "_sort"])
        raise BadRequest(f"no parameter '{name[:60]}' on {TYPE}{near}", code="unknown-parameter")
    values = tuple(one for part in _parts(name, value) for one in _CONDITIONS[name](part, base))
    kind = name.partition(":")[0]
    conditions = (*asked.wanted.conditions, Condition(kind, values))
    return replace(asked, wanted=asked.wanted._replace(conditions=conditions))


def _parts(name: str, value: str) -> list[str]:
    parts = value.split(",")
    if not all(parts) or len(parts) > _MOST_VALUES or not value.isprintable():
        raise BadRequest(f"{name} takes 1 to {_MOST_VALUES} printable values, commas between them", code="bad-value")
    return parts


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value)):
        raise BadRequest(f"_count is a whole number from 1 to {MAX_COUNT}", code="bad-value")
    return min(int(value), MAX_COUNT)


def _within(wanted: Wanted, value: str) -> Wanted:
    """Return what is wanted within one more bound. https://hl7.org/fhir/R4/search.html#prefix"""
    prefix = value[:2] if value[:2] in _BOUNDS else "eq"
    moment = read_moment(value.removeprefix(prefix))
    if moment is None:
        raise BadRequest(
            f"date is one of {' '.join(_BOUNDS)} or none, then YYYY, YYYY-MM, YYYY-MM-DD …", code="bad-value"
        )
    since, until = _BOUNDS[prefix](moment.low, moment.high)
    return wanted._replace(since=max(wanted.since, since), until=min(wanted.until, until))


_EVER = Wanted()
_BOUNDS: Mapping[str, Callable[[int, int], tuple[int, int]]] = MappingProxyType(
    {
        "eq": lambda low, high: (low, high),
        "ge": lambda low, _: (low, _EVER.until),
        "gt": lambda _, high: (high, _EVER.until),
        "sa": lambda _, high: (high, _EVER.until),
        "le": lambda _, high: (_EVER.since, high),
        "lt": lambda low, _: (_EVER.since, low),
        "eb": lambda low, _: (_EVER.since, low),
    }
)


def _reference(part: str, base: str) -> tuple[str, str]:
    """Return (type, id) of a reference to what is here, of one to another server what is never there. BadRequest."""
    found = located(part, base)
    if found is None or (found[0] == ELSEWHERE and "://" not in part):
        raise BadRequest("a reference is written as Type/id", code="bad-value")
    return found


def _patient(part: str, base: str) -> tuple[str, ...]:
    if "/" not in part:
        return (part,)
    type_, id_ = _reference(part, base)
    return (id_,) if type_ == "Patient" else (_NOTHING,)


def _entity(part: str, base: str) -> tuple[str, ...]:
    return ("/".join(_reference(part, base)),)


def _agent(part: str, base: str) -> tuple[str, ...]:
    type_, id_ = _reference(part, base)
    is_partner = type_ == "Organization" and id_.startswith(_ORGANISATION)
    return (id_.removeprefix(_ORGANISATION),) if is_partner else (_NOTHING,)


def _agent_identifier(part: str, _: str) -> tuple[str, ...]:
    system, bar, value = part.rpartition("|")
    return (_NOTHING if bar and system not in {"", _URA} else value,)


def _token(systems: Mapping[str, str]) -> Callable[[str, str], tuple[str, ...]]:
    """Return what reads a token of some systems; the mark of its system stands before a code in the index."""

    def read(part: str, _: str) -> tuple[str, ...]:
        system, bar, code = part.rpartition("|")
        if not bar:
            return tuple(f"{mark}{code}" for mark in dict.fromkeys(systems.values()))
        return (f"{systems[system]}{code}" if system in systems else _NOTHING,)

    return read


_CONDITIONS: Mapping[str, Callable[[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        index.PATIENT: _patient,
        index.ENTITY: _entity,
        index.AGENT: _agent,
        f"{index.AGENT}:identifier": _agent_identifier,
        index.ACTION: _token({"http://hl7.org/fhir/audit-event-action": ""}),
        index.OUTCOME: _token({"http://hl7.org/fhir/audit-event-outcome": ""}),
        index.TYPE: _token(meanings.MARKS),
        index.SUBTYPE: _token(meanings.MARKS),
    }
)
