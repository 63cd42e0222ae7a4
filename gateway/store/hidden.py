"""A BSN in an index: what a key makes of it stands in its place, so that it is found and cannot be read.

What is hidden follows from the system and the code alone, so who asks hides as who stored did: a number of the system
of the BSN, and one that no system claims and that passes the eleven-test; in narratives, a word that passes it. One
of another system stays, for it is another number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.fhir.bsn import is_bsn, is_system
from gateway.fhir.search.served import TEXT

if TYPE_CHECKING:
    from gateway.store.index import IndexRows
    from gateway.store.sealed import Finder, Seals

HIDDEN = "\x1f"
"""What every hidden number begins with: no value in FHIR does."""
_FEWEST_DIGITS = 6  # of what is written under the system of the BSN; "unknown" is no number
_KIND = "|NNNLD"  # https://terminology.hl7.org/CodeSystem-v2-0203.html, the national number of a person, here


def hide(rows: IndexRows, seals: Seals) -> int:
    """Hide every BSN in the rows of a resource, and return the generation of the key; 0 where nothing is hidden."""
    if not seals.finders:
        return 0
    by = seals.finders[0]
    rows.token = [_hidden(row, by) for row in rows.token]
    rows.string = [
        (param, by.hidden(value), exact) if param == TEXT and is_bsn(value) else (param, value, exact)
        for param, value, exact in rows.string
    ]
    return by.generation


def asked(system: str | None, code: str, seals: Seals, *, mixed: bool) -> list[str]:
    """Return the codes under which rows stand that a search means; without a system any will do.

    `mixed`: rows may stand there that were made by other keys, or by none.
    """
    is_hidden = _is_hidden(system, code) if system is not None else _has_many_digits(code)
    if not seals.finders or not is_hidden:
        return [code]
    found = [by.hidden(code) for by in seals.finders[: None if mixed else 1]]
    return [*found, code] if mixed or system is None else found  # without a system: a number of another one, too


def asked_word(word: str, seals: Seals, *, mixed: bool) -> Sequence[str]:
    """Return the words under which rows stand that a search for a word of a narrative means."""
    if not seals.finders or not is_bsn(word):
        return [word]
    found = [by.hidden(word) for by in seals.finders[: None if mixed else 1]]
    return [*found, word] if mixed else found


def is_hidden(code: str) -> bool:
    """Return whether what stands in an index is what a key made of a number."""
    return code.startswith(HIDDEN)


def _hidden(row: tuple[str, str, str], by: Finder) -> tuple[str, str, str]:
    param, system, code = row
    return (param, system, by.hidden(code)) if _is_hidden(system, code) else row


def _is_hidden(system: str, code: str) -> bool:
    """Return whether a code is a BSN; `system` may be the kind of an identifier, as `:of-type` has it."""
    if is_system(system) or system.endswith(_KIND):
        return _has_many_digits(code)
    return (not system or "|" in system) and is_bsn(code)


def _has_many_digits(code: str) -> bool:
    return sum(map(str.isdigit, code)) >= _FEWEST_DIGITS
