"""A segment that knows the places in it, whether they are there or not."""

from abc import ABC, abstractmethod

from gateway.errors import Place
from gateway.formats.segmented.paths import Position


class Placed(ABC):
    """What has a segment's name and number among those of its name."""

    __slots__ = ()

    name: str
    occurrence: int

    @abstractmethod
    def _place(self, position: Position) -> Place:
        """Return where a position of this segment stands, or would stand."""

    def place(
        self,
        field: int | None = None,
        repetition: int | None = None,
        component: int | None = None,
        subcomponent: int | None = None,
    ) -> Place:
        """Return where that stands, or would stand; what is absent has the place of its nearest existing whole."""
        return self._place(Position(self.name, self.occurrence, field, repetition, component, subcomponent))
