"""Whether a resource may go in: `Validator.issues` and `Validator.bundle_issues`.

The usual, right resource costs one run of a compiled schema. Only what that refuses is walked.
https://hl7.org/fhir/R4/validation.html
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import jsonschema_rs

from gateway.errors import Issue
from gateway.fhir.types import Resource, resource_types
from gateway.validation import bundle_rules, invariants, narrative, quick_schema
from gateway.validation.capacity import patient_data
from gateway.validation.profiles import ProfileLibrary, claims, profile_issues
from gateway.validation.structure import structure_issues


class _WholeNumber:
    """The keyword `wholeNumber`: the value is an int of Python, so it had no fraction in JSON."""

    def __init__(self, _parent: dict[str, Any], _value: Any, _path: list[str | int]) -> None: ...

    def validate(self, value: Any) -> None:
        if type(value) is not int:
            raise ValueError("a number with a fraction")


class _OneType:
    """The keyword `oneType`: of a choice at most one type is there."""

    def __init__(self, _parent: dict[str, Any], names: list[str], _path: list[str | int]) -> None:
        self._names = frozenset(names)

    def validate(self, value: Any) -> None:
        if len(self._names & value.keys()) > 1:
            raise ValueError("two types of a choice")


class _InOrder:
    """The keyword `inOrder`: start and end of a Period are equally precise, of one offset, and in order."""

    def __init__(self, _parent: dict[str, Any], _value: Any, _path: list[str | int]) -> None: ...

    def validate(self, value: Any) -> None:
        start, end = value["start"], value["end"]
        if len(start) != len(end) or start[19:] != end[19:] or start > end:
            raise ValueError("not alike, or not in order")


class _Invariants:
    """The keyword `invariants`: none is broken, and none is about more than the value it stands on."""

    def __init__(self, _parent: dict[str, Any], path: str, _path: list[str | int]) -> None:
        self._rules = invariants.rules(path)

    def validate(self, value: Any) -> None:
        for rule in self._rules:
            if rule.needs_resource or rule.is_broken(value, value):
                raise ValueError(rule.invariant.key)


_KEYWORDS = {
    quick_schema.WHOLE_NUMBER: _WholeNumber,
    quick_schema.ONE_TYPE: _OneType,
    quick_schema.IN_ORDER: _InOrder,
    quick_schema.INVARIANTS: _Invariants,
}


_SHAPELESS = (AttributeError, KeyError, TypeError, ValueError)  # what has not even the shape a check expects raises


@lru_cache(maxsize=64)  # some 30 types are met in practice; all 146 would take 150 MB
def quick(resource_type: str) -> jsonschema_rs.Draft202012Validator:
    """Return the compiled schema of a resource type; compiling takes some 10 ms, once."""
    return jsonschema_rs.Draft202012Validator(
        quick_schema.schema(resource_type),
        pattern_options=jsonschema_rs.RegexOptions(),  # linear time: no pattern can be made to hang
        keywords=_KEYWORDS,
        validate_formats=False,
        offline=True,
    )


@lru_cache(maxsize=64)
def _checks(resource_type: str) -> tuple[Callable[[Resource], bool], tuple[invariants.Rule, ...]]:
    """Return the compiled schema and the invariants of a resource type. Raises KeyError where there is no such type."""
    if resource_type not in resource_types():
        raise KeyError(resource_type)
    return quick(resource_type).is_valid, invariants.rules(resource_type)


class Validator:
    """Tells everything that is wrong with a resource. It may be shared by threads.

    With `profiles`, a resource is held against those it claims in `meta.profile` too; one that claims none pays
    for no more than the look.
    """

    def __init__(self, profiles: ProfileLibrary | None = None) -> None:
        self.profiles = profiles

    def issues(self, resource: Resource, asked: Sequence[str] = ()) -> list[Issue]:
        """Return everything wrong with one resource, warnings among it; nothing for a right one.

        `asked` are profiles it is held against whether it claims them or not.
        """
        if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
            return self.bundle_issues(resource, asked)
        is_right = _passes(_is_right, resource)
        found = [] if is_right else structure_issues(resource)
        if not is_right or "text" in resource:  # the quick schema does not look into a narrative
            found += patient_data(resource)
        return found if self.profiles is None else found + self._by_profile(self.profiles, resource, asked)

    def bundle_issues(self, bundle: Resource, asked: Sequence[str] = ()) -> list[Issue]:
        """Return everything wrong with a Bundle and with the resources in it."""
        found = _bundle_issues(bundle)
        return found if self.profiles is None else found + self._by_profile(self.profiles, bundle, asked)

    def _by_profile(self, profiles: ProfileLibrary, resource: Resource, asked: Sequence[str]) -> list[Issue]:
        is_wanted = isinstance(resource, dict) and (asked or claims(resource))
        return profile_issues(profiles, resource, asked) if is_wanted else []

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Compile what the validation of these types needs, so that the first of each does not wait some 20 ms."""
        for kind in resource_types:
            _checks(kind)


def _bundle_issues(bundle: Resource) -> list[Issue]:
    if _passes(_is_plain_and_right, bundle):
        return []
    is_right = _passes(_shell_is_right, bundle)
    issues = [] if is_right and _passes(_entries_are_right, bundle) else structure_issues(bundle)
    if issues and not is_right:
        return issues  # the Bundle itself is wrong: its rules cannot be asked
    return issues + [
        Issue("bad-bundle", text, expression="Bundle" + below) for text, below in bundle_rules.faults(bundle)
    ]


def _passes(check: Callable[[Resource], bool], resource: Resource) -> bool:
    """Return what a quick check says; of what has not even the shape it expects it says no."""
    try:
        return check(resource)
    except _SHAPELESS:
        return False


def _is_right(resource: Resource) -> bool:
    """Return whether a resource is certainly right; False says only that it has to be walked."""
    kind = resource["resourceType"]
    is_valid, rules = _checks(kind)
    if not is_valid(resource):
        return False
    for rule in rules:
        if rule.is_broken(resource, resource):
            return False
    if "text" not in resource and kind != "Composition":
        return True
    return not any(narrative.faults(div) for div in _narratives(resource))


def _is_plain_and_right(bundle: Resource) -> bool:
    return bundle_rules.is_plain(bundle) and all(_is_right(entry["resource"]) for entry in bundle["entry"])


def _shell_is_right(bundle: Resource) -> bool:
    """Return whether a Bundle is certainly right, leaving out the resources in its entries."""
    entries = bundle.get("entry")
    if entries is None:
        return quick("Bundle").is_valid(bundle)
    shell = bundle | {"entry": [entry | {"resource": 0} if "resource" in entry else entry for entry in entries]}
    return quick("Bundle").is_valid(shell)


def _entries_are_right(bundle: Resource) -> bool:
    return all(_is_right(entry["resource"]) for entry in bundle.get("entry", ()) if "resource" in entry)


def _narratives(resource: Resource) -> list[str]:
    """Return the divs of a resource whose structure is right, contained resources apart."""
    found = [resource["text"]["div"]] if "text" in resource else []
    if resource["resourceType"] == "Composition":
        found.extend(_of_sections(resource.get("section", [])))
    return found


def _of_sections(sections: list[Resource]) -> list[str]:
    found = []
    for section in sections:
        if "text" in section:
            found.append(section["text"]["div"])
        found.extend(_of_sections(section.get("section", [])))
    return found
