"""The citizen service number (BSN): its eleven-test, and the names of its system. https://www.rvig.nl/bsn"""

import re
from functools import lru_cache

_SYSTEM = re.compile(
    r"http://fhir\.nl/fhir/NamingSystem/bsn|(urn:oid:)?2\.16\.840\.1\.113883\.2\.4\.6\.3", re.IGNORECASE
)
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def is_bsn(text: str) -> bool:
    """Return whether nine digits, or eight that lost a zero in front, pass the eleven-test.

    >>> is_bsn("999900006"), is_bsn("999900007"), is_bsn("000000000")
    (True, False, False)
    """
    if len(text) not in {8, 9} or not (text.isascii() and text.isdecimal()) or not int(text):
        return False
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text.zfill(9), strict=True)) % 11 == 0


@lru_cache(maxsize=512)
def is_system(text: str) -> bool:
    """Return whether a system of identifiers is that of the BSN, however it is written.

    >>> is_system("http://fhir.nl/fhir/NamingSystem/bsn"), is_system("urn:oid:2.16.840.1.113883.2.4.6.3")
    (True, True)
    """
    return _SYSTEM.fullmatch(text) is not None
