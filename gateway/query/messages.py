"""The Provenance of what messages made, found and read like any other resource; it is made when it is asked.

Its id names the message, the resource and the version. It stands before what clients stored, newest first, in pages of
at most `MOST`, for each of them the message is mapped again.
https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway.access.policy import Caller
from gateway.errors import Issue
from gateway.fhir.json import encode
from gateway.fhir.search import DateRange, Filter, Target, Token
from gateway.fhir.types import resource_types
from gateway.query.present import is_readable
from gateway.query.provenance import Link, provider, told
from gateway.store import Stored
from gateway.store import search as stored_search
from gateway.store.records import moment
from gateway.store.search import Found, Position, Results, sees_one_of

if TYPE_CHECKING:
    from gateway.fhir.search import Condition, SearchRequest
    from gateway.services import Services
    from gateway.store import Database
    from gateway.store.search import Scope

TYPE = "Provenance"
MOST = 20
"""So many are made for one page: for each the message that it tells of is mapped again."""

_COLUMNS = """select i.id, i.provider, i.format, i.control_id, i.event_time, i.received_at, i.mapping, l.version,
    c.type, c.id, l.key"""
_FROM = "from inbox_resource l join current c on c.key = l.key join inbox i on i.id = l.inbox where "
_AFTER = "(i.id, l.key, l.version) < (?, ?, ?)"
_ORDER = " order by i.id desc, l.key desc, l.version desc limit ?"
_LONGEST_VERSION = 10
_ID = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,9})", re.ASCII)
_INBOX = "https://msb-gateway.example/fhir/NamingSystem/inbox"
_DATES = {
    "eq": ("i.received_at >= ? and i.received_at < ?", "lh"),
    "ne": ("i.received_at < ? or i.received_at >= ?", "lh"),
    "ge": ("i.received_at >= ?", "l"),
    "gt": ("i.received_at >= ?", "h"),
    "sa": ("i.received_at >= ?", "h"),
    "lt": ("i.received_at < ?", "l"),
    "eb": ("i.received_at < ?", "l"),
    "le": ("i.received_at < ?", "h"),
}
_NOT_FOUND = (
    "what messages made is found by target or _id, with recorded, entity:identifier and agent:identifier beside them; "
    "by anything else only what clients stored is found"
)
_UNSORTED = "what messages made stands first, newest first, and is neither sorted nor has anything included with it"

Sql = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: what clients stored, and before it what messages made, still to be told. `request` says what is not."""

    request: SearchRequest
    stored: Results
    made: Sequence[Link] = ()


def find(db: Database, request: SearchRequest, scope: Scope, position: Position | None, to: Services) -> Listed:
    """Return the page of a search on Provenance after `position`."""
    where = _where(request.conditions, scope, to)
    if where is None:
        return Listed(_noting(request, _NOT_FOUND), stored_search.read(db, request, scope, position))
    if request.sort or request.includes:
        request = _noting(request, _UNSORTED)
    if position is not None and position.key >= 0:  # beyond what messages made
        return Listed(request, _counted(stored_search.read(db, request, scope, position), where, db))
    if request.only_count:
        return Listed(request, _counted(stored_search.read(db, request, scope), where, db))
    return _page(db, request, scope, position, where)


def _page(db: Database, request: SearchRequest, scope: Scope, position: Position | None, where: Sql) -> Listed:
    most = min(request.count, MOST)
    links = _links(db, where, position, most + 1)
    made, rest = links[:most], request.count - len(links)
    if len(links) > most or rest == 0:
        stored = stored_search.read(db, replace(request, count=1), scope)
        more = len(links) > most or bool(stored.matches)
        following = _after(made[-1] if len(links) > most else None) if more else None
        return Listed(request, _counted(replace(stored, matches=[], includes=[], next=following), where, db), made)
    stored = stored_search.read(db, replace(request, count=rest), scope)
    return Listed(request, _counted(stored, where, db), made)


def bodies(links: Iterable[Link], to: Services) -> list[Found]:
    """Return what messages made as what is found. Raises Unavailable."""
    return [Found(-1, TYPE, _id(link), encode(told(link, to, id_=_id(link)))) for link in links]


def read(id_: str, caller: Caller, to: Services) -> Stored | None:
    """Return the Provenance of that id; None when there is none, or it is about what the caller may not read.

    It has no version of its own (0): the way from the message to the resource is looked up when it is asked.
    """
    named = _ID.fullmatch(id_)
    if named is None:
        return None
    inbox, key, version = (int(part) for part in named.groups())
    with to.store.reading() as db:
        found = _links(db, ("l.inbox = ? and l.key = ? and l.version = ?", [inbox, key, version]), None, 1)
    if not found or _id(found[0]) != id_ or not is_readable(found[0].identity, caller, to):
        return None
    body = encode(told(found[0], to, id_=id_))
    return Stored(TYPE, id_, 0, moment(found[0].received_at), body, deleted=False)


def _id(link: Link) -> str:
    return f"{link.inbox}.{link.key}.{link.version}"


def _noting(request: SearchRequest, text: str) -> SearchRequest:
    return replace(request, issues=(*request.issues, Issue("not-searched", text, "information")))


# ---- which


def _links(db: Database, where: Sql, position: Position | None, limit: int) -> list[Link]:
    text, parameters = where
    if position is not None:
        inbox, version = position.values
        text, parameters = f"{text} and {_AFTER}", [*parameters, inbox, -position.key - 1, version]
    return [Link(*row) for row in db.rows(f"{_COLUMNS} {_FROM}{text}{_ORDER}", (*parameters, limit))]


def _after(link: Link | None) -> Position:
    """Return where the next page begins: after a message, or (None) with what clients stored."""
    return Position((0, 0), -1) if link is None else Position((link.inbox, link.version), -link.key - 1)


def _counted(stored: Results, where: Sql, db: Database) -> Results:
    """Return the results with what messages made in the total, if that is known."""
    if stored.total is None:
        return stored
    ((count,),) = db.rows(f"select count(*) {_FROM}{where[0]}", where[1])
    return replace(stored, total=stored.total + int(count))


def _where(conditions: Sequence[Condition], scope: Scope, to: Services) -> Sql | None:
    """Return what of what messages made is asked for; None when that is not among what can be asked of it."""
    seen, of_seen = sees_one_of(sorted(_types(conditions, scope)), "c.type", "c.key", scope.of(to.store))
    text, parameters, anchored = [seen], [*of_seen], False
    for condition in conditions:
        if not isinstance(condition, Filter):
            return None
        one = _one(condition, scope, to)
        if one is None:
            return None
        anchored = anchored or condition.parameter.code in {"target", "_id"}
        text.append(f"({one[0]})")
        parameters += one[1]
    return (" and ".join(text), parameters) if anchored else None


def _types(conditions: Sequence[Condition], scope: Scope) -> Collection[str]:
    """Return the types of which something may be asked for: what must hold of all others is not looked at.

    A policy asks something of nearly every type, and to ask for all of it takes longer than anything else here.
    """
    types: Collection[str] = resource_types() if scope.visible.types is None else scope.visible.types
    for asked in conditions:
        if isinstance(asked, Filter) and asked.parameter.code == "target":
            named = [_identity(value, scope)[0] if isinstance(value, Target) else () for value in asked.values]
            if all(named):
                types = {type_ for type_ in types if any(type_ in each for each in named)}
    return types


def _one(asked: Filter, scope: Scope, to: Services) -> Sql | None:
    """Return one condition, of which any value may hold; None for one that is not known here."""
    found = [_value(asked.parameter.code, asked.modifier, value, scope, to) for value in asked.values]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    return " or ".join(f"({text})" for text, _ in known), [value for _, values in known for value in values]


def _value(code: str, modifier: str | None, value: Any, scope: Scope, to: Services) -> Sql | None:
    match code, modifier, value:
        case "target", _, Target() if modifier != "identifier":
            return _of_target(value, scope)
        case "_id", None, Token(code=str(id_)):
            return _of_id(id_)
        case "recorded", None, DateRange() if value.prefix in _DATES:
            text, ends = _DATES[value.prefix]
            return text, [value.low if end == "l" else value.high for end in ends]
        case "entity", "identifier", Token():
            return _of_entity(value)
        case "agent", "identifier", Token():
            return _of_agent(value, to)
    return None


def _of_target(target: Target, scope: Scope) -> Sql:
    types, id_ = _identity(target, scope)
    text = "c.id = ?"
    values: list[Any] = [id_]
    if types:
        text, values = f"{text} and c.type in ({', '.join('?' * len(types))})", [*values, *types]
    if target.version:  # what came too late stands beside the version that was newer
        number = target.version.partition("-late-")[0]
        is_ours = number.isascii() and number.isdigit() and len(number) < _LONGEST_VERSION
        text, values = f"{text} and l.version = ?", [*values, int(number) if is_ours else -1]
    return text, values


def _identity(target: Target, scope: Scope) -> tuple[tuple[str, ...], str]:
    """Return the types that are meant, none for any, and the id."""
    if target.types != ("",):
        return target.types, target.id
    type_, _, id_ = target.id.removeprefix(f"{scope.base}/").partition("/")  # an address: ours is local
    return (type_,), id_


def _of_id(id_: str) -> Sql:
    named = _ID.fullmatch(id_)
    if named is None:
        return "1 = 0", []
    return "i.id = ? and l.key = ? and l.version = ?", [int(part) for part in named.groups()]


def _of_entity(token: Token) -> Sql:
    is_ours = token.system in {None, _INBOX} and token.code and token.code.isascii() and token.code.isdigit()
    return ("i.id = ?", [int(token.code[:18])]) if is_ours and token.code else ("1 = 0", [])


def _of_agent(token: Token, to: Services) -> Sql:
    names = [name for name in to.library.providers if _is_named(provider(name, to)["identifier"], token)]
    feeds = "i.format not in ('fhir-api', 'fhir-message')"  # the others are known by their organisation
    return f"i.provider in ({', '.join('?' * len(names)) or 'null'}) and {feeds}", names


def _is_named(identifier: dict[str, str], token: Token) -> bool:
    return token.system in {None, identifier["system"]} and token.code in {None, identifier["value"]}
