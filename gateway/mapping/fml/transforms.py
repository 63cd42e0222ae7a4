"""The transforms of the mapping language that are no FHIRPath: what each makes of its parameters; empty makes empty.

http://hl7.org/fhir/R4/mapping-language.html#transforms
"""

import html
import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from gateway.fhirpath.values import Typed
from gateway.mapping.findings import Finding
from gateway.mapping.pieces import plain
from gateway.mapping.shapes import joined

_ESCAPES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "html": html.escape,
        "xml": html.escape,
        "url": lambda text: quote(text, safe=""),
        "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        "plain": lambda text: text,
    }
)


def bare(value: Any) -> Any:
    """Return a value without its type and its place."""
    return plain(value.value if type(value) is Typed else value)


def append(frame: tuple[str | None, ...], *values: Any) -> str | None:
    """Return the values in the places of `frame` that are None, as one text; None when one of them is empty."""
    return joined(frame, *map(bare, values))


def truncate(value: Any, length: Any) -> str | None:
    """Return the beginning of a text."""
    text = bare(value)
    return None if text is None else str(text)[: int(length)]


def escape(value: Any, source: Any = "plain", target: Any = None) -> str | None:
    """Return a text escaped for `target` (html, xml, url, json). Raises Finding for a form that is not known."""
    text, form = bare(value), _ESCAPES.get(str(bare(target if target is not None else source)))
    if form is None:
        raise Finding("rule-failed", "expression", why=f"escape knows {', '.join(_ESCAPES)}")
    return None if text is None else form(str(text))


def cast(value: Any, type_name: Any) -> Any:
    """Return a value as the plain type that is named. Raises Finding when it cannot be one.

    A number stays the number it is, never cut off: that 1.5 is no integer is for who validates what is made.
    """
    found, name = bare(value), str(type_name).removeprefix("System.").lower()
    if found is None or isinstance(found, dict):
        return found
    if name in {"integer", "positiveint", "unsignedint"}:
        return _number(found, int)
    if name == "decimal":
        return _number(found, Decimal)
    if name == "boolean":
        return found if isinstance(found, bool) else _boolean(str(found))
    return ("true" if found else "false") if isinstance(found, bool) else str(found)


def _number(value: Any, make: type[int] | type[Decimal]) -> int | Decimal:
    if isinstance(value, Decimal):
        return value
    try:
        return make(str(value))
    except (ValueError, InvalidOperation) as wrong:
        raise Finding("bad-value", "number") from wrong


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise Finding("bad-value", "yes", expected="true, false")
    return text == "true"


def reference(value: Any) -> str | None:
    """Return `Type/id` of a resource. Raises Finding when it has no id yet."""
    resource = bare(value)
    if resource is None:
        return None
    if not isinstance(resource, dict) or not resource.get("resourceType") or not resource.get("id"):
        raise Finding("rule-failed", "expression", why="reference() needs a resource that has its id")
    return f"{resource['resourceType']}/{resource['id']}"


def coding(system: Any, code: Any, display: Any = None) -> dict[str, Any] | None:
    """Return a Coding; None without a code."""
    made = _object(system=system, code=code, display=display)
    return made if "code" in made else None


def concept(first: Any, code: Any = None, display: Any = None) -> dict[str, Any] | None:
    """Return a CodeableConcept of system and code, or of a text alone."""
    if code is None and display is None:
        return _object(text=first) or None
    inner = coding(first, code, display)
    return {"coding": [inner]} if inner else None


def quantity(first: Any, unit: Any = None, system: Any = None, code: Any = None) -> dict[str, Any] | None:
    """Return a Quantity of `value, unit[, system, code]`, or of one text `4 mg`."""
    if unit is None:
        text = str(bare(first) or "").strip()
        number, _, rest = text.partition(" ")
        return _object(value=_number(number, Decimal), unit=rest.strip("'") or None) if number else None
    value = bare(first)
    if value is None:
        return None
    return _object(
        value=value if isinstance(value, int | Decimal) else _number(value, Decimal),
        unit=unit,
        system=system,
        code=code,
    )


def identifier(system: Any, value: Any, type_code: Any = None) -> dict[str, Any] | None:
    """Return an Identifier; None without a value."""
    made = _object(system=system, value=value)
    if type_code is not None and "value" in made:
        made["type"] = concept("http://terminology.hl7.org/CodeSystem/v2-0203", type_code)
    return made if "value" in made else None


def contact_point(first: Any, value: Any = None) -> dict[str, Any] | None:
    """Return a ContactPoint of system and value, or of a value whose form tells its system."""
    if value is not None:
        return _object(system=first, value=value)
    text = str(bare(first) or "")
    system = "email" if "@" in text else "url" if "://" in text else "phone"
    return _object(system=system, value=text) if text else None


def _object(**elements: Any) -> dict[str, Any]:
    made = {name: bare(value) for name, value in elements.items()}
    return {name: value for name, value in made.items() if value not in {None, ""}}


TRANSFORMS: Mapping[str, tuple[Callable[..., Any], int, int, str | None]] = MappingProxyType(
    {
        "append": (append, 1, 20, "System.String"),
        "truncate": (truncate, 2, 2, "System.String"),
        "escape": (escape, 2, 3, "System.String"),
        "cast": (cast, 1, 2, None),
        "reference": (reference, 1, 1, "System.String"),
        "pointer": (reference, 1, 1, "System.String"),
        "c": (coding, 2, 3, "Coding"),
        "cc": (concept, 1, 3, "CodeableConcept"),
        "qty": (quantity, 1, 4, "Quantity"),
        "id": (identifier, 2, 3, "Identifier"),
        "cp": (contact_point, 1, 2, "ContactPoint"),
    }
)
"""Each transform: what runs, how many parameters it takes, and the type of what comes out."""
