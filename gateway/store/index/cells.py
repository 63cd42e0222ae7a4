"""Cells of the earth: strips along the parallels, in several heights, and how far along its strip a point lies.

All strips of one height have the same area, for they are cut evenly along the axis of the sphere. The number of a cell
begins with its strip and ends with the longitude: what a circle cuts out of a strip is one range of numbers, two where
there is a hole in it, and one more where it crosses the date line. So a ring far out, which is long and thin, is a few
ranges with little in them that is not in the ring.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import acos, asin, atan2, hypot, inf, pi, sin, sqrt
from typing import NamedTuple

Point = tuple[float, float, float]

LEVELS = (5, 8, 11, 14)
"""How many times the earth is halved into strips, which at the equator are 400 km, 50 km, 6 km and 800 m high."""

_ALONG = 1 << 32  # numbers along a strip: a centimetre each

FINEST = _ALONG << LEVELS[-1]
"""The first number of the last level: of the cells of a point one has that number or a higher one."""

_MOST_STRIPS = 256  # in one search
_FEWEST = 8  # strips that show a circle well enough: a sixth of what they hold lies outside
_ROUNDING = 1e-12  # of a squared distance: six metres at a place itself, less than one a metre away from it
_EDGE = 1e-8  # radians that a range goes further than its circle
_TURN = 2 * pi


def cells(at: Point) -> list[int]:
    """Return the number of the cell of each level that a point lies in.

    >>> [number.bit_length() - 33 for number in cells((1.0, 0.0, 0.0))]
    [5, 8, 11, 14]
    """
    x, y, z = at
    along = min(int((atan2(y, x) + pi) / _TURN * _ALONG), _ALONG - 1)
    strips = [(1 << level, int((z + 1) / 2 * (1 << level))) for level in LEVELS]
    return [(count + min(strip, count - 1)) * _ALONG + along for count, strip in strips]


@lru_cache(maxsize=4)  # a ring is asked for again in the search that found it
def ranges(center: Point, low: float, high: float) -> Sequence[tuple[int, int]]:
    """Return ranges [first, last) of numbers that hold every point with a squared distance in [low, high) of `center`.

    They are cells of one level, at least one range, do not overlap, and may hold other points too.
    """
    level, first, last = _strips(center[2], low, high)
    count = 1 << level
    edges = [2 * strip / count - 1 for strip in range(first, last + 2)]
    inner = _circle(center, low - _ROUNDING).halves(edges)
    outer = _circle(center, high + _ROUNDING).halves(edges)
    east = atan2(center[1], center[0]) + pi
    found = []
    for strip, (least, _), (_, most) in zip(range(first, last + 1), inner, outer, strict=True):
        start = (count + strip) * _ALONG
        found += [(start + west, start + end) for arc in _arcs(east, least, most) for west, end in _parts(*arc)]
    return found or [(0, 0)]


class _Circle(NamedTuple):
    """The points so far from a center: how high it stands, how far it is from the axis, and the cosine of its angle."""

    height: float
    radius: float
    cosine: float

    def half(self, height: float) -> float:
        """Return how many radians of a parallel lie in the circle, to either side of its center."""
        whole = self.radius * sqrt(max(0.0, 1 - height * height))
        part = self.cosine - self.height * height
        return 0.0 if part >= whole else pi if part <= -whole else acos(part / whole)

    def halves(self, edges: Sequence[float]) -> list[tuple[float, float]]:
        """Return the least and the most of that between each two edges of strips."""
        found = [(min(pair), max(pair)) for pair in pairwise(map(self.half, edges))]
        extreme = self.height / self.cosine if self.cosine else inf  # where it is widest, or its opposite is
        if edges[0] < extreme < edges[-1]:
            strip, half = bisect(edges, extreme) - 1, self.half(extreme)
            found[strip] = (min(found[strip][0], half), max(found[strip][1], half))
        # Around a pole the last digits of a number count too much to be exact.
        found[0] = (0.0, pi) if edges[0] == -1 else found[0]
        found[-1] = (0.0, pi) if edges[-1] == 1 else found[-1]
        return found


def _circle(center: Point, squared: float) -> _Circle:
    return _Circle(center[2], hypot(*center[:2]), 1 - squared / 2)


def _strips(height: float, low: float, high: float) -> tuple[int, int, int]:
    """Return the level that suits a ring, and the first and the last strip of it that the ring is in."""
    inner, outer = sqrt(max(low, 0.0)), sqrt(min(high, 4.0))
    up, reach = asin(max(-1.0, min(1.0, height))), 2 * asin(outer / 2)
    south = max(-1.0, sin(max(-pi / 2, up - reach)) - _EDGE)
    north = min(1.0, sin(min(pi / 2, up + reach)) + _EDGE)
    level = LEVELS[0]
    for finer in LEVELS[1:]:
        is_fine = 2 / (1 << level) <= min((north - south) / _FEWEST, 2 * (outer - inner))  # a thin ring needs low ones
        if is_fine or (north - south) / 2 * (1 << finer) > _MOST_STRIPS:
            break
        level = finer
    last = (1 << level) - 1
    first, end = (int((edge + 1) / 2 * (1 << level)) for edge in (south, north))
    return level, min(first, last), min(end, last)


def _arcs(east: float, least: float, most: float) -> list[tuple[float, float]]:
    """Return the beginning and the length of what lies between two halves to either side of a longitude."""
    if most <= least:
        return []
    if least <= _EDGE:
        return [(east - most, 2 * most)]
    if most >= pi - _EDGE:
        return [(east + least, _TURN - 2 * least)]
    return [(east - most, most - least), (east + least, most - least)]


def _parts(start: float, length: float) -> Iterator[tuple[int, int]]:
    """Yield the ranges of an arc along a strip: one, or two where it goes past the last number."""
    size = int((length + 2 * _EDGE) / _TURN * _ALONG) + 2
    first = int((start - _EDGE) / _TURN * _ALONG) % _ALONG
    if size >= _ALONG:
        yield 0, _ALONG
    elif first + size <= _ALONG:
        yield first, first + size
    else:
        yield first, _ALONG
        yield 0, first + size - _ALONG
