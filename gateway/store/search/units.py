"""Quantities in other units of the same dimension: 5 mg is 0.005 g. https://hl7.org/fhir/R4/search.html#quantity"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from gateway.fhir.search import NumberRange, QuantityRange

UCUM = "http://unitsofmeasure.org"


def in_other_units(asked: QuantityRange, units: Iterable[str]) -> Iterator[QuantityRange]:
    """Yield a quantity as it is asked, and in each of `units` that it can be converted to."""
    yield asked
    if asked.system != UCUM or asked.code is None:
        return
    for unit in units:
        number = _converted(asked.number, asked.code, unit) if unit != asked.code else None
        if number is not None:
            yield replace(asked, number=number, code=unit)


def _converted(number: NumberRange, unit: str, wanted: str) -> NumberRange | None:
    from gateway.fhirpath.values.quantity import Quantity  # noqa: PLC0415 - few searches convert, and it is slow to load
    from gateway.fhirpath.values.ucum import converted  # noqa: PLC0415 - as above

    found = [converted(Quantity(Decimal(str(each)), unit), wanted) for each in (number.value, number.low, number.high)]
    numbers = [float(each.value) for each in found if each is not None]
    return NumberRange(number.prefix, numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None
