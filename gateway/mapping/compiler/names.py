"""What generated code can call: the functions of FHIRPath, and those of the mapping language."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.fhirpath import RUNTIME
from gateway.mapping import functions, pieces, shapes, trees
from gateway.mapping.findings import Finding


def once(function: Any) -> Any:
    """Return a function as it is: one row needs to remember nothing."""
    return function


NAMES: Mapping[str, Any] = MappingProxyType(
    {
        **RUNTIME,
        **{name: getattr(shapes, name) for name in shapes.__all__},
        **{name: getattr(pieces, name) for name in pieces.EXPORTED},
        **{f"tree_{name}": getattr(trees, name) for name in trees.__all__},
        **{f"map_{name}": added.call for name, added in functions.ADDED.items()},
        **{f"map_{name}": call for name, call in functions.INNER.items()},
        "Finding": Finding,
        "once": once,
    }
)
