"""What each partner may now: the policy, and who shares a network or region with whom, put together once a minute.

What is put together is kept for a partner as long as no partner is changed; nobody's rights are older than that.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gateway.access.fields import Document
from gateway.access.neighbours import near
from gateway.access.organisations import kinds
from gateway.access.partners import Partner, Partners
from gateway.access.policy import Caller
from gateway.access.rules import Policy
from gateway.access.rules.compiling import Asker
from gateway.access.rules.grants import Grants
from gateway.access.rules.reading import read
from gateway.data import shipped
from gateway.errors import BadSettings
from gateway.fhir.consents import actor
from gateway.fhir.frozen import changed
from gateway.mapping import documents
from gateway.store.records import microseconds

SHIPPED = "dutch-acute-care.yaml"


@lru_cache(maxsize=8)
def policy(path: Path | None) -> Policy:
    """Return the policy in a file, ours for None. Raises BadSettings with all that is wrong: file, line and rule."""
    path = path or shipped("profiles") / "policies" / SHIPPED
    content, lines = documents.read(path)
    document = Document(lines, path.name, "bad-settings")
    found = read(content, document, kinds())
    if found is None:
        raise BadSettings(document.problems)
    return found


_Key = tuple[str, str, str]
"""The id of a partner, for what it asks, and how a Consent names the person who asks for it."""


class _Kept(NamedTuple):
    """What was put together for partners as they were at one moment."""

    partners: Partners
    since: datetime
    until: datetime
    grants: dict[_Key, Grants]


class Granting:
    """Gives callers what the policy gives the partner that they are."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._kept: _Kept | None = None

    def policy(self) -> Policy:
        """Return the policy. Raises BadSettings."""
        return policy(self._file)

    def granted(self, caller: Caller, partners: Partners, at: datetime) -> Caller:
        """Return a caller with what it may now; who is no partner, or none any more, is given nothing here."""
        partner = partners.get(caller.partner) if caller.partner else None
        if partner is None or partner.disabled:
            return caller
        kept = self._at(partners, at)
        key = partner.id, caller.purpose, actor(caller.person.issuer, caller.person.id) if caller.person else ""
        found = kept.grants.get(key)
        if found is None:
            found = kept.grants[key] = self._grants(partner, partners, key, kept.until)
        return changed(caller, grants=found, at=microseconds(at))

    def _at(self, partners: Partners, at: datetime) -> _Kept:
        kept = self._kept
        if kept is None or kept.partners is not partners or not kept.since <= at < kept.until:
            until = _next_minute(at)
            kept = self._kept = _Kept(partners, until - _MINUTE, until, {})
        return kept

    def _grants(self, partner: Partner, partners: Partners, key: _Key, at: datetime) -> Grants:
        own, (_, purpose, person) = frozenset({partner.code, partner.id}), key
        asker = Asker(partner.id, partner.ura, partner.kind, purpose, own, near(partner, partners), at, person)
        return Grants(self.policy(), asker)


_MINUTE = timedelta(minutes=1)


def _next_minute(at: datetime) -> datetime:
    """Return the end of a minute: by it what lasts some days never lasts longer."""
    return at.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
