"""What an embedding supplies to the compiler, and what it gets back.

The compiler writes Python expressions; whoever embeds them (the mapping engine, a search index, a
validator) decides what names outside FHIRPath mean.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from gateway.fhir.frozen import frozen
from gateway.fhirpath import ast

__all__ = ["Argument", "Code", "Elements", "Function", "Invocation", "Scope"]


@frozen()
class Code:
    """A Python expression. `many`: it gives a list (never None); otherwise a value, or None for empty.

    `present`: never None. `type` is a FHIR type, or `System.String` and so on, or None when only the run will tell.
    `constants` are the names the text uses and the Python that makes each: write them once, before it.
    """

    text: str
    many: bool = False
    type: str | None = None
    constants: tuple[tuple[str, str], ...] = ()
    present: bool = False


class Argument(Protocol):
    """One argument of a function that the scope supplies."""

    @property
    def node(self) -> ast.Node:
        """Return the argument as written."""

    def code(self) -> Code:
        """Return the argument as compiled where it stands; its values are plain JSON values."""


class Invocation(Protocol):
    """A call of a function that the scope supplies: `receiver.name(arguments)`."""

    @property
    def node(self) -> ast.Call:
        """Return the call as written."""

    @property
    def arguments(self) -> Sequence[Argument]:
        """Return the arguments."""

    def receiver(self) -> Code | None:
        """Return what stands before the dot, or None when nothing does."""


class Elements(NamedTuple):
    """How a step by name is written in a source that is not FHIR: `one(value, key)` and `several(values, key)`.

    Both give a list. `typed`: a leading name may also be the type of the context, as in `Patient.name`.
    """

    one: str
    several: str
    key: str
    typed: bool = False


Function = Callable[[Invocation], Code]
"""Writes the Python of one call."""


class Scope:
    """The answers of an embedding that adds nothing; override what you add."""

    def context(self) -> Code | None:
        """Return what `$this` and leading elements refer to; None when there is no such thing."""
        return None

    def constant(self, name: str) -> Code | None:
        """Return the value of `%name`, or None when it is unknown here. `%now` feeds now(), today(), timeOfDay()."""
        del name
        return None

    def variables(self) -> str | None:
        """Return the text of a dict with the variables of this evaluation, if there is one: resolve() looks in it."""
        return None

    def identifier(self, name: str) -> Code | None:
        """Return the value of a name that starts a path, or None to leave it to FHIRPath."""
        del name
        return None

    def elements(self, name: str) -> Elements | None:
        """Return how a step to `name` is written from values whose type is not known; None: as in FHIR."""
        del name
        return None

    def function(self, name: str) -> Function | None:
        """Return what writes the calls of a function, or None to leave it to FHIRPath."""
        del name
        return None

    def is_source(self, name: str) -> bool:
        """Return whether a name stands for a piece of a source, so that `name-5.1` is a path and not a difference."""
        del name
        return False

    def source(self, node: ast.SourcePath) -> Code | None:
        """Return the value at a path of a source message, or None when there is no such thing here."""
        del node
        return None

    def step(self, code: Code, node: ast.SourceStep) -> Code | None:
        """Return the value at numeric steps (or a column) from a piece of a source, or None."""
        del code, node
        return None

    def names(self) -> Iterable[str]:
        """Return the names of identifiers, `%constants` and functions, for `did you mean`."""
        return ()
