"""What a rule can find wrong with a value, raised where it is found and answered by the policy of the rule.

Texts are kept in Dutch and English: who reads a reject report is as often a nursing home as an integrator.
None of them holds a value out of a message.
"""

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

from gateway.errors import Severity

Language = Literal["en", "nl"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Finding(Exception):
    """One value that cannot be used as it stands. `instead` is what the rule goes on with (None: empty)."""

    def __init__(
        self, code: str, text: str, *, severity: Severity = "error", instead: Any = None, **particulars: object
    ) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.severity = severity
        self.instead = instead
        self.particulars = particulars

    def say(self, language: Language, *, segmented: bool = False) -> str:
        """Return the text: what stands there should be, in the language of the reader.

        `segmented` says that it stands in a segment of HL7 v2 or EDIFACT, where what a table may hold is bad advice.
        """
        return say(self._called(TEXTS, segmented=segmented), language, **self.particulars)

    def expected(self, language: Language, *, segmented: bool = False) -> str | None:
        """Return what should stand there, in the language of the reader; None when that goes without saying."""
        if self.particulars.get("format"):
            return str(self.particulars["format"])
        texts = EXPECTED.get(self._called(EXPECTED, segmented=segmented))
        return texts[LANGUAGES.index(language)].format_map(self.particulars) if texts else None

    def _called(self, texts: Container[str], *, segmented: bool) -> str:
        """Return the name of its text: one of segments where there is one and the mapping names no format itself."""
        other = self.text + IN_SEGMENT
        return other if segmented and other in texts and not self.particulars.get("format") else self.text


def say(text: str, language: Language, **particulars: object) -> str:
    """Return the text called `text` in a language, its particulars filled in."""
    return TEXTS[text][LANGUAGES.index(language)].format_map(particulars)


def in_language(english: str, dutch: str | None, language: Language) -> str:
    """Return a text of a mapping; for a Dutch reader the English one, marked as such, where there is no Dutch one."""
    return english if language == "en" else dutch or UNTRANSLATED.format(english)


IN_SEGMENT = ", in a segment"
"""What the name of a text ends with that is told of a segment instead."""

UNTRANSLATED = "(in het Engels) {}"
"""How an English text stands in a Dutch report."""


TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "date-time": (
            "not a date and time: write {expected}",
            "geen datum en tijd: schrijf {expected}",
        ),
        "date-time, in a segment": (
            "not a date and time: write yyyymmddhhmm",
            "geen datum en tijd: schrijf jjjjmmdduumm",
        ),
        "date": ("not a date: write {expected}", "geen datum: schrijf {expected}"),
        "date, in a segment": ("not a date: write yyyymmdd", "geen datum: schrijf jjjjmmdd"),
        "instant": (
            "not a moment: date, hours and minutes are needed",
            "geen tijdstip: datum, uren en minuten zijn nodig",
        ),
        "no-such-date": ("no such date or time in the calendar", "deze datum of tijd bestaat niet"),
        "twice": (
            "this local time exists twice (the clock goes back); read as the first, summer time; send an offset",
            "deze lokale tijd bestaat twee keer (de klok gaat terug); gelezen als de eerste, zomertijd; stuur een "
            "tijdzone mee",
        ),
        "never": (
            "this local time does not exist (the clock goes forward); read as winter time; send an offset",
            "deze lokale tijd bestaat niet (de klok gaat vooruit); gelezen als wintertijd; stuur een tijdzone mee",
        ),
        "number": (
            "not a number: write digits, with a comma before decimals",
            "geen getal: schrijf cijfers, met een komma voor de decimalen",
        ),
        "number, in a segment": (
            "not a number: write digits, with a point before decimals",
            "geen getal: schrijf cijfers, met een punt voor de decimalen",
        ),
        "thousands": (
            "not clear: thousands or decimals? Write the number without dots, with a comma before decimals",
            "niet duidelijk: duizendtallen of decimalen? Schrijf het getal zonder punten, met een komma voor de "
            "decimalen",
        ),
        "thousands, in a segment": (
            "not clear: thousands or decimals? Write the number without separators; write decimals as 1.50, not 1.500",
            "niet duidelijk: duizendtallen of decimalen? Schrijf het getal zonder scheidingstekens; schrijf decimalen "
            "als 1.50, niet als 1.500",
        ),
        "yes": ("neither yes nor no: write {expected}", "geen ja of nee: schrijf {expected}"),
        "bsn": (
            "not a BSN: nine digits that pass the eleven-test; it was not used",
            "geen BSN: negen cijfers die aan de elfproef voldoen; het is niet gebruikt",
        ),
        "unmapped": (
            "the code has no row in ConceptMap/{map}: add it there or to the provider's overlay",
            "de code heeft geen rij in ConceptMap/{map}: voeg haar daar toe of in de overlay van de aanbieder",
        ),
        "expression": (
            "the expression cannot be applied: {why}",
            "de expressie is niet toepasbaar: (in het Engels) {why}",
        ),
        "wrong-shape": (
            "the expression cannot be applied: a value is not of the type it should be",
            "de expressie is niet toepasbaar: een waarde is niet van de soort die zij moet zijn",
        ),
        "cardinality": (
            "there must be {wanted} of this here",
            "hiervan moeten er hier {wanted} zijn",
        ),
        "several": (
            "there are several values, and '{element}' takes one; the first was used",
            "er zijn meer waarden en '{element}' neemt er een; de eerste is gebruikt",
        ),
        "no-id": (
            "the resource has no id, so it cannot be stored",
            "de resource heeft geen id en kan niet worden opgeslagen",
        ),
        "attachment-encoding": (
            "not a document: it is not encoded as it says (base64, hex or text)",
            "geen document: het is niet gecodeerd zoals het zegt (base64, hex of tekst)",
        ),
        "attachment-empty": ("the document is empty", "het document is leeg"),
        "attachment-mismatch": (
            "the document is not of the type it says it is",
            "het document is niet van het type dat het zegt te zijn",
        ),
        "attachment-kind": (
            "documents of this type are not taken: send PDF, JPEG, PNG, GIF, TIFF, RTF or plain text",
            "dit soort documenten wordt niet aangenomen: stuur PDF, JPEG, PNG, GIF, TIFF, RTF of platte tekst",
        ),
        "attachment-too-large": (
            "the document is larger than {limit} bytes",
            "het document is groter dan {limit} bytes",
        ),
        "attachment-unsafe": (
            "what came as a document is a program, an archive or a web page; it was not used",
            "wat als document kwam is een programma, een archief of een webpagina; het is niet gebruikt",
        ),
        "left-out-element": ("; the element was left out", "; het element is weggelaten"),
        "left-out-resource": (
            "{type} was left out, because a rule of it could not be applied",
            "{type} is weggelaten, omdat een regel ervan niet toepasbaar was",
        ),
        "quarantined": (
            "the row was set apart and nothing of it was used; correct it and send it again",
            "de rij is apart gezet en er is niets van gebruikt; verbeter haar en stuur haar opnieuw",
        ),
        "duplicate": (
            "the message makes this resource twice with different content; the last one holds",
            "het bericht maakt deze resource twee keer met verschillende inhoud; de laatste geldt",
        ),
        "outdone": (
            "an earlier row says otherwise of this place, and holds: it is newer or does not offer the place",
            "een eerdere rij zegt iets anders over deze plek en geldt: nieuwer, of de plek is daar niet vrij",
        ),
        "nothing": ("the mapping made nothing of this message", "de mapping maakte niets van dit bericht"),
        "unread": ("no rule reads this field", "geen regel leest dit veld"),
    }
)  # fmt: skip

_MOMENT = ("31-01-2026 14:30 or 2026-01-31 14:30", "31-01-2026 14:30 of 2026-01-31 14:30")
_OFFSET = ("with the offset: 2026-10-25T02:30:00+01:00", "met de tijdzone: 2026-10-25T02:30:00+01:00")
_DTM = ("202601311430, or 202601311430+0100", "202601311430 of 202601311430+0100")
_DTM_OFFSET = ("with the offset: 20261025023000+0100", "met de tijdzone: 20261025023000+0100")
EXPECTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "date-time": _MOMENT,
        "date-time, in a segment": _DTM,
        "instant": _MOMENT,
        "instant, in a segment": _DTM,
        "no-such-date": ("a day and a time that exist", "een dag en een tijd die bestaan"),
        "date": ("31-01-2026 or 2026-01-31", "31-01-2026 of 2026-01-31"),
        "date, in a segment": ("20260131", "20260131"),
        "twice": _OFFSET,
        "twice, in a segment": _DTM_OFFSET,
        "never": _OFFSET,
        "never, in a segment": _DTM_OFFSET,
        "number": ("digits, such as 3 or 2,5", "cijfers, zoals 3 of 2,5"),
        "number, in a segment": ("digits, such as 3 or 2.5", "cijfers, zoals 3 of 2.5"),
        "thousands": ("the number without dots, such as 1200 or 2,5", "het getal zonder punten, zoals 1200 of 2,5"),
        "thousands, in a segment": ("digits, such as 1200 or 2.5", "cijfers, zoals 1200 of 2.5"),
        "yes": ("{expected}", "{expected}"),
        "bsn": ("nine digits that pass the eleven-test", "negen cijfers die aan de elfproef voldoen"),
        "unmapped": ("one of: {known}", "een van: {known}"),
    }
)
"""What should stand where a finding was made: in a text that the sender's administrator can follow."""
