"""Keeps the citizen service number (BSN) out of URLs, where proxies and browsers would log it."""

from collections.abc import Sequence

from gateway.errors import BadRequest, Issue
from gateway.fhir.bsn import is_bsn, is_system
from gateway.fhir.search.values import split

_TO_WRITE = "send this as the entry of a transaction: its request.url (of a create request.ifNoneExist) is in the body"


def bears_bsn(pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether a search says a BSN: by its system, or as digits of no other system that pass the eleven-test.

    Whatever the parameter: it may be a mistake, and would stand in the logs all the same.
    """
    return any(_says_bsn(part) for _, value in pairs for part in split(value, ","))


def refuse_bsn_in_url(
    pairs: Sequence[tuple[str, str]], resource_type: str = "Patient", *, is_write: bool = False
) -> None:
    """Raise BadRequest (`bsn-in-url`) when the query of a URL says a BSN, with where it may stand instead.

    https://hl7.org/fhir/R4/http.html#search, https://hl7.org/fhir/R4/http.html#cond-update
    """
    if bears_bsn(pairs):
        instead = _TO_WRITE if is_write else f"send the same parameters as a form to POST {resource_type}/_search"
        raise BadRequest([Issue("bsn-in-url", f"a BSN may not stand in a URL: {instead}")])


def _says_bsn(value: str) -> bool:
    system, _, code = value.strip().rpartition("|")
    if is_system(system):
        return bool(code)
    return not system and is_bsn(code.rpartition("/")[2])
