"""A segment: split into fields when first read, a field into its parts when first read, then kept."""

from abc import abstractmethod
from typing import Generic, TypeVar, cast

from gateway.formats.segmented.placed import Placed

Leaf = TypeVar("Leaf")
SourceT = TypeVar("SourceT")


class Segment(Placed, Generic[SourceT, Leaf]):
    """One segment of a message. Fields, repetitions and components count from 1.

    A field as read is its repetitions, of its components; a component is a `Leaf`. `_source` is what all segments of
    one message share. Formats set the slots themselves: a call less for every segment there is.
    """

    __slots__ = ("_fields", "_source", "name", "occurrence")

    _source: SourceT
    _fields: list[str | list[list[Leaf]]] | None

    @abstractmethod
    def value(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> str | None:
        """Return the text there; None when there is none."""

    @abstractmethod
    def is_null(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> bool:
        """Return whether the sender says there: delete what you have."""

    @abstractmethod
    def subcomponents(self, field: int, repetition: int = 1, component: int = 1) -> int:
        """Return how many subcomponents the component has; 0 when absent."""

    @abstractmethod
    def _split(self) -> list[str | list[list[Leaf]]]:
        """Split into fields, and keep them; number 0 is the name."""

    @abstractmethod
    def _read(self, field: int, text: str) -> list[list[Leaf]]:
        """Split a field into its parts, decode them, and keep them."""

    def parts(self, field: int) -> list[list[Leaf]]:
        """Return the repetitions of a field, of components, empty ones too; none when it is empty or absent."""
        fields = self._fields or self._split()
        parts = fields[field] if field < len(fields) else ""
        if type(parts) is str:
            return self._read(field, parts) if parts else []
        return cast("list[list[Leaf]]", parts)

    def repetitions(self, field: int) -> int:
        """Return how many repetitions the field has; 0 when it is empty or absent."""
        return len(self.parts(field))

    def components(self, field: int, repetition: int = 1) -> int:
        """Return how many components the repetition has, trailing empty ones included; 0 when absent."""
        repetitions = self.parts(field)
        return len(repetitions[repetition - 1]) if repetition <= len(repetitions) else 0

    def fields(self) -> int:
        """Return the number of the last field."""
        return len(self._fields or self._split()) - 1

    def count_read(self) -> int:
        """Return how many fields that hold something were read."""
        return list(map(type, self._fields)).count(list) if self._fields else 0
