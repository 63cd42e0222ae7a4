"""The environment variables that settings are: which there are, and what each says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any

_PREFIX = "GATEWAY_"


def by(read: Callable[[str], Any], doc: str) -> dict[str, Any]:
    """Return what a setting says of itself: how it is read, and what it is for."""
    return {"read": read, "doc": doc}


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return _PREFIX + name.upper()


def values_of(
    environ: Mapping[str, str], readers: Mapping[str, Callable[[str], Any]]
) -> tuple[dict[str, Any], list[str]]:
    """Return the values of the settings that are set, as they are read, and everything that is wrong with them."""
    values, problems = {}, []
    for variable_, text in sorted(environ.items()):
        name = variable_.removeprefix(_PREFIX).lower()
        if not variable_.startswith(_PREFIX) or not text:
            continue
        if name not in readers:
            problems.append(_unknown(name, readers))
            continue
        try:
            values[name] = readers[name](text)
        except ValueError as error:
            problems.append(f"{variable(name)}: {error}")
    return values, problems


def _unknown(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"{variable(name)}: unknown" + (f"; did you mean {variable(close[0])}?" if close else "")
