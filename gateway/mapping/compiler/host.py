"""What the expressions of a mapping ask of the program they become part of."""

from collections.abc import Mapping
from typing import Protocol

from gateway.mapping import ir
from gateway.mapping.compiler.body import Body, Made
from gateway.mapping.compiler.frame import Frame, Name
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.overlays import Overlay


class Host(Protocol):
    """What expressions ask of the program they become part of."""

    format: str
    traced: bool
    overlay: Overlay
    zone: str
    prefixes: Mapping[str, str]  # of namespaces, in a source that is XML

    def item(self) -> str:
        """Return the variable that leading names are elements of, in a source that is a tree."""

    def line(self, name: str, occurrence: int | None, qualifier: str | None = None) -> str:
        """Return the variable that holds a segment in the function being written."""

    def read(self, text: str) -> str:
        """Return what stands for a look at the source, which is taken once where it is wanted more often."""

    def cell(self, column: str) -> str:
        """Return the variable that holds a cell of a table in the function being written."""

    def context(self, function: str) -> str:
        """Return the variables, parted by commas, that the function of a fragment is given before its arguments."""

    def shared(self, name: str) -> str:
        """Return the name of a function that makes the same of the same texts, where rows of a table share it."""

    def apart(self, body: Body, start: int, made: Made, frame: Frame) -> Made:
        """Return what was made by the lines from `start` on, by a function of its own where rows can share that."""

    def constant(self, value: object, hint: str) -> str:
        """Return the name under which generated code sees a value."""

    def define(self, name: str, source: str) -> None:
        """Note a constant that an expression needs, and the Python that makes it."""

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        """Return the fragment an alias means."""

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        """Return the ConceptMap an alias means, the provider's own rows laid over it."""

    def sources(self, fragment: ir.Fragment) -> frozenset[int]:
        """Return which parameters of a fragment are pieces of the source, by position."""

    def stepped(self, unit: ir.Unit) -> frozenset[str]:
        """Return the names of a unit that must stay pieces of the source."""

    def inlined(self, function: str) -> str | None:
        """Return what a function always returns, where that is one fixed display."""

    def always(self, function: str) -> bool:
        """Return whether a function is known to return something always."""

    def called(self, fragment: ir.Fragment, names: tuple[Name, ...]) -> str:
        """Return the function that makes a fragment from arguments of this kind."""
