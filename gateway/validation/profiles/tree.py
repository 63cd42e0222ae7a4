"""A profile's elements as a tree: children by name, slices by slice name.

StructureDefinition.snapshot and .differential are flat lists; an element's id says where it stands:
`Patient.identifier:bsn.system`. https://hl7.org/fhir/R4/elementdefinition.html#id
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from gateway.errors import InvalidResource
from gateway.fhir.types import Resource

Step = tuple[str, str | None]  # the name of an element (without '[x]') and of a slice of it
_MOST_SLICES = 4_000  # of one tree: published profiles have some hundreds of elements


class Node:
    """One element: what is said of it, what stands in it, and its slices (a slice has slices when it is resliced)."""

    __slots__ = ("children", "definition", "is_choice", "name", "slice_name", "slices")

    def __init__(self, name: str, definition: Resource, slice_name: str | None = None) -> None:
        self.is_choice = name.endswith("[x]")
        self.name = name.removesuffix("[x]")
        self.slice_name = slice_name
        self.definition = definition
        self.children: dict[str, Node] = {}
        self.slices: dict[str, Node] = {}

    @property
    def label(self) -> str:
        """Return the name as paths write it: `value[x]`."""
        return f"{self.name}[x]" if self.is_choice else self.name

    def copy(self) -> "Node":
        """Return a tree of its own: definitions are copied as deep as they are changed."""
        made = Node(self.label, dict(self.definition), self.slice_name)
        made.children = {name: child.copy() for name, child in self.children.items()}
        made.slices = {name: one.copy() for name, one in self.slices.items()}
        return made

    def slice(self, name: str) -> "Node | None":
        """Return a slice by its name, a resliced one (`a/b`) by both its names; None when there is none."""
        found = self.slices.get(name)
        if found is None and "/" in name:
            above = self.slice(name.rpartition("/")[0])
            return above.slices.get(name) if above else None
        return found


@lru_cache(maxsize=32)
def _pattern(depth: int) -> re.Pattern[str]:
    return re.compile(r"\.".join([r"([^:.]+)(?::(.+?))?"] * depth))


def steps(definition: Resource) -> tuple[Step, ...]:
    """Return the way from the root to an element, root left out. Slice names may hold dots.

    >>> steps({"id": "Patient.identifier:bsn.system", "path": "Patient.identifier.system"})
    (('identifier', 'bsn'), ('system', None))
    """
    path = str(definition.get("path", ""))
    found = _pattern(path.count(".") + 1).fullmatch(str(definition.get("id", path)))
    parts = list(found.groups()) if found else [part for name in path.split(".") for part in (name, None)]
    pairs = zip(parts[0::2], parts[1::2], strict=True)
    return tuple((str(name).removesuffix("[x]"), slice_name) for name, slice_name in pairs)[1:]


def from_snapshot(elements: Iterable[Resource]) -> Node:
    """Return the tree of a snapshot. Raises InvalidResource when its elements do not make one."""
    rows = list(elements)
    if not rows or len(rows) > _MOST_SLICES:
        raise InvalidResource("a snapshot has from 1 to 4000 elements", code="bad-profile")
    root = Node(str(rows[0].get("path", "")), rows[0])
    for row in rows[1:]:
        _place(root, row)
    return root


def _place(root: Node, row: Resource) -> None:
    """Put an element into the tree, under the elements it stands in."""
    way = steps(row)
    at = root
    for name, slice_name in way[:-1]:
        below = _below(at, name, slice_name)
        if below is None:
            raise InvalidResource("an element of the snapshot stands in one that is not there", code="bad-profile")
        at = below
    name, slice_name = way[-1]
    label = str(row["path"]).rpartition(".")[2]
    if slice_name is None:
        at.children[name] = Node(label, row)
        return
    sliced = at.children.get(name)
    if sliced is None:  # slices without their element: some publishers leave it out
        sliced = at.children[name] = Node(label, {"path": row["path"], "min": 0, "max": "*"})
    above = sliced.slice(slice_name.rpartition("/")[0]) if "/" in slice_name else None
    (above or sliced).slices[slice_name] = Node(sliced.label, row, slice_name)


def _below(at: Node, name: str, slice_name: str | None) -> Node | None:
    child = at.children.get(name)
    return child.slice(slice_name) if child and slice_name else child


def flatten(root: Node) -> list[Resource]:
    """Return a tree as the elements of a snapshot, each with its id and path."""
    return list(_rows(root, root.name, root.name))


def _rows(node: Node, id_: str, path: str) -> Iterator[Resource]:
    named: dict[str, Any] = {"id": id_, "path": path}
    if node.slice_name:
        named["sliceName"] = node.slice_name
    yield named | {key: value for key, value in node.definition.items() if key not in {"id", "path", "sliceName"}}
    for child in node.children.values():
        yield from _rows(child, f"{id_}.{child.label}", f"{path}.{child.label}")
    for name, one in node.slices.items():
        yield from _rows(one, f"{id_.rpartition(':')[0] if node.slice_name else id_}:{name}", path)
