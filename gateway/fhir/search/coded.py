"""Reads values that stand for several codes: those of a value set, and those above or below a code.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search.codes import MAX_CODES, Codes, UnknownCodes
from gateway.fhir.search.model import Token
from gateway.fhir.search.paths import implied_systems
from gateway.fhir.search.values import BadValue, read, unescape

IN_SET = frozenset({"in", "not-in"})
BY_HIERARCHY = frozenset({"above", "below"})


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
