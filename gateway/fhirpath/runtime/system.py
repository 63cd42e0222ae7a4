"""From JSON values and typed elements to System values, and back to plain JSON."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.model import kind
from gateway.fhirpath.values import Quantity, Temporal, Typed
from gateway.fhirpath.values.temporal import Date, DateTime, Time, read_date, read_date_time, read_time

__all__ = ["collection", "date", "date_time", "plain", "plain_list", "quantity", "single", "system", "time", "typed"]

MAX_MAGNITUDE = 100  # 1E+999999999 takes eleven characters to write and a gigabyte to round
_UCUM = "http://unitsofmeasure.org"


def date(text: str | None) -> Date | None:
    """Return the date a FHIR date writes; None for None and for what is no date."""
    return None if text is None else read_date(text)


def date_time(text: str | None) -> DateTime | Date | None:
    """Return what a FHIR dateTime or instant writes: a date-time, or a date when no time was written."""
    if text is None:
        return None
    return read_date_time(text) if len(text) > 10 else read_date(text)


def time(text: str | None) -> Time | None:
    """Return the time of day a FHIR time writes, or None."""
    return None if text is None else read_time(text)


def quantity(json: dict[str, Any] | None) -> Quantity | None:
    """Return a FHIR Quantity as a quantity; None without a number, with a comparator, or None itself."""
    if json is None or "comparator" in json or not is_number(json.get("value")):
        return None
    if json.get("system") in {_UCUM, None} and "code" in json:
        return Quantity(json["value"], json["code"])
    return Quantity(json["value"], json.get("unit", "1"))


_READERS: dict[str, Callable[[Any], Any]] = {"date": date, "dateTime": date_time, "time": time, "Quantity": quantity}


_READER_OF: dict[str, Callable[[Any], Any] | None] = {}  # of the types met so far


def system(value: Any) -> Any:
    """Return an element as the System value it converts to; anything else, and a complex element, as it is."""
    if type(value) is not Typed:
        return value
    try:
        reader = _READER_OF[value.type]
    except KeyError:
        reader = _READER_OF[value.type] = _READERS.get(kind(value.type))
    return reader(value.value) if reader else value.value


def typed(value: Any, type_name: str) -> Typed | None:
    """Return a JSON value together with its type; None for None."""
    return None if value is None else Typed(value, type_name)


def collection(value: Any) -> list[Any]:
    """Return a value as a collection."""
    return [] if value is None else [value]


def single(values: list[Any]) -> Any:
    """Return the only item, or None for none; FhirPathError when there are more."""
    if len(values) > 1:
        raise FhirPathError("a single item is needed here, and there are more")
    return values[0] if values else None


def plain(value: Any) -> Any:
    """Return a value as JSON writes it."""
    if type(value) is Typed:
        return value.value
    if isinstance(value, Temporal):
        return str(value)
    return value.to_json() if isinstance(value, Quantity) else value


def plain_list(values: list[Any]) -> list[Any]:
    """Return values as JSON writes them, leaving out elements that have only extensions."""
    return [x for x in map(plain, values) if x is not None] if values else []


def is_number(value: Any) -> bool:
    """Return whether a value is an Integer or a Decimal; FhirPathError for one too large to reckon with."""
    if isinstance(value, Decimal):
        if value and abs(value.adjusted()) > MAX_MAGNITUDE:
            raise FhirPathError(f"a number beyond 10 to the power of {MAX_MAGNITUDE} is not reckoned with")
        return True
    return type(value) is int
