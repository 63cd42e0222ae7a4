"""Which group copies one type to another by default. http://hl7.org/fhir/R4/mapping-language.html#default"""

from collections.abc import Mapping

from gateway.mapping import ir
from gateway.mapping.fml.structures import type_of


class Simple:
    """The groups marked `<<types>>` and `<<type+>>`."""

    def __init__(self, groups: Mapping[str, ir.Group], models: Mapping[str, str]) -> None:
        self.groups = groups
        self.models = models

    def default(self, source: str | None, target: str | None) -> ir.Group | None:
        """Return the group for a pair of types; `<<type+>>` is also for its source type alone. None: there is none."""
        if source is None and target is None:
            return None
        for group in self.groups.values():
            if group.mode != "none" and len(group.takes) == 2:
                takes = tuple(type_of(one.type, self.models) for one in group.takes)
                if takes == (source, target):
                    return group
                if group.mode == "type-and-types" and takes[0] == source and target in {None, takes[1]}:
                    return group
        return None
