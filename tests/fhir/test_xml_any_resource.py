"""Any resource of any type that R4's tables allow goes to XML and comes back as it was."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.fhir import elements, json, xml
from gateway.fhir.types import resource_types
from tests.fhir.canonical import canonical, exact

_DEEPEST = 4
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), min_size=1, max_size=8)
_LINES = _TEXT | st.sampled_from([" ", "\n", "a\tb\r\n", "<&>\"'", "]]>", "é"])
_BOOLEAN = st.booleans()
_INTEGER = st.integers(-(2**31), 2**31 - 1)
_DECIMAL = _INTEGER | st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.just(Decimal("1.50"))
_OTHER = {
    "boolean": _BOOLEAN,
    "integer": _INTEGER,
    "positiveInt": _INTEGER,
    "unsignedInt": _INTEGER,
    "decimal": _DECIMAL,
}
_DIV = st.sampled_from(["", "a", "<p>a<br/>b</p>", "&lt;&#160;", "<!-- c -->"])
_NO_PARTNER = {"xhtml"}


@st.composite
def _resources(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(resource_types())))
    return {"resourceType": kind, **draw(_contents(kind, depth))}


@st.composite
def _contents(draw: st.DrawFn, type_name: str, depth: int) -> dict[str, Any]:
    """Return some of the elements of a type."""
    made: dict[str, Any] = {}
    known = [element for element in elements.children(type_name).values() if depth < _DEEPEST or _is_plain(element)]
    for element in draw(st.lists(st.sampled_from(known), max_size=4, unique_by=lambda one: one.name)) if known else []:
        name, type_ = draw(st.sampled_from(list(zip(element.json_names, element.types, strict=element.choice))))
        draw(_put(made, type_name, name, type_, element.is_list, depth))
    return made


@st.composite
def _put(draw: st.DrawFn, made: dict[str, Any], of: str, name: str, type_: str, is_list: bool, depth: int) -> None:
    if _is_attribute(of, name):
        made[name] = draw(_LINES)
    elif not elements.is_primitive(type_) or type_ in _NO_PARTNER:
        values = [draw(_value(type_, depth + 1)) for _ in range(draw(st.integers(1, 2)) if is_list else 1)]
        made[name] = values if is_list else values[0]
    elif not is_list:
        made[name] = draw(_value(type_, depth))
        if draw(_BOOLEAN):
            made[f"_{name}"] = draw(_partner())
    else:
        pairs = draw(st.lists(st.tuples(_value(type_, depth) | st.none(), _partner()), min_size=1, max_size=3))
        _put_list(made, name, pairs)


def _put_list(made: dict[str, Any], name: str, pairs: list[tuple[Any, Any]]) -> None:
    """Put a list of primitives and its partner as R4 writes them: a list of nulls alone is left out."""
    if any(value is not None for value, _ in pairs):
        made[name] = [value for value, _ in pairs]
    partners = [partner if value is None or len(partner) > 1 else None for value, partner in pairs]
    if any(partner is not None for partner in partners):
        made[f"_{name}"] = partners


@st.composite
def _partner(draw: st.DrawFn) -> dict[str, Any]:
    extension = {"url": "urn:x", "valueString": draw(_LINES)}
    return {"extension": [extension], **({"id": draw(_TEXT)} if draw(_BOOLEAN) else {})}


@st.composite
def _value(draw: st.DrawFn, type_: str, depth: int) -> Any:
    if type_ in {"Resource", "DomainResource"}:
        return draw(_resources(depth + 1))
    if type_ == "xhtml":
        return f'<div xmlns="http://www.w3.org/1999/xhtml">{draw(_DIV)}</div>'
    if elements.is_primitive(type_):
        return draw(_OTHER.get(type_, _LINES))
    return draw(_contents(type_, depth + 1))


def _is_plain(element: elements.Element) -> bool:
    return all(elements.is_primitive(type_) for type_ in element.types)


def _is_attribute(type_name: str, name: str) -> bool:
    return (name == "id" and type_name not in resource_types()) or (type_name == "Extension" and name == "url")


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(_resources())
def test_any_resource_comes_back_as_it_was(resource: dict[str, Any]) -> None:
    written = xml.write(resource)

    read = xml.read(written)

    assert exact(read) == exact(resource)
    assert json.decode(json.encode(read)) == resource
    assert canonical(xml.write(read, pretty=True)) == canonical(written)
