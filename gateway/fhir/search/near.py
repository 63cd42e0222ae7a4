"""Reads `near`: a place on earth and how far around it. https://hl7.org/fhir/R4/location.html#positional"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from math import asin, cos, inf, pi, radians, sin, sqrt
from types import MappingProxyType
from typing import Any

from gateway.fhir.search.model import Chain, Condition, Filter, Near

DEFAULT_KM = 50
"""How far around is looked where nothing is said; R4 leaves that to the server, and the self link shows it."""

EARTH_METERS = 6_371_008.8  # the mean radius

# A unit as it is written -> metres, and its UCUM code. https://ucum.org/ucum
_UNITS: Mapping[str, tuple[float, str]] = MappingProxyType(
    {
        "m": (1, "m"),
        "km": (1000, "km"),
        "mi": (1609.344, "[mi_i]"),
        "[mi_i]": (1609.344, "[mi_i]"),
        "nmi": (1852, "[nmi_i]"),
        "[nmi_i]": (1852, "[nmi_i]"),
        "ft": (0.3048, "[ft_i]"),
        "[ft_i]": (0.3048, "[ft_i]"),
        "yd": (0.9144, "[yd_i]"),
        "[yd_i]": (0.9144, "[yd_i]"),
    }
)
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,18})?")
_DISTANCE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_FORM = "it is written latitude|longitude|distance|unit, such as 52.07|4.30|25|km; distance and unit may be left out"


def read_near(text: str) -> Near | str:
    """Return the place and the distance that `text` says, or what is wrong with it, which never repeats the value.

    >>> read_near("52.07|4.30").text
    '52.07|4.30|50|km'
    >>> read_near("152.07|4.30")
    'the latitude is a number of degrees from -90 to 90, with a decimal point'
    """
    if "," in text:
        return f"a coordinate has a decimal point, not a comma, and one place is asked at a time: {_FORM}"
    parts = text.split("|")
    if not 2 <= len(parts) <= 4:
        return _FORM
    latitude, longitude, distance, unit = (*parts, "", "")[:4]
    for name, degrees, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not _DEGREES.fullmatch(degrees) or abs(float(degrees)) > most:
            return f"the {name} is a number of degrees from -{most} to {most}, with a decimal point"
    if distance and not _DISTANCE.fullmatch(distance):
        return "the distance is a number that is not negative, with a decimal point"
    if unit and unit not in _UNITS:
        return f"the unit is one of {', '.join(_UNITS)}"
    if not distance:
        distance, unit = str(DEFAULT_KM), "km"
    meters, ucum = _UNITS[unit or "km"]
    high = squared_chord(float(distance) * meters)
    whole = f"{latitude}|{longitude}|{distance}|{unit or 'km'}"
    return Near(float(latitude), float(longitude), unit or "km", ucum, whole, 0.0, high)


def squared_chord(meters: float) -> float:
    """Return the square of the straight line through a unit sphere between points so far apart over the earth.

    What lies at that very distance is within it, whatever the last digit of a floating-point number is.
    """
    angle = meters / EARTH_METERS
    return inf if angle >= pi else (2 * sin(angle / 2)) ** 2 + 1e-18


def meters_of(squared: float) -> float:
    """Return how far over the earth points are apart of which the straight line through a unit sphere is known.

    It is the haversine formula, of which that square is four times the inner term.
    """
    return 2 * EARTH_METERS * asin(min(1.0, sqrt(squared) / 2))


def point(latitude: float, longitude: float) -> tuple[float, float, float]:
    """Return a place as a point of the unit sphere, where neither poles nor the date line are special."""
    around, up = radians(longitude), radians(latitude)
    return cos(up) * cos(around), cos(up) * sin(around), sin(up)


def distance(near: Near, meters: float) -> dict[str, Any]:
    """Return a distance as a Quantity in the unit that was asked, to the metre or a little coarser or finer."""
    size, ucum = _UNITS[near.unit]
    digits = Decimal("0.001") if size > 1 else Decimal("0.1")
    value = Decimal(meters / size).quantize(digits)
    return {"value": value, "unit": near.unit, "system": "http://unitsofmeasure.org", "code": ucum}


def near_of(condition: Condition) -> Near | None:
    """Return the place that a condition asks for, on a resource or at the end of a chain; None for any other."""
    if isinstance(condition, Filter):
        (value, *others) = condition.values or (None,)
        return value if isinstance(value, Near) and not others else None
    if isinstance(condition, Chain):
        return next((found for _, then in condition.targets if (found := near_of(then))), None)
    return None
