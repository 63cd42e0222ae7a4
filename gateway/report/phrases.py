"""The words of a report in English and Dutch, and findings of the gateway in the language of the reader."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from gateway.errors import Issue
from gateway.fhir.outcome import catalogue
from gateway.mapping.findings import LANGUAGES, UNTRANSLATED, Language
from gateway.report.particulars import filled
from gateway.report.translation import told

__all__ = ["Language", "expected", "in_language", "phrase", "translated"]

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
            "{superseded} {superseded:resource is|resources are} older than what is known: kept as history.",
            "{superseded} {superseded:resource is|resources zijn} ouder dan wat bekend is: bewaard als historie.",
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
        "bed": ("bed {named}", "bed {named}"),
        "beds": ("beds {named}", "bedden {named}"),
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

_SHOULD: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "required-missing": ("a value: this may not stay empty", "een waarde: dit mag niet leeg blijven"),
        "patient-data-in-capacity": ("no data of patients", "geen gegevens van patiënten"),
        "no-zone": ("with the offset: 2026-01-05T10:00:00+01:00", "met de tijdzone: 2026-01-05T10:00:00+01:00"),
        "duplicate-control-id": ("an id of its own for each message", "een eigen kenmerk voor elk bericht"),
        "moment-ahead": ("the moment at which it was so", "het tijdstip waarop het zo was"),
    }
)
"""What should stand at a place, where the finding does not say it."""


def phrase(word: str, language: Language, **particulars: object) -> str:
    """Return the words of the report itself."""
    return filled(_WORDS[word][LANGUAGES.index(language)], particulars)


def translated(issue: Issue, language: Language) -> str:
    """Return what was found, in a language; an English text without a Dutch one stands behind its Dutch name, marked.

    A mapping says what it finds in the language that was asked for; so does what is known here by its text. A message
    that was taken before is answered as it was then, and so perhaps in the other language.
    """
    found = told(issue.diagnostics, language)
    if found is not None:
        return found
    if language == "en" or _is_of_a_mapping(issue):
        return issue.diagnostics
    concept = catalogue().get(issue.code) or catalogue()["exception"]
    return f"{concept.display[language]} {UNTRANSLATED.format(issue.diagnostics)}"


def in_language(issue: Issue, language: Language) -> Issue:
    """Return a finding for who integrates: in Dutch as a report tells it, in English as it was found."""
    return replace(issue, diagnostics=translated(issue, language)) if language == "nl" else issue


def expected(issue: Issue, language: Language) -> str | None:
    """Return what should stand there; None when that is not known, or nothing is to stand there."""
    if issue.expected is not None or issue.place is None or issue.code not in _SHOULD:
        return issue.expected
    return _SHOULD[issue.code][LANGUAGES.index(language)]


def _is_of_a_mapping(issue: Issue) -> bool:
    """Return whether a rule of a mapping found it; one of a profile is named by the profile's URL."""
    return issue.rule is not None and "://" not in issue.rule
