"""What the expressions of a traced program look at: every look is kept, with its place."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.errors import Place
from gateway.formats.jsontree import escaped
from gateway.formats.xmltree import Node
from gateway.mapping import pieces, trees


class Read(NamedTuple):
    """One look at the source (`value` None: nothing stood there), or a row of a ConceptMap (`through`)."""

    owner: Any
    at: tuple[Any, ...]
    value: Any
    through: str | None = None
    passed: bool = False  # a piece on the way to something in it

    @property
    def place(self) -> Place:
        """Return where it stands; line and byte are looked up only now."""
        found: Place = self.owner.place(*self.at)
        return found


Pair = tuple[Any, tuple[Read, ...]]
"""A value and what was read for it."""


class Looks:
    """What expressions look through. `seen` is every look, for the report of what nobody read."""

    def __init__(self) -> None:
        self.seen: list[Read] = []
        self.document: Any = None  # the message, where it is a tree
        self._log: list[Read] = []  # the looks of the rule that is being applied

    def use(self, pair: Pair) -> Any:
        """Return the value of a name; what was read for it counts as read here."""
        self._log.extend(pair[1])
        return pair[0]

    def value(self, line: Any, at: tuple[int | None, ...]) -> str | None:
        """Return the text of a field or a part of it; `at` as the mapping writes it."""
        text: str | None = line.value(*(number or 1 for number in at))
        self._note(line, at, text)
        return text

    def present(self, line: Any, field: int, repetition: int) -> bool:
        """Return whether a field holds anything."""
        found = pieces.present(line, field, repetition)
        self._note(
            line, (field, repetition) if repetition > 1 else (field,), line.value(field, repetition) if found else None
        )
        return found

    def segments(self, message: Any, name: str, qualifier: str | None = None) -> list[Any]:
        """Return every segment of a name (EDIFACT: with a qualifier)."""
        return pieces.segments(message, name, qualifier)

    def fields(self, lines: list[Any], *at: int | None) -> list[Any]:
        """Return the pieces that a path means as a collection."""
        field, repetition, component, sub = at
        found = pieces.fields(lines, field or 0, repetition, component, sub)
        for one in found:
            self._note_piece(one)
        if not found and lines:
            self._note(lines[0], (at[0],), None)
        return found

    def lines(self, found: list[Any], field: int, between: str = "\n") -> str | None:
        """Return the free text of some segments."""
        for segment in found:
            for repetition, component in pieces.components(segment, field):
                text = segment.value(field, repetition, component)
                if text is not None:
                    self._note(segment, (field, repetition, component), text)
        return pieces.lines(found, field, between)

    def at(self, value: Any, *steps: int, repetition: int = 1) -> str | None:
        """Return the text at numeric steps from a piece."""
        if type(value) is not pieces.Piece:
            return None
        first, second, third = (*steps, 1, 1)[:3]
        text = pieces.at(value, first, second, third, repetition)
        self._note(value.segment, tuple(n or None for n in value.numbers(steps, repetition)), text)
        return text

    def has(self, value: Any, first: int) -> bool | None:
        """Return True when anything stands at one step from a piece, else None."""
        if self.at(value, first) is not None:
            return True
        return True if self.pieces_at(value, (first,), None) else None

    def pieces_at(self, value: Any, steps: tuple[int, ...], repetition: int | None) -> list[Any]:
        """Return the pieces at numeric steps from a piece."""
        found = pieces.pieces_at(value, steps, repetition)
        for one in found:
            self._note_piece(one)
        return found

    def column(self, record: Any, name: str) -> str | None:
        """Return the cell of a row."""
        text: str | None = record.get(name)
        self._note(record, (name,), text)
        return text

    # ---- trees

    def step(self, value: Any, name: str) -> list[Any]:
        """Return what a value of a tree has under a name."""
        found = trees.step(value, name)
        if type(value) is dict:
            self._note_member(value, name, found)
        elif type(value) is Node:
            self._note_nodes(value, found, name)
        elif type(value) is list:
            found = self.steps(value, name)
        return found

    def steps(self, values: Iterable[Any], name: str) -> list[Any]:
        """Return what each of some values of a tree has under a name."""
        return [found for value in values for found in self.step(value, name)]

    def fhir_step(self, value: Any, name: str) -> list[Any]:
        """Return what a value of a FHIR message has under a name."""
        return (
            self.step(value, trees.choice(value, name))
            if type(value) is dict
            else self.fhir_steps(trees.listed(value), name)
        )

    def fhir_steps(self, values: Iterable[Any], name: str) -> list[Any]:
        """Return what each of some values of a FHIR message has under a name."""
        return [found for value in values for found in self.fhir_step(value, name)]

    def extension(self, values: Iterable[Any], url: str | None) -> list[Any]:
        """Return the extensions of a URL that FHIR values have."""
        listed = self.steps(values, "extension")
        return [found for found in listed if type(found) is dict and url in self.step(found, "url")]

    def children(self, values: Iterable[Any]) -> list[Any]:
        """Return everything directly below some values of a tree."""
        found = []
        for value in values:
            if type(value) is dict:
                found += [below for name in value for below in self.step(value, name)]
            elif type(value) is Node:
                self._note_nodes(value, list(value.below()), "*")
                found += value.below()
        return found

    def descendants(self, values: Iterable[Any]) -> list[Any]:
        """Return everything anywhere below some values of a tree."""
        return [found for below in self.children(values) for found in (below, *self.descendants([below]))]

    def pointer(self, value: Any) -> str | None:
        """Return where an object or array of the message stands; None of anything else."""
        found: str | None = getattr(self.document, "pointers", {}).get(id(value))
        return found

    def _note_member(self, holder: dict[str, Any], name: str, found: list[Any]) -> None:
        above = self.pointer(holder)
        if above is None:
            return  # not of the message: a Coding that a ConceptMap made, say
        pointer = f"{above}/{escaped(name)}"
        if not found:
            self._note(self.document, (pointer,), None)
        elif type(holder[name]) is list:
            for index, value in enumerate(holder[name]):
                if not trees.empty(value):
                    self._note(self.document, (f"{pointer}/{index}",), value, passed=isinstance(value, dict | list))
        else:
            self._note(self.document, (pointer,), found[0], passed=isinstance(found[0], dict))

    def _note_nodes(self, holder: Node, found: list[Any], name: str) -> None:
        self._log = [r._replace(passed=True) if r.value is holder else r for r in self._log]  # on the way, not the aim
        for node in found:
            self._note(node, (), node, passed=not node)
        if not found:
            self._note(holder, (name,), None)

    def _note(self, owner: Any, at: tuple[Any, ...], value: Any, *, passed: bool = False) -> None:
        read = Read(owner, at, value, passed=passed)
        self._log.append(read)
        self.seen.append(read)

    def _note_piece(self, value: Any) -> None:
        if type(value) is pieces.Piece and value.field:
            self._note(value.segment, (value.field, value.repetition, value.component or None), value, passed=True)
