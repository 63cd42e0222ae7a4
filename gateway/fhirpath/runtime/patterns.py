"""Regular expressions that cannot run for ever: what a pattern costs is read from its structure before it is used.

Python's `re` tries again and again. Two shapes make that explode: a repeat of something that itself repeats without
a separator, `(a+)+`, whose time doubles with every character; and repeats in a row that can take the same
characters, `.*.*.*x`, each of which multiplies the time by the length. The first is refused. The others
are counted, and the more there are the shorter a text the pattern is tried on. https://hl7.org/fhirpath/N1/#matchesregex--string--boolean
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]  # the parser of re itself: there is no public one
from re import _parser as parser  # type: ignore[attr-defined]  # idem
from typing import Any

from gateway.fhir.frozen import frozen
from gateway.fhirpath.errors import FhirPathError

__all__ = ["Pattern", "pattern"]

MAX_PATTERN = 1_000  # characters
LONGEST = (100_000, 20_000, 2_000, 300)  # characters of a text, for 0, 1, 2, 3 repeats in a row; more are refused
_ALPHABET = frozenset(range(256)) | {0x0394, 0x4E2D, 0x1F600}  # what sets of characters are compared on
_FOLDING = re.compile(r"\(\?[a-zA-Z]*i")
_MANY = 20  # `{0,20}` is bounded enough to count as no repeat


@frozen()
class Pattern:
    """A compiled pattern and the longest text it may be tried on."""

    compiled: re.Pattern[str]
    longest: int

    def on(self, subject: str) -> re.Pattern[str]:
        """Return the compiled pattern; FhirPathError when the text is too long for it."""
        if len(subject) > self.longest:
            raise FhirPathError(f"this pattern is tried on at most {self.longest} characters")
        return self.compiled


@lru_cache(maxsize=512)
def pattern(written: str) -> Pattern:
    """Return a pattern; FhirPathError for one that is no regular expression or costs too much.

    `.` matches line ends too, as FHIRPath's single-line mode asks.
    """
    if len(written) > MAX_PATTERN:
        raise FhirPathError(f"the pattern is longer than {MAX_PATTERN} characters")
    try:
        compiled = re.compile(written, re.DOTALL)
        tree = parser.parse(written, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as wrong:
        raise FhirPathError("the pattern is not a regular expression") from wrong
    return Pattern(compiled, _longest(list(_Reader(fold=_FOLDING.search(written) is not None).parts(tree))))


def _longest(parts: Sequence["_Part"]) -> int:
    in_a_row = max((_row(parts, i) for i, part in enumerate(parts) if part.repeats), default=0)
    if in_a_row >= len(LONGEST):
        raise FhirPathError("the pattern has too many repeats that can take the same characters")
    return LONGEST[in_a_row]


@frozen()
class _Part:
    """One piece of a pattern: the characters it takes, whether it must be there, whether it repeats."""

    takes: frozenset[int]
    must: bool
    repeats: bool


def _row(parts: Sequence[_Part], start: int) -> int:
    """Return how many repeats from `start` on can take characters of each other, nothing else standing between."""
    takes, count = parts[start].takes, 1
    for part in parts[start + 1 :]:
        if part.repeats and part.takes & takes:
            count += 1
            takes |= part.takes
        elif part.must and not part.takes & takes:
            break
    return count


class _Reader:
    """Reads the parts of a tree; with `fold` capitals and small letters are the same characters."""

    def __init__(self, *, fold: bool) -> None:
        self.fold = fold

    def parts(self, tree: Iterable[Any]) -> Iterator[_Part]:
        for code, argument in tree:
            if code in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
                yield from self.repeat(*argument)
            elif code is op.SUBPATTERN:
                yield from self.parts(argument[3])
            elif code is op.ATOMIC_GROUP:
                yield from self.parts(argument)
            elif code is op.BRANCH:
                yield from self.branches(argument[1])
            elif code in {op.ASSERT, op.ASSERT_NOT}:
                yield from self.parts(argument[1])
            elif code in {op.GROUPREF, op.GROUPREF_EXISTS}:
                yield _Part(_ALPHABET, must=False, repeats=True)
            elif code is not op.AT:
                yield _Part(self.characters(code, argument), must=True, repeats=False)

    def branches(self, branches: Iterable[Any]) -> Iterator[_Part]:
        """Alternatives: any of them may be the one, so none of them must be there."""
        for branch in branches:
            for part in self.parts(branch):
                yield _Part(part.takes, must=False, repeats=part.repeats)

    def repeat(self, least: int, most: int, tree: Any) -> Iterator[_Part]:
        inner = list(self.parts(tree))
        takes = frozenset[int]().union(*(part.takes for part in inner))
        if most <= 1:
            for part in inner:
                yield _Part(part.takes, must=part.must and least > 0, repeats=part.repeats)
            return
        ambiguous = any(part.repeats or not part.must for part in inner)
        if ambiguous and not _separated(inner):
            raise FhirPathError("the pattern repeats what repeats itself, such as (a+)+: its time has no bound")
        yield _Part(takes, must=least > 0, repeats=ambiguous or most > _MANY)

    def characters(self, code: Any, argument: Any) -> frozenset[int]:
        found = _characters(code, argument)
        return found | {ord(folded) for c in found for folded in chr(c).swapcase()} if self.fold else found


def _separated(inner: Sequence[_Part]) -> bool:
    """Return whether each round starts or ends with a character that nothing else in the round takes."""
    for edge, rest in ((inner[0], inner[1:]), (inner[-1], inner[:-1])):
        if edge.must and not edge.repeats and not any(part.takes & edge.takes for part in rest):
            return True
    return False


def _characters(code: Any, argument: Any) -> frozenset[int]:
    if code is op.LITERAL:
        return frozenset({argument})
    if code is op.NOT_LITERAL:
        return _ALPHABET - {argument}
    if code is op.IN:
        return _class(argument)
    return _ALPHABET


def _class(members: Sequence[tuple[Any, Any]]) -> frozenset[int]:
    negated = bool(members) and members[0][0] is op.NEGATE
    found: set[int] = set()
    for code, argument in members[1:] if negated else members:
        if code is op.RANGE:
            found |= {c for c in _ALPHABET if argument[0] <= c <= argument[1]} | {argument[0], argument[1]}
        elif code is op.CATEGORY:
            found |= {c for c in _ALPHABET if _CATEGORIES[argument].fullmatch(chr(c))}
        else:
            found.add(argument)
    return frozenset(_ALPHABET - found if negated else found)


_CATEGORIES = {
    op.CATEGORY_DIGIT: re.compile(r"\d"),
    op.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    op.CATEGORY_SPACE: re.compile(r"\s"),
    op.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    op.CATEGORY_WORD: re.compile(r"\w"),
    op.CATEGORY_NOT_WORD: re.compile(r"\W"),
}
