"""What two versions of a mapping make of the same message, element by element and finding by finding."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from gateway.errors import GatewayError, Issue, UnsupportedMediaType, UnsupportedMessage
from gateway.fhir.types import Resource
from gateway.mapping import ir
from gateway.mapping.library import Library
from gateway.mapping.run import run

_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a mapping: what it is called, and the library in which every message is for it, or for none."""

    label: str
    library: Library
    mapping: ir.Mapping

    @staticmethod
    def of(label: str, library: Library, mapping: ir.Mapping) -> "Version":
        """Return the version, its library without the other mappings and without programs made before."""
        alone = replace(library, mappings=(mapping,))
        return Version(label, alone.only(mapping) if mapping.source.named else alone, mapping)


@dataclass(frozen=True, slots=True)
class Result:
    """What one message became. `apart`: it is not for this mapping."""

    resources: tuple[tuple[str, Resource], ...] = ()
    issues: tuple[Issue, ...] = ()
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """One element that differs; None is absent. `whole`: a resource that only one version makes, by its size."""

    path: str
    old: Any
    new: Any
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What differs for one message: elements, and findings that are gone or new."""

    elements: tuple[Element, ...]
    gone: tuple[Issue, ...]
    added: tuple[Issue, ...]

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.elements or self.gone or self.added)


@dataclass
class Sums:
    """Counts over a corpus: messages, and in how many of them each element and each code of a finding differs."""

    same: int = 0
    differ: int = 0
    neither: int = 0
    elements: Counter[str] = field(default_factory=Counter)
    issues: Counter[str] = field(default_factory=Counter)

    def add(self, change: Change | None) -> None:
        """Count a message; None is one that is for neither version."""
        if change is None:
            self.neither += 1
        elif not change:
            self.same += 1
        else:
            self.differ += 1
            self.elements.update({_INDEX.sub("", element.path) for element in change.elements})
            self.issues.update({f"- {i.code}" for i in change.gone} | {f"+ {i.code}" for i in change.added})


def results(version: Version, data: bytes, *, provider: str, received_at: datetime) -> list[Result]:
    """Return what each message in some bytes becomes; what is refused is a result too, with its findings."""
    try:
        rest = run(version.library, data, provider=provider, received_at=received_at)
    except GatewayError as error:
        return [_refused(error)]
    found: list[Result] = []
    while True:
        try:
            mapped = next(rest)
        except StopIteration:
            return found
        except GatewayError as error:
            found.append(_refused(error))
        else:
            resources = tuple((url, resource) for resource, _, url in mapped.resources)
            found.append(Result(resources, tuple(mapped.issues), apart=mapped.mapping != version.mapping.name))


def _refused(error: GatewayError) -> Result:
    return Result(issues=error.issues, apart=isinstance(error, UnsupportedMessage | UnsupportedMediaType))


def changes(old: Sequence[Result], new: Sequence[Result]) -> Iterator[Change | None]:
    """Yield what differs for each message, None for one that neither version takes."""
    for before, after in zip_longest(old, new, fillvalue=Result()):
        yield None if before.apart and after.apart else change(before, after)


def change(old: Result, new: Result) -> Change:
    """Return what differs between two results; what a rule is called and where it stands is no difference."""
    gone, added = _difference(old.issues, new.issues), _difference(new.issues, old.issues)
    return Change(tuple(_elements(old, new)), gone, added)


def _difference(issues: Iterable[Issue], others: Iterable[Issue]) -> tuple[Issue, ...]:
    left = Counter(replace(issue, rule=None) for issue in others)
    found = []
    for issue in issues:
        bare = replace(issue, rule=None)
        if left[bare]:
            left[bare] -= 1
        else:
            found.append(issue)
    return tuple(found)


def _elements(old: Result, new: Result) -> Iterator[Element]:
    for name, before, after in _pairs(old.resources, new.resources):
        if before is None or after is None:
            yield Element(name, _size(before), _size(after), whole=True)
            continue
        was, now = dict(flat(before)), dict(flat(after))
        for path in dict.fromkeys([*was, *now]):
            if was.get(path) != now.get(path):
                yield Element(f"{name}{path}", was.get(path), now.get(path))


def _pairs(
    old: Sequence[tuple[str, Resource]], new: Sequence[tuple[str, Resource]]
) -> Iterator[tuple[str, Resource | None, Resource | None]]:
    """Yield the resources that are the same one: by type and id, and what then is left of a type by its order."""
    urls = {url for url, _ in old} & {url for url, _ in new}
    was, now = dict(old), dict(new)
    pairs: list[tuple[Resource | None, Resource | None]] = [(was[url], now[url]) for url, _ in new if url in urls]
    for type_ in dict.fromkeys(str(resource["resourceType"]) for _, resource in [*old, *new]):
        gone, added = ([r for url, r in side if url not in urls and r["resourceType"] == type_] for side in (old, new))
        pairs.extend(zip_longest(gone, added))
    counts: Counter[str] = Counter(_type(pair) for pair in pairs)
    seen: Counter[str] = Counter()
    for pair in pairs:
        type_ = _type(pair)
        yield (f"{type_}[{seen[type_]}]" if counts[type_] > 1 else type_), *pair
        seen[type_] += 1


def _size(resource: Resource | None) -> str | None:
    return f"{len(list(flat(resource)))} elements" if resource else None


def _type(pair: tuple[Resource | None, Resource | None]) -> str:
    return str((pair[0] or pair[1] or {}).get("resourceType"))


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a resource with its path, such as `.identifier[0].value`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{path}[{index}]")
    else:
        yield path, value
