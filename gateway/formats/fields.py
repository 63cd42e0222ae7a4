"""Which field of a message a place is about, and what that field is called in every message of its kind."""

import re

_CELL = re.compile(r'row \d+ column "(.*)"', re.DOTALL)
_FIELD = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[\d+\]|(\(\w+\)))?(-\d+)")
_NUMBER = re.compile(r"\[\d+\]|/\d+(?=/|$)")


def field_at(path: str) -> str | None:
    """Return the field that a path is in, with the number of its row or segment; None when it is in none."""
    if _CELL.fullmatch(path) or (path.startswith("/") and path != "/"):
        return path
    found = _FIELD.match(path)
    return found[0] if found else None


def field_name(path: str) -> str | None:
    """Return what a field is called in every message: `PID-3`, `Vrij`, `bedden/vrij`; None for what is in no field."""
    if found := _CELL.fullmatch(path):
        return found[1]
    if found := _FIELD.match(path):
        return f"{found[1]}{found[2] or ''}{found[3]}"
    return _NUMBER.sub("", path).strip("/") or None if path.startswith("/") else None


def element_name(expression: str) -> str:
    """Return the path of an element of a resource without the numbers in it: `Bundle.entry.resource.status`."""
    return _NUMBER.sub("", expression)
