"""What a search is compiled with beside the request: whose eyes it has, which base is ours, which systems exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from gateway.fhir.elements import required_codings
from gateway.fhir.frozen import frozen
from gateway.fhir.search import Chain, Condition, Filter, Has, Token
from gateway.fhir.search.paths import alternatives, data_types, json_paths, paths_of
from gateway.store.search.sql import FALSE, TRUE, Sql, joined, one_of, sql

if TYPE_CHECKING:
    from gateway.fhir.parameters import SearchParameter
    from gateway.fhir.search import SearchRequest

# Data types whose tokens are written without a system.
_PLAIN = frozenset({"code", "id", "string", "uri", "boolean", "ContactPoint"})
# Data types of which one value makes several rows.
_SEVERAL_ROWS = frozenset(
    {"HumanName", "Address", "CodeableConcept", "Quantity", "Duration", "Age", "Range", "canonical"}
)
Indexed = tuple[str, str]  # resource type, parameter


# As many rows are all looked at, so that the total is known and any order is possible.
CANDIDATES = 500
# As many rows are walked in the hope to fill a page.
REACH = 1000


class Database(Protocol):
    """What a search reads from: as much of `gateway.store.interface.Database` as it needs."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer."""


class Visible(Protocol):
    """The predicate of a caller, made by `gateway.access.policy`."""

    @property
    def types(self) -> frozenset[str] | None:
        """Return the resource types that can be seen; None for all."""

    def admits(self, resource_type: str) -> bool:
        """Return whether resources of this type can be seen at all."""


@frozen()
class Everything:
    """The predicate of the gateway itself, as when it looks whether a condition holds."""

    types: frozenset[str] | None = None

    def admits(self, resource_type: str) -> bool:  # noqa: ARG002 - the interface of Visible
        """Return that everything can be seen."""
        return True


@frozen()
class Scope:
    """What every part of one search shares: whose eyes it has, which base is ours, how many rows are few.

    `systems` is filled in when the search is read, see `knowing`.
    """

    base: str = ""
    visible: Visible = field(default_factory=Everything)
    candidates: int = CANDIDATES
    reach: int = REACH
    systems: Mapping[Indexed, Sequence[str]] = field(default_factory=dict)

    def knowing(self, db: Database, request: SearchRequest) -> Scope:
        """Return the scope with the systems that occur in the token parameters which are asked by code alone.

        With them such a search is a few exact ranges of the index, in which the system stands before the code.
        """
        return replace(self, systems=_occurring_systems(db, request.resource_type, request.conditions))

    def wider(self) -> Scope:
        """Return the scope for a search whose page was not full within reach."""
        return replace(self, candidates=10 * self.candidates)

    def sees(self, resource_type: str) -> Sql:
        """Return the condition under which a resource of this type may take part: as match, in a chain, in a count."""
        return TRUE if self.visible.admits(resource_type) else FALSE

    def sees_any(self, column: str) -> Sql:
        """Return the same where the type stands in a column."""
        types = self.visible.types
        return TRUE if types is None else one_of(column, sorted(types))


@cache
def implied_systems(resource_type: str, parameter: SearchParameter) -> frozenset[str]:
    """Return the code systems that the codes a parameter finds have by their binding, and so do not write."""
    bindings = {path.binding for path in paths_of(resource_type, parameter) if path.type == "code" and path.binding}
    return frozenset(system for binding in bindings for system in required_codings(binding) or ())


@cache
def is_single(resource_type: str, parameter: SearchParameter) -> bool:
    """Return whether a resource has at most one index row of a parameter; a choice of types is one value."""
    first, *others = alternatives(parameter.expression or "")
    paths = json_paths(resource_type, first)
    if others or paths is None:
        return False
    return not any(path.many or path.type in _SEVERAL_ROWS for path in paths)


def has_no_system(resource_type: str, parameter: SearchParameter) -> bool:
    """Return whether the tokens of a parameter never have a system: codes, booleans, telephone numbers."""
    found = data_types(resource_type, parameter)
    return bool(found) and found <= _PLAIN


def _occurring_systems(db: Database, resource_type: str, conditions: Sequence[Condition]) -> dict[Indexed, list[str]]:
    wanted = sorted({pair for condition in conditions for pair in _asked_by_code(resource_type, condition)})
    found: dict[Indexed, list[str]] = {pair: [] for pair in wanted}
    if wanted:
        statement = joined(" union all ", [_systems_of(n, *pair) for n, pair in enumerate(wanted)])
        for number, system in db.rows(*statement):
            found[wanted[number]].append(system)
    return found


def _systems_of(number: int, resource_type: str, param: str) -> Sql:
    """Return the select of the distinct systems of one parameter, one step of the index for each."""
    first = sql("select min(system) from index_token where type = {} and param = {}", resource_type, param)
    following = sql("select min(system) from index_token where type = {} and param = {}", resource_type, param)
    return sql(
        "select {}, system from (with recursive found(system) as (select ({}) union all"
        " select ({} and system > found.system) from found where found.system is not null)"
        " select system from found where system is not null) s",
        Sql(str(number)),
        first,
        following,
    )


def _asked_by_code(resource_type: str, condition: Condition) -> Iterator[Indexed]:
    match condition:
        case Chain(_, targets):
            for target, then in targets:
                yield from _asked_by_code(target, then)
        case Has(source, _, then):
            yield from _asked_by_code(source, then)
        case Filter(parameter, modifier, values):
            if any(isinstance(v, Token) and v.system is None for v in values):
                param = f"{parameter.code}:identifier" if modifier == "identifier" else parameter.code
                if parameter.type == "reference" or not has_no_system(resource_type, parameter):
                    yield resource_type, param
