"""The fields of a document that an operator wrote, read one by one; what is wrong is kept, each at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from gateway.errors import Issue, Place

Lines = Mapping[str, int]
"""The line of each field by its path, `partners[0].ura`."""


@dataclass(frozen=True, slots=True)
class Document:
    """What all objects of a document share: the lines of its fields, its name, and what is wrong with it.

    `code` is that of its problems in the CodeSystem of issues; in what they say never stands a value.
    """

    lines: Lines
    name: str = ""
    code: str = "bad-partner"
    problems: list[Issue] = field(default_factory=list)

    def add(self, path: str, parent: str, text: str, value: str | None) -> None:
        """Keep a problem with what stands at a path, or where it should."""
        line = self.lines.get(path, self.lines.get(parent))
        rule = f"{self.name}:{line or 1}" if self.name else None
        self.problems.append(Issue(self.code, text, place=Place(path or "document", line), rule=rule, value=value))


class Fields:
    """An object of a document."""

    def __init__(self, values: Any, document: Document, path: str = "") -> None:
        self._document = document
        self._path = path
        self._values: dict[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            self.add("", "must be an object with fields")

    @property
    def problems(self) -> list[Issue]:
        """Return what is wrong with the document, up to now."""
        return self._document.problems

    @property
    def keys(self) -> Collection[str]:
        """Return the names of the fields."""
        return self._values.keys()

    def has(self, key: str) -> bool:
        """Return whether a field is there."""
        return key in self._values

    def value(self, key: str) -> Any:
        """Return a field as it is."""
        return self._values.get(key)

    def add(self, key: str, text: str, value: str | None = None) -> None:
        """Keep a problem with a field; '' for the object itself."""
        self._document.add(self._at(key), self._path, text, value)

    def only(self, known: Collection[str]) -> None:
        """Tell which fields are not known."""
        for key in self._values.keys() - set(known):
            self.add(key, "is not known" + (_near(key, known) or f"; known are {_said(known)}"))

    def text(self, key: str, pattern: re.Pattern[str], wanted: str, *, required: bool = False) -> str:
        """Return a field that is like `pattern`, '' where it is absent."""
        if not self.has(key):
            if required:
                self.add(key, "is missing")
            return ""
        text = self.any_text(key)
        if not pattern.fullmatch(text):
            self.add(key, wanted, text)
        return text

    def any_text(self, key: str) -> str:
        """Return a field as text: a number as it is written, for it lost no zero."""
        value = self._values.get(key)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""

    def one_of(self, key: str, known: Collection[str]) -> str:
        """Return a field that must be one of some words."""
        text = self.any_text(key)
        if text not in known:
            self.add(key, f"must be one of {_said(known)}", text)
        return text

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number."""
        value = self._values.get(key, default)
        if type(value) is int and low <= value <= high:
            return value
        self.add(key, f"must be a whole number from {low} to {high}")
        return default

    def flag(self, key: str) -> bool:
        """Return whether something is so; absent, it is not."""
        value = self._values.get(key, False)
        if not isinstance(value, bool):
            self.add(key, "must be true or false")
        return value is True

    def words(self, key: str, pattern: re.Pattern[str], wanted: str) -> tuple[str, ...]:
        """Return a list of words that are like `pattern`, none twice."""

        def check(word: str) -> None:
            if not pattern.fullmatch(word):
                raise ValueError(wanted)

        return self.checked(key, check)

    def among(self, key: str, known: Collection[str], refusal: str) -> tuple[str, ...]:
        """Return a list of words that are known; `refusal` is said of others."""

        def check(word: str) -> None:
            if word not in known:
                raise ValueError(refusal + _near(word, known))

        return self.checked(key, check)

    def checked(self, key: str, check: Callable[[str], object]) -> tuple[str, ...]:
        """Return a list of words, none twice, of which `check` raises ValueError with the reason."""
        words: list[str] = []
        for number, word in enumerate(self._list(key)):
            at = f"{key}[{number}]"
            if not isinstance(word, str):
                self.add(at, "must be text")
            elif word in words:
                self.add(at, "stands here twice", word)
            else:
                words.append(word)
                self._check(at, word, check)
        return tuple(words)

    def objects(self, key: str) -> list[Fields]:
        """Return the objects of a list; what else stands in it is a problem."""
        at = self._at(key)
        found = [(one, Fields(one, self._document, f"{at}[{number}]")) for number, one in enumerate(self._list(key))]
        return [fields for one, fields in found if isinstance(one, dict)]

    def inner(self, key: str) -> Fields:
        """Return an object that is a field."""
        return Fields(self._values.get(key), self._document, self._at(key))

    def pairs(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield the fields of an object whose values are text."""
        if not self.has(key):
            return
        inner = self.inner(key)
        for name in inner.keys:
            yield name, inner.any_text(name)

    def _check(self, at: str, word: str, check: Callable[[str], object]) -> None:
        try:
            check(word)
        except ValueError as error:
            self.add(at, str(error), word)

    def _list(self, key: str) -> list[Any]:
        value = self._values.get(key, [])
        if isinstance(value, list):
            return value
        self.add(key, "must be a list")
        return []

    def _at(self, key: str) -> str:
        return ".".join(part for part in (self._path, key) if part)


def _said(known: Collection[str]) -> str:
    return ", ".join(sorted(known))


def _near(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
