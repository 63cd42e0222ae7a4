"""The operations of one transaction, each with its place in the Bundle, its identity and what is known of it.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from msgspec import Struct

from gateway.access.policy import Caller, may_write
from gateway.access.scopes import Right
from gateway.errors import BadRequest, Forbidden, GatewayError, InvalidResource, Issue, TooLarge
from gateway.fhir.freshness import Freshness
from gateway.fhir.search import SearchRequest, parse_condition
from gateway.fhir.types import Resource, resource_types
from gateway.store import Identity
from gateway.store.records import Subscriber
from gateway.transact.content import Content
from gateway.transact.holds import End
from gateway.transact.operations import ConditionalCreate, ConditionalDelete, ConditionalPut, Create, Delete, Put, Write

_RIGHTS: Mapping[type[Write], Sequence[Right]] = {
    Create: ("c",),
    Put: ("u",),  # it may create, which SMART counts as updating
    Delete: ("d",),
    ConditionalCreate: ("c", "s"),
    ConditionalPut: ("u", "s"),
    ConditionalDelete: ("d", "s"),
}
_CONDITIONAL = frozenset(
    {ConditionalCreate, ConditionalDelete, ConditionalPut}
)  # isinstance() is slow to say no of a Struct
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def is_id(text: str) -> bool:
    """Return whether `text` can be the id of a resource. https://hl7.org/fhir/R4/datatypes.html#id"""
    return _ID.fullmatch(text) is not None


class Fact(NamedTuple):
    """When what a resource says is so, in microseconds; `number` is the source's; `own`: it says its moment itself."""

    at: int
    number: int | None = None
    own: bool = False


class Entry(Struct, eq=False):
    """One operation. `where` is its place in a Bundle, '' when it stands alone; `resource` what will be stored,
    and `rest` that, encoded without its head.

    `identity` is None as long as a condition must be looked up; `found` is what the condition found. A conditional
    create that found something is `satisfied`: nothing is written.
    """

    op: Write
    number: int | None
    type: str
    resource: Resource | None
    identity: Identity | None = None
    rest: bytes = b""
    content: Content | None = None
    condition: SearchRequest | None = None
    found: Identity | None = None
    satisfied: bool = False
    warnings: Sequence[Issue] = ()
    missing: Sequence[Issue] = ()
    fact: Fact | None = None  # None: a client sets the present
    subscriber: Subscriber | None = None
    known: Freshness | None = None  # of what the gateway itself changes: how old the word of its source is
    ends_hold: End | None = None  # how this ends the hold of a Slot, where that is not told by its status

    @property
    def where(self) -> str:
        """Return the place in the Bundle."""
        return _place(self.number)

    def at(self, issue: Issue) -> Issue:
        """Return `issue` with its expression seen from the Bundle."""
        if not self.where:
            return issue
        inside = (issue.expression or "").removeprefix(self.type).lstrip(".")
        return replace(issue, expression=".".join(part for part in (self.where, "resource", inside) if part))

    def request(self, code: str, text: str) -> Issue:
        """Return an issue about what is asked, rather than about the resource."""
        return Issue(code, text, expression=f"{self.where}.request" if self.where else self.type)


def right(entry: Entry) -> Right:
    """Return what scopes call what an entry does, whatever it finds: what may create is an update if its id is said."""
    return _RIGHTS[entry.op.__class__][0]


def typed(ops: Sequence[Write], numbers: Sequence[int] | None = None) -> list[Entry]:
    """Return an entry for each operation; `numbers` are their places in the Bundle, if that has others beside them.

    Raises InvalidResource with every resource without a type.
    """
    in_bundle = len(ops) > 1 or any(getattr(op, "full_url", None) for op in ops)
    return _typed(ops, (numbers or range(len(ops))) if in_bundle else None)


def check(entries: Sequence[Entry], caller: Caller) -> None:
    """Read the conditions of entries, and see whether they can be carried out together.

    Raises BadRequest or TooLarge for operations that cannot go together or cannot be read, Forbidden for what the
    caller may not do; each with every such problem.
    """
    conditional = [entry for entry in entries if entry.op.__class__ in _CONDITIONAL]
    refused = [error for entry in conditional if (error := _read_condition(entry))]
    _check_may(entries, caller)
    issues = [issue for error in refused for issue in error.issues]
    issues += [*_bad_ids(entries), *_repeated_conditions(conditional), *_repeated_urls(entries)]
    if issues:
        raise TooLarge(issues) if refused and isinstance(refused[0], TooLarge) else BadRequest(issues)


def identify(entries: Iterable[Entry], new_id: Callable[[], str]) -> None:
    """Give each entry that needs no look-up its identity."""
    for entry in entries:
        op = entry.op
        if isinstance(op, Put):
            entry.identity = Identity(entry.type, op.resource["id"])
        elif isinstance(op, Create):
            entry.identity = Identity(entry.type, new_id())
        elif isinstance(op, Delete):
            entry.identity = Identity(entry.type, op.id)


def check_distinct(entries: Sequence[Entry]) -> None:
    """Raise BadRequest when two entries would write the same resource."""
    written = [entry for entry in entries if entry.identity is not None and not entry.satisfied]
    if len({entry.identity for entry in written}) < len(written):
        times = Counter(entry.identity for entry in written)
        text = "another entry of this transaction is about the same resource"
        raise BadRequest([entry.request("bad-bundle", text) for entry in written if times[entry.identity] > 1])


def _typed(ops: Sequence[Write], numbers: Sequence[int] | None) -> list[Entry]:
    """Return an entry for each operation, its condition unread. Raises InvalidResource."""
    known = resource_types()
    entries, issues = [], []
    for n, op in enumerate(ops):
        if isinstance(op, Put) or not isinstance(op, (Delete, ConditionalDelete)):  # the usual one first
            resource, type_ = op.resource, op.resource.get("resourceType")
        else:
            resource, type_ = None, op.type
        if isinstance(type_, str) and type_ in known:
            entries.append(Entry(op, numbers[n] if numbers is not None else None, type_, resource))
        else:
            at = f"{_place(numbers[n])}.resource.resourceType" if numbers is not None else "resourceType"
            issues.append(Issue("invalid-resource", "R4 has no such resource type", expression=at))
    _raise(InvalidResource, issues)
    return entries


def _place(number: int | None) -> str:
    return "" if number is None else f"Bundle.entry[{number}]"


def _read_condition(entry: Entry) -> GatewayError | None:
    """Read the search that a condition is written as, and return what is wrong with it, at the place of the request."""
    if not isinstance(entry.op, ConditionalCreate | ConditionalDelete | ConditionalPut):
        return None
    search = entry.op.search
    try:
        entry.condition = search if isinstance(search, SearchRequest) else parse_condition(entry.type, search)
    except GatewayError as error:
        at = entry.request("", "").expression
        error.issues = tuple(replace(issue, expression=at) for issue in error.issues)
        return error
    return None


def _check_may(entries: Sequence[Entry], caller: Caller) -> None:
    """Raise Forbidden with each entry that the caller may not do; each kind of them is looked at once."""
    kinds = {(entry.op.__class__, entry.type) for entry in entries}
    refused = {(kind, type_) for kind, type_ in kinds if not may_write(caller, type_, _RIGHTS[kind])}
    if refused:
        issues = [
            entry.request("forbidden", "this caller may not do this")
            for entry in entries
            if (entry.op.__class__, entry.type) in refused
        ]
        raise Forbidden(issues)


def _bad_ids(entries: Iterable[Entry]) -> Iterable[Issue]:
    for entry in entries:
        op = entry.op
        if isinstance(op, Put):
            id_ = op.resource.get("id")
        elif isinstance(op, Delete):
            id_ = op.id
        elif isinstance(op, ConditionalPut) and "id" in op.resource:
            id_ = op.resource["id"]
        else:
            continue  # it gets an id from us
        if not isinstance(id_, str) or not _ID.fullmatch(id_):
            yield entry.request("bad-request", "the id must be 1 to 64 letters, digits, '-' and '.'")


def _repeated_conditions(conditional: Sequence[Entry]) -> Iterable[Issue]:
    times = Counter(criteria(entry.condition) for entry in conditional if entry.condition) if conditional else {}
    for entry in conditional:
        if entry.condition is not None and not entry.condition.conditions:
            yield entry.request("bad-request", "a condition without a parameter would match everything")
        elif entry.condition is not None and times[criteria(entry.condition)] > 1:
            yield entry.request("bad-bundle", "another entry of this transaction has the same condition")


def _repeated_urls(entries: Iterable[Entry]) -> Iterable[Issue]:
    named = [(entry, url) for entry in entries if (url := getattr(entry.op, "full_url", None))]
    times = Counter(url for _, url in named) if named else {}
    for entry, url in named:
        if times[url] > 1:
            text = "another entry of this transaction has the same fullUrl"
            yield Issue("bad-bundle", text, expression=f"{entry.where}.fullUrl")


def criteria(request: SearchRequest) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return what makes two conditions the same one."""
    return request.resource_type, frozenset(request.applied)


def _raise(error: type[BadRequest | Forbidden | InvalidResource], issues: Iterable[Issue]) -> None:
    if found := list(issues):
        raise error(found)
