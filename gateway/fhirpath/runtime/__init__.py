"""What generated code calls. Each public function `x` of these modules stands in the generated text as `fp_x`."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType, ModuleType
from typing import Any

from gateway.fhirpath.runtime import (
    arithmetic,
    boundaries,
    collections,
    conversion,
    equality,
    fhir,
    logic,
    maths,
    navigation,
    ordering,
    system,
    text,
    types,
)
from gateway.fhirpath.values import Date, DateTime, Quantity, Time

__all__ = ["RUNTIME"]


def _exported(*modules: ModuleType) -> Mapping[str, Any]:
    names = {f"fp_{name}": getattr(module, name) for module in modules for name in module.__all__}
    makers = {maker.__name__: maker for maker in (Date, DateTime, Decimal, Quantity, Time)}
    return MappingProxyType(names | makers | {"fp_none": (None,)})


RUNTIME: Mapping[str, Any] = _exported(
    arithmetic,
    boundaries,
    collections,
    conversion,
    equality,
    fhir,
    logic,
    maths,
    navigation,
    ordering,
    system,
    text,
    types,
)
"""The names that generated code, and the constants it uses, need in their globals."""
