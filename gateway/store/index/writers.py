"""Makes index rows of one value: a writer for each pair of parameter type and FHIR data type.

What each data type contributes: https://hl7.org/fhir/R4/search.html#ptypes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from gateway.fhir.search import fold
from gateway.fhir.search.families import parts_of_family
from gateway.fhir.search.near import point
from gateway.store.index.cells import cells
from gateway.store.index.model import DAY_US, LONGER, LONGEST, MONTH_US, OPEN_HIGH, OPEN_LOW, IndexRows
from gateway.store.index.moments import span

_MOST_NORTH, _MOST_EAST = 90, 180  # degrees

Json = Mapping[str, Any]
Writer = Callable[[IndexRows, str, Any], None]

# Dutch family names carry their parts as extensions. https://hl7.org/fhir/R4/extension-humanname-own-name.html
_NAME_PARTS = frozenset(
    f"http://hl7.org/fhir/StructureDefinition/humanname-{part}" for part in ("own-name", "partner-name")
)


def _code(rows: IndexRows, param: str, value: Any) -> None:
    rows.token.append((param, "", value))


def _boolean(rows: IndexRows, param: str, value: Any) -> None:
    rows.token.append((param, "", "true" if value else "false"))


def _coding(rows: IndexRows, param: str, value: Json) -> None:
    system, code = value.get("system", ""), value.get("code", "")
    if system or code:
        rows.token.append((param, system, code))


def _codeable_concept(rows: IndexRows, param: str, value: Json) -> None:
    for coding in value.get("coding", ()):
        _coding(rows, param, coding)


def _identifier(rows: IndexRows, param: str, value: Json) -> None:
    system, code = value.get("system", ""), value.get("value", "")
    if system or code:
        rows.token.append((param, system, code))
    if "type" in value:
        write_kind(rows, param, value)


def write_kind(rows: IndexRows, param: str, value: Json) -> None:
    """Add a row for each kind that an identifier is said to be of, for `:of-type`."""
    if "value" in value:
        for coding in value["type"].get("coding", ()):
            kind = f"{coding.get('system', '')}|{coding.get('code', '')}"
            rows.token.append((f"{param}:of-type", kind, value["value"]))


def _contact_point(rows: IndexRows, param: str, value: Json) -> None:
    if "value" in value:
        rows.token.append((param, "", value["value"]))


def _string(rows: IndexRows, param: str, value: str) -> None:
    rows.string.append((param, fold(value), value))


def write_family(rows: IndexRows, param: str, value: str) -> None:
    """Add the rows of a family name: of itself, and of its parts, which `:exact` does not look at."""
    _string(rows, param, value)
    rows.string.extend((param, part, "") for part in parts_of_family(value))


def _human_name(rows: IndexRows, param: str, value: Json) -> None:
    if "family" in value:
        write_family(rows, param, value["family"])
    if "text" in value:
        _string(rows, param, value["text"])
    for part in ("given", "prefix", "suffix"):
        for text in value.get(part, ()):
            if text is not None:
                _string(rows, param, text)
    if "_family" in value:
        _name_parts(rows, param, value["_family"])


def _name_parts(rows: IndexRows, param: str, family: Json) -> None:
    """Index the parts that are told apart, as they are written there."""
    for extension in family.get("extension", ()):
        if extension.get("url") in _NAME_PARTS and "valueString" in extension:
            _string(rows, param, extension["valueString"])


def _address(rows: IndexRows, param: str, value: Json) -> None:
    for part in ("text", "city", "district", "state", "postalCode", "country"):
        if part in value:
            _string(rows, param, value[part])
    for line in value.get("line", ()):
        if line is not None:
            _string(rows, param, line)


def _moment(rows: IndexRows, param: str, value: str) -> None:
    found = span(value)
    if found:
        write_span(rows, param, *found)


def write_span(rows: IndexRows, param: str, low: int, high: int) -> None:
    """Add the row of a span of time, and once more under the mark of its length when that is more than a day."""
    rows.date.append((param, low, high))
    if high - low > DAY_US:
        rows.date.append((param + (LONGER if high - low <= MONTH_US else LONGEST), low, high))


def _period(rows: IndexRows, param: str, value: Json) -> None:
    start, end = span(value.get("start", "")), span(value.get("end", ""))
    if start or end:
        write_span(rows, param, start[0] if start else OPEN_LOW, end[1] if end else OPEN_HIGH)


def _timing(rows: IndexRows, param: str, value: Json) -> None:
    """Index the span from the first event to the last. https://hl7.org/fhir/R4/search.html#date"""
    events = [found for text in value.get("event", ()) if text and (found := span(text))]
    if events:
        write_span(rows, param, min(low for low, _ in events), max(high for _, high in events))
    elif bounds := value.get("repeat", {}).get("boundsPeriod"):
        _period(rows, param, bounds)


def _number(rows: IndexRows, param: str, value: Any) -> None:
    rows.number.append((param, _float(value), _float(value)))


def _float(value: Any) -> float:
    """Return `value` as a float; a whole number that no float can hold is infinite, as a decimal that large is."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _ends(value: Json) -> tuple[float, float]:
    low, high = value.get("low", {}).get("value"), value.get("high", {}).get("value")
    return float("-inf") if low is None else _float(low), float("inf") if high is None else _float(high)


def _range(rows: IndexRows, param: str, value: Json) -> None:
    rows.number.append((param, *_ends(value)))


def _units(value: Json) -> Iterator[tuple[str, str]]:
    """Yield (system, code), and the unit as a code of its own where it is another word."""
    code, unit = value.get("code", ""), value.get("unit", "")
    if code or not unit:
        yield value.get("system", ""), code
    if unit and unit != code:
        yield "", unit


def _quantity(rows: IndexRows, param: str, value: Json) -> None:
    if "value" in value:
        number = _float(value["value"])
        rows.quantity.extend((param, system, code, number, number) for system, code in _units(value))


def _quantity_range(rows: IndexRows, param: str, value: Json) -> None:
    unit = value.get("low") or value.get("high") or {}
    rows.quantity.extend((param, system, code, *_ends(value)) for system, code in _units(unit))


def _money(rows: IndexRows, param: str, value: Json) -> None:
    if "value" in value:
        number = _float(value["value"])
        rows.quantity.append((param, "urn:iso:std:iso:4217", value.get("currency", ""), number, number))


def _uri(rows: IndexRows, param: str, value: str) -> None:
    rows.uri.append((param, value))


def _canonical(rows: IndexRows, param: str, value: str) -> None:
    rows.uri.append((param, value))
    if "|" in value:
        rows.uri.append((param, value.partition("|")[0]))


def _position(rows: IndexRows, param: str, value: Json) -> None:
    """Index a place; degrees that are none on earth have no place."""
    latitude, longitude = _float(value.get("latitude", 91)), _float(value.get("longitude", 181))
    if abs(latitude) <= _MOST_NORTH and abs(longitude) <= _MOST_EAST:
        at = point(latitude, longitude)
        rows.position += [(param, cell, *at) for cell in cells(at)]


# Parameter type -> data type -> writer. References are apart: they need to know which base is ours.
WRITERS: Mapping[tuple[str, str], Writer] = MappingProxyType(
    {
        **{("token", name): _code for name in ("code", "id", "string", "uri")},
        ("token", "boolean"): _boolean,
        ("token", "Coding"): _coding,
        ("token", "CodeableConcept"): _codeable_concept,
        ("token", "Identifier"): _identifier,
        ("token", "ContactPoint"): _contact_point,
        **{("string", name): _string for name in ("string", "markdown")},
        ("string", "HumanName"): _human_name,
        ("string", "Address"): _address,
        **{("date", name): _moment for name in ("date", "dateTime", "instant")},
        ("date", "Period"): _period,
        ("date", "Timing"): _timing,
        **{("number", name): _number for name in ("integer", "decimal", "positiveInt", "unsignedInt")},
        ("number", "Range"): _range,
        **{("quantity", name): _quantity for name in ("Quantity", "Age", "Duration", "Count", "Distance")},
        ("quantity", "Range"): _quantity_range,
        ("quantity", "Money"): _money,
        **{("uri", name): _uri for name in ("uri", "url")},
        ("uri", "canonical"): _canonical,
        ("special", "Location.position"): _position,
    }
)
