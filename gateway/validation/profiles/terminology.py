"""Whether a code is in a value set, as far as that can be said without a terminology server.

Three answers: yes, no, and None where a code system that is not here decides. Nothing is guessed.
https://hl7.org/fhir/R4/valueset.html#compose
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.fhir import elements
from gateway.fhir.types import Resource
from gateway.validation import patterns
from gateway.validation.profiles.definitions import SHAPELESS

# Code systems that are a grammar, whatever part of them somebody lists. https://www.rfc-editor.org/info/bcp47
_GRAMMARS = {"urn:ietf:bcp:47": re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")}
_DEEPEST = 12  # value sets that take in value sets
_LONGEST_PATTERN = 200
_LONGEST_KEPT = 400  # characters of a system and code whose answer is kept


def both(answers: Iterable[bool | None]) -> bool | None:
    """Return the `and` of three-valued answers: no when one is no, None when one is not known, else yes."""
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown |= answer is None
    return None if unknown else True


def either(answers: Iterable[bool | None]) -> bool | None:
    """Return the `or` of three-valued answers: yes when one is yes, None when one is not known, else no."""
    unknown = False
    for answer in answers:
        if answer is True:
            return True
        unknown |= answer is None
    return None if unknown else False


class Finder(Protocol):
    """Where value sets and code systems are found; `Definitions` is one."""

    def find(self, kind: str, canonical: str) -> Resource | None:
        """Return the definition of this canonical, or None."""


@dataclass(slots=True)
class CodeSystem:
    """A code system of which every code is here: what stands above each code, and its properties."""

    parents: dict[str, set[str]] = field(default_factory=dict)
    properties: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    is_complete: bool = True
    folds_case: bool = False

    def key(self, code: str) -> str:
        """Return a code as it is kept here."""
        return code.lower() if self.folds_case else code

    def is_below(self, code: str, ancestor: str) -> bool:
        """Return whether `ancestor` stands above `code`, at any distance."""
        at, seen = list(self.parents.get(code, ())), set[str]()
        while at:
            above = at.pop()
            if above == ancestor:
                return True
            if above not in seen:
                seen.add(above)
                at.extend(self.parents.get(above, ()))
        return False


class Terminology:
    """The value sets and code systems of some definitions, and those of R4 that the gateway's tables list."""

    def __init__(self, definitions: Finder) -> None:
        self.definitions = definitions
        self._systems: dict[str, CodeSystem | None] = {}
        self._answers: dict[tuple[str, str | None, str], bool | None] = {}

    def has(self, value_set: str, system: str | None, code: str) -> bool | None:
        """Return whether a code is in a value set; `system` None: of any system, as for elements that are a code."""
        key = value_set, system, code
        if len(code) + len(system or "") > _LONGEST_KEPT:
            return self._told(value_set, system, code)
        if key not in self._answers:
            if len(self._answers) > 50_000:  # answers are few; a flood of unknown codes must not stay
                self._answers.clear()
            self._answers[key] = self._told(value_set, system, code)
        return self._answers[key]

    def _told(self, value_set: str, system: str | None, code: str) -> bool | None:
        try:
            return self._has(value_set, system, code, 0)
        except SHAPELESS:  # the value set, or a code system it takes in, is none
            return None

    def _has(self, value_set: str, system: str | None, code: str, depth: int) -> bool | None:
        url = value_set.partition("|")[0]
        known = self.definitions.find("ValueSet", value_set)
        if known is None:
            return _by_tables(url, system, code)
        if depth > _DEEPEST:
            return None
        answer = self._composed(known.get("compose") or {}, system, code, depth)
        return in_expansion(known, system, code) if answer is None else answer

    def _composed(self, compose: Resource, system: str | None, code: str, depth: int) -> bool | None:
        parts = compose.get("include") or []
        if not parts:
            return None
        taken = either(self._in_part(part, system, code, depth) for part in parts)
        if taken is False or not compose.get("exclude"):
            return taken
        left_out = either(self._in_part(part, system, code, depth) for part in compose["exclude"])
        return both([taken, None if left_out is None else not left_out])

    def _in_part(self, part: Resource, system: str | None, code: str, depth: int) -> bool | None:
        answers = [self._has(str(url), system, code, depth + 1) for url in part.get("valueSet") or []]
        if "system" in part:
            answers.append(self._in_system(part, system, code))
        return both(answers)

    def _in_system(self, part: Resource, system: str | None, code: str) -> bool | None:
        if system is not None and system != part["system"]:
            return False
        if "concept" in part:
            return any(one.get("code") == code for one in part["concept"])
        if (grammar := _GRAMMARS.get(part["system"])) and "filter" not in part:
            return grammar.fullmatch(code) is not None
        known = self.code_system(str(part["system"]))
        if known is None:
            return None
        if known.key(code) not in known.parents:
            return False if known.is_complete else None
        return both(_filtered(known, known.key(code), one) for one in part.get("filter") or [])

    def code_system(self, url: str) -> CodeSystem | None:
        """Return a code system whose codes are here (all, or a part of them), or None."""
        if url not in self._systems:
            found = self.definitions.find("CodeSystem", url)
            self._systems[url] = _code_system(found) if found else None
        return self._systems[url]


def _by_tables(url: str, system: str | None, code: str) -> bool | None:
    """Answer from the value sets that R4 itself requires, and from those with a grammar."""
    if grammar := patterns.GRAMMARS.get(url):
        return patterns.compiled(grammar).fullmatch(code) is not None
    systems = elements.required_codings(url)
    if systems is None:
        return None
    return any(code in codes for of, codes in systems.items() if system in {None, of})


def in_expansion(value_set: Resource, system: str | None, code: str) -> bool | None:
    """Answer from the expansion that a published value set may hold; only a whole one can say no."""
    expansion = value_set.get("expansion") or {}
    held = list(contained(expansion.get("contains") or []))
    if any(one.get("code") == code and system in {None, one.get("system")} for one in held):
        return True
    return False if held and expansion.get("total") == len(held) else None


def contained(rows: list[Resource]) -> Iterator[Resource]:
    """Yield what an expansion contains, at any depth."""
    for row in rows:
        yield row
        yield from contained(row.get("contains") or [])


def _code_system(found: Resource) -> CodeSystem | None:
    if found.get("content") not in {"complete", "fragment", "example"} or not found.get("concept"):
        return None
    made = CodeSystem(is_complete=found["content"] == "complete", folds_case=found.get("caseSensitive") is False)
    _note(made, found["concept"], None)
    return made


def _note(system: CodeSystem, concepts: list[Resource], above: str | None) -> None:
    for concept in concepts:
        code = system.key(str(concept.get("code")))
        parents = system.parents.setdefault(code, set())
        if above is not None:
            parents.add(above)
        properties = system.properties.setdefault(code, {})
        for one in concept.get("property") or []:
            name = str(one.get("code"))
            value = next((str(v) for k, v in one.items() if k.startswith("value") and not isinstance(v, dict)), "")
            properties.setdefault(name, []).append(value)
            if name in {"parent", "subsumedBy"}:
                parents.add(system.key(value))
            elif name == "child":
                system.parents.setdefault(system.key(value), set()).add(code)
        _note(system, concept.get("concept") or [], code)


_Op = Callable[[CodeSystem, str, str, str], bool]


def _is_a(system: CodeSystem, code: str, _: str, value: str) -> bool:
    return code == system.key(value) or system.is_below(code, system.key(value))


def _descends(system: CodeSystem, code: str, _: str, value: str) -> bool:
    return system.is_below(code, system.key(value))


def _equals(system: CodeSystem, code: str, name: str, value: str) -> bool:
    return value in _held(system, code, name)


def _one_of(system: CodeSystem, code: str, name: str, value: str) -> bool:
    return any(part.strip() in _held(system, code, name) for part in value.split(","))


def _exists(system: CodeSystem, code: str, name: str, value: str) -> bool:
    return bool(system.properties.get(code, {}).get(name)) == (value == "true")


def _held(system: CodeSystem, code: str, name: str) -> list[str]:
    return [code] if name in {"concept", "code"} else system.properties.get(code, {}).get(name, [])


_OPERATIONS: Mapping[str, _Op] = {
    "is-a": _is_a,
    "descendent-of": _descends,
    "is-not-a": lambda *its: not _is_a(*its),
    "=": _equals,
    "in": _one_of,
    "not-in": lambda *its: not _one_of(*its),
    "exists": _exists,
    "generalizes": lambda system, code, name, value: _is_a(system, system.key(value), name, code),
}


def _filtered(system: CodeSystem, code: str, rule: dict[str, Any]) -> bool | None:
    """Return whether a code passes a filter; None for an operation that is not understood (a regular expression)."""
    name, operation, value = (str(rule.get(key, "")) for key in ("property", "op", "value"))
    if operation == "regex":
        is_plain = len(value) <= _LONGEST_PATTERN and re.fullmatch(r"[\w.|^$\-\[\] ]*", value) is not None
        return any(re.fullmatch(value, text) for text in _held(system, code, name)) if is_plain else None
    known = _OPERATIONS.get(operation)
    return known(system, code, name, value) if known else None
