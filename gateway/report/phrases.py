"""The words of a report in English and Dutch, and findings of the gateway in the language of the reader."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from gateway.errors import Issue
from gateway.fhir.outcome import catalogue
from gateway.mapping.findings import LANGUAGES, TEXTS, UNTRANSLATED, Language
from gateway.report.dutch import DUTCH

__all__ = ["Language", "phrase", "translated"]

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "rows": ("Rows: {rows} taken in, {apart} set apart.", "Rijen: {rows} verwerkt, {apart} apart gezet."),
        "messages": (
            "Messages: {taken} taken in, {refused} refused.",
            "Berichten: {taken} verwerkt, {refused} geweigerd.",
        ),
        "resources": (
            "Resources: {created} created, {updated} updated, {deleted} deleted, {unchanged} unchanged.",
            "Resources: {created} nieuw, {updated} gewijzigd, {deleted} weg, {unchanged} ongewijzigd.",
        ),
        "superseded": (
            "{superseded} resources are older than what is known: kept as history.",
            "{superseded} resources zijn ouder dan wat bekend is: bewaard als historie.",
        ),
        "apart": (
            "Nothing of a row that is set apart was used. Correct these rows and send them again.",
            "Van een rij die apart is gezet, is niets gebruikt. Verbeter deze rijen en stuur ze opnieuw.",
        ),
        "refused": ("Nothing was used.", "Er is niets gebruikt."),
        "value": ("What stands there: {said}", "Wat er staat: {said}"),
        "expected": ("What should stand there: {said}", "Wat er moet staan: {said}"),
        "outcome": ("What was done: {said}", "Wat er is gebeurd: {said}"),
        "message": ("(message {id})", "(bericht {id})"),
        "empty": ("(nothing)", "(niets)"),
        "hidden": ("(not shown)", "(niet getoond)"),
        "row-apart": (
            "nothing of row {row} was used; the rows without errors were",
            "van rij {row} is niets gebruikt; van de rijen zonder fouten wel",
        ),
        "file-refused": ("nothing of these rows was used", "van deze rijen is niets gebruikt"),
        "message-refused": ("nothing of the message was used", "van het bericht is niets gebruikt"),
        "rest-used": ("the rest was used", "de rest is gebruikt"),
        "fatal": ("ERROR", "FOUT"),
        "error": ("ERROR", "FOUT"),
        "warning": ("Warning", "Let op"),
        "information": ("Note", "Opmerking"),
        "column-severity": ("severity", "ernst"),
        "column-message": ("message", "bericht"),
        "column-row": ("row", "rij"),
        "column-column": ("column", "kolom"),
        "column-place": ("place", "plaats"),
        "column-finding": ("what is wrong", "wat er mis is"),
        "column-stands": ("what stands there", "wat er staat"),
        "column-should": ("what should stand there", "wat er moet staan"),
        "column-done": ("what was done", "wat er is gebeurd"),
        "column-code": ("code", "code"),
    }
)
_PLAINER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        TEXTS["unmapped"][0]: ("this word or code is not known here", "dit woord of deze code is hier niet bekend"),
        TEXTS["date-time"][0]: ("not a date and time", "geen datum en tijd"),
        TEXTS["date"][0]: ("not a date", "geen datum"),
    }
)
"""What is said to a sender instead of what is said to who keeps the mapping."""

_PARTICULAR = re.compile(r"\\\{(\w+)\\\}")
_LEFT_OUT = TEXTS["left-out-element"]


class _Pair(NamedTuple):
    """A text in both languages: what recognises it and what writes it, English and Dutch."""

    patterns: tuple[re.Pattern[str], re.Pattern[str]]
    templates: tuple[str, str]


def phrase(word: str, language: Language, **particulars: object) -> str:
    """Return the words of the report itself."""
    return _WORDS[word][LANGUAGES.index(language)].format(**particulars)


def translated(issue: Issue, language: Language) -> str:
    """Return what was found, in a language; an English text without a Dutch one stands behind its Dutch name, marked.

    A mapping says what it finds in the language that was asked for; so does what is known here by its text. A message
    that was taken before is answered as it was then, and so perhaps in the other language.
    """
    by_mapping = issue.rule is not None
    return _said(issue.code, issue.diagnostics, language, by_mapping=by_mapping)


@lru_cache(maxsize=4096)
def _said(code: str, text: str, language: Language, *, by_mapping: bool) -> str:
    left_out = next((end for end in _LEFT_OUT if text.endswith(end)), "")
    found = _known(text.removesuffix(left_out), language)
    if found is not None:
        return found + (_LEFT_OUT[LANGUAGES.index(language)] if left_out else "")
    if by_mapping or language == "en":
        return text
    concept = catalogue().get(code) or catalogue()["exception"]
    return f"{concept.display[language]} {UNTRANSLATED.format(text)}"


def _known(text: str, language: Language) -> str | None:
    """Return a known text in a language, whichever of the two it is in."""
    for pair in _pairs():
        for pattern in pair.patterns:
            if match := pattern.fullmatch(text):
                return pair.templates[LANGUAGES.index(language)].format_map(match.groupdict())
    return None


@cache
def _pairs() -> list[_Pair]:
    made = []
    for english, dutch in (*TEXTS.values(), *DUTCH):
        instead = _PLAINER.get(english, (english, dutch))
        made.append(_Pair((_pattern(english), _pattern(dutch)), instead))
    return made


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_PARTICULAR.sub(r"(?P<\1>.*)", re.escape(template)), re.DOTALL)
