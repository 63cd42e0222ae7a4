"""The invariants of a profile, compiled from their FHIRPath. https://hl7.org/fhir/R4/elementdefinition.html#constraint"""

from functools import lru_cache
from typing import Any

from gateway import fhirpath
from gateway.errors import Severity
from gateway.fhir.frozen import frozen
from gateway.fhirpath import Code, Function, Invocation, Scope
from gateway.validation.profiles.bindings import Finding
from gateway.validation.profiles.items import Item
from gateway.validation.profiles.terminology import Terminology, either

_MEMBERS = "%gateway-members"  # the variable that holds the terminology while an expression runs
_NO_ANSWER = (fhirpath.FhirPathError, AttributeError, TypeError, KeyError, ValueError)


@frozen()
class Constraint:
    """One invariant of a profile."""

    key: str
    human: str
    expression: str
    severity: Severity


class _WithMembers(Scope):
    """FHIRPath, with memberOf() asked of the value sets that are here."""

    def function(self, name: str) -> Function | None:
        return _member_of if name == "memberOf" else None


def _member_of(call: Invocation) -> Code:
    receiver = call.receiver()
    of, value_set = receiver.text if receiver else "this", call.arguments[0].code().text
    return Code(f"variables[{_MEMBERS!r}]({of}, {value_set})", type="System.Boolean")


_SCOPE = _WithMembers()


@lru_cache(maxsize=4_096)
def _compiled(expression: str, root: str | None) -> fhirpath.Compiled | None:
    try:
        return fhirpath.compile(expression, root=root, scope=_SCOPE)
    except fhirpath.FhirPathError:
        return None


def finding(rule: Constraint, item: Item, resource: Any, root: Any, terminology: Terminology) -> Finding | None:
    """Return that a value breaks a rule, or that nobody can tell; None when it does not break it.

    What gives no answer (nothing, two values where one is due) breaks nothing, as for R4's own invariants.
    """
    compiled = _compiled(rule.expression, item.type or None) or _compiled(rule.expression, None)
    if compiled is None:
        return Finding("profile-unchecked", f"{rule.key}: this expression cannot be evaluated here", "information")
    variables = {"resource": resource, "rootResource": root, _MEMBERS: _Members(terminology)}
    try:
        found = compiled.evaluate(item.value if item.value is not None else item.partner, variables)
    except _NO_ANSWER:
        return Finding("profile-unchecked", f"{rule.key}: this expression gave no answer", "information")
    return Finding("profile-invariant", f"{rule.key}: {rule.human}", rule.severity) if found == [False] else None


class _Members:
    """Answers memberOf() while an expression runs: nothing where it cannot be told."""

    def __init__(self, terminology: Terminology) -> None:
        self.terminology = terminology

    def __call__(self, value: Any, value_set: Any) -> bool | None:
        """Return whether a code, Coding or concept is in a value set; None for what is neither."""
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(one, str):
            return self.terminology.has(str(value_set), None, one)
        if not isinstance(one, dict):
            return None
        held = one.get("coding", []) if "code" not in one else [one]
        return either(
            self.terminology.has(str(value_set), str(coding.get("system", "")), str(coding.get("code", "")))
            for coding in held
        )
