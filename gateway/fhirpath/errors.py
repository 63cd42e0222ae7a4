"""What can be wrong with a FHIRPath expression or with the values it meets."""

from collections.abc import Iterable
from difflib import get_close_matches

from gateway.errors import BadRequest

__all__ = ["FhirPathError", "nearest"]


class FhirPathError(BadRequest):
    """An expression cannot be read, cannot be compiled for its type, or fails on the values it meets.

    `position` is the offset from 0 in the expression (None when the fault showed only while it ran);
    `suggestion` is a name that was perhaps meant. The text never holds a value out of a resource.
    """

    def __init__(self, what: str, *, position: int | None = None, suggestion: str | None = None) -> None:
        self.position = position
        self.suggestion = suggestion
        hint = f"; did you mean '{suggestion}'?" if suggestion else ""
        where = "" if position is None else f" (at character {position + 1})"
        super().__init__(f"{what}{hint}{where}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `name`, or None when none does.

    >>> nearest("toDatetime", ["toDateTime", "toDate", "where"])
    'toDateTime'
    """
    by_lower = {k.lower(): k for k in known if k != name}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None
