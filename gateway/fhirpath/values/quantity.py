"""A number with a unit. https://hl7.org/fhirpath/N1/#quantity"""

import re
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["CALENDAR", "Quantity", "read_quantity"]

CALENDAR = {
    word + plural: word
    for word in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for plural in ("", "s")
}
"""Calendar words, singular and plural → singular."""

_READ = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+))?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` and `unit`: a UCUM code, or the calendar word as written when `calendar` is true."""

    value: Decimal | int
    unit: str = "1"
    calendar: bool = False

    def __str__(self) -> str:
        value = f"{self.value:f}" if isinstance(self.value, Decimal) else str(self.value)
        return f"{value} {self.unit}" if self.calendar else f"{value} '{self.unit}'"

    def to_json(self) -> dict[str, object]:
        """Return it as a FHIR Quantity; a calendar word becomes its unit without a code."""
        if self.calendar:
            return {"value": self.value, "unit": self.unit}
        return {"value": self.value, "unit": self.unit, "system": "http://unitsofmeasure.org", "code": self.unit}


def read_quantity(text: str) -> Quantity | None:
    """Return the quantity that a text writes (`1`, `1 day`, `1 'wk'`), or None.

    >>> read_quantity("1 wk") is None
    True
    """
    found = _READ.fullmatch(text.strip())
    if not found or (found[3] and found[3] not in CALENDAR):
        return None
    value = Decimal(found[1]) if "." in found[1] else int(found[1])
    return Quantity(value, found[3], calendar=True) if found[3] else Quantity(value, found[2] or "1")
