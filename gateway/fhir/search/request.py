"""Reads a whole search, and finds everything that is wrong with it at once. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from gateway.errors import BadRequest, Issue, TooLarge
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search.coded import BY_HIERARCHY, IN_SET, check_known, read_codes
from gateway.fhir.search.codes import Codes, NoCodes
from gateway.fhir.search.folding import fold
from gateway.fhir.search.model import Condition, SearchRequest, Value
from gateway.fhir.search.names import Named, UnknownName, resolve, suggestion_of_type, unknown
from gateway.fhir.search.near import near_of
from gateway.fhir.search.paging import page_of
from gateway.fhir.search.results import apply, is_result_parameter
from gateway.fhir.search.served import (
    DEFAULT_COUNT,
    GENERAL_PARAMETERS,
    MAX_PARAMETERS,
    MAX_RANGES,
    MAX_VALUE_LENGTH,
    MAX_VALUES,
    NEAR,
    ONCE,
)
from gateway.fhir.search.values import BadValue, UnknownCode, read, read_composite, split
from gateway.fhir.types import resource_types

Pairs = Sequence[tuple[str, str]]
UNKNOWN = "code-unknown"
"""The code of the warning that a code is asked for which no resource can have there."""
_NO_CODES = NoCodes()
_NO_TEXT = re.compile("[\x00-\x1f\ud800-\udfff]")


def parse(
    resource_type: str,
    pairs: Pairs,
    *,
    strict: bool = True,
    codes: Codes = _NO_CODES,
    refuse_codes: bool | None = None,
) -> SearchRequest:
    """Return the search that `pairs` (decoded names and values, in order) ask of `resource_type`.

    `codes` are the value sets and code systems that `:in`, `:not-in`, `:above` and `:below` are read with.

    Raises BadRequest with every problem. With `strict` off an unknown parameter or modifier is left out and becomes a
    warning in `issues`; a value that cannot be read is refused all the same, for leaving it out would widen the search.
    A code that is none of those R4 requires there is refused too, unless `refuse_codes` (as `strict`) is off: it then
    finds nothing, with a warning (code-unknown). Raises TooLarge when there are more parameters or values than the
    stated limits.
    """
    if resource_type not in resource_types():
        raise BadRequest(f"R4 has no such resource type{suggestion_of_type(resource_type)}")
    _check_size(pairs)
    request = SearchRequest(resource_type, count=DEFAULT_COUNT)
    page = page_of(pairs)
    if page is not None:
        return replace(request, page=page)
    problems = [Issue("bad-value", f"{name}: it is given once") for name in _repeated(pairs)]
    for name, value in pairs:
        request = _with(request, name, value, problems, strict=strict, codes=codes)
    if strict if refuse_codes is None else refuse_codes:
        problems = [replace(i, code="bad-value", severity="error") if i.code == UNKNOWN else i for i in problems]
    _raise_errors(problems)
    return replace(request, issues=tuple(problems)) if problems else request


def parse_query(resource_type: str, query: str) -> SearchRequest:
    """Return the search that a query string asks, such as that of a conditional create; BadRequest as `parse`."""
    from urllib.parse import parse_qsl  # noqa: PLC0415 - needed for conditional interactions only, and slow to load

    return parse(resource_type, parse_qsl(query.partition("?")[2] or query, keep_blank_values=True))


def parse_condition(resource_type: str, query: str) -> SearchRequest:
    """Return the search by which a write, or a reference, means a resource. BadRequest as `parse`.

    And for what says how matches are told: passed over, it would seem to choose among them.
    https://hl7.org/fhir/R4/http.html#ccreate
    """
    found = parse_query(resource_type, query)
    shaping = [name for name, _ in found.applied if is_result_parameter(name) or name in GENERAL_PARAMETERS]
    if shaping:
        text = "is of a search and says how matches are told; a condition says which resource is meant: leave it out"
        raise BadRequest([Issue("unknown-parameter", f"{name} {text}") for name in dict.fromkeys(shaping)])
    return found


def _repeated(pairs: Pairs) -> list[str]:
    """Return what shapes the result in one way only and is given twice: the last would win, and `self` tell both."""
    names = [name for name, _ in pairs]
    return [name for name in ONCE if names.count(name) > 1]


def _check_size(pairs: Pairs) -> None:
    if len(pairs) > MAX_PARAMETERS:
        raise TooLarge(f"a search takes at most {MAX_PARAMETERS} parameters")
    if sum(value.count(",") + 1 for _, value in pairs) > MAX_VALUES:
        raise TooLarge(f"a search takes at most {MAX_VALUES} values in all")


def _with(
    request: SearchRequest, name: str, value: str, problems: list[Issue], *, strict: bool, codes: Codes
) -> SearchRequest:
    try:
        if name in GENERAL_PARAMETERS:
            return _applied(request, name, value)
        if is_result_parameter(name):
            shaped = apply(request, name, value)
            return _applied(shaped.request, name.replace(":recurse", ":iterate"), shaped.value)
        found = _resolved(request.resource_type, name, partial(_values, value=value, codes=codes), problems)
    except UnknownName as error:
        issue = unknown(error)
        problems.append(issue if strict else replace(issue, severity="warning", diagnostics=f"left out: {error}"))
        return request
    except BadValue as error:
        problems.append(Issue("bad-value", f"{name[:60]}: {error}", value=value[:200]))
        return request
    near = near_of(found.condition)
    return _asking(request, found.condition, (found.spelling, near.text if near else value))


def _asking(request: SearchRequest, condition: Condition, applied: tuple[str, str]) -> SearchRequest:
    """Return a search with one more condition; where it is all that is asked so far, nothing else is to be copied."""
    if request.conditions or request.applied:
        conditions, every = (*request.conditions, condition), (*request.applied, applied)
        return replace(request, conditions=conditions, applied=every)
    return SearchRequest(request.resource_type, (condition,), count=request.count, applied=(applied,))


def _resolved(resource_type: str, name: str, values: Callable[..., tuple[Value, ...]], problems: list[Issue]) -> Named:
    """Return what a name asks; a code that no resource can have there is a warning among the problems."""
    try:
        return resolve(resource_type, name, values)
    except UnknownCode as error:
        problems.append(Issue(UNKNOWN, f"{name[:60]}: {error}", "warning"))
        return resolve(resource_type, name, partial(values, is_known=True))


def _applied(request: SearchRequest, name: str, value: str) -> SearchRequest:
    return replace(request, applied=(*request.applied, (name, value)))


def _values(
    resource_type: str,
    parameter: SearchParameter,
    modifier: str | None,
    *,
    value: str,
    codes: Codes,
    is_known: bool = False,
) -> tuple[Value, ...]:
    texts = split(value, ",") if parameter.code != NEAR or modifier else [value]
    if modifier == "missing" and len(texts) > 1:
        raise BadValue(":missing takes true or false")
    if len(texts) > MAX_RANGES and (parameter.type not in {"token", "reference"} or modifier == "text"):
        raise BadValue(f"a {modifier or parameter.type} parameter takes at most {MAX_RANGES} values")
    checked = [_checked(parameter, modifier, text) for text in texts]
    if parameter.type == "token" and modifier in IN_SET | BY_HIERARCHY:
        return read_codes(resource_type, parameter, modifier or "", checked, codes)
    if parameter.type == "composite":
        return tuple(read_composite(resource_type, parameter, text) for text in checked)
    found = tuple(read(parameter, modifier, text) for text in checked)
    if parameter.type == "token" and modifier in {None, "not"} and not is_known:
        check_known(resource_type, parameter, found)
    return found


def _checked(parameter: SearchParameter, modifier: str | None, text: str) -> str:
    if len(text) > MAX_VALUE_LENGTH:
        raise BadValue(f"a value has at most {MAX_VALUE_LENGTH} characters")
    if _NO_TEXT.search(text):
        raise BadValue("it holds a control character or half a surrogate pair")
    is_folded = modifier == "text" or (parameter.type == "string" and modifier in {None, "contains"})
    if is_folded and text and not fold(text):
        raise BadValue("there is no letter or digit in it to search for")
    return text


def _raise_errors(problems: Iterable[Issue]) -> None:
    found = list(problems)
    if any(issue.severity == "error" for issue in found):
        raise BadRequest(found)
