"""When to try again: after a second, then ever later, up to hours; with some chance, so that not all come at once."""

from __future__ import annotations

from datetime import timedelta

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 4 * 60 * 60.0


def pause(attempts: int, chance: float, *, at_least: int | None = None) -> timedelta:
    """Return how long to wait after so many failures before; `chance` is from 0 to 1.

    `at_least`: seconds that the receiver itself asks for, which are kept if they are not more than ours ever are.

    >>> [pause(n, 0.5).total_seconds() for n in (0, 1, 2, 10, 40)]
    [1.0, 2.0, 4.0, 1024.0, 14400.0]
    """
    seconds: float = min(FIRST_SECONDS * 2.0 ** min(attempts, 20), LONGEST_SECONDS) * (0.75 + chance / 2)
    return timedelta(seconds=max(seconds, min(float(at_least or 0), LONGEST_SECONDS)))
