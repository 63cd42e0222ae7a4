"""What a search is compiled with beside the request: whose eyes it has, which base is ours, which systems exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from gateway.errors import BadRequest
from gateway.fhir.frozen import frozen
from gateway.fhir.search import Condition, QuantityRange
from gateway.fhir.search.paths import alternatives, data_types, json_paths
from gateway.fhir.search.singles import Single, asked_by_code, singles
from gateway.store.records import microseconds
from gateway.store.sealed import NO_SEALS, Seals
from gateway.store.search.sql import TRUE, Sql, every, joined, sql
from gateway.store.search.units import UCUM

if TYPE_CHECKING:
    from gateway.fhir.parameters import SearchParameter
    from gateway.fhir.reduced import Form
    from gateway.fhir.search import SearchRequest
    from gateway.store.records import Engine
    from gateway.store.search.remembered import Memory

# Data types of which one value makes several rows.
_SEVERAL_ROWS = frozenset(
    {"HumanName", "Address", "CodeableConcept", "Quantity", "Duration", "Age", "Range", "canonical"}
)
_NOT_SORTED = "results cannot be sorted by {}: numbers that it finds are hidden in this store"
Indexed = tuple[str, str]  # resource type, parameter


# As many rows are all looked at, so that the total is known and any order is possible.
CANDIDATES = 500
# As many rows are walked in the hope to fill a page.
REACH = 1000


class Keyed(Protocol):
    """A store, or a Database of one."""

    @property
    def engine(self) -> Engine:
        """Return the engine, where the SQL must differ."""

    @property
    def seals(self) -> Seals:
        """Return the keys of the store."""


class Database(Keyed, Protocol):
    """What a search reads from: as much of `gateway.store.interface.Database` as it needs."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer."""


class Reduced(Protocol):
    """What may be seen of a type where not all of it is seen whole."""

    @property
    def condition(self) -> Condition:
        """Return what must hold of a resource for anything of it to be seen."""

    @property
    def form(self) -> Form:
        """Return in which form it is told, unless it is seen whole."""

    @property
    def owners(self) -> frozenset[str]:
        """Return the owners whose resources are seen whole, whatever else holds of them."""


class Visible(Protocol):
    """The predicate of a caller, made by `gateway.access.policy`."""

    @property
    def types(self) -> frozenset[str] | None:
        """Return the resource types that can be seen; None for all."""

    @property
    def at(self) -> int:
        """Return the moment at which it is asked, in microseconds; 0 where nothing depends on it."""

    @property
    def letter(self) -> str:
        """Return the right that is used, which tells its conditions from those of another right."""

    @property
    def memory(self) -> Memory | None:
        """Return where what its conditions are in SQL is remembered; None where that is not worth it."""

    def admits(self, resource_type: str) -> bool:
        """Return whether resources of this type can be seen at all."""

    def condition(self, resource_type: str) -> Condition | None:
        """Return what must hold of a resource of this type for it to be seen whole; None where nothing more must."""

    def reduced(self, resource_type: str) -> Reduced | None:
        """Return what is seen of a type in a reduced form, beside what is seen whole; None where nothing is."""


@frozen()
class Everything:
    """The predicate of the gateway itself, as when it looks whether a condition holds."""

    types: frozenset[str] | None = None
    at: int = 0
    letter: str = ""
    memory: Memory | None = None

    def admits(self, resource_type: str) -> bool:  # noqa: ARG002 - the interface of Visible
        """Return that everything can be seen."""
        return True

    def condition(self, resource_type: str) -> Condition | None:  # noqa: ARG002 - the interface of Visible
        """Return that nothing must hold of it."""
        return None

    def reduced(self, resource_type: str) -> Reduced | None:  # noqa: ARG002 - the interface of Visible
        """Return that all of it is seen whole."""
        return None


@frozen()
class Scope:
    """What every part of one search shares: whose eyes it has, which base is ours, how many rows are few.

    The engine, `systems` and `units` are filled in when the search is read, see `knowing`. `seals` hide numbers;
    `mixed`: some may stand in the index as other keys hid them, or as they are. `with_reduced`: who reads tells what is
    not seen whole in its reduced form (`gateway.store.search.apart`); any other finds only what is seen whole. `now` is
    when it is asked, by the clock of the machine where nobody says it.
    """

    base: str = ""
    visible: Visible = field(default_factory=Everything)
    candidates: int = CANDIDATES
    reach: int = REACH
    engine: Engine = "sqlite"
    seals: Seals = NO_SEALS
    mixed: bool = True
    systems: Mapping[Indexed, Sequence[str]] = field(default_factory=dict)
    units: Mapping[Indexed, Sequence[str]] = field(default_factory=dict)
    now: int | None = None

    @property
    def moment(self) -> int:
        """Return the moment at which it is asked, in microseconds: what is offered depends on it."""
        return microseconds(datetime.now(UTC)) if self.now is None else self.now

    with_reduced: bool = False

    def reduced(self, resource_type: str) -> Reduced | None:
        """Return what of a type is told in a reduced form; None where nothing is."""
        return self.visible.reduced(resource_type) if self.with_reduced else None

    def whole(self) -> Scope:
        """Return the scope of what is seen whole."""
        return replace(self, with_reduced=False) if self.with_reduced else self

    def of(self, db: Keyed) -> Scope:
        """Return the scope with engine and keys of a store: a number that is hidden is asked as it stands there."""
        if self.seals is db.seals and self.engine == db.engine:
            return self
        return replace(self, seals=db.seals, engine=db.engine)

    def settled(self, db: Database, *, mixed: bool) -> Scope:
        """Return the same, where it is known whether all that is searched was hidden by the present key."""
        found = self.of(db)
        return replace(found, mixed=mixed) if db.seals.finders else found

    def knowing(self, db: Database, request: SearchRequest) -> Scope:
        """Return the scope with the systems that occur in the token parameters which are asked by code alone.

        With them such a search is a few exact ranges of the index, in which the system stands before the code. With the
        units that occur, a quantity is asked in each that it can be converted to.
        """
        _check_sorting(db, request)
        every_one = list(singles(request.resource_type, request.conditions))
        by_code, by_unit = asked_by_code(every_one), _asked_by_unit(every_one)
        if not by_code and not by_unit and db.engine == self.engine:
            return self.of(db)
        systems, units = _occurring(db, "system", by_code), _occurring(db, "code", by_unit)
        return replace(self, seals=db.seals, engine=db.engine, systems=systems, units=units)

    def wider(self) -> Scope:
        """Return the scope for a search whose page was not full within reach."""
        return replace(self, candidates=10 * self.candidates)

    def unseen(self, at: int) -> Scope:
        """Return the scope of what the predicate itself looks at: that is not shown, and sees everything.

        It depends on nothing that is asked beside it.
        """
        return replace(self, visible=Everything(at=at), systems={}, units={}, now=at or self.now)


def _check_sorting(db: Database, request: SearchRequest) -> None:
    """Raise BadRequest for an order by numbers that are hidden: it would be an order of what a key made of them."""
    for key in request.sort if db.seals.finders else ():
        parameter = key.parameter
        if parameter.type == "token" and "Identifier" in data_types(request.resource_type, parameter):
            raise BadRequest(_NOT_SORTED.format(parameter.code))


@cache
def is_single(resource_type: str, parameter: SearchParameter) -> bool:
    """Return whether a resource has at most one index row of a parameter; a choice of types is one value."""
    first, *others = alternatives(parameter.expression or "")
    paths = json_paths(resource_type, first)
    if others or paths is None:
        return False
    return not any(path.many or path.type in _SEVERAL_ROWS for path in paths)


def _occurring(db: Database, column: str, wanted: Sequence[Indexed]) -> dict[Indexed, list[str]]:
    """Return the values that occur in a column of the index of each parameter: systems of tokens, units of UCUM."""
    found: dict[Indexed, list[str]] = {pair: [] for pair in wanted}
    if wanted:
        statement = joined(" union all ", [_distinct(n, column, *pair) for n, pair in enumerate(wanted)])
        for number, value in db.rows(*statement):
            found[wanted[number]].append(value)
    return found


def _distinct(number: int, column: str, resource_type: str, param: str) -> Sql:
    """Return the select of the distinct values of a column of one parameter, one step of the index for each."""
    table, of_system = ("index_token", TRUE) if column == "system" else ("index_quantity", sql("system = {}", UCUM))
    where = every([sql("type = {} and param = {}", resource_type, param), of_system])
    first = sql("select min({column}) from {table} where {}", where, column=column, table=table)
    return sql(
        "select {}, {column} from (with recursive found({column}) as (select ({}) union all"
        " select ({} and {column} > found.{column}) from found where found.{column} is not null)"
        " select {column} from found where {column} is not null) s",
        Sql(str(number)),
        first,
        first,
        column=column,
    )


def _asked_by_unit(every_one: Iterable[Single]) -> list[Indexed]:
    """Return the parameters whose quantities are asked in a unit that others can be converted to."""
    return sorted(
        {
            (of, parameter.code)
            for of, parameter, _, value in every_one
            if isinstance(value, QuantityRange) and value.system == UCUM and value.code
        }
    )
