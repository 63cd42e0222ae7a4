"""Cells of space: a cube around the unit sphere, halved along each axis again and again.

A place is a point of the sphere, so the date line and the poles are places as any other. The number of its smallest
cell interleaves the bits of its coordinates: what lies in a larger cell is one range of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import log2, sqrt

Point = tuple[float, float, float]
_Place = tuple[int, int, int]  # of a cell among those of its level, along each axis
_Cell = tuple[int, int, int, int]  # its number, and its place
_Bounds = tuple[int, float, float, float, float]

LEVELS = 20
"""The smallest cell is 12 metres of the earth wide."""

_MOST_CELLS = 256  # ranges of the index in one search; only a thin ring far out comes near it
_FINE = 1.5  # cells so many times smaller than the distance are small enough
_ROUNDING = 1e-9  # a point is never that far from the sphere


def cell(at: Point) -> int:
    """Return the number of the smallest cell that a point lies in.

    >>> cell((1.0, 0.0, 0.0)) > cell((-1.0, 0.0, 0.0))
    True
    """
    x, y, z = (min(int((value + 1) / 2 * (1 << LEVELS)), (1 << LEVELS) - 1) for value in at)
    return _number((x, y, z))


@lru_cache(maxsize=4)  # a ring is asked for again in the search that found it
def ranges(center: Point, low: float, high: float) -> Sequence[tuple[int, int]]:
    """Return ranges [first, last) of numbers that hold every point with a squared distance in [low, high) of `center`.

    They may hold other points too, and are few.
    """
    inner, outer = sqrt(max(low, 0.0)), sqrt(min(high, 4.0))
    level = max(0, min(LEVELS, int(-log2(outer)) - 1)) if outer > 0 else LEVELS - 1
    cells = sorted((_number(each), *each) for each in _around(center, outer, level))
    fine = min(outer, 2 * (outer - inner)) / _FINE  # a thin ring needs small ones
    while level < LEVELS and 2 / (1 << level) > fine:
        finer = _finer(cells, level + 1, center, inner, outer)
        if len(finer) > _MOST_CELLS:
            break
        cells, level = finer, level + 1
    return _merged([each[0] for each in cells], 1 << 3 * (LEVELS - level))


def _around(center: Point, outer: float, level: int) -> Iterator[_Place]:
    """Return the cells of a level, each as wide as the distance or wider, that a box around the distance meets."""
    scale, last = (1 << level) / 2, (1 << level) - 1
    ends = [(int((value + 1 - outer) * scale), int((value + 1 + outer) * scale)) for value in center]
    x, y, z = (range(max(0, first), min(last, end) + 1) for first, end in ends)
    return product(x, y, z)


def _finer(wholes: Sequence[_Cell], level: int, center: Point, inner: float, outer: float) -> list[_Cell]:
    """Return the parts of some cells, of the level below theirs, that may hold a point of the sphere in the ring.

    What an axis adds to a distance is worked out once for all cells side by side along it: there are hundreds.
    """
    found, most, least = [], (outer + _ROUNDING) ** 2, max(0.0, inner - _ROUNDING) ** 2
    round_least, round_most = 1 - _ROUNDING, 1 + _ROUNDING
    along_x, along_y, along_z = (_along({each[axis + 1] for each in wholes}, level, center[axis]) for axis in range(3))
    for whole, whole_x, whole_y, whole_z in wholes:
        number = 8 * whole - 2
        for x, near_x, far_x, low_x, high_x in along_x[whole_x]:
            for y, near_y, far_y, low_y, high_y in along_y[whole_y]:
                number += 2
                near, low = near_x + near_y, low_x + low_y
                if near > most or low > round_most:
                    continue
                far, high = far_x + far_y, high_x + high_y
                for z, near_z, far_z, low_z, high_z in along_z[whole_z]:
                    on_sphere = low + low_z <= round_most and high + high_z >= round_least
                    if on_sphere and near + near_z <= most and far + far_z >= least:
                        found.append((number | z & 1, x, y, z))
    return found


def _along(wholes: Iterable[int], level: int, value: float) -> dict[int, tuple[_Bounds, _Bounds]]:
    return {whole: (_bounds(2 * whole, level, value), _bounds(2 * whole + 1, level, value)) for whole in wholes}


def _bounds(part: int, level: int, value: float) -> _Bounds:
    """Return a part of an axis, and the least and the most square of a distance in it, from a value and from 0."""
    side = 2 / (1 << level)
    first = part * side - 1
    last = first + side
    near = first - value if value < first else value - last if value > last else 0.0
    low = 0.0 if first < 0 < last else min(first * first, last * last)
    return part, near * near, max(value - first, last - value) ** 2, low, max(first * first, last * last)


def _number(each: _Place) -> int:
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
