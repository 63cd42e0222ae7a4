"""What is filled into a text: words that go with a number, large numbers, and moments as a Dutch reader writes them."""

import re
from collections.abc import Mapping
from datetime import datetime

from gateway.fhir.datetime import dutch_time
from gateway.mapping.findings import Language

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_SIZES = frozenset({"limit", "came", "most"})
_SMALL = 10_000  # numbers below it are read without marks between the thousands


class Particular(str):
    """A value within a text. A template says `{count:bed|beds}` for the words that go with it."""

    __slots__ = ()

    def __format__(self, words: str) -> str:
        """Return the value; the first of `words` when there are some and it is one, else the second."""
        if "|" not in words:
            return format(str(self), words)
        one, _, several = words.partition("|")
        return one if self == "1" else several


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a template with what stands in it."""
    return template.format_map({name: Particular(value) for name, value in values.items()})


def written(name: str, value: str, language: Language) -> str:
    """Return a value as the reader writes it: `limit` of 20000000 as 20.000.000, a moment as 05-01-2026 09:40."""
    if name in _SIZES and value.isdecimal() and int(value) >= _SMALL:
        return f"{int(value):,}".replace(",", "." if language == "nl" else ",")
    if language == "nl" and _MOMENT.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(dutch_time()):%d-%m-%Y %H:%M}"
    return value
