"""Keeps the citizen service number (BSN) out of URLs, where proxies and browsers would log it.

https://www.rvig.nl/bsn (the eleven-test)
"""

import re
from collections.abc import Sequence

from gateway.errors import BadRequest, Issue
from gateway.fhir.search.values import split

SYSTEMS = ("http://fhir.nl/fhir/namingsystem/bsn", "urn:oid:2.16.840.1.113883.2.4.6.3")
_OF_A_PATIENT = re.compile(
    r"(?:.*[.:])?(?:patient|subject|beneficiary|for|individual)(?::[a-z]+)*[.:]identifier|_has:.*identifier.*",
    re.IGNORECASE,
)
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def is_bsn(text: str) -> bool:
    """Return whether nine digits pass the eleven-test.

    >>> is_bsn("999900006"), is_bsn("999900007"), is_bsn("000000000")
    (True, False, False)
    """
    if len(text) != 9 or not (text.isascii() and text.isdecimal()) or text == "000000000":
        return False
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=True)) % 11 == 0


def bears_bsn(pairs: Sequence[tuple[str, str]], resource_type: str | None = "Patient") -> bool:
    """Return whether a search says a BSN: by its system, or as nine digits for an identifier of a patient."""
    return any(_says_bsn(name, part, resource_type) for name, value in pairs for part in split(value, ","))


def refuse_bsn_in_url(pairs: Sequence[tuple[str, str]], resource_type: str | None = "Patient") -> None:
    """Raise BadRequest (`bsn-in-url`) when the query of a URL says a BSN. https://hl7.org/fhir/R4/http.html#search

    Without a resource type any parameter `identifier` is taken to be a patient's.
    """
    if bears_bsn(pairs, resource_type):
        path = f"{resource_type or 'Patient'}/_search"
        text = f"a BSN may not stand in a URL: send the same parameters as a form to POST {path}"
        raise BadRequest([Issue("bsn-in-url", text)])


def _says_bsn(name: str, value: str, resource_type: str | None) -> bool:
    system, bar, code = value.strip().rpartition("|")
    if system.lower() in SYSTEMS:
        return bool(code)
    own = resource_type in {None, "Patient"} and name.partition(":")[0] in {"identifier", "_id"}
    return not (bar and system) and is_bsn(code) and (own or bool(_OF_A_PATIENT.fullmatch(name)))
