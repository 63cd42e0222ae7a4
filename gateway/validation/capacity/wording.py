"""By what words and numbers patient data is recognised in a text: `profiles/tables/patient-data.yaml`, compiled.

What is found is a kind alone, never the words: they are repeated nowhere. BSN: https://www.rvig.nl/bsn
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from typing import Any, Literal, NamedTuple

from gateway.fhir.bsn import is_bsn

Kind = Literal["bsn", "number", "birth", "name"]

_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_TAG = re.compile(r"<[^<>]*>")
_RUN = r"[0-9](?:[ .\u00a0-]?[0-9])"
_MANY_DIGITS = re.compile(_RUN + "{7}")
_NINE_ALONE = rf"(?:^|[^0-9A-Za-z_]){_RUN}{{8}}(?:$|[^0-9A-Za-z_])"
_EIGHT_ALONE = r"(?:^|[^0-9A-Za-z_.,/+-])[1-9][0-9]{7}(?:$|[^0-9A-Za-z_/-])"
_ODD_FORMS = r"[\u0300-\u036f\uff00-\uffef]"  # of letters and digits, before they are made plain
_NINE = re.compile(r"(?<!\w)(?<![0-9]\.)[0-9]{9}(?!\w)(?!\.[0-9])")
_EIGHT = re.compile(r"(?<![\w.,/+-])[1-9][0-9]{7}(?![\w/-])(?![.,][0-9])")
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]|[0-3][0-9](?:0[1-9]|1[0-2])(?:19|20)[0-9]{2}")
_ABROAD = r"\+[0-9]{1,3}|\(0\)|\b00[1-9][0-9]"  # what stands before a telephone number
_NO_DIGIT = re.compile(r"[^0-9]")
_NEAR = 48  # characters
_LETTER = r"[^\W\d_]"


class _Names(NamedTuple):
    """What finds the name of a person: in any text that can hold one, and in prose."""

    anywhere: tuple[re.Pattern[str], ...]
    in_prose: tuple[re.Pattern[str], ...]


class Wording:
    """The rules of a table. May be shared by threads.

    `prose_screen` matches all prose in which something may be found, and few other texts, without look-around;
    `label_screen` does so of other texts.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.version = str(table["version"])
        bsn = table["bsn"]
        self._labelled = _words(bsn["words"], rf"[ .:#=(\u00a0-]{{0,3}}{_RUN}{{7,8}}")
        self._other = _ending_with([*bsn["others"], *(f"{w}-?(?:nummer|nr|code|number|no)" for w in bsn["others"])])
        self._listed = _ending_with(bsn["listed"])
        self._grouped = _grouped(bsn["groups"])
        self._number = _words(_all(table["patient_number"]["words"]), r"[ .:#=-]{0,3}[A-Za-z]{0,3}[0-9]{4}")
        self._birth = _birth(table["birth"])
        self._names = _names(table["name"])
        name = table["name"]
        self._no_names = frozenset(name["no_names"])
        self._no_endings = tuple(name["no_name_endings"])
        said = [bsn["words"], *(_all(part) for part in (table["patient_number"]["words"], table["birth"]["words"]))]
        said += [_all(name[part]) for part in ("address", "address_in_prose", "called")]
        words = _either(_escaped(word for words in said for word in words))
        self.label_screen = rf"(?i:\b(?:{words})\b)|{_NINE_ALONE}|{_ODD_FORMS}"
        self.prose_screen = rf"{self.label_screen}|{_EIGHT_ALONE}"

    def finds(self, text: str, *, is_prose: bool, may_be_named: bool = False) -> Kind | None:
        """Return what patient data a text seems to hold, None for none; `may_be_named`: it may name a person."""
        plain = _plain(text)
        if _MANY_DIGITS.search(plain) and self._is_number_of_person(plain, is_prose=is_prose):
            return "bsn"
        if self._number.search(plain):
            return "number"
        if self._birth.search(plain):
            return "birth"
        return "name" if not may_be_named and self._names_somebody(plain, is_prose=is_prose) else None

    def _is_number_of_person(self, text: str, *, is_prose: bool) -> bool:
        text = _UUID.sub(" ", text)
        if self._labelled.search(text):
            return True
        found = [*_NINE.finditer(text)]
        if is_prose:
            found += [one for one in _EIGHT.finditer(text) if not _DAY.fullmatch(one[0])]
        found += [one for one in self._grouped.finditer(text) if not self._listed.search(_before_it(one))]
        return any(is_bsn(_NO_DIGIT.sub("", one[0])) and not self._other.search(_before_it(one)) for one in found)

    def _names_somebody(self, text: str, *, is_prose: bool) -> bool:
        patterns = self._names.in_prose if is_prose else self._names.anywhere
        return any(self._is_name(found["name"]) for pattern in patterns for found in pattern.finditer(text))

    def _is_name(self, word: str) -> bool:
        said = word.lower()
        return said not in self._no_names and not said.endswith(self._no_endings)


def _before_it(found: re.Match[str]) -> str:
    """Return what stands before something, as far as it can say what that is."""
    return found.string[max(0, found.start() - _NEAR) : found.start()]


def _plain(text: str) -> str:
    """Return a text as it is read: without markup, and in the plain forms of its letters and digits."""
    if "<" in text:
        text = unescape(_TAG.sub(" ", text))
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _all(by_language: Mapping[str, Sequence[str]]) -> list[str]:
    return [word for words in by_language.values() for word in words]


def _either(words: Iterable[str]) -> str:
    """Return what matches one of some words, the longest first, that were escaped where that is needed."""
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


def _escaped(words: Iterable[str]) -> list[str]:
    return [re.escape(word).replace(r"\ ", r"\s+") for word in words]


def _words(words: Iterable[str], then: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_either(_escaped(words))})(?!\w){then}", re.IGNORECASE)


def _ending_with(words: Iterable[str]) -> re.Pattern[str]:
    """Return what matches such a word at the end of a text, or the beginning of a telephone number."""
    return re.compile(rf"(?:(?<!\w)(?:{_either(words)})(?!\w)|{_ABROAD})[\s.:#=(-]*\Z", re.IGNORECASE)


def _grouped(groups: Sequence[Sequence[int]]) -> re.Pattern[str]:
    """Return what matches digits in groups, one separator between all of them."""
    ways = [
        rf"[0-9]{{{first}}}(?P<s{n}>[ .\u00a0-])" + rf"(?P=s{n})".join(f"[0-9]{{{size}}}" for size in rest)
        for n, (first, *rest) in enumerate(groups)
    ]
    return re.compile(rf"(?<!\w)(?<![0-9][ .-])(?:{'|'.join(ways)})(?!\w)(?![ .-][0-9])")


def _birth(table: Mapping[str, Any]) -> re.Pattern[str]:
    month = f"(?:{_either(_escaped([*_all(table['months']), *(m[:3] for m in _all(table['months']))]))})"
    year, sep = "(?:18|19|20)?[0-9]{2}", r"[\s./-]{1,2}"
    dates = [
        rf"[0-3]?[0-9]{sep}[01]?[0-9]{sep}{year}",
        rf"[0-3]?[0-9]{sep}{month}\.?{sep}{year}",
        rf"{month}\s+[0-3]?[0-9],?\s+{year}",
        rf"(?:18|19|20)[0-9]{{2}}{sep}[01]?[0-9]{sep}[0-3]?[0-9]",
        r"[0-9]{8}",
    ]
    return _words(_all(table["words"]), rf"[\s.:=(]{{0,3}}(?:{'|'.join(dates)})(?![0-9])")


def _names(table: Mapping[str, Any]) -> _Names:
    """Return what finds names: behind a form of address, and in prose behind what somebody is called.

    Behind the latter stands as often where somebody is ("patiënt van de IC"): there it takes initials, or a name that
    follows at once and is no abbreviation.
    """
    address, prose = _escaped(_all(table["address"])), _escaped(_all(table["address_in_prose"]))
    titles = rf"(?:(?i:{_either(_escaped(table['titles']))})\.?\s+)*"
    prefixes = rf"(?:(?i:{_either(_escaped(table['prefixes']))})\s+)*"
    capital = r"(?=[^\W\d_])(?![a-zß-öø-ÿ])"
    initials = rf"(?:{capital}{_LETTER}\.\s?)+\s*"
    surname = rf"{capital}{_LETTER}[\w'\u2019-]*{_LETTER}"
    one_word = rf"(?=\w*[a-zß-öø-ÿ]){surname}"

    def behind(words: Sequence[str], name: str) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?i:{_either(words)})(?!\w)[.:]?\s+{name}")

    named = rf"{titles}(?:{initials})?{prefixes}(?P<name>{surname})"
    called = behind(_escaped(_all(table["called"])), rf"(?P<name>{initials}{prefixes}{surname}|{one_word})")
    return _Names((behind(address, named),), (behind([*address, *prose], named), called))
