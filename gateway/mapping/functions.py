"""The functions added to FHIRPath: a closed list. `docs/mapping-language.md` shows each, with an example that is a test.

Those of one value take what stands before the dot; of an empty value each makes an empty one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.mapping import moments, values
from gateway.mapping.names import human_name


@dataclass(frozen=True, slots=True)
class Added:
    """One function. `call` is what runs; `type` what comes out; `method`: it takes the value before the dot.

    `zone`, `space`: the provider's time zone or namespace is given first (after the value).
    """

    call: Callable[..., Any]
    type: str
    least: int
    most: int
    method: bool = True
    zone: bool = False
    space: bool = False


def date_time(text: str | None, zone: str, format_: str | None = None) -> str | None:
    """Return the dateTime; see `moments.date_time`."""
    return moments.date_time(text, zone, format_) if text else None


def day(text: str | None, format_: str | None = None) -> str | None:
    """Return the date; see `moments.day`."""
    return moments.day(text, format_) if text else None


def instant(text: str | None, zone: str, format_: str | None = None) -> str | None:
    """Return the instant; see `moments.instant`."""
    return moments.instant(text, zone, format_) if text else None


def bsn(text: str | None) -> str | None:
    """Return the BSN; see `values.bsn`."""
    return values.bsn(text) if text else None


def decimal(text: str | None) -> Any:
    """Return the number; see `values.decimal`."""
    return values.decimal(text) if text else None


def yes(text: Any) -> bool | None:
    """Return whether it says yes; see `values.yes`."""
    return values.yes(text) if text not in {None, ""} else None


def narrative(text: str | None) -> str | None:
    """Return the xhtml; see `values.narrative`."""
    return values.narrative(text) if text else None


ADDED: Mapping[str, Added] = MappingProxyType(
    {
        "id": Added(values.identifier, "id", 2, 20, method=False, space=True),
        "hash": Added(values.hashed, "System.String", 1, 20, method=False),
        "humanName": Added(human_name, "HumanName", 3, 6, method=False),
        "toDateTime": Added(date_time, "dateTime", 0, 1, zone=True),
        "toDate": Added(day, "date", 0, 1),
        "toInstant": Added(instant, "instant", 0, 1, zone=True),
        "bsn": Added(bsn, "System.String", 0, 0),
        "decimal": Added(decimal, "decimal", 0, 0),
        "yes": Added(yes, "boolean", 0, 0),
        "narrative": Added(narrative, "System.String", 0, 0),
    }
)

TRANSLATE = "translate"
TRANSLATED: Mapping[str, str] = MappingProxyType(
    {"code": "code", "Coding": "Coding", "CodeableConcept": "CodeableConcept"}
)
DELETED = "isDelete"
NAMES = (*ADDED, TRANSLATE, DELETED)
