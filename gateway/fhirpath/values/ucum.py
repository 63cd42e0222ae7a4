"""Enough of UCUM to compare, convert and multiply the units met in care. https://ucum.org/ucum

Not read: annotations other than as 1, special units beyond Cel and [degF], arbitrary units with a dimension
(`[IU]` is only comparable with itself).
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from gateway.fhirpath.values.quantity import CALENDAR, Quantity

__all__ = ["added", "comparable", "compared", "converted", "divided", "equivalent_quantities", "multiplied"]

_PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "d": -1, "c": -2,
    "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
_PI = Fraction("3.1415926535897932384626433832795028841971693993751058209749445923")

# code: (factor, dimensions, takes prefixes). Dimensions are powers of base units.
_METRIC: dict[str, tuple[str, str]] = {
    "m": ("1", "m"), "s": ("1", "s"), "g": ("1", "g"), "rad": ("1", "rad"), "K": ("1", "K"), "C": ("1", "C"),
    "cd": ("1", "cd"), "mol": ("602214076000000000000000", "1"), "L": ("0.001", "m3"), "l": ("0.001", "m3"),
    "Hz": ("1", "s-1"), "N": ("1000", "g.m.s-2"), "Pa": ("1000", "g.m-1.s-2"), "J": ("1000", "g.m2.s-2"),
    "W": ("1000", "g.m2.s-3"), "A": ("1", "C.s-1"), "V": ("1000", "g.m2.s-2.C-1"), "Ohm": ("1000", "g.m2.s-1.C-2"),
    "bar": ("100000000", "g.m-1.s-2"), "cal": ("4184", "g.m2.s-2"), "t": ("1000000", "g"),
    "eq": ("602214076000000000000000", "1"), "osm": ("602214076000000000000000", "1"),
    "kat": ("602214076000000000000000", "s-1"),
    "U": ("10036894500000000", "s-1"), "Bq": ("1", "s-1"), "Gy": ("1", "m2.s-2"), "Sv": ("1", "m2.s-2"),
    "lm": ("1", "cd.rad2"), "m[H2O]": ("9806650", "g.m-1.s-2"), "m[Hg]": ("133322000", "g.m-1.s-2"),
    "[iU]": ("1", "[iU]"), "[IU]": ("1", "[iU]"), "Cel": ("1", "K"),
}  # fmt: skip
_PLAIN: dict[str, tuple[str, str]] = {
    "1": ("1", "1"), "%": ("0.01", "1"), "10*": ("10", "1"), "10^": ("10", "1"), "[ppth]": ("0.001", "1"),
    "[ppm]": ("0.000001", "1"), "min": ("60", "s"), "h": ("3600", "s"), "d": ("86400", "s"), "wk": ("604800", "s"),
    "a": ("31557600", "s"), "mo": ("2629800", "s"), "[in_i]": ("0.0254", "m"), "[ft_i]": ("0.3048", "m"),
    "[yd_i]": ("0.9144", "m"), "[mi_i]": ("1609.344", "m"), "[lb_av]": ("453.59237", "g"),
    "[oz_av]": ("28.349523125", "g"), "[stone_av]": ("6350.29318", "g"), "[foz_us]": ("0.0000295735295625", "m3"),
    "[drp]": ("0.00000005", "m3"), "[pH]": ("1", "[pH]"), "[degF]": ("5/9", "K"), "[arb'U]": ("1", "[arb'U]"),
    "[CFU]": ("1", "[CFU]"), "[psi]": ("6894757.293168", "g.m-1.s-2"), "atm": ("101325000", "g.m-1.s-2"),
}  # fmt: skip
_OFFSETS = {"Cel": Fraction("273.15"), "[degF]": Fraction("459.67") * Fraction(5, 9)}
_CALENDAR = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
_LOOSE = {"year": "a", "month": "mo"}
_TERM = re.compile(
    r"(?:\{[^}]*\}|(10[*^]|(?:\[[^\]]*\]|[A-Za-z%])(?:\[[^\]]*\]|[A-Za-z'])*|\d+)([+-]?\d{1,2})?(?:\{[^}]*\})?)"
)


@dataclass(frozen=True, slots=True)
class _Unit:
    factor: Fraction
    powers: dict[str, int] = field(default_factory=dict)


@lru_cache(maxsize=1024)
def _unit(code: str) -> _Unit | None:
    """Return a unit in base units, or None when the code is not one we read."""
    factor, sign, at = Fraction(1), 1, 0
    powers: dict[str, int] = {}
    if code.startswith("/"):
        sign, at = -1, 1
    while at < len(code):
        found = _TERM.match(code, at)
        part = _atom(found[1]) if found else None
        if found is None or part is None:
            return None
        exponent = sign * int(found[2] or 1)
        factor *= part.factor**exponent
        powers = _sum(powers, part.powers, exponent)
        at = found.end()
        if at < len(code):
            if code[at] not in "./":
                return None
            sign, at = (1 if code[at] == "." else -1), at + 1
    return _Unit(factor, powers) if code else None


def _sum(left: dict[str, int], right: dict[str, int], exponent: int) -> dict[str, int]:
    powers = {name: left.get(name, 0) + exponent * right.get(name, 0) for name in left | right}
    return {name: power for name, power in powers.items() if power}


def _atom(code: str | None) -> _Unit | None:
    if code is None:  # an annotation alone: {score}
        return _Unit(Fraction(1))
    if code.isdigit():
        return _Unit(Fraction(int(code)))
    if code in _PLAIN or code in _METRIC:
        return _made(*(_PLAIN.get(code) or _METRIC[code]))
    for width in (2, 1):
        if code[:width] in _PREFIXES and code[width:] in _METRIC:
            found = _made(*_METRIC[code[width:]])
            return _Unit(found.factor * Fraction(10) ** _PREFIXES[code[:width]], found.powers)
    return None


def _made(factor: str, dimensions: str) -> _Unit:
    if dimensions == "1":
        return _Unit(Fraction(factor))
    powers = {}
    for part in dimensions.split("."):
        found = re.fullmatch(r"(\[.*\]|[A-Za-z]+)(-?\d+)?", part)
        assert found
        powers[found[1]] = int(found[2] or 1)
    return _Unit(Fraction(factor), powers)


def _code(quantity: Quantity, *, loosely: bool = False) -> str:
    word = CALENDAR.get(quantity.unit)
    if word is None:
        return quantity.unit
    return _CALENDAR.get(word) or (_LOOSE[word] if loosely else word)


def _base(quantity: Quantity, *, loosely: bool = False) -> tuple[Fraction, dict[str, int]]:
    """Return value and dimensions in base units; a unit we do not read is its own dimension."""
    code = _code(quantity, loosely=loosely)
    unit = _unit(code)
    if unit is None:
        return Fraction(quantity.value), {code: 1}
    return Fraction(quantity.value) * unit.factor + _OFFSETS.get(code, 0), unit.powers


def comparable(left: Quantity, right: Quantity) -> bool:
    """Return whether one unit can be converted to the other."""
    return _base(left)[1] == _base(right)[1]


def compared(left: Quantity | None, right: Quantity | None) -> int | None:
    """Return -1, 0 or 1; None when the units cannot be converted to each other."""
    if left is None or right is None:
        return None
    (a, dimensions), (b, others) = _base(left), _base(right)
    return (a > b) - (a < b) if dimensions == others else None


def equivalent_quantities(left: Quantity | None, right: Quantity | None) -> bool:
    """Return whether they are equal once rounded to the least precise of the two; a year is about an `'a'`."""
    if left is None or right is None:
        return left is right
    (a, dimensions), (b, others) = _base(left, loosely=True), _base(right, loosely=True)
    return dimensions == others and abs(a - b) <= max(_half(left), _half(right))


def _half(quantity: Quantity) -> Fraction:
    """Return half of the last digit that the value states, in base units."""
    exponent = Decimal(quantity.value).normalize().as_tuple().exponent
    unit = _unit(_code(quantity, loosely=True))
    step = Fraction(10) ** min(0, exponent if isinstance(exponent, int) else 0)
    return step * (unit.factor if unit else 1) / 2


def added(left: Quantity, right: Quantity, sign: int) -> Quantity | None:
    """Return left plus (or minus) right in the unit of the left; None when the units do not fit."""
    if _code(left) == _code(right):
        return Quantity(left.value + sign * right.value, left.unit, left.calendar)
    unit, other = _unit(_code(left)), _unit(_code(right))
    if unit is None or other is None or unit.powers != other.powers:
        return None
    converted = Fraction(right.value) * other.factor / unit.factor
    return Quantity(left.value + sign * _decimal(converted), left.unit, left.calendar)


def multiplied(left: Quantity, right: Quantity) -> Quantity:
    """Return the product; the unit is written in UCUM."""
    return _simple(left.value * right.value, _code(left), _code(right), ".")


def divided(left: Quantity, right: Quantity) -> Quantity | None:
    """Return the quotient; the unit is written in UCUM. None for a divisor of zero."""
    if right.value == 0:
        return None
    return _simple(Decimal(left.value) / Decimal(right.value), _code(left), _code(right), "/")


def _simple(value: Decimal | int, left: str, right: str, operator: str) -> Quantity:
    if right == "1":
        return Quantity(value, left)
    if operator == "/" and left == right:
        return Quantity(value)
    parenthesised = re.split(r"(?=[./])", right)
    turned = [part.translate(str.maketrans("./", "/.")) if operator == "/" else part for part in parenthesised]
    joined = f"{left}{operator}{''.join(turned)}"
    return Quantity(value, joined.removeprefix("1.") if left == "1" else joined)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def converted(quantity: Quantity, unit: str) -> Quantity | None:
    """Return a quantity in another unit, or None when it cannot be converted."""
    wanted = Quantity(1, unit, unit in CALENDAR)
    if _code(quantity) == _code(wanted):
        return Quantity(quantity.value, unit, wanted.calendar)
    base, dimensions = _base(quantity)
    target = _unit(_code(wanted))
    if target is None or target.powers != dimensions:
        return None
    value = (base - _OFFSETS.get(unit, 0)) / target.factor
    return Quantity(_decimal(value), unit, wanted.calendar)
