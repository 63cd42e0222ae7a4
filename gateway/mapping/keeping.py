"""What a mapping says of the elements that a resource of a message does not have: an earlier message's stay.

It stands in the resource as a modifier extension, so that it goes wherever the resource goes: through every front end,
through a StructureMap and back. It is taken off before anything is stored, shown or compared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from types import MappingProxyType
from typing import Any

from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource

ABSENT = "https://msb-gateway.example/fhir/StructureDefinition/absent"
MODIFIER = "modifierExtension"
KEEP, REMOVE, PRESUME, OUTDATE = "keep", "remove", "presume", "outdate"
SAYS: tuple[str, ...] = (KEEP, REMOVE, PRESUME, OUTDATE)
"""What can be said of an element: how the items of a list are kept, and when it is removed, presumed or outdated."""

EACH, APART = "each", "apart"
WHOLE, BETWEEN = "*", ";"
"""How each text begins, so that it is never empty, and what stands between the elements in it: `*;name;period.end`."""

_NOTHING: frozenset[str] = frozenset()


@frozen()
class Keep:
    """That a resource says only what it says; elements are named by paths such as `birthDate` and `period.end`.

    `by` tells how the items of a list are told apart: by one of their elements (`system`), `each` by itself, or `apart`
    (their elements each by themselves, the first with the first). `removed` are elements that are no more. `presumed`
    are those that hold only as long as nobody knows better; what was presumed before of `outdated` ones is no more.
    """

    by: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    removed: frozenset[str] = _NOTHING
    presumed: frozenset[str] = _NOTHING
    outdated: frozenset[str] = _NOTHING


Made = tuple[Resource, str, str]
Keeps = Mapping[str, Keep]
"""What is kept of which resource, by `Type/id`."""


def parted(made: Sequence[Made]) -> tuple[list[Made], Keeps]:
    """Return resources without what is said of absent elements, and what is said, by `Type/id`."""
    keeps = {url: keep for resource, _, url in made if (keep := _keep(resource)) is not None}
    if not keeps:
        return list(made), keeps
    return [(without(one), method, url) if url in keeps else (one, method, url) for one, method, url in made], keeps


def without(resource: Resource) -> Resource:
    """Return a resource without what is said of absent elements."""
    others = [extension for extension in resource[MODIFIER] if not _is_ours(extension)]
    rest = {name: value for name, value in resource.items() if name != MODIFIER}
    return rest | ({MODIFIER: others} if others else {})


def shown(result: Resource) -> Resource:
    """Return what a map made, a resource or a Bundle of such, without what is said of absent elements."""
    if "entry" not in result:
        return without(result) if MODIFIER in result else result
    entries = [
        {**entry, "resource": without(entry["resource"])} if MODIFIER in entry.get("resource", ()) else entry
        for entry in result["entry"]
    ]
    return {**result, "entry": entries}


def _keep(resource: Resource) -> Keep | None:
    if MODIFIER not in resource:
        return None
    ours = [extension for extension in resource[MODIFIER] if _is_ours(extension)]
    if not ours:
        return None
    said = {word: paths for extension in ours for word, paths in _said(extension.get("extension", ()))}
    by = dict(path.split("=", 1) for path in said.get(KEEP, ()) if "=" in path)
    return Keep(MappingProxyType(by), *(frozenset(said.get(word, ())) for word in (REMOVE, PRESUME, OUTDATE)))


def _is_ours(extension: Any) -> bool:
    return isinstance(extension, dict) and extension.get("url") == ABSENT


def _said(parts: Iterable[Any]) -> Iterator[tuple[str, list[str]]]:
    for part in parts:
        if isinstance(part, dict) and isinstance(part.get("valueString"), str):
            yield str(part.get("url")), part["valueString"].split(BETWEEN)[1:]
