"""Checks what overlays say about ConceptMaps."""

from collections.abc import Mapping

from gateway.mapping.checks.installed import Installed
from gateway.mapping.spans import Problems, Span, suggestion


def check_codes(library: Installed, problems: Problems) -> None:
    """Report codes of overlays for a ConceptMap that is not there, or to a target that it does not have."""
    known: dict[str | None, set[str]] = {}
    for found_map in library.concept_maps.values():
        for row in found_map.rows.values():
            known.setdefault(row.system, set()).update([row.target] if row.target else [])
    for overlay in library.providers.values():
        codes = overlay.values.get("codes")
        for map_, rows in codes.items() if isinstance(codes, Mapping) else ():
            found = library.concept_maps.get(map_)
            at = overlay.spans.get(("codes", map_), Span(overlay.file))
            if found is None:
                problems.add(at, f"no ConceptMap '{map_}'{suggestion(map_, library.concept_maps)}")
                continue
            systems = {row.system for row in found.rows.values()}
            targets = sorted(set(found.targets()).union(*(known.get(system, set()) for system in systems)))
            for code, target in rows.items() if isinstance(rows, Mapping) else ():
                if str(target) not in targets:
                    where = overlay.spans.get(("codes", map_, str(code)), at)
                    text = f"ConceptMap/{map_} has no target '{target}'{suggestion(str(target), targets)}"
                    problems.add(where, text)
