"""A text that the gateway said, in the language of its reader: found by the text itself, in either language.

What was said before may be read later, by somebody else: the answer to a message that came twice is the first answer.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from gateway.mapping.findings import LANGUAGES, TEXTS, UNTRANSLATED, Language
from gateway.report import dutch
from gateway.report.particulars import filled, written

_PLAINER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        TEXTS["unmapped"][0]: ("this word or code is not known here", "dit woord of deze code is hier niet bekend"),
        TEXTS["date-time"][0]: ("not a date and time", "geen datum en tijd"),
        TEXTS["date-time, in a segment"][0]: ("not a date and time", "geen datum en tijd"),
        TEXTS["date"][0]: ("not a date", "geen datum"),
        TEXTS["date, in a segment"][0]: ("not a date", "geen datum"),
        TEXTS["expression"][0]: ("the expression cannot be applied: {why}", "de regel is niet toepasbaar: {why}"),
    }
)
"""What is said to a sender instead of what is said to who keeps the mapping."""

_PARTICULAR = re.compile(r"\\\{(\w+)\\\}")
_WORDS_OF_NUMBER = re.compile(r"\\\{\w+:([^|{}]*)\\\|([^|{}]*)\\\}")  # {count:bed|beds}, escaped
_SENTENCE = "why"  # the particular that is a sentence of ours: told in English, it is marked as such


class _Pattern(NamedTuple):
    """What recognises a text in one of the languages, and what writes it: English, Dutch."""

    regex: re.Pattern[str]
    templates: tuple[str, str]


class _Texts:
    """Texts in two languages. Those without particulars are looked up, the others tried by their first word."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._whole: dict[str, tuple[str, str]] = {}
        self._by_word: dict[str, list[_Pattern]] = {}
        for pair in pairs:
            told = _PLAINER.get(pair[0], pair)
            for text in pair:
                if "{" not in text:
                    self._whole.setdefault(text, told)
                else:
                    self._by_word.setdefault(_word(text), []).append(_Pattern(_regex(text), told))

    def told(self, text: str, language: Language) -> str | None:
        """Return a text in a language, whichever of the two it is in; None when it is not one of these."""
        index = LANGUAGES.index(language)
        if text in self._whole:
            return self._whole[text][index]
        for pattern in (*self._by_word.get(_word(text), ()), *self._by_word.get("", ())):
            if match := pattern.regex.fullmatch(text):
                return _filled(pattern.templates[index], match, language)
        return None


def _word(text: str) -> str:
    """Return the first word of a text or template, nothing when it is (or touches) a particular."""
    word = text.partition(" ")[0]
    return "" if "{" in word else word


def _regex(template: str) -> re.Pattern[str]:
    either = _WORDS_OF_NUMBER.sub(r"(?:\1|\2)", re.escape(template))
    return re.compile(_PARTICULAR.sub(r"(?P<\1>.*)", either), re.DOTALL)


def _filled(template: str, match: re.Match[str], language: Language) -> str:
    return filled(template, {name: _particular(name, value, language) for name, value in match.groupdict().items()})


def _particular(name: str, value: str, language: Language) -> str:
    """Return what stands within a text, in a language where it is words of ours."""
    marked = _regex(UNTRANSLATED.replace("{}", "{text}")).fullmatch(value)
    bare = marked["text"] if marked else value
    found = _parts().told(bare, language)
    if found is not None:
        return found
    return UNTRANSLATED.format(bare) if name == _SENTENCE and language == "nl" else written(name, bare, language)


@cache
def _texts() -> _Texts:
    return _Texts((*TEXTS.values(), *dutch.TEXTS))


@cache
def _parts() -> _Texts:
    return _Texts(dutch.PARTS)


@cache
def _suffixes() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(re.compile(f"(?P<before>.*){_regex(text).pattern}", re.DOTALL), pair)
        for pair in dutch.SUFFIXES
        for text in pair
    )


@lru_cache(maxsize=4096)
def told(text: str, language: Language) -> str | None:
    """Return what the gateway said, in a language; None for a text that is not the gateway's own."""
    for suffix in _suffixes():
        if match := suffix.regex.fullmatch(text):
            before = told(match["before"], language)
            if before is None:
                return None
            return before + _filled(suffix.templates[LANGUAGES.index(language)], match, language)
    return _texts().told(text, language)
