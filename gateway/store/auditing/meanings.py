"""What the rows of the audit mean in the codes of FHIR and DICOM, for finding them and for telling them alike.

https://hl7.org/fhir/R4/valueset-audit-event-type.html, https://hl7.org/fhir/R4/valueset-audit-event-action.html,
https://dicom.nema.org/medical/dicom/current/output/chtml/part16/sect_CID_400.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.store.audited import Row

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
REST_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
OURS = "https://msb-gateway.example/fhir/CodeSystem/audit-action"

MARKS: Mapping[str, str] = MappingProxyType({REST_TYPE: "r ", INTERACTION: "f ", DICOM: "d ", OURS: "o "})
"""What stands before a code in the index, by its system: the same word is another code in another system."""

SUCCESS, FAILURE = "0", "4"
EMERGENCIES = frozenset({"BTG", "ETREAT"})
"""Purposes of who breaks the glass. https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html"""


class Code(NamedTuple):
    """A code with its system."""

    system: str
    code: str
    display: str

    @property
    def marked(self) -> str:
        """Return it as the index has it."""
        return f"{MARKS[self.system]}{self.code}"


class Meaning(NamedTuple):
    """What happened: of which type, which (the first subtype is our own word), C, R, U, D or E, and how it ended."""

    type: Code
    subtypes: tuple[Code, ...]
    action: str
    outcome: str


REST = Code(REST_TYPE, "rest", "RESTful Operation")
EXPORT = Code(DICOM, "110106", "Export")
IMPORT = Code(DICOM, "110107", "Import")
RECORD = Code(DICOM, "110110", "Patient Record")
ACTIVITY = Code(DICOM, "110100", "Application Activity")
LOG_USED = Code(DICOM, "110101", "Audit Log Used")
ALERT = Code(DICOM, "110113", "Security Alert")
AUTHENTICATION = Code(DICOM, "110114", "User Authentication")
RIGHTS = Code(DICOM, "110137", "User Security Attributes Changed")
_LOGIN, _LOGOUT = Code(DICOM, "110122", "Login"), Code(DICOM, "110123", "Logout")
_OVERRIDE = Code(DICOM, "110127", "Emergency Override Started")

# Our word for what was done: its type, what FHIR or DICOM call it more exactly, and C, R, U, D or E.
_ACTIONS: Mapping[str, tuple[Code, Code | str | None, str]] = MappingProxyType(
    {
        "read": (REST, "read", "R"),
        "vread": (REST, "vread", "R"),
        "history": (REST, "history", "R"),
        "search": (REST, "search", "E"),
        "export": (EXPORT, "operation", "E"),
        "export-members": (EXPORT, None, "R"),
        "export-file": (EXPORT, None, "R"),
        "answer": (EXPORT, None, "R"),
        "deliver": (EXPORT, None, "R"),
        "repeat": (IMPORT, None, "E"),
        "refuse": (IMPORT, None, "C"),
        "partners": (RIGHTS, None, "U"),
        "login": (AUTHENTICATION, _LOGIN, "E"),
        "logout": (AUTHENTICATION, _LOGOUT, "E"),
        "revoke": (AUTHENTICATION, _LOGOUT, "E"),
        "refused": (ALERT, None, "E"),
        "break-glass": (ALERT, _OVERRIDE, "E"),
        "inbox-content": (RECORD, None, "R"),
        "outbox-content": (RECORD, None, "R"),
        "kpi": (EXPORT, None, "R"),
        "backup": (EXPORT, None, "R"),
        "restore": (IMPORT, None, "C"),
        "erase": (RECORD, None, "D"),
        "audit-read": (LOG_USED, "read", "R"),
        "audit-search": (LOG_USED, "search", "E"),
        "audit-extract": (LOG_USED, None, "R"),
        "audit-verify": (LOG_USED, None, "E"),
        "audit-prune": (LOG_USED, None, "D"),
        "key": (ACTIVITY, None, "C"),
        "rekey": (ACTIVITY, None, "U"),
        "purge": (ACTIVITY, None, "D"),
        "requeue": (ACTIVITY, None, "U"),
    }
)
_WRITES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"created": ("create", "C"), "updated": ("update", "U"), "unchanged": ("update", "U"), "deleted": ("delete", "D")}
)
_REFUSALS = frozenset({"refused", "refuse"})


def meaning(row: Row) -> Meaning:
    """Return what a row means; an action without a meaning of its own is an operation of the FHIR API."""
    type_, more, action = (
        _written(row) if row.action == "transact" else _ACTIONS.get(row.action, (REST, "operation", "E"))
    )
    subtypes = [Code(OURS, row.action, row.action)]
    if isinstance(more, str):
        subtypes.append(Code(INTERACTION, more, more))
    elif more is not None:
        subtypes.append(more)
    if row.purpose in EMERGENCIES and more is not _OVERRIDE:
        subtypes.append(_OVERRIDE)
    return Meaning(type_, tuple(subtypes), action, FAILURE if row.action in _REFUSALS else SUCCESS)


def actions() -> tuple[str, ...]:
    """Return our words for what can be done, as `CodeSystem-audit-action` has them; without operations of FHIR."""
    return ("transact", *_ACTIONS)


def _written(row: Row) -> tuple[Code, Code | str | None, str]:
    """Return what a transaction was: what became of all its resources, where that is the same of each."""
    became = {_WRITES.get(entity.partition(" ")[0]) for entity in row.entities}
    (only,) = became if len(became) == 1 else (None,)
    interaction, action = only or ("transaction", "E")
    return (IMPORT if row.provider else REST), interaction, action
