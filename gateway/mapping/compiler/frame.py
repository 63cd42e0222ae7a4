"""What the names in one place of a mapping or fragment stand for."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from gateway.fhir.frozen import frozen
from gateway.fhirpath import ast
from gateway.mapping import ir


@frozen()
class Name:
    """A name of `let`, `assign`, `for` or a parameter.

    `text` is the Python variable that holds it. `path`: the name is another way to write this source path.
    `fixed`: it is this literal, known when the program is made. `pieces`: it may hold pieces of the source.
    `solid`: it is surely a text that is not blank; `present`: it is never empty.
    """

    text: str
    many: bool = False
    type: str | None = None
    path: ast.SourcePath | None = None
    fixed: ast.Literal | ast.Empty | None = None
    pieces: bool = False
    solid: bool = False
    present: bool = False

    @property
    def signature(self) -> tuple[object, ...]:
        """Return what a function that takes it must know of it when it is written."""
        fixed = self.fixed.value if isinstance(self.fixed, ast.Literal) else None
        return (
            self.many,
            self.type,
            self.pieces,
            self.solid,
            self.present,
            type(self.fixed).__name__,
            type(fixed).__name__,
            fixed,
        )


@frozen()
class Frame:
    """The names and aliases visible in one place."""

    unit: ir.Unit
    uses: Mapping[str, ir.Use]
    names: Mapping[str, Name] = field(default_factory=lambda: MappingProxyType({}))
    context: Name | None = None  # what `$this` and the elements that lead a path belong to, where there is such a thing

    def having(self, more: Mapping[str, Name], context: Name | None = None) -> "Frame":
        """Return the frame of an inner place, where `more` is visible too."""
        return Frame(self.unit, self.uses, MappingProxyType({**self.names, **more}), context or self.context)


def outermost(unit: ir.Unit) -> Frame:
    """Return the frame of a mapping or fragment before its first name."""
    return Frame(unit, MappingProxyType({use.alias: use for use in unit.uses}))
