"""Whether a resource may go in: `Validator.issues` and `Validator.bundle_issues`.

The usual, right resource costs one run of a compiled schema. Only what that refuses is walked.
https://hl7.org/fhir/R4/validation.html
"""

from functools import cache
from typing import Any

import jsonschema_rs

from gateway.errors import Issue
from gateway.fhir.types import Resource, resource_types
from gateway.validation import bundle_rules, invariants, narrative, quick_schema
from gateway.validation.structure import structure_issues


class _WholeNumber:
    """The keyword `wholeNumber`: the value is an int of Python, so it had no fraction in JSON."""

    def __init__(self, _parent: dict[str, Any], _value: Any, _path: list[str | int]) -> None: ...

    def validate(self, value: Any) -> None:
        if type(value) is not int:
            raise ValueError("a number with a fraction")


class _Invariants:
    """The keyword `invariants`: none is broken, and none is about more than the value it stands on."""

    def __init__(self, _parent: dict[str, Any], path: str, _path: list[str | int]) -> None:
        self._rules = invariants.rules(path)

    def validate(self, value: Any) -> None:
        for rule in self._rules:
            if rule.needs_resource or rule.is_broken(value, value):
                raise ValueError(rule.invariant.key)


@cache
def quick(resource_type: str) -> jsonschema_rs.Draft202012Validator:
    """Return the compiled schema of a resource type; compiling takes some 10 ms, once."""
    return jsonschema_rs.Draft202012Validator(
        quick_schema.schema(resource_type),
        pattern_options=jsonschema_rs.RegexOptions(),  # linear time: no pattern can be made to hang
        keywords={quick_schema.WHOLE_NUMBER: _WholeNumber, quick_schema.INVARIANTS: _Invariants},
        validate_formats=False,
        offline=True,
    )


class Validator:
    """Tells everything that is wrong with a resource. It keeps nothing between calls and may be shared by threads."""

    def issues(self, resource: Resource) -> list[Issue]:
        """Return everything wrong with one resource, warnings among it; nothing for a right one."""
        if not isinstance(resource, dict):
            return structure_issues(resource)
        if resource.get("resourceType") == "Bundle":
            return self.bundle_issues(resource)
        return self._structure(resource, None)

    def bundle_issues(self, bundle: Resource) -> list[Issue]:
        """Return everything wrong with a Bundle and with the resources in it."""
        if not self._bundle_is_right(bundle):
            issues = structure_issues(bundle)
            if issues:
                return issues
        return [Issue("bad-bundle", text, expression="Bundle" + below) for text, below in bundle_rules.faults(bundle)]

    def _structure(self, resource: Resource, path: str | None) -> list[Issue]:
        kind = resource.get("resourceType")
        if isinstance(kind, str) and kind in resource_types() and self._is_right(resource, kind):
            return []
        return structure_issues(resource, path)

    def _is_right(self, resource: Resource, kind: str) -> bool:
        """Return whether the structure is certainly right; False says only that it has to be walked."""
        try:
            return (
                quick(kind).is_valid(resource)
                and not any(map(narrative.faults, _narratives(resource)))
                and not any(invariants.broken(kind, resource, resource))
            )
        except (ValueError, TypeError):  # what JSON cannot hold
            return False

    def _bundle_is_right(self, bundle: Resource) -> bool:
        try:
            entries = bundle.get("entry")
            if not isinstance(entries, list):
                return self._is_right(bundle, "Bundle")
            shell = bundle | {"entry": [entry | {"resource": 0} if "resource" in entry else entry for entry in entries]}
            resources = [entry["resource"] for entry in entries if "resource" in entry]
            return quick("Bundle").is_valid(shell) and all(
                resource["resourceType"] in resource_types() and self._is_right(resource, resource["resourceType"])
                for resource in resources
            )
        except (TypeError, KeyError, ValueError):
            return False


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
