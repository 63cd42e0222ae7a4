"""The eleven-test of the citizen service number (BSN). https://www.rvig.nl/bsn"""

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def is_bsn(text: str) -> bool:
    """Return whether nine digits, or eight that lost a zero in front, pass the eleven-test.

    >>> is_bsn("999900006"), is_bsn("999900007"), is_bsn("000000000")
    (True, False, False)
    """
    if len(text) not in {8, 9} or not (text.isascii() and text.isdecimal()) or not int(text):
        return False
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text.zfill(9), strict=True)) % 11 == 0
