"""Cells of space: a cube around the unit sphere, halved along each axis again and again.

A place is a point of the sphere, so the date line and the poles are places as any other. The number of its smallest
cell interleaves the bits of its coordinates: what lies in a larger cell is one range of numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import log2, sqrt

Point = tuple[float, float, float]
_Cell = tuple[int, int, int]

LEVELS = 20
"""The smallest cell is 12 metres of the earth wide."""

_MOST_CELLS = 32  # ranges of the index in one search
_FINE = 2.5  # cells so many times smaller than the distance are small enough
_ROUNDING = 1e-9  # a point is never that far from the sphere


def cell(at: Point) -> int:
    """Return the number of the smallest cell that a point lies in.

    >>> cell((1.0, 0.0, 0.0)) > cell((-1.0, 0.0, 0.0))
    True
    """
    x, y, z = (min(int((value + 1) / 2 * (1 << LEVELS)), (1 << LEVELS) - 1) for value in at)
    return _number((x, y, z))


def ranges(center: Point, low: float, high: float) -> list[tuple[int, int]]:
    """Return ranges [first, last) of numbers that hold every point with a squared distance in [low, high) of `center`.

    They may hold other points too, and are few.
    """
    inner, outer = sqrt(max(low, 0.0)), sqrt(min(high, 4.0))
    level = max(0, min(LEVELS, int(-log2(outer)))) if outer > 0 else LEVELS
    cells = [each for each in _around(center, outer, level) if _touches(each, level, center, inner, outer)]
    fine = min(outer, 2 * (outer - inner)) / _FINE  # a thin ring needs small ones
    while level < LEVELS and 2 / (1 << level) > fine:
        finer = [each for whole in cells for each in _parts(whole) if _touches(each, level + 1, center, inner, outer)]
        if len(finer) > _MOST_CELLS:
            break
        cells, level = finer, level + 1
    return _merged(sorted(_number(each) for each in cells), 1 << 3 * (LEVELS - level))


def _around(center: Point, outer: float, level: int) -> Iterator[_Cell]:
    """Return the cells of a level, each as wide as the distance or wider, that a box around the distance meets."""
    scale, last = (1 << level) / 2, (1 << level) - 1
    ends = [(int((value + 1 - outer) * scale), int((value + 1 + outer) * scale)) for value in center]
    x, y, z = (range(max(0, first), min(last, end) + 1) for first, end in ends)
    return product(x, y, z)


def _parts(whole: _Cell) -> Iterator[_Cell]:
    x, y, z = ((2 * part, 2 * part + 1) for part in whole)
    return product(x, y, z)


def _touches(each: _Cell, level: int, center: Point, inner: float, outer: float) -> bool:
    """Return whether a cell may hold a point of the sphere so far from the centre."""
    side = 2 / (1 << level)
    nearest = furthest = lowest = highest = 0.0
    for part, value in zip(each, center, strict=True):
        first = part * side - 1
        last = first + side
        nearest += (first - value) ** 2 if value < first else (value - last) ** 2 if value > last else 0.0
        furthest += max(value - first, last - value) ** 2
        lowest += 0.0 if first < 0 < last else min(first * first, last * last)
        highest += max(first * first, last * last)
    is_near = nearest <= (outer + _ROUNDING) ** 2 and sqrt(furthest) >= inner - _ROUNDING
    return is_near and lowest <= 1 + _ROUNDING and highest >= 1 - _ROUNDING


def _number(each: _Cell) -> int:
    return _spread(each[0]) << 2 | _spread(each[1]) << 1 | _spread(each[2])


def _spread(part: int) -> int:
    """Return the bits of a number with two places between them: its binary digits, read as octal ones."""
    return int(f"{part:b}", 8)


def _merged(numbers: Sequence[int], size: int) -> list[tuple[int, int]]:
    """Return the ranges of some cells, by their numbers among those of their size, those that adjoin as one."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        first = number * size
        if found and found[-1][1] == first:
            found[-1] = (found[-1][0], first + size)
        else:
            found.append((first, first + size))
    return found
