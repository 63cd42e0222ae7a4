"""Reads values that stand for several codes, and knows the codes that an element must hold one of.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import cast

from gateway.fhir import elements
from gateway.fhir.parameters import SearchParameter, follows
from gateway.fhir.search.codes import MAX_CODES, Codes, UnknownCodes
from gateway.fhir.search.model import Token, Value
from gateway.fhir.search.paths import JsonPath, data_types, implied_systems, paths_of
from gateway.fhir.search.served import suggestion
from gateway.fhir.search.values import BadValue, UnknownCode, read, unescape

IN_SET = frozenset({"in", "not-in"})
BY_HIERARCHY = frozenset({"above", "below"})
_BOOLEANS = {"http://terminology.hl7.org/CodeSystem/special-values": frozenset({"true", "false"})}
_MOST_NAMED = 50  # codes in an answer: of more, the nearest alone

Codings = Mapping[str, frozenset[str]]  # system -> codes


def read_codes(
    resource_type: str, parameter: SearchParameter, modifier: str, texts: Iterable[str], codes: Codes
) -> tuple[Token, ...]:
    """Return every code that the values stand for; BadValue where that is not known here, or they are too many."""
    found: dict[Token, None] = {}
    for text in texts:
        if not text:
            raise BadValue("it has no value")
        try:
            found |= dict.fromkeys(
                _members(text, codes)
                if modifier in IN_SET
                else _related(resource_type, parameter, modifier, text, codes)
            )
        except UnknownCodes as error:
            raise BadValue(str(error)) from error
    if len(found) > MAX_CODES:
        raise BadValue(f"these are {len(found):,} codes, and a search takes at most {MAX_CODES:,} at once")
    return tuple(found)


def _members(text: str, codes: Codes) -> Iterator[Token]:
    return (Token(system, code) for system, code in sorted(codes.members(unescape(text))))


def _related(resource_type: str, parameter: SearchParameter, modifier: str, text: str, codes: Codes) -> Iterator[Token]:
    """Yield the codes above or below one; its system may be left out where the element has but one."""
    token = cast("Token", read(parameter, None, text))
    if token.code is None:
        raise BadValue(f":{modifier} takes a code, as in system|code")
    implied = sorted(implied_systems(resource_type, parameter))
    system = implied[0] if token.system is None and len(implied) == 1 else token.system
    if not system:
        raise BadValue(f":{modifier} takes a code with its system, as in system|code")
    for code in sorted(codes.related(system, token.code, "above" if modifier == "above" else "below")):
        yield Token(system, code)


def check_known(resource_type: str, parameter: SearchParameter, values: Iterable[Value]) -> None:
    """Raise UnknownCode for a code, bare or with its system, that no resource can have there: it would find nothing.

    https://hl7.org/fhir/R4/terminologies.html#required
    """
    for value in values:
        if isinstance(value, Token) and value.code is not None:
            known = _known(resource_type, parameter, value.system)
            if known and value.code not in known:
                raise UnknownCode(_refusal(resource_type, parameter, value.code, known))


def _known(resource_type: str, parameter: SearchParameter, system: str | None) -> frozenset[str]:
    """Return the codes that can stand there when a code is asked with that system; none where that cannot be told."""
    bound = required(resource_type, parameter)
    if system is None or (system == "" and data_types(resource_type, parameter) <= {"boolean", "code"}):
        return frozenset().union(*bound.values())
    return bound.get(system, frozenset())


@follows
@cache
def required(resource_type: str, parameter: SearchParameter) -> Codings:
    """Return the codes that R4 requires wherever a parameter looks; none where one place may hold any other code."""
    found: dict[str, frozenset[str]] = {}
    for path in paths_of(resource_type, parameter):
        codings = _codings(path)
        if codings is None:
            return {}
        found |= {system: codes | found.get(system, frozenset()) for system, codes in codings.items()}
    return found


def _codings(path: JsonPath) -> Codings | None:
    if path.type == "boolean":
        return _BOOLEANS
    is_coded = path.type in {"code", "Coding", "CodeableConcept"} and path.binding
    return elements.required_codings(path.binding) if is_coded and path.binding else None


def _refusal(resource_type: str, parameter: SearchParameter, wanted: str, known: frozenset[str]) -> str:
    near = suggestion(wanted, known)
    named = near if len(known) <= _MOST_NAMED else f"; there are {len(known)}"
    other = "" if data_types(resource_type, parameter) <= {"boolean", "code"} else "; another's is asked as system|code"
    return f"it is none of the codes that stand there{named}{other}"
