"""Where each element came from: made by running the traced dialect over the same message again.

A mapping is a function of the message, the provider and the time of receipt, so the second run does
what the first did; the first pays nothing for it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gateway.errors import Place
from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource
from gateway.formats.fhirjson import Tree
from gateway.formats.jsontree import escaped
from gateway.mapping import ir
from gateway.mapping.compiler.rules import Rule
from gateway.mapping.contradiction import kept
from gateway.mapping.looks import Read
from gateway.mapping.tracer import Made, Tracer


@frozen()
class Entry:
    """One element: where it stands, what it holds, what was read for it, and which rule made it.

    `through` are rows of ConceptMaps. A literal of the mapping has no sources.
    """

    path: str
    value: Any
    sources: tuple[tuple[Place, str], ...]
    through: tuple[str, ...]
    rule: str
    where: str

    def __str__(self) -> str:
        """Return `Slot.status = "free"  <- NPU-2.1 'U' (line 3, byte 118) through ConceptMap …, rule …, file:line`."""
        return f"{self.path} = {_shown(self.value)}  <- {self._origin()}, rule {self.rule}, {self.where}"

    def _origin(self) -> str:
        read = ", ".join(_source(place, text) for place, text in self.sources) or "the mapping itself"
        return " through ".join([read, *self.through])

    def as_json(self) -> dict[str, Any]:
        """Return the entry for a machine."""
        sources = [{"path": p.path, "line": p.line, "byte": p.byte, "value": text} for p, text in self.sources]
        named = {"path": self.path, "value": self.value, "source": sources, "through": list(self.through)}
        return {**named, "rule": self.rule, "map": self.where}


Runs = Callable[[ir.Mapping, Any], Sequence[tuple[Tracer, dict[str, Resource]]]]
"""Runs a mapping over a source again, traced: a tracer and its resources for each message or row."""


class Trace:
    """The trace of one Mapped. Nothing runs before the first question."""

    __slots__ = ("_by_url", "_entries", "_mapping", "_runs", "_source", "_tracers")

    def __init__(self, runs: Runs, mapping: ir.Mapping, source: Any) -> None:
        self._runs = runs
        self._mapping = mapping
        self._source = source
        self._entries: list[Entry] | None = None
        self._by_url: dict[str, list[Entry]] = {}
        self._tracers: list[Tracer] | None = None

    def tracers(self) -> list[Tracer]:
        """Return the tracers of the run, one for a message or row."""
        if self._tracers is None:
            self._make()
        return self._tracers or []

    def entries(self) -> list[Entry]:
        """Return an entry for each element, in the order of the resources."""
        if self._entries is None:
            self._make()
        return self._entries or []

    def explain(self, path: str) -> list[Entry]:
        """Return the entries at or below `Slot.status`, `Location[2].name`, `Patient.identifier[0]`."""
        return [entry for entry in self.entries() if matches(entry.path, path)]

    def of(self, url: str) -> list[Entry]:
        """Return an entry for each element of one resource, `Slot/1`; none when the message made no such resource."""
        entries = self.entries()
        return self._by_url.get(url, []) if entries else []

    def _make(self) -> None:
        made: dict[str, tuple[Resource, Tracer]] = {}
        whole: dict[str, Resource] = {}
        runs = self._runs(self._mapping, self._source)
        for tracer, out in runs:
            taken = kept(out, whole)
            whole |= taken
            made.update({url: (resource, tracer) for url, resource in taken.items()})
        self._tracers = [tracer for tracer, _ in runs]
        names = numbered([resource["resourceType"] for resource, _ in made.values()])
        walk = _Walk()
        self._by_url = {
            url: list(walk.entries(resource, name, tracer, None))
            for name, (url, (resource, tracer)) in zip(names, made.items(), strict=True)
        }
        self._entries = [entry for entries in self._by_url.values() for entry in entries]


def entries_of(made: Any, name: str, tracer: Tracer) -> list[Entry]:
    """Return an entry for each element of what one traced run made; `name` is how paths begin."""
    return list(_Walk().entries(made, name, tracer, None))


class Identity:
    """The trace of what passed through as it came: every element is its own source."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def tracers(self) -> list[Tracer]:
        """Return none: no rule ran."""
        return []

    def entries(self) -> list[Entry]:
        """Return an entry for each element of every resource of the Bundle, or of the resource."""
        return [self._entry(*leaf) for leaf in self._leaves()]

    def explain(self, path: str) -> list[Entry]:
        """Return the entries at or below a path."""
        return [self._entry(*leaf) for leaf in self._leaves() if matches(leaf[0], path)]

    def of(self, url: str) -> list[Entry]:
        """Return an entry for each element of one resource, `Slot/1`; none when there is no such resource."""
        return [self._entry(*leaf) for name, pointer, one in self._parts() for leaf in _named(url, name, pointer, one)]

    def _leaves(self) -> Iterator[tuple[str, str, Any]]:
        """Yield path, JSON pointer and value of every element."""
        for name, pointer, resource in self._parts():
            yield from _below(resource, name, pointer)

    def _parts(self) -> Iterator[tuple[str, str, Any]]:
        """Yield name, JSON pointer and resource of everything that came."""
        root = self._tree.resource
        entries = root.get("entry") if root["resourceType"] == "Bundle" else None
        held = [(i, e.get("resource")) for i, e in enumerate(_listed(entries)) if isinstance(e, dict)]
        parts = [(f"/entry/{i}/resource", resource) for i, resource in held if isinstance(resource, dict)]
        parts = parts or [("", root)]
        names = numbered([str(resource.get("resourceType")) for _, resource in parts])
        for name, (pointer, resource) in zip(names, parts, strict=True):
            yield name, pointer, resource

    def _entry(self, path: str, pointer: str, value: Any) -> Entry:
        return Entry(path, value, ((self._tree.place(pointer), str(value)),), (), "as it came", "fhir")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(url: str, name: str, pointer: str, resource: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(resource, dict) and f"{resource.get('resourceType')}/{resource.get('id')}" == url:
        yield from _below(resource, name, pointer)


def _below(value: Any, path: str, pointer: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _below(inner, f"{path}.{key}", f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _below(inner, f"{path}[{index}]", f"{pointer}/{index}")
    else:
        yield path, pointer, value


def numbered(types: Sequence[str]) -> list[str]:
    """Return the names of resources: `Slot`, but `Location[0]`, `Location[1]` where there are several.

    >>> numbered(["Location", "Slot", "Location"])
    ['Location[0]', 'Slot', 'Location[1]']
    """
    seen: dict[str, int] = {}
    names = []
    for type_ in types:
        number = seen.get(type_, 0)
        seen[type_] = number + 1
        names.append(f"{type_}[{number}]" if types.count(type_) > 1 else type_)
    return names


def matches(path: str, asked: str) -> bool:
    """Return whether an element is the one asked for or lies in it; an index that was not asked for is any.

    >>> matches("Location[1].name", "Location.name"), matches("Slot.statusReason", "Slot.status")
    (True, False)
    """
    have, want = path.split("."), asked.split(".")
    return len(want) <= len(have) and all(w in (h, h.partition("[")[0]) for h, w in zip(have, want, strict=False))


class _Walk:
    """Makes the entries of resources; every place is looked up once."""

    def __init__(self) -> None:
        self.places: dict[tuple[int, tuple[Any, ...]], Place] = {}

    def entries(self, value: Any, path: str, tracer: Tracer, inherited: Made | None) -> Iterator[Entry]:
        """Yield an entry for every leaf below a value."""
        if isinstance(value, dict | list):
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            for key, inner in parts:
                made = tracer.made.get((id(value), key)) or _within(inherited, value, key, inner, tracer)
                step = f".{key}" if isinstance(value, dict) else f"[{key}]"
                yield from self.entries(inner, path + step, tracer, made)
        elif inherited is not None:
            yield self._entry(value, path, inherited, tracer.rules[inherited.rule])

    def _entry(self, value: Any, path: str, made: Made, rule: Rule) -> Entry:
        if not made.reads:
            return Entry(path, value, (), (), rule.name, str(rule.span))
        through = tuple(dict.fromkeys(read.through for read in made.reads if read.through))
        return Entry(path, value, self._sources(value, made.reads), through, rule.name, str(rule.span))

    def _sources(self, value: Any, reads: Sequence[Read]) -> tuple[tuple[Place, str], ...]:
        """Return what the value is made of: the one read that is the value, or else every read that gave something."""
        given = [read for read in reads if read.owner is not None and read.value is not None]
        same = [read for read in given if read.value is value] if isinstance(value, str) else []
        chosen = same[-1:] or [read for read in given if not read.passed] or given
        return tuple({self._place(read): str(read.value) for read in chosen}.items())

    def _place(self, read: Read) -> Place:
        key = (id(read.owner), read.at)
        if key not in self.places:
            self.places[key] = read.place
        return self.places[key]


def _within(whole: Made | None, holder: Any, key: Any, value: Any, tracer: Tracer) -> Made | None:
    """Return what made a part of an object that was taken over whole: that part of it."""
    above = tracer.pointer(holder) if whole is not None else None
    if whole is None or above is None:
        return whole
    return whole._replace(reads=(Read(tracer.document, (f"{above}/{escaped(str(key))}",), value),))


def _source(place: Place, text: str) -> str:
    known = [f"{name} {n}" for name, n in (("line", place.line), ("byte", place.byte)) if n is not None]
    return f"{place.path} '{text}'" + (f" ({', '.join(known)})" if known else "")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
