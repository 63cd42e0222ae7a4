"""Which questions the reduced form of a resource answers: those that ask of it nothing that the form does not tell.

What is asked of anything else would be told by who is found, how many, or in which order. So a question counts only
where the whole of what its parameter looks at is told, or where its values name what is told: `status=active`,
`code=http://snomed.info/sct|123`, `owner:identifier=…|00000006`; not a code without its system, not `:missing` of what
is told in part. https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.fhir.reduced import CODED
from gateway.fhir.search.model import AllOf, AnyOf, Chain, Condition, Filter, Has, Not, SortKey, Target, Token, Value
from gateway.fhir.search.paths import JsonPath, paths_of

if TYPE_CHECKING:
    from gateway.fhir.parameters import SearchParameter
    from gateway.fhir.reduced import Form

_OF_EVERYTHING = frozenset({"_id", "_lastUpdated"})


def answers(form: Form, conditions: Iterable[Condition], order: Iterable[SortKey] = ()) -> bool:
    """Return whether a form tells all that some conditions, and an order, ask of a resource itself."""
    return all(_is_told(form, one) for one in conditions) and all(
        key.parameter.code in _OF_EVERYTHING or _is_shown(form, key.parameter) for key in order
    )


def tells_of(form: Form, parameter: SearchParameter, target: str) -> bool:
    """Return whether a form tells every reference of a parameter to a resource of some type."""
    paths = paths_of(form.type, parameter)
    return bool(paths) and all(target in form.referred(_name(path)) for path in paths)


def _is_told(form: Form, condition: Condition) -> bool:
    match condition:
        case Filter():
            return _is_answered(form, condition)
        case Chain(parameter, targets):  # what is asked of the other one, is asked of what is told of that
            return all(tells_of(form, parameter, target) for target, _ in targets)
        case AnyOf(several) | AllOf(several):
            return all(_is_told(form, one) for one in several)
        case Not(one):
            return _is_told(form, one)
    return isinstance(condition, Has)  # it asks of the other one alone


def _is_answered(form: Form, asked: Filter) -> bool:
    if asked.parameter.code in _OF_EVERYTHING:
        return True
    if _is_shown(form, asked.parameter):
        return asked.modifier in {None, "missing", "not"}
    paths = paths_of(form.type, asked.parameter)
    return bool(paths) and all(_names_told(form, path, asked.modifier, one) for path in paths for one in asked.values)


def _is_shown(form: Form, parameter: SearchParameter) -> bool:
    """Return whether all that a parameter looks at is told as it is."""
    paths = paths_of(form.type, parameter)
    return bool(paths) and all(_name(path) in form.shows for path in paths)


def _names_told(form: Form, path: JsonPath, modifier: str | None, value: Value) -> bool:
    """Return whether a value is of those that are told of a code, or of a reference."""
    name = _name(path)
    match value:
        case Token(system, code) if path.type in CODED:
            return name in form.codes and modifier in {None, "not"} and system in form.systems and bool(code)
        case Token(system, code):
            return modifier == "identifier" and system in form.referred(name) and bool(code)
        case Target(types):
            return modifier is None and bool(types) and form.referred(name).issuperset(types)
    return False


def _name(path: JsonPath) -> str:
    """Return the element that a path is; '' for one that goes further, or holds of some values alone."""
    return path.steps[0].name if len(path.steps) == 1 and path.steps[0].where is None else ""
