"""Resolves the names of search parameters: modifiers, chains and `_has`.

    status:not                                  parameter and modifier
    schedule.actor:HealthcareService            chain: what the reference points at must match
    _has:Encounter:patient:status               reverse chain: what points here must match

https://hl7.org/fhir/R4/search.html#chaining and #has
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.errors import Issue
from gateway.fhir.frozen import frozen
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search.model import Chain, Condition, Filter, Has, Value
from gateway.fhir.search.served import (
    MAX_DEPTH,
    REFUSED,
    REFUSED_MODIFIERS,
    RESULT_PARAMETERS,
    UNTOLD,
    is_followed,
    modifiers,
    named,
    served,
    suggestion,
    targets,
)
from gateway.fhir.search.values import BadValue, UnknownCode
from gateway.fhir.types import resource_types

ReadValues = Callable[[str, SearchParameter, str | None], tuple[Value, ...]]  # resource type, parameter, modifier
_AS_CODES = {"in": None, "not-in": "not", "above": None, "below": None}
_MOST_WAYS = 40  # of a chain without types, through all that its references may point at


class UnknownName(ValueError):
    """A name, modifier or type that is not served; the text says what is."""


@frozen()
class Named:
    """A resolved name: its canonical spelling, the condition it makes of its values, and how many filters are in it."""

    spelling: str
    condition: Condition
    ways: int = 1


def resolve(resource_type: str, name: str, values: ReadValues, depth: int = 0) -> Named:
    """Return what `name` asks of `resource_type`; UnknownName when it is not served.

    `values` reads the values once the parameter at the end is known; what it raises passes through. BadValue for a
    chain that could go more ways than it is worth following.
    """
    if depth > MAX_DEPTH:
        raise UnknownName(f"a chain may be at most {MAX_DEPTH} references deep")
    if name.startswith("_has:"):
        return _has(resource_type, name, values, depth)
    first, _, rest = name.partition(".")
    code, _, modifier = first.partition(":")
    parameter = parameter_of(resource_type, code)
    if rest:
        return _chain(parameter, modifier, rest, values, depth)
    modifier = checked_modifier(resource_type, parameter, modifier) if ":" in first else ""
    spelling = f"{parameter.code}:{modifier}" if modifier else parameter.code
    read = values(resource_type, parameter, modifier or None)
    return Named(spelling, Filter(parameter, _in_codes(parameter, modifier), read))


def _in_codes(parameter: SearchParameter, modifier: str) -> str | None:
    """Return what a modifier comes down to once its values are codes."""
    if parameter.type == "token" and modifier in _AS_CODES:
        return _AS_CODES[modifier]
    return modifier or None


def parameter_of(resource_type: str, code: str) -> SearchParameter:
    """Return the parameter `code` of a type; UnknownName with a suggestion.

    A reference parameter may also be written as the type it points at (`Schedule` for `schedule`), as the British
    booking and referral standard (BaRS) does.
    """
    known = served(resource_type)
    found = known.get(code) or _as_its_target(resource_type, code)
    if found is None:
        if code in REFUSED:
            raise UnknownName(REFUSED[code])
        names = known.keys() | set(RESULT_PARAMETERS)
        raise UnknownName(f"no parameter '{_shown(code)}' on {resource_type}{suggestion(code, names)}")
    return found


def _as_its_target(resource_type: str, code: str) -> SearchParameter | None:
    parameter = served(resource_type).get(code.lower())
    return parameter if parameter and parameter.type == "reference" and code in parameter.targets else None


def checked_modifier(resource_type: str, parameter: SearchParameter, modifier: str) -> str:
    """Return `modifier` in its own spelling; UnknownName when the parameter does not take it."""
    known = modifiers(resource_type, parameter)
    if (parameter.type, modifier) in REFUSED_MODIFIERS:
        raise UnknownName(REFUSED_MODIFIERS[parameter.type, modifier])
    if modifier == "text" and resource_type in UNTOLD:
        raise UnknownName(f"':text' is not served on {resource_type}: the words beside its codes are not kept")
    found = named(known, modifier)
    if found is None and parameter.type == "reference":
        found = named(targets(parameter), modifier)
    if found is None:
        types = targets(parameter) if parameter.type == "reference" and len(targets(parameter)) < 20 else ()
        raise UnknownName(
            f"'{parameter.code}' takes no modifier ':{_shown(modifier)}'{suggestion(modifier, (*known, *types))}"
        )
    return found


def _chain(parameter: SearchParameter, modifier: str, rest: str, values: ReadValues, depth: int) -> Named:
    if parameter.type != "reference":
        raise UnknownName(f"'{parameter.code}' is no reference, so nothing can be chained to it")
    if not is_followed(parameter):
        raise UnknownName(f"'{parameter.code}' finds what is inside the Bundle, which nothing can be chained to")
    if not modifier and not parameter.targets:
        raise UnknownName(f"'{parameter.code}' may point at any type: name one, as in {parameter.code}:Patient.name")
    types = (_target_type(parameter, modifier),) if modifier else parameter.targets
    found = _reached(types, rest, values, depth)
    spelling = f"{parameter.code}:{types[0]}" if modifier else parameter.code
    last = next(iter(found.values())).spelling
    chain = Chain(parameter, tuple((target, then.condition) for target, then in found.items()))
    return Named(f"{spelling}.{last}", chain, sum(then.ways for then in found.values()))


def _target_type(parameter: SearchParameter, wanted: str) -> str:
    found = named(targets(parameter), wanted)
    if found is None:
        raise UnknownName(
            f"'{parameter.code}' does not point at '{_shown(wanted)}'{suggestion(wanted, targets(parameter))}"
        )
    return found


def _reached(types: tuple[str, ...], rest: str, values: ReadValues, depth: int) -> dict[str, Named]:
    """Return the chained condition for each type that has it, and the code that is asked.

    UnknownName or UnknownCode of the first type when none has.
    """
    first = rest.partition(".")[0].partition(":")[0]
    having = [target for target in types if first in served(target) or first == "_has"] or types[:1]
    found: dict[str, Named] = {}
    refused: list[UnknownName | UnknownCode] = []
    for target in having:
        try:
            found[target] = resolve(target, rest, values, depth + 1)
        except (UnknownName, UnknownCode) as error:
            refused.append(error)
        if sum(then.ways for then in found.values()) > _MOST_WAYS or len(refused) > _MOST_WAYS:
            raise BadValue("this chain can go too many ways: name the types, as in subject:Patient.name")
    if not found:
        raise refused[0]
    return found


def _has(resource_type: str, name: str, values: ReadValues, depth: int) -> Named:
    parts = name.split(":", 3)
    if len(parts) < 4 or not parts[3]:
        raise UnknownName("_has is written _has:Type:reference:parameter, such as _has:Encounter:patient:status")
    source = named(resource_types(), parts[1])
    if source is None:
        raise UnknownName(f"R4 has no resource type '{_shown(parts[1])}'{suggestion_of_type(parts[1])}")
    parameter = parameter_of(source, parts[2])
    if not is_followed(parameter) or resource_type not in targets(parameter):
        raise UnknownName(f"'{parameter.code}' of {source} does not point at {resource_type}")
    then = resolve(source, parts[3], values, depth + 1)
    return Named(f"_has:{source}:{parameter.code}:{then.spelling}", Has(source, parameter, then.condition), then.ways)


def suggestion_of_type(wanted: str) -> str:
    """Return the nearest resource type as a suggestion, without listing them all."""
    text = suggestion(wanted, resource_types())
    return text.partition("?")[0] + "?" if "did you mean" in text else ""


def _shown(name: str) -> str:
    """Return a name for a diagnostic: a caller may have put anything there, a BSN or a control character too."""
    kept = "".join(c for c in name[:40] if c.isalpha() or c in "-_.:")
    return kept if kept == name else f"{kept}…"


def unknown(problem: UnknownName) -> Issue:
    """Return the issue of a name that is not served."""
    return Issue("unknown-parameter", str(problem))
