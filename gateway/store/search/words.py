"""Words: those of a narrative (`_text`), and those beside codes (`:text`).

https://hl7.org/fhir/R4/search.html#text, https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from gateway.fhir.search import Filter, Words
from gateway.fhir.search.paths import TOLD, paths_of
from gateway.fhir.search.served import TEXT
from gateway.store.hidden import asked_word
from gateway.store.index.model import text_param
from gateway.store.search.filters import LAST_CHARACTER, TABLES, Branch, index_match, string_branches
from gateway.store.search.match import Match, all_of, any_of
from gateway.store.search.scope import Scope
from gateway.store.search.sql import sql


def narrative_matches(resource_type: str, asked: Filter, scope: Scope) -> list[Match]:
    """Return what together matches a `_text`: a Match for each word where there is no comma."""
    values = [value for value in asked.values if isinstance(value, Words)]
    matches = [[_word(resource_type, word, scope) for word in _rarest_first(value)] for value in values]
    return matches[0] if len(matches) == 1 else [any_of([all_of(words, scope.engine) for words in matches])]


def narrative_match(resource_type: str, asked: Filter, scope: Scope) -> Match:
    """Return the same as one Match, for what is asked of another resource in a chain."""
    return all_of(narrative_matches(resource_type, asked, scope), scope.engine)


def _rarest_first(value: Words) -> list[str]:
    """Return the longest word first: of those that are not counted, it is most likely the rarest."""
    return sorted(value.words, key=len, reverse=True)


def _word(resource_type: str, word: str, scope: Scope) -> Match:
    start = word.removesuffix("*")
    if start != word:
        branches = [Branch(sql("x.value >= {} and x.value < {}", start, start + LAST_CHARACTER))]
    else:
        words = asked_word(word, scope.seals, mixed=scope.mixed)
        branches = [Branch(sql("x.value = {} and x.exact = ''", each), exact=True) for each in words]
    return index_match(resource_type, TABLES["string"], TEXT, branches)


def told_match(resource_type: str, asked: Filter) -> Match:
    """Return what has a code beside which stands a text that begins with a value."""
    branches = string_branches(asked)
    names = {text_param(path.name) for path in paths_of(resource_type, asked.parameter) if path.type in TOLD}
    return any_of([index_match(resource_type, TABLES["string"], name, branches) for name in sorted(names)])
