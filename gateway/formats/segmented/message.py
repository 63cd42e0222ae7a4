"""A message: its segments in order and by name, and what stands at a path."""

from typing import Any, Generic, TypeVar

from gateway.errors import Place
from gateway.formats.segmented.paths import parse_path
from gateway.formats.segmented.segment import Segment

SegmentT = TypeVar("SegmentT", bound=Segment[Any, Any])
SourceT = TypeVar("SourceT")


class Message(Generic[SegmentT, SourceT]):
    """One message: `segments` in order. Two threads may read it; nothing in it changes but its caches."""

    __slots__ = ("_by_name", "segments", "source")

    def __init__(self, segments: list[SegmentT], source: SourceT) -> None:
        self.segments = segments
        self.source = source
        self._by_name: dict[str, list[SegmentT]] | None = None

    def all(self, name: str) -> list[SegmentT]:
        """Return the segments called `name`, in order; empty when there is none."""
        if self._by_name is None:
            by_name: dict[str, list[SegmentT]] = {}
            for segment in self.segments:
                by_name.setdefault(segment.name, []).append(segment)
            self._by_name = by_name
        return self._by_name.get(name, [])

    def get(self, path: str) -> str | None:
        """Return the text at `PID-3[2].1`, None when there is none. Raises BadRequest when that is no path."""
        at = parse_path(path)
        found = self.all(at.segment)
        if at.field is None or at.occurrence > len(found):
            return None
        return found[at.occurrence - 1].value(at.field, at.repetition or 1, at.component or 1, at.subcomponent or 1)

    def place(self, path: str) -> Place:
        """Return where `PID-3[2].1` stands; without line and byte when the segment is absent."""
        at = parse_path(path)
        found = self.all(at.segment)
        return found[at.occurrence - 1].place(*at[2:]) if at.occurrence <= len(found) else Place(str(at))
