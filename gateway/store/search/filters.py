"""One parameter with its values, as ranges of its index table.

Each value (or group of values) is a branch: a condition on the columns between `param` and `key`. The branches make
the select of all keys, range by range, and the probe of one key, through the index on (key, param).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from gateway.fhir.frozen import frozen
from gateway.fhir.search import (
    DateRange,
    Filter,
    Missing,
    NumberRange,
    QuantityRange,
    Target,
    Text,
    Token,
    Value,
    fold,
)
from gateway.fhir.search.paths import data_types, implied_systems
from gateway.fhir.search.singles import has_no_system
from gateway.store.hidden import asked as asked_codes
from gateway.store.index.model import version_param, versioned
from gateway.store.search.match import Match, all_of, any_of, constant, none_of
from gateway.store.search.offered import asks_for_free, is_fresh, is_fresh_or_not_free
from gateway.store.search.ranges import date_branches, number_branch, overlapped, overlapping, quantity_branch
from gateway.store.search.scope import Scope
from gateway.store.search.sql import FALSE, TRUE, Sql, either, every, fails, holds, joined, like, listed, one_of, sql
from gateway.store.search.units import in_other_units

TABLES: Mapping[str, Sql] = {
    name: Sql(f"index_{name}") for name in ("token", "string", "date", "reference", "uri", "number", "quantity")
} | {"special": Sql("index_position")}
LAST_CHARACTER = "\U0010ffff"
_SELECT = "select x.key from {} x where x.type = {} and x.param = {} and {}"
V = TypeVar("V", bound=Value)


@frozen()
class Branch:
    """One range of an index. `exact`: all columns before `key` have one value, so keys come ordered and once.

    `probe` is what one row is asked, where that is said otherwise than what is looked up.
    """

    condition: Sql
    exact: bool = False
    probe: Sql | None = None


def filter_match(resource_type: str, asked: Filter, scope: Scope) -> Match:
    """Return the SQL of a filter on an index table; `_id` and `_lastUpdated` are not among them."""
    if asked.modifier == "missing":
        return _missing(resource_type, asked)
    found = any_of([_index_match(resource_type, each, scope) for each in _by_place(asked)])
    if asks_for_free(resource_type, asked):
        return _offered(found, asked, scope)
    return none_of(found) if asked.modifier == "not" else found


def _offered(found: Match, asked: Filter, scope: Scope) -> Match:
    """Return what is found of Slots, without those that are free by a word that is stale."""
    if asked.modifier == "not":
        return all_of([none_of(found), Match(probe=lambda key: is_fresh_or_not_free(key, scope))], scope.engine)
    is_free_alone = len(asked.values) == 1
    fresh = is_fresh if is_free_alone else is_fresh_or_not_free
    return all_of([found, Match(probe=lambda key: fresh(key, scope))], scope.engine)


def _index_match(resource_type: str, asked: Filter, scope: Scope) -> Match:
    table, param = _place(asked)
    return index_match(resource_type, table, param, _branches(resource_type, asked, param, scope))


def _by_place(asked: Filter) -> list[Filter]:
    """Return a filter with its values parted by where their rows stand: references to a version stand apart."""
    versioned_values = tuple([value for value in asked.values if isinstance(value, Target) and value.version])
    if not versioned_values and asked.values:
        return [asked]
    others = tuple(value for value in asked.values if value not in versioned_values)
    return [Filter(asked.parameter, asked.modifier, values) for values in (others, versioned_values) if values]


def one_range(resource_type: str, all_asked: Sequence[Filter], scope: Scope) -> Match:
    """Return the SQL of one-value filters on a parameter that a resource has once: `ge` and `le` are one range."""
    table, param = _place(all_asked[0])
    branches = [_branches(resource_type, asked, param, scope) for asked in all_asked]
    conditions = [either([branch.condition for branch in each]) for each in branches]
    found = index_match(resource_type, table, param, [Branch(every(conditions))])
    window = overlapped([value for asked in all_asked for value in _values(asked, DateRange)])
    if window is None or data_types(resource_type, all_asked[0].parameter) == {"instant"}:
        return found
    ranges = [(name, every([where, *conditions])) for name, where in overlapping(param, window)]
    selects = [sql(_SELECT, table, resource_type, name, condition) for name, condition in ranges]
    return Match(probe=found.probe, keys=joined(" union all ", selects))


def _place(asked: Filter) -> tuple[Sql, str]:
    if asked.modifier == "identifier":
        return TABLES["token"], f"{asked.parameter.code}:identifier"
    if asked.modifier == "of-type":
        return TABLES["token"], f"{asked.parameter.code}:of-type"
    if any(isinstance(value, Target) and value.version for value in asked.values):
        return TABLES["reference"], version_param(asked.parameter.code)
    return TABLES[asked.parameter.type], asked.parameter.code


def index_match(resource_type: str, table: Sql, param: str | Sql, branches: Sequence[Branch]) -> Match:
    """Return the SQL of ranges of an index under one name, or (a condition on it) under several."""
    if not branches:
        return constant(FALSE)
    named = param if isinstance(param, Sql) else Sql("x.param = ?", (param,))
    select = f"select x.key from {table.text} x where x.type = ? and {named.text} and "  # noqa: S608 - ours
    values = (resource_type, *named.parameters)
    selects = [Sql(select + each.condition.text, (*values, *each.condition.parameters)) for each in branches]
    condition = either([branch.probe or branch.condition for branch in branches])
    return Match(
        probe=lambda key: holds(
            sql("select 1 from {} x where x.key = {} and {} and {}", table, Sql(key), named, condition)
        ),
        keys=joined(" union all ", selects),
        ordered=len(branches) == 1 and branches[0].exact and isinstance(param, str),
    )


def _missing(resource_type: str, asked: Filter) -> Match:
    """Return the SQL of `:missing`; a logical reference (by identifier) is no missing one."""
    code = asked.parameter.code
    places = [(TABLES[asked.parameter.type], code)]
    if asked.parameter.type == "reference":
        places.append((TABLES["token"], f"{code}:identifier"))
    select = "select 1 from {} x where x.key = {} and x.param = {}"
    if cast("Missing", asked.values[0]).missing:
        return Match(probe=lambda key: every(fails(sql(select, t, Sql(key), p)) for t, p in places))
    present = [sql("select x.key from {} x where x.type = {} and x.param = {}", t, resource_type, p) for t, p in places]
    return Match(
        probe=lambda key: either([holds(sql(select, t, Sql(key), p)) for t, p in places]),
        keys=joined(" union all ", present),
    )


def _branches(resource_type: str, asked: Filter, param: str, scope: Scope) -> list[Branch]:
    if asked.modifier == "identifier":
        return _tokens(_values(asked, Token), scope.systems.get((resource_type, param), ()), scope)
    if asked.modifier == "of-type":
        return _tokens(_values(asked, Token), (), scope)
    return branches_of(resource_type, asked, scope)


def branches_of(resource_type: str, asked: Filter, scope: Scope) -> list[Branch]:
    """Return the ranges of the values of a parameter in its own index table."""
    return _KINDS[asked.parameter.type](resource_type, asked, scope)


def _token(resource_type: str, asked: Filter, scope: Scope) -> list[Branch]:
    tokens = _values(asked, Token)
    if has_no_system(resource_type, asked.parameter):
        implied = implied_systems(resource_type, asked.parameter)
        return _tokens([Token("", t.code) if t.system is None or t.system in implied else t for t in tokens], (), scope)
    return _tokens(tokens, scope.systems.get((resource_type, asked.parameter.code), ()), scope)


def _tokens(tokens: Iterable[Token], systems: Iterable[str], scope: Scope) -> list[Branch]:
    """Return a branch for each system that is asked; codes without one are asked in every system that occurs.

    A number that is hidden is asked as it stands in the index.
    """
    by_system: dict[str | None, list[str | None]] = {}
    for token in tokens:
        by_system.setdefault(token.system, []).extend(_asked(token, scope))
    named = {s: one_of("x.system", [*systems] if s is None else [s]) for s in by_system}
    return [_codes(named[s], codes, s, scope) for s, codes in by_system.items()]


def _asked(token: Token, scope: Scope) -> Sequence[str | None]:
    if token.code is None:
        return [None]
    return asked_codes(token.system, token.code, scope.seals, mixed=scope.mixed)


def _codes(system: Sql, codes: list[str | None], asked: str | None, scope: Scope) -> Branch:
    wanted = [code for code in codes if code is not None]
    if len(wanted) < len(codes):
        return Branch(system)
    exact = len(wanted) == 1 and (asked is not None or len(system.parameters) == 1)
    probe = every([system, listed("x.code", wanted, scope.engine)])
    return Branch(every([system, one_of("x.code", wanted)]), exact, probe)


def string_branches(asked: Filter) -> list[Branch]:
    """Return the ranges of texts by their beginning."""
    return [Branch(_starts(value.text)) for value in _values(asked, Text)]


def _string(_: str, asked: Filter, __: Scope) -> list[Branch]:
    return [Branch(_STRINGS[asked.modifier or ""](value.text)) for value in _values(asked, Text)]


def _starts(text: str) -> Sql:
    start = fold(text)
    return sql("x.value >= {} and x.value < {}", start, start + LAST_CHARACTER)


def _exactly(text: str) -> Sql:
    return sql("x.value = {} and x.exact = {}", fold(text), text)


def _contains(text: str) -> Sql:
    """Look through all values of the parameter: the one search that an index of beginnings cannot shorten."""
    return like("x.value", f"%{fold(text)}%")  # nothing that is folded holds % or _


def _uri(_: str, asked: Filter, __: Scope) -> list[Branch]:
    texts = [value.text for value in _values(asked, Text)]
    if asked.modifier == "below":
        below = "x.value >= {} and x.value < {}"
        return [Branch(sql("x.value = {}", text)) for text in texts] + [
            Branch(sql(below, f"{text.rstrip('/')}/", f"{text.rstrip('/')}/{LAST_CHARACTER}")) for text in texts
        ]
    if asked.modifier == "above":
        return [Branch(one_of("x.value", sorted({above for text in texts for above in _above(text)})))]
    return [Branch(one_of("x.value", texts), exact=len(texts) == 1)]


def _above(url: str) -> Iterator[str]:
    """Yield a URL and all that stand above it, each with and without a slash at its end."""
    scheme, _, rest = url.partition("://")
    steps = rest.rstrip("/").split("/")
    for count in range(1, len(steps) + 1):
        yield (above := f"{scheme}://{'/'.join(steps[:count])}")
        yield f"{above}/"


def _reference(_: str, asked: Filter, scope: Scope) -> list[Branch]:
    by_types: dict[tuple[str, ...], list[str]] = {}
    for value in _values(asked, Target):
        target = localised(value, scope.base)
        id_ = versioned(target.id, target.version) if target.version else target.id
        by_types.setdefault(target.types, []).append(id_)
    return [
        Branch(
            every([one_of("x.target_type", types) if types else TRUE, one_of("x.target_id", ids)]),
            exact=len(types) == 1 and len(ids) == 1,
        )
        for types, ids in by_types.items()
    ]


def localised(target: Target, base: str) -> Target:
    """Return a reference under our own base as the local one it is."""
    if target.types != ("",) or not base or not target.id.startswith(f"{base}/"):
        return target
    type_name, _, id_ = target.id[len(base) + 1 :].partition("/")
    return Target((type_name,), id_.partition("/")[0], target.version)


def _date(resource_type: str, asked: Filter, _: Scope) -> list[Branch]:
    instant = data_types(resource_type, asked.parameter) == {"instant"}
    values = _values(asked, DateRange)
    return [Branch(branch) for value in values for branch in date_branches(value, instant=instant)]


def _number(_: str, asked: Filter, __: Scope) -> list[Branch]:
    return [Branch(number_branch(value)) for value in _values(asked, NumberRange)]


def _quantity(resource_type: str, asked: Filter, scope: Scope) -> list[Branch]:
    units = scope.units.get((resource_type, asked.parameter.code), ())
    values = [each for value in _values(asked, QuantityRange) for each in in_other_units(value, units)]
    return [Branch(quantity_branch(value)) for value in values]


def _values(asked: Filter, kind: type[V]) -> list[V]:
    return [value for value in asked.values if isinstance(value, kind)]


_STRINGS: Mapping[str, Callable[[str], Sql]] = {"": _starts, "exact": _exactly, "contains": _contains}
_KINDS: Mapping[str, Callable[[str, Filter, Scope], list[Branch]]] = {
    "token": _token,
    "string": _string,
    "uri": _uri,
    "reference": _reference,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
}
