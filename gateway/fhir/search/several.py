"""A search of several resource types at once: at the root, or of all that is in a compartment.

    GET /fhir?_type=Slot,Location&_lastUpdated=gt2026-01-05
    GET /fhir/Patient/123/*

Only what every type has can be asked; an `_include` is of the types that it begins at.
https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.errors import BadRequest, Issue
from gateway.fhir.search.codes import Codes, NoCodes
from gateway.fhir.search.compartments import types_in, within
from gateway.fhir.search.model import Include, SearchRequest
from gateway.fhir.search.paging import Page, page_of
from gateway.fhir.search.request import UNKNOWN, Pairs, parse
from gateway.fhir.search.served import named, suggestion

TYPE = "_type"
EVERY = "*"
_NO_CODES = NoCodes()


@dataclass(frozen=True)
class SeveralRequest:
    """A search of several types: one request for each, in the order in which their matches come.

    `types` are all that could be asked. `applied` are the pairs in force, and `page` is the token of a page link, of
    which the rest is read.
    """

    types: tuple[str, ...]
    requests: tuple[SearchRequest, ...] = ()
    includes: tuple[Include, ...] = ()
    applied: tuple[tuple[str, str], ...] = ()
    compartment: tuple[str, str] | None = None
    page: Page | None = None

    @property
    def address(self) -> str:
        """Return where it is asked, relative to the FHIR base."""
        return "/".join((*self.compartment, EVERY)) if self.compartment else ""

    @property
    def first(self) -> SearchRequest:
        """Return the request of the first type: how many, which elements and in which order is the same in all."""
        return self.requests[0]

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Return the warnings of lenient handling."""
        return self.first.issues


def parse_several(
    types: Sequence[str],
    pairs: Pairs,
    *,
    compartment: tuple[str, str] | None = None,
    strict: bool = True,
    codes: Codes = _NO_CODES,
    refuse_codes: bool | None = None,
) -> SeveralRequest:
    """Return the search that `pairs` ask of `types`, or of those of them that `_type` names.

    With `compartment` (a type and an id) it is of what is in that. Raises what `parse` raises, and ResourceNotFound
    where there is no such compartment.
    """
    if compartment:
        types = [each for each in types if each in types_in(compartment[0])]
    page = page_of(pairs)
    if page is not None:
        return SeveralRequest(tuple(types), page=page, compartment=compartment)
    wanted = _wanted(types, [value for name, value in pairs if name == TYPE])
    others = [pair for pair in pairs if pair[0] != TYPE]
    plain = [pair for pair in others if not _is_include(pair[0])]
    requests = [parse(each, plain, strict=strict, codes=codes, refuse_codes=False) for each in wanted]
    if any(
        request.applied != requests[0].applied for request in requests
    ):  # to leave it out for some would widen these
        requests = [parse(each, plain, codes=codes, refuse_codes=False) for each in wanted]
    requests = _knowing(requests, refuse=strict if refuse_codes is None else refuse_codes)
    if compartment:
        requests = [within(request, *compartment) for request in requests]
    included = [each for pair in others if _is_include(pair[0]) for each in _included(wanted, pair)]
    applied = [*([(TYPE, ",".join(wanted))] if len(wanted) < len(types) else []), *requests[0].applied]
    return SeveralRequest(
        tuple(types),
        tuple(requests),
        tuple(include for request in included for include in request.includes),
        (*applied, *(pair for request in included for pair in request.applied)),
        compartment,
    )


def _knowing(requests: list[SearchRequest], *, refuse: bool) -> list[SearchRequest]:
    """Return the requests; a code that some type knows is no problem of the others. BadRequest where none does."""
    if any(all(issue.code != UNKNOWN for issue in request.issues) for request in requests):
        return [replace(one, issues=tuple(i for i in one.issues if i.code != UNKNOWN)) for one in requests]
    if refuse:
        raise BadRequest(
            [replace(i, code="bad-value", severity="error") for i in requests[0].issues if i.code == UNKNOWN]
        )
    return requests


def _wanted(types: Sequence[str], said: Sequence[str]) -> list[str]:
    """Return the types that `_type` names, each once, in the order in which they are served; all without it."""
    if not said:
        return list(types)
    wanted = [name for value in said for name in value.split(",")]
    unknown = [name for name in wanted if named(types, name) is None]
    if unknown or len(said) > 1:
        text = "_type is given once, with commas between the types" if len(said) > 1 else ""
        texts = [f"_type: no such type can be searched here{suggestion(name[:64], types)}" for name in unknown]
        raise BadRequest([Issue("bad-value", each) for each in [text, *texts] if each])
    return [each for each in types if any(each == named(types, name) for name in wanted)]


def _is_include(name: str) -> bool:
    return name.partition(":")[0] in {"_include", "_revinclude"}


def _included(types: Sequence[str], pair: tuple[str, str]) -> list[SearchRequest]:
    """Return what an include is for the first type that it fits, `*` for each; BadRequest where it fits none."""
    found = list(_fitting(types, pair))
    fitting = [each for each in found if isinstance(each, SearchRequest)]
    if fitting:
        return fitting if pair[1] == "*" else fitting[:1]
    source = pair[1].partition(":")[0].lower()
    named_first = sorted(zip(types, found, strict=True), key=lambda each: each[0].lower() != source)
    raise next(each for _, each in named_first if isinstance(each, BadRequest))


def _fitting(types: Sequence[str], pair: tuple[str, str]) -> Iterator[SearchRequest | BadRequest]:
    for each in types:
        try:
            yield parse(each, [pair])
        except BadRequest as error:
            yield error
