"""A search for definitions: its parameters, read strictly, as conditions on them.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.errors import BadRequest, Issue
from gateway.fhir.parameters import SearchParameter, search_parameters
from gateway.fhir.search import Page, Token, fold, page_of
from gateway.fhir.search.coded import check_known
from gateway.fhir.search.served import DEFAULT_COUNT, MAX_COUNT, suggestion
from gateway.fhir.search.values import UnknownCode
from gateway.query.installed.catalogue import TOPIC

if TYPE_CHECKING:
    from gateway.query.installed.catalogue import Definition

_CODES = ("_id", "url", "version", "name", "title", "status")
_MODIFIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"token": ("missing", "not"), "string": ("contains", "exact", "missing"), "uri": ("below", "missing")}
)
Condition = Callable[["Definition"], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was understood; `page` is what a page link says, until it is unsealed."""

    type: str
    conditions: tuple[Condition, ...] = ()
    count: int = DEFAULT_COUNT
    only_count: bool = False
    applied: tuple[tuple[str, str], ...] = ()
    page: Page | None = None


def parameters(resource_type: str) -> Sequence[SearchParameter]:
    """Return what definitions of a type are found by."""
    known = search_parameters(resource_type)
    codes = ("_id", "code") if resource_type == TOPIC else _CODES
    return [known[code] for code in codes if code in known]


def parse(resource_type: str, pairs: Sequence[tuple[str, str]]) -> Asked:
    """Return the search that the parameters ask for. BadRequest with everything that is wrong with them."""
    page = page_of(pairs)
    if page is not None:
        return Asked(resource_type, page=page)
    conditions: list[Condition] = []
    said: dict[str, int | bool] = {}
    issues: list[Issue] = []
    for name, value in pairs:
        try:
            if name in _SHAPES:
                said |= _SHAPES[name](value)
            else:
                conditions.append(_condition(resource_type, name, value))
        except BadRequest as error:
            issues += error.issues
    if issues:
        raise BadRequest(issues)
    count = int(said.get("count", DEFAULT_COUNT))
    return Asked(resource_type, tuple(conditions), count, bool(said.get("only_count")), tuple(pairs))


def _condition(resource_type: str, name: str, value: str) -> Condition:
    code, _, modifier = name.partition(":")
    known = {parameter.code: parameter for parameter in parameters(resource_type)}
    if code not in known:
        near = suggestion(code, [*known, *_SHAPES])
        raise BadRequest(f"no parameter '{code[:60]}' on {resource_type}{near}", code="unknown-parameter")
    kind = known[code].type
    if modifier and modifier not in _MODIFIERS[kind]:
        offered = ", ".join(_MODIFIERS[kind])
        raise BadRequest(f"{code} takes the modifiers {offered} on {resource_type}", code="unknown-parameter")
    if modifier == "missing":
        wanted = _boolean(name, value)
        return lambda one: (one.value(code) == "") is wanted
    compare = _COMPARISONS[kind, modifier]
    values = [part for part in value.split(",") if part]
    if not values:
        raise BadRequest(f"{name[:60]} has no value", code="bad-value")
    if kind == "token":
        _check_known(resource_type, known[code], values)
    if modifier == "not":
        return lambda one: not any(compare(one.value(code), part) for part in values)
    return lambda one: any(compare(one.value(code), part) for part in values)


def _check_known(resource_type: str, parameter: SearchParameter, values: Sequence[str]) -> None:
    tokens = [Token(system if bar else None, code) for system, bar, code in (value.rpartition("|") for value in values)]
    try:
        check_known(resource_type, parameter, tokens)
    except UnknownCode as error:
        raise BadRequest(f"{parameter.code}: {error}", code="bad-value") from error


def _boolean(name: str, value: str) -> bool:
    if value not in {"true", "false"}:
        raise BadRequest(f"{name[:60]} is true or false", code="bad-value")
    return value == "true"


def _token(held: str, wanted: str) -> bool:
    return held == wanted.rpartition("|")[2] and held != ""


_COMPARISONS: Mapping[tuple[str, str], Callable[[str, str], bool]] = MappingProxyType(
    {
        ("token", ""): _token,
        ("token", "not"): _token,
        ("string", ""): lambda held, wanted: any(
            text.startswith(fold(wanted)) for text in (fold(held), *fold(held).split())
        ),
        ("string", "contains"): lambda held, wanted: fold(wanted) in fold(held),
        ("string", "exact"): lambda held, wanted: held == wanted,
        ("uri", ""): lambda held, wanted: held == wanted,
        ("uri", "below"): lambda held, wanted: held == wanted or held.startswith(f"{wanted.rstrip('/')}/"),
    }
)


def _count(value: str) -> dict[str, int | bool]:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise BadRequest(f"_count is a whole number from 0 to {MAX_COUNT}", code="bad-value")
    return {"count": min(int(value), MAX_COUNT), "only_count": int(value) == 0}


def _summary(value: str) -> dict[str, int | bool]:
    if value not in {"count", "false"}:
        raise BadRequest("_summary is count or false here", code="bad-value")
    return {"only_count": value == "count"}


_SHAPES: Mapping[str, Callable[[str], dict[str, int | bool]]] = MappingProxyType(
    {"_count": _count, "_summary": _summary}
)
