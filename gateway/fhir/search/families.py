"""By what else a family name is found than by its beginning: without its prefix, and by the names joined in it.

In the Netherlands `van der Berg` stands under the B, and many forms have no field for the prefix; a married name is two
names with a hyphen. R4 leaves it to the server to search parts of names. https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gateway.fhir.search.folding import fold

# Words that stand before Dutch family names, and before those that came from elsewhere. Apostrophes do not count.
_PREFIXES = frozenset({
    "aan", "af", "al", "am", "an", "auf", "aus", "bij", "d", "da", "das", "de", "degli", "dei", "del", "dela",
    "della", "den", "der", "des", "di", "do", "dos", "du", "el", "en", "het", "in", "l", "la", "las", "le", "les",
    "lo", "los", "onder", "op", "over", "s", "t", "te", "ten", "ter", "thor", "thoe", "to", "toe", "tot", "uijt",
    "uit", "van", "vander", "vanden", "ver", "vom", "von", "voor", "vor", "zu", "zum", "zur",
})  # fmt: skip
_JOINED = re.compile(r"\s*[-\u2010-\u2015]\s*")
_APOSTROPHES = "'`\u2018\u2019\u02bc\u00b4"
_GLUED = re.compile(rf"^[dl][{_APOSTROPHES}](?=\w)", re.IGNORECASE)  # d'Ancona
_MOST = 8  # names that are joined in one


@lru_cache(maxsize=4096)
def parts_of_family(family: str) -> tuple[str, ...]:
    """Return the folded texts by which a family name is found beside its own.

    >>> parts_of_family("van der Berg"), parts_of_family("Jansen-in 't Veld"), parts_of_family("Jansen")
    (('berg',), ('in t veld', 'veld'), ())
    """
    whole = fold(family)
    return tuple(part for part in dict.fromkeys(map(fold, _parts(family))) if part and part != whole)


def _parts(family: str) -> Iterator[str]:
    joined = _JOINED.split(family, maxsplit=_MOST)
    for number in range(len(joined)):
        rest = " ".join(joined[number:])
        yield rest
        yield _without_prefixes(rest)


def _without_prefixes(name: str) -> str:
    words = name.split()
    while len(words) > 1 and words[0].strip(_APOSTROPHES).casefold() in _PREFIXES:
        del words[0]
    return _GLUED.sub("", " ".join(words))
