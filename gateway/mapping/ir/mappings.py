"""A mapping, whole."""

from dataclasses import field

from gateway.fhir.frozen import frozen
from gateway.mapping.ir.rules import Group
from gateway.mapping.ir.templates import Policy
from gateway.mapping.ir.units import Require, Source, Unit
from gateway.mapping.spans import Span


@frozen(eq=False)
class Mapping(Unit):
    """One message in, resources out. `name` is its folder: `hl7v2/adt_a20_bed`."""

    url: str = ""
    title: str | None = None
    source: Source = field(default_factory=lambda: Source("", Span("")))
    requires: tuple[Require, ...] = ()
    each: str | None = None
    policy: Policy = "fail"
    groups: "tuple[Group, ...]" = ()  # of a map in FML; `emit` is then empty
    models: tuple[tuple[str, str], ...] = ()  # the structures it uses: alias, url
