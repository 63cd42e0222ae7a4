"""What a person may at most in each role: a table with a version and an owner, read and checked whole.

What somebody may is what the partner may and the role may too, never more than either. A person acts in one role at a
time, for the rights of two roles together would be more than what either is trusted with.
`profiles/tables/roles.yaml` is the table that ships, and says what a row means.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from gateway.access import scopes, sight
from gateway.access.fields import Document, Fields, Lines
from gateway.access.organisations import kinds
from gateway.access.rules.reading import PURPOSES
from gateway.access.unknown import NotKnown
from gateway.data import shipped
from gateway.errors import BadSettings, GatewayError
from gateway.fhir.json import decode
from gateway.fhir.types import resource_types

if TYPE_CHECKING:
    from gateway.access.partners import Partner
    from gateway.access.person import Person
    from gateway.access.policy import Caller

_KEYS = ("owner", "roles", "status", "table", "version", "without_patients")
_ROW = ("partners", "patients", "purpose", "role", "scopes", "sees", "sends", "tests")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
TREATMENT = "TREAT"
_USER = "user/"
_URA = "{ura}"
_EIGHT = "00000000"  # stands for any URA, where a search with one is read
_MACHINE = "machine-account"  # of which nobody is one


@cache
def codes() -> Mapping[str, Mapping[str, str]]:
    """Return the roles there are, each with its name in Dutch (`nl`) and English (`en`)."""
    system = decode((shipped("profiles") / "CodeSystem-person-role.json").read_bytes())
    return {
        one["code"]: {"nl": one["display"], **{name["language"]: name["value"] for name in one["designation"]}}
        for one in system["concept"]
    }


def of_people() -> frozenset[str]:
    """Return the roles that a person can have."""
    return frozenset(codes()) - {_MACHINE}


@dataclass(frozen=True, slots=True)
class Role:
    """What a role may at most. `partners` are the kinds of partner that have people in it, none: every kind.

    `scopes` are written as those of partners; `sees` are searches in which `{ura}` is that of the person's own
    organisation; `sends` is whether messages may be sent; `is_for_tests`, whether a partner must be one for tests; and
    `purpose` is what for people in this role ask, as the policy and the audit are told.
    """

    code: str
    scopes: tuple[str, ...]
    sees: tuple[str, ...] = ()
    partners: frozenset[str] = frozenset()
    sends: bool = False
    is_for_tests: bool = False
    purpose: str = TREATMENT

    def caller(self, person: Person, partner: Partner, known_by: str = "") -> Caller:
        """Return a person of a partner as who asks: what both may. Raises NotKnown for a partner of another kind."""
        if self.partners and partner.kind not in self.partners:
            raise NotKnown("role-of-another-kind-of-partner")
        if self.is_for_tests and not partner.test:
            raise NotKnown("role-for-tests-alone")
        if not partner.ura and any(_URA in word for word in self.sees):
            raise NotKnown("role-needs-a-ura")
        caller = partner.caller(scopes.granted(self.scopes, partner.scopes), known_by)
        own = sight.read(tuple(word.replace(_URA, partner.ura) for word in self.sees)).conditions
        return replace(
            caller,
            person=person,
            purpose=self.purpose,
            providers=caller.providers if self.sends else frozenset(),
            conditions=sight.both(caller.conditions, own),
        )


@dataclass(frozen=True, slots=True)
class Roles:
    """A table of roles."""

    version: str
    owner: str
    rows: Mapping[str, Role]

    def chosen(self, said: Iterable[str], wanted: str = "") -> str:
        """Return the role that somebody acts in: the one that is wanted, or the first of those that there are.

        Raises NotKnown for one that the person does not have, or who has none.
        """
        found = next((code for code in said if code in self.rows and wanted in {"", code}), None)
        if found is None:
            raise NotKnown("no-role")
        return found

    def caller(self, person: Person, partner: Partner, known_by: str = "") -> Caller:
        """Return a person of a partner as who asks. Raises NotKnown."""
        return self.rows[self.chosen([person.role])].caller(person, partner, known_by)


def read(document: Any, lines: Lines, file: str) -> Roles:
    """Return the table in a document. Raises BadSettings with everything that is wrong, each with file and line."""
    fields = Fields(document, Document(lines, file, "bad-settings"))
    fields.only(_KEYS)
    if fields.value("table") != "roles":
        fields.add("table", "must be roles")
    fields.text("version", _TEXT, "must be the version of the table", required=True)
    fields.text("owner", _TEXT, "must say whose decision it is", required=True)
    harmless = fields.among("without_patients", resource_types(), "is no resource type of R4")
    rows = [_role(one, frozenset(harmless)) for one in fields.objects("roles")]
    if not rows:
        fields.add("roles", "must be a list of one role or more")
    for row in rows:
        if sum(one.code == row.code for one in rows) > 1:
            fields.add("roles", f"has {row.code} twice")
    if fields.problems:
        raise BadSettings(list(dict.fromkeys(fields.problems)))
    return Roles(fields.any_text("version"), fields.any_text("owner"), {row.code: row for row in rows})


def _role(fields: Fields, harmless: Collection[str]) -> Role:
    fields.only(_ROW)
    has_patients = fields.flag("patients")
    found = Role(
        code=fields.one_of("role", of_people()),
        scopes=fields.checked("scopes", lambda text: _check_scope(text, () if has_patients else harmless)),
        sees=fields.checked("sees", _check_sees),
        partners=frozenset(fields.among("partners", kinds(), "is no kind of partner")),
        sends=fields.flag("sends"),
        is_for_tests=fields.flag("tests"),
        purpose=fields.one_of("purpose", PURPOSES) if fields.has("purpose") else TREATMENT,
    )
    if not found.scopes:
        fields.add("scopes", "must be a list of one scope or more")
    return replace(found, scopes=tuple(f"system/{word.removeprefix(_USER)}" for word in found.scopes))


def _check_scope(text: str, harmless: Collection[str]) -> None:
    """Raise ValueError for what is no scope of a person, and for one of patients where `harmless` types are named."""
    scope = scopes.read(f"system/{text.removeprefix(_USER)}") if text.startswith(_USER) else None
    if scope is None or scope.query:
        raise ValueError("must be as user/Slot.rs, without a query")
    if scope.type not in {scopes.EVERY, *resource_types()}:
        raise ValueError("is of a type that R4 does not have")
    if harmless and scope.type not in harmless:
        raise ValueError("may be about a patient, and this role says patients: false")


def _check_sees(text: str) -> None:
    if "?" not in text:
        raise ValueError("must be a search: a type alone is what the scopes say")
    try:
        sight.read((text.replace(_URA, _EIGHT),))
    except GatewayError as error:
        raise ValueError("; ".join(issue.diagnostics for issue in error.issues)) from error
