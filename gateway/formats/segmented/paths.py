"""Places in a message as HL7 people write them: `PID-3[2].1`, `OBX[3]-5`, `NPU-1.1.2`; all count from 1."""

import re
from functools import lru_cache
from typing import NamedTuple

from gateway.errors import BadRequest

_PATH = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<occurrence>[1-9]\d{0,6})\])?"
    r"(?:-(?P<field>[1-9]\d{0,4})(?:\[(?P<repetition>[1-9]\d{0,6})\])?"
    r"(?:\.(?P<component>[1-9]\d{0,4})(?:\.(?P<subcomponent>[1-9]\d{0,4}))?)?)?"
)


class Position(NamedTuple):
    """A place in a message; what is None is not narrowed down."""

    segment: str
    occurrence: int = 1
    field: int | None = None
    repetition: int | None = None
    component: int | None = None
    subcomponent: int | None = None

    def __str__(self) -> str:
        """Return `PID-3[2].1`; an occurrence or repetition of 1 goes without saying."""
        text = self.segment if self.occurrence == 1 else f"{self.segment}[{self.occurrence}]"
        if self.field is None:
            return text
        text += f"-{self.field}"
        if self.repetition is not None and self.repetition > 1:
            text += f"[{self.repetition}]"
        if self.component is not None:
            text += f".{self.component}"
            text += f".{self.subcomponent}" if self.subcomponent is not None else ""
        return text


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Position:
    """Return the position that `text` names. Raises BadRequest when it is not such a path."""
    position = find_path(text)
    if position is None:
        raise BadRequest(f"{text!r} is not an HL7 v2 path such as PID-3[2].1")
    return position


def find_path(text: str) -> Position | None:
    """Return the position that `text` names, or None when it is not such a path."""
    match = _PATH.fullmatch(text)
    if match is None:
        return None
    numbers = {name: int(digits) for name, digits in match.groupdict().items() if digits and name != "segment"}
    return Position(match["segment"], **numbers)
