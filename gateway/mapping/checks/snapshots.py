"""Checks that the tables an overlay calls lists of all beds are tables of beds: else nothing would ever be closed."""

from collections.abc import Iterator

from gateway.mapping import ir
from gateway.mapping.checks.installed import Installed
from gateway.mapping.compiler.sources import Units
from gateway.mapping.mentioned import units_of
from gateway.mapping.spans import Span, suggestion

_STATE = "operationalStatus"


def check_snapshots(library: Installed) -> None:
    """Report each name in `snapshot` of an overlay that is not that of a mapping of a table which makes beds."""
    units = library.units(library.problems)
    tables = {mapping.name: mapping for mapping in library.mappings if mapping.source.format == "csv"}
    for overlay in library.providers.values():
        for name in overlay.snapshots:
            where = overlay.spans.get(("snapshot", name)) or overlay.spans.get(("snapshot",)) or Span(overlay.file)
            if name not in tables:
                library.problems.add(where, f"no mapping of a table is called '{name}'{suggestion(name, tables)}")
            elif not _makes_beds(tables[name], units):
                text = f"'{name}' makes no beds (a Location with {_STATE}): what it does not list cannot be closed"
                library.problems.add(where, text)


def _makes_beds(mapping: ir.Mapping, units: Units) -> bool:
    return bool(mapping.groups) or any(
        field.name == _STATE
        for unit in units_of(mapping, units)
        for template in unit.emit
        for field in _fields(template)
    )


def _fields(template: ir.Template) -> Iterator[ir.Field]:
    if isinstance(template, ir.Object):
        yield from (member for member in template.members if isinstance(member, ir.Field))
    for part in ir.inside(template):
        yield from _fields(part)
