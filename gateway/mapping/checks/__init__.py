"""What can be known of a library before the first message: every problem, with file, line, column and a suggestion."""

from gateway.mapping import ir
from gateway.mapping.checks.absence import check_absence
from gateway.mapping.checks.codes import check_codes
from gateway.mapping.checks.expressions import check_expressions, format_of
from gateway.mapping.checks.installed import Installed
from gateway.mapping.checks.overlap import check_overlap
from gateway.mapping.checks.reach import check_reach
from gateway.mapping.checks.reshape import check_reshape
from gateway.mapping.checks.snapshots import check_snapshots
from gateway.mapping.checks.sources import check_sources
from gateway.mapping.checks.structure import Structure
from gateway.mapping.checks.unions import check_unions
from gateway.mapping.checks.unused import check_unused


def check(library: Installed, only: ir.Mapping | None = None) -> None:
    """Check all mappings (or one), all fragments, ConceptMaps and overlays; findings go to `library.problems`."""
    problems = library.problems
    units = library.units(problems)
    for unit in (*((only,) if only else library.mappings), *library.every_fragment()):
        if isinstance(unit, ir.Mapping) and unit.groups:
            continue  # in FML: making its program checks it
        types = check_expressions(unit, library, units, problems)
        Structure(unit, types, units, problems).check()
        check_reach(unit, library, problems)
        check_sources(unit, format_of(unit), problems)
        check_unions(unit, problems)
        check_unused(unit, problems)
    check_absence((*((only,) if only else library.mappings), *library.every_fragment()), problems)
    check_codes(library, problems)
    check_overlap(library.mappings, problems)
    check_reshape(library)
    check_snapshots(library)
