"""The maps that are there: whose groups a map may call, by its imports, and which ConceptMaps it contains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol

from gateway.mapping import ir
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.spans import Problems, suggestion


class Found(Protocol):
    """Where programs find what mappings use."""

    def concept_map_by_url(self, url: str) -> ConceptMap | None:
        """Return the ConceptMap with a canonical url (or id), or None."""


@dataclass(frozen=True)
class Maps:
    """Every map in FML that is there. `imports` are urls by map, `contained` the ConceptMaps inside a map."""

    mappings: tuple[ir.Mapping, ...]
    imports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contained: Mapping[str, Mapping[str, ConceptMap]] = field(default_factory=dict)

    def groups(self, mapping: ir.Mapping, problems: Problems) -> dict[str, ir.Group]:
        """Return the groups that a map may call by name: its own, then those of what it imports."""
        found: dict[str, ir.Group] = {}
        for one in self.reachable(mapping, problems):
            for group in one.groups:
                found.setdefault(group.name, group)
        return found

    def reachable(self, mapping: ir.Mapping, problems: Problems) -> Iterable[ir.Mapping]:
        """Yield a map and those it imports, and so on, each once. An import that names none is a problem."""
        seen, waiting = [mapping], [mapping]
        while waiting:
            at = waiting.pop(0)
            for url in self.imports.get(at.file, ()):
                hits = [m for m in self.mappings if m.url and fnmatchcase(m.url, url)]
                if not hits and "*" not in url:
                    known = [m.url for m in self.mappings]
                    problems.add(at.span, f"no map '{url}' to import{suggestion(url, known)}")
                for hit in hits:
                    if hit not in seen:
                        seen.append(hit)
                        waiting.append(hit)
        return seen

    def concept_map(
        self, mapping: ir.Mapping, url: str, units: object, use: ir.Use, problems: Problems
    ) -> ConceptMap | None:
        """Return the ConceptMap that a map names by url, or by `#id` when it contains it; none is a problem."""
        own = self.contained.get(mapping.file, {})
        found = own.get(url) or own.get(url.lstrip("#"))
        if found is None and hasattr(units, "concept_map_by_url"):
            found = units.concept_map_by_url(url)
        if found is None:
            problems.add(use.span, f"no ConceptMap '{url}'{suggestion(url, own)}")
        return found
