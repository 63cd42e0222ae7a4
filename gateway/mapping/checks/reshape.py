"""Checks that an overlay asks for mappings that there are: `reshape` names those that FHIR goes through."""

from gateway.mapping.checks.installed import Installed
from gateway.mapping.spans import Span, suggestion


def check_reshape(library: Installed) -> None:
    """Report each name in `reshape` of an overlay that is not that of a mapping of FHIR."""
    known = [mapping.name for mapping in library.mappings if mapping.source.format == "fhir"]
    for overlay in library.providers.values():
        for name in overlay.reshape:
            if name not in known:
                where = overlay.spans.get(("reshape",), Span(overlay.file))
                library.problems.add(where, f"no mapping of FHIR is called '{name}'{suggestion(name, known)}")
