"""Changes by who sees a resource in its reduced form: made to what it sees, and put into the whole.

So nothing is erased that was not seen, and nothing is learned by what fits and what does not: a patch is applied to the
form, and what is told of the write is told of what it changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from gateway.errors import Forbidden, Issue
from gateway.fhir.json import decode, encode
from gateway.fhir.reduced import Form, Part, reduced, reduced_body

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.store import Current, Identity
    from gateway.transact.entries import Entry
    from gateway.transact.operations import Change, Outcome

_NOT_WHOLE = "this caller does not see all of {name}: it adds to it, and changes or takes away nothing"
_UNTOLD = "what this caller does not see of the resource does not go with this change"
_OF_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]\.resource\.?")


def changed(whole: Resource, form: Form, base: str, change: Change) -> tuple[Resource, Part]:
    """Return what a change of the reduced form makes of a resource. Forbidden for one that needs to see more.

    An element that is said anew takes the place of what stood there; to a list it is added. Raises what `change` does.
    """
    seen = reduced(whole, form, base)
    after = change(decode(encode(seen)))
    names = {name for name in {*seen, *after} if seen.get(name) != after.get(name)}
    found = dict(whole)
    for name in sorted(names - {"meta"}):  # which nobody may change who does not see it: `permitted` says so
        _put(name, seen.get(name), after.get(name), found)
    return found, Part(form, base, frozenset(name.removeprefix("_") for name in names))


def _put(name: str, seen: Any, after: Any, whole: Resource) -> None:
    """Put an element that was changed into the whole."""
    if isinstance(seen or after, list):
        known, new = seen or [], after or []
        if not isinstance(new, list) or new[: len(known)] != known:
            raise Forbidden(_NOT_WHOLE.format(name=name))
        whole[name] = [*whole.get(name, []), *new[len(known) :]]
    elif after is None:
        whole.pop(name, None)
    else:
        whole[name] = after


def part_of(entry: Entry) -> Part | None:
    """Return what who makes an entry sees of its resource; None where that is the whole."""
    return getattr(entry.op, "part", None)


def written(entry: Entry) -> Resource:
    """Return what an entry says of its resource: what was not seen is said by who said it."""
    resource, part = entry.resource or {}, part_of(entry)
    return resource if part is None else {name: resource[name] for name in part.changed if name in resource}


def as_told(entry: Entry, outcome: Outcome) -> Outcome:
    """Return what became of an entry as it is told to who made it."""
    part = part_of(entry)
    if part is None:
        return outcome
    prefix = f"{entry.where}.resource." if entry.where else ""
    issues = tuple(one for one in outcome.issues if part.is_told((one.expression or "").removeprefix(prefix)))
    body = reduced_body(outcome.body or b"", part.form, part.base)
    return structs.replace(outcome, body=body, issues=issues, reduced=True)


def as_seen(entries: Iterable[Entry], currents: Mapping[Identity, Current]) -> Mapping[Identity, Current]:
    """Return what was there before, each as who changes it sees it."""
    parts = {entry.identity: part for entry in entries if entry.identity and (part := part_of(entry))}
    bodies = {
        identity: structs.replace(found, body=reduced_body(found.body, part.form, part.base))
        for identity, part in parts.items()
        if identity and (found := currents.get(identity)) is not None
    }
    return {**currents, **bodies} if bodies else currents


def told_of(issues: Iterable[Issue], ops: Sequence[object]) -> tuple[Issue, ...]:
    """Return what is wrong with some operations, without what is wrong with what was not seen."""
    return tuple(dict.fromkeys(_told(issue, ops) for issue in issues))


def _told(issue: Issue, ops: Sequence[object]) -> Issue:
    path = issue.expression or ""
    found = _OF_ENTRY.match(path)
    number = int(found[1]) if found else 0
    part: Part | None = getattr(ops[number], "part", None) if number < len(ops) and (found or len(ops) == 1) else None
    inside = path[found.end() :] if found else path
    if part is None or part.is_told(inside):
        return issue
    where = found[0].rstrip(".") if found else part.form.type
    return replace(issue, diagnostics=_UNTOLD, expression=where, value=None)
