"""Folds text for searching: case, accents, punctuation and spacing do not count. https://hl7.org/fhir/R4/search.html#string"""

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not take apart, as they are typed without the right keyboard.
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ł": "l",
        "ħ": "h",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
    }
)
_APART = re.compile(r"[\s\-_/\u2010-\u2015]+")
_POSTAL_CODE = re.compile(r"[0-9]{4} [a-z]{2}")  # Dutch: written 1012 JS and 1012JS
_PLAIN = re.compile(r"[a-z0-9 ]*")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return what `text` is compared by.

    >>> fold("  Gül   Özdemir-de Vriès "), fold("'s-Gravenhage")
    ('gul ozdemir de vries', 's gravenhage')
    """
    return folded(text)


def folded(text: str) -> str:
    """Return the same without keeping it for the next time, for what is long or rare."""
    lower = " ".join(_APART.split(unicodedata.normalize("NFKC", text).casefold().strip()))
    if _PLAIN.fullmatch(lower):
        return lower.replace(" ", "") if _POSTAL_CODE.fullmatch(lower) else lower.strip()
    apart = unicodedata.normalize("NFKD", lower.translate(_LETTERS))
    kept = "".join(letter for letter in apart if unicodedata.category(letter)[0] in "LNZ")
    return " ".join(kept.split())
