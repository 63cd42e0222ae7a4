"""How `gateway map codes --all` tells what it found: text, a JSON object a line, or CSV for a spreadsheet."""

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gateway.mapping.every_code import Used

_RANKS = (", without a row", ", without a row of their own", "")
_COLUMNS = ("provider", "field", "conceptMap", "code", "count", "target", "system", "row")


def text(found: "Sequence[Used]", *, show_values: bool) -> None:
    """Write a line for each code, under its provider, field and ConceptMap."""
    unmapped = sum(one.row is None for one in found)
    for (rank, provider), ofs in groupby(found, lambda one: (one.rank, one.provider)):
        click.echo(f"{provider}{_RANKS[rank]}")
        for (field, map_), codes in groupby(ofs, lambda one: (one.field, one.concept_map)):
            click.echo(f"  {field}  ConceptMap/{map_}")
            for one in codes:
                click.echo(f"    {one.count:>6}  {one.code if show_values else one.shown}  {_became(one)}")
    click.echo(f"{len(found)} codes, {unmapped} without a row")


def json(found: "Sequence[Used]", *, show_values: bool) -> None:
    """Write an object for each code."""
    from gateway.fhir.json import encode  # noqa: PLC0415 - msgspec takes 50 ms

    for one in found:
        click.echo(encode({k: v for k, v in _cells(one, show_values=show_values).items() if v is not None}).decode())


def table(found: "Sequence[Used]", *, show_values: bool) -> None:
    """Write a row for each code, under a header."""
    written = csv.DictWriter(sys.stdout, _COLUMNS, delimiter=";", lineterminator="\r\n")
    written.writeheader()
    for one in found:
        cells = _cells(one, show_values=show_values)
        written.writerow(cells | {"code": _safe(cells["code"])})


WRITERS: Mapping[str, Callable[..., None]] = MappingProxyType({"text": text, "json": json, "csv": table})


def _became(one: "Used") -> str:
    if one.row is None:
        return "has no row"
    how = f"row {one.row.number}" if one.row.number else "as all without a row"
    return f"is {one.row.target} ({how})" if one.row.target is not None else f"has no counterpart ({how})"


def _safe(code: str) -> str:
    """Return a code that a spreadsheet does not run as a formula."""
    return "'" + code if code.lstrip()[:1] in {"=", "+", "-", "@"} else code


def _cells(one: "Used", *, show_values: bool) -> dict[str, Any]:
    row = one.row
    made = (row.target, row.system, row.number) if row else (None, None, None)
    known = (one.provider, one.field, one.concept_map, one.code if show_values else one.shown, one.count)
    return dict(zip(_COLUMNS, (*known, *made), strict=True))
