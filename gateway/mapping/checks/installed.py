"""What the checks ask of a library."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from gateway.mapping import ir
from gateway.mapping.compiler.sources import Units
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems


class Installed(Protocol):
    """A library, as its checks see it."""

    @property
    def mappings(self) -> tuple[ir.Mapping, ...]:
        """Every mapping."""

    @property
    def concept_maps(self) -> Mapping[str, ConceptMap]:
        """Every ConceptMap by its id."""

    @property
    def providers(self) -> Mapping[str, Overlay]:
        """Every overlay by its name."""

    @property
    def problems(self) -> Problems:
        """Where findings go."""

    def every_fragment(self) -> Iterable[ir.Fragment]:
        """Return every fragment file, used or not."""

    def units(self, problems: Problems) -> Units:
        """Return where fragments and ConceptMaps are found."""
