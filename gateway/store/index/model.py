"""The rows a resource is found by, as values; the tables they go to are those of the migrations.

    index_token     (type, param, system, code, key)        system '' = none
    index_string    (type, param, value, exact, key)        value: folded for search; exact: as written, for :exact
    index_date      (type, param, low, high, key)           UTC microseconds, [low, high); open: OPEN_LOW, OPEN_HIGH
    index_reference (type, param, target_type, target_id, key)   target_type '' = elsewhere, target_id is then the URL
    index_uri       (type, param, value, key)
    index_number    (type, param, low, high, key)           float
    index_quantity  (type, param, system, code, low, high, key)   float; code is the unit where there is no code
    index_position  (type, param, cell, x, y, z, key)       a point of the unit sphere, see cells.py
    slot            (key, status, start, end_, schedule)    the capacity projection, see SlotRow

The order of the columns is the order of the clustered key; `key` last makes matches come in key order.
Six kinds of rows stand there under a name that is no parameter: the words beside codes (`code:text`, by path, so
that parameters which look at one place share them), identifiers with their kind (`identifier:of-type`, its system and
code as the system), references to a version (`subject:version`), the values of composites (composites.py), and what a
Consent says of who may see, and until when a free Slot is offered. A word of a narrative is a string of `_text`.

Each index table also has an index (key, param): deletes, :missing, _sort and probes of one resource use it.
"""

from __future__ import annotations

from dataclasses import dataclass

_HOUR_US = 3_600_000_000
# A span of more than a day stands in index_date once more, under the name of its parameter and the mark of its length:
# what overlaps a window is then the rows that begin in it or just before, and the few long ones that began earlier.
DAY_US, MONTH_US = 25 * _HOUR_US, 32 * 24 * _HOUR_US  # the longest of each: clocks change, months differ
LONGER, LONGEST = "~", "~~"  # than a day, than a month

OPEN_LOW, OPEN_HIGH = -(2**62), 2**62  # the ends of a Period without start or end


# What a Slot is searched by beside status, start and schedule. Under each such coding, together with its status, a Slot
# stands in index_date a second time: free intensive-care places in order of time are one range of one index.
SLOT_CODINGS = ("service-type", "service-category", "specialty", "appointment-type")


def capacity_param(status: str, param: str, system: str, code: str) -> str:
    """Return the name under which index_date holds the Slots of a status and a coding, from start to end.

    >>> capacity_param("free", "specialty", "http://snomed.info/sct", "394579002")
    'free specialty http://snomed.info/sct|394579002'
    """
    return f"{status} {param} {system}|{code}"


OFFERED = "(offered)"
"""The name under which index_date holds the Slots that are free, until when the word of their source counts."""


def composite_param(name: str, system: str, code: str) -> str:
    """Return the name under which the values stand that a composite pairs with a code.

    >>> composite_param("code-value-quantity", "http://loinc.org", "8867-4")
    'code-value-quantity http://loinc.org|8867-4'
    """
    return f"{name} {system}|{code}"


def says_param(says: str, actor: str, content: str) -> str:
    """Return the name under which index_date holds the Consents that say something of an actor and a kind of content.

    >>> says_param("permits", "http://fhir.nl/fhir/NamingSystem/ura|00000001", "*")
    'permits http://fhir.nl/fhir/NamingSystem/ura|00000001 *'
    """
    return f"{says} {actor} {content}"


def version_param(param: str) -> str:
    """Return the name under which references to a version stand once more, with that version."""
    return f"{param}:version"


def versioned(target_id: str, version: str) -> str:
    """Return the id, or the URL, of one version of a target.

    >>> versioned("123", "2")
    '123/_history/2'
    """
    return f"{target_id}/_history/{version}"


def text_param(path: str) -> str:
    """Return the name under which the words beside the codes at a path stand, for `:text`."""
    return f"{path}:text"


@dataclass(slots=True)
class SlotRow:
    """The capacity projection of one Slot: what the acute question asks for."""

    status: str
    start: int  # UTC microseconds
    end: int  # UTC microseconds
    schedule: str  # id of the Schedule, '' when it is not a reference to one here


class IndexRows:
    """The rows of one resource, each tuple without type and key, in the column order of its table."""

    __slots__ = ("date", "number", "position", "quantity", "reference", "slot", "string", "token", "uri")

    def __init__(self) -> None:
        self.token: list[tuple[str, str, str]] = []  # param, system, code
        self.string: list[tuple[str, str, str]] = []  # param, value, exact
        self.date: list[tuple[str, int, int]] = []  # param, low, high
        self.reference: list[tuple[str, str, str]] = []  # param, target_type, target_id
        self.uri: list[tuple[str, str]] = []  # param, value
        self.number: list[tuple[str, float, float]] = []  # param, low, high
        self.quantity: list[tuple[str, str, str, float, float]] = []  # param, system, code, low, high
        self.position: list[tuple[str, int, float, float, float]] = []  # param, cell, x, y, z
        self.slot: SlotRow | None = None
