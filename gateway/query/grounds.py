"""By which rules of the policy somebody saw what it was told: what the audit says of each access.

What is seen because of whose it is needs no look. Of what somebody else keeps, each rule that can have given it is
asked; so only who is told something of others pays for it.
https://hl7.org/fhir/R4/auditevent-definitions.html#AuditEvent.agent.policy
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gateway.access.policy import Caller, is_limited, visible
from gateway.access.rules import Letter
from gateway.fhir.frozen import frozen
from gateway.fhir.owner import owner_in
from gateway.fhir.search import Condition
from gateway.store.records import microseconds
from gateway.store.search import Scope
from gateway.store.search.seen import seen_by

if TYPE_CHECKING:
    from gateway.access.rules.grants import Ground, Reduced
    from gateway.services import Services
    from gateway.store import Stored
    from gateway.store.audited import Encoded

_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})
CONSENT = "consent"


@frozen()
class _Given:
    """The predicate of what one rule gives, of one type."""

    what: Condition | None
    at: int
    letter: str
    memory: MutableMapping[Any, Any] | None
    types: frozenset[str] | None = None

    def admits(self, resource_type: str) -> bool:  # noqa: ARG002 - the interface of Visible
        return True

    def condition(self, resource_type: str) -> Condition | None:  # noqa: ARG002 - as above
        return self.what

    def reduced(self, resource_type: str) -> Reduced | None:  # noqa: ARG002 - as above
        return None


def by_owner(found: Stored | None, caller: Caller) -> Sequence[Ground]:
    """Return the rules by which a resource is read because of whose it is, so that nothing need be looked up."""
    if found is None or caller.grants is None:
        return ()
    owner = owner_in(found.body)
    return caller.grants.by_owner("r", found.type, owner) if visible(caller).has(found.type, owner) else ()


def grounds(
    found: Iterable[Encoded], caller: Caller, to: Services, letter: Letter = "r"
) -> Mapping[str, Sequence[str]]:
    """Return the members of a row that say by which rules some resources were seen; none where no policy holds.

    `basis` says that one of them is the consent of the patient. Raises Unavailable.
    """
    if caller.grants is None or not is_limited(caller):
        return _NOTHING
    rules: dict[Ground, None] = {}
    others: dict[str, list[str]] = {}
    for one in found:
        if not one.body:  # a deletion says nothing of whose it was
            continue
        given = caller.grants.by_owner(letter, one.type, owner_in(one.body))
        rules.update(dict.fromkeys(given))
        if not given:
            others.setdefault(one.type, []).append(one.id)
    for type_, ids in others.items():
        rules.update(dict.fromkeys(_asked(type_, ids, caller, to, letter)))
    return told(rules)


def _asked(type_: str, ids: Sequence[str], caller: Caller, to: Services, letter: Letter) -> Iterable[Ground]:
    """Return the rules by which some resources of a type are seen that are not seen because of whose they are."""
    assert caller.grants is not None
    can = caller.grants.other_grounds(letter, type_)
    if not can:
        return ()
    at = microseconds(to.clock())
    with to.store.reading(snapshot=False) as db:
        given = seen_by(db, type_, ids, [_scope(rule, at, letter, caller, to) for rule in can])
    return [rule for rule, is_given in zip(can, given, strict=True) if is_given]


def _scope(rule: Ground, at: int, letter: Letter, caller: Caller, to: Services) -> Scope:
    assert caller.grants is not None
    given = _Given(rule.condition, at, f"{letter} because of {rule.name}", caller.grants.memory)
    return Scope(to.settings.base_url, given)


def told(rules: Iterable[Ground]) -> Mapping[str, Sequence[str]]:
    """Return the members of a row that say by which rules something was seen."""
    members: dict[str, list[str]] = {}
    for rule in rules:
        if rule.name not in members.setdefault("rules", []):
            members["rules"].append(rule.name)
        if rule.consent:
            members["basis"] = [CONSENT]
    return members
