"""The values of FHIRPath's System types that Python has no exact equal of, and the element with its type.

String, Boolean, Integer and Decimal are `str`, `bool`, `int` and `decimal.Decimal`.
https://hl7.org/fhirpath/N1/#literals
"""

from decimal import Decimal

from gateway.fhirpath.values.quantity import Quantity
from gateway.fhirpath.values.temporal import Date, DateTime, Temporal, Time
from gateway.fhirpath.values.typed import Typed

__all__ = ["Date", "DateTime", "Quantity", "System", "Temporal", "Time", "Typed"]

System = str | bool | int | Decimal | Date | DateTime | Time | Quantity
