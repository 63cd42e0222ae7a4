"""Makes index rows of a narrative: each word that stands in it, once. https://hl7.org/fhir/R4/narrative.html"""

from __future__ import annotations

import re
from html import unescape

from gateway.fhir.search.folding import folded
from gateway.fhir.search.served import TEXT
from gateway.fhir.types import Resource
from gateway.store.index.model import IndexRows

MOST_WORDS = 5000
"""So many different words of one narrative are kept; a longer one is found by those it begins with."""
_LONGEST_WORD = 60
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)


def write(rows: IndexRows, resource: Resource) -> None:
    """Add the words of the narrative of a resource that has one."""
    text = resource.get("text")
    if text is not None and "div" in text:
        rows.string.extend((TEXT, word, "") for word in words(text["div"]))


def words(div: str) -> list[str]:
    """Return the different words of a narrative, folded.

    >>> words('<div><p>Koorts, en <b>koorts</b>vrij</p></div>')
    ['koorts', 'en', 'vrij']
    """
    found: dict[str, None] = {}
    for written in unescape(_TAG.sub(" ", div)).split():
        for word in folded(written).split():
            found[word[:_LONGEST_WORD]] = None
            if len(found) == MOST_WORDS:
                return list(found)
    return list(found)
