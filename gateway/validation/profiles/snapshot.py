"""Makes a snapshot of a differential: the base's tree with what the profile says laid over it.

https://hl7.org/fhir/R4/profiling.html#snapshot
"""

from collections.abc import Callable
from typing import Any

from gateway.errors import InvalidResource
from gateway.fhir import elements
from gateway.fhir.types import Resource
from gateway.validation.profiles import base
from gateway.validation.profiles.tree import Node, flatten, from_snapshot, steps

Structures = Callable[[str], Resource | None]
_DEEPEST = 24  # of bases upon bases
_BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "closed"}
_LISTS = ("alias", "condition", "constraint", "mapping")


def snapshot(definition: Resource, structures: Structures, *, again: bool = False) -> list[Resource]:
    """Return the elements of the snapshot: as published where it has one (unless `again`), else made here.

    Raises InvalidResource (bad-profile) when the base is not known or the differential does not fit it.
    """
    published = definition.get("snapshot")
    if published and not again:
        elements_: list[Resource] = published["element"]
        return elements_
    return flatten(tree_of(definition, structures, again=again))


def tree_of(definition: Resource, structures: Structures, *, again: bool = False, depth: int = 0) -> Node:
    """Return the tree of a profile. Raises InvalidResource, as `snapshot`."""
    published = definition.get("snapshot")
    if published and not again:
        return from_snapshot(published.get("element") or [])
    if depth > _DEEPEST:
        raise InvalidResource("the bases of this profile go round in a circle", code="bad-profile")
    above = str(definition.get("baseDefinition", ""))
    root = _tree_at(above, structures, depth).copy()
    root.name = str(definition.get("type", root.name))
    overlay = _Overlay(root, structures, depth)
    for row in (definition.get("differential") or {}).get("element") or []:
        overlay.lay(row)
    return root


def _tree_at(url: str, structures: Structures, depth: int) -> Node:
    """Return the tree of a base by its canonical: of R4 itself from the tables."""
    if type_name := base.type_of(url):
        return base.of_type(type_name)
    known = structures(url)
    if known is None:
        raise InvalidResource("the base of this profile is not known here", code="bad-profile")
    return tree_of(known, structures, depth=depth + 1)


class _Overlay:
    """Lays the elements of one differential over the tree of the base, in their order."""

    def __init__(self, root: Node, structures: Structures, depth: int) -> None:
        self.root = root
        self.structures = structures
        self.depth = depth

    def lay(self, row: Resource) -> None:
        """Lay one element of the differential over the tree, opening types and making slices on its way."""
        at = self.root
        for name, slice_name in steps(row):
            at = self.child(at, name)
            if slice_name is not None and at.slice_name != slice_name:
                at = self.slice_of(at, slice_name)
        _merge(at, row)
        self.limit(at, row)

    def limit(self, at: Node, row: Resource) -> None:
        """Give an extension that says no maximum of its own that of its definition."""
        types = row.get("type") or []
        profiles = (types[0].get("profile") or []) if len(types) == 1 and types[0].get("code") == "Extension" else []
        known = self.structures(str(profiles[0])) if profiles and "max" not in row else None
        if known is not None:
            highest = str(_tree_at(str(profiles[0]), self.structures, self.depth + 1).definition.get("max", "*"))
            at.definition["max"] = at.definition.get("max", "*") if highest == "*" else highest

    def child(self, at: Node, name: str) -> Node:
        """Return the element `name` in `at`, whose type is opened if that has not been done."""
        if not at.children:
            at.children = self.opened(at)
        if found := at.children.get(name):
            return found
        for choice in at.children.values():
            if choice.is_choice and name.startswith(choice.name):
                return self.type_slice(choice, name)
        raise InvalidResource(f"the differential names '{name}', which its base does not have", code="bad-profile")

    def opened(self, at: Node) -> dict[str, Node]:
        """Return copies of the elements that the type of `at` has (or the element it refers to)."""
        if reference := at.definition.get("contentReference"):
            return self.referred(str(reference)).copy().children
        types = at.definition.get("type") or []
        if len(types) != 1:
            return base.of_type("Element").copy().children
        profiles, own = types[0].get("profile") or [], base.STRUCTURE + str(types[0].get("code"))
        url = profiles[0] if len(profiles) == 1 else own
        is_known = base.type_of(url) is not None or self.structures(url) is not None
        if not is_known or types[0].get("code") == "Extension":  # an extension is held against its own profile anyway
            url = own
        return _tree_at(url, self.structures, self.depth + 1).copy().children

    def referred(self, reference: str) -> Node:
        at = self.root
        for name in reference.partition("#")[2].split(".")[1:]:
            at = self.child(at, name.removesuffix("[x]"))
        return at

    def type_slice(self, choice: Node, name: str) -> Node:
        """Return the slice that `valueQuantity` stands for: `value[x]` of that one type."""
        types = [one for one in choice.definition.get("type", []) if choice.name + _capital(one["code"]) == name]
        if not types:
            raise InvalidResource(f"the differential names '{name}', which its base does not have", code="bad-profile")
        made = self.slice_of(choice, name)
        made.definition["type"] = types
        return made

    def slice_of(self, sliced: Node, name: str) -> Node:
        """Return a slice by its name, made of the element itself when it is new: optional, and open to be said more."""
        if found := sliced.slice(name):
            return found
        above = sliced.slice(name.rpartition("/")[0]) if "/" in name else None
        origin = above or sliced
        made = origin.copy()
        made.slices = {}
        made.slice_name = name
        made.definition = {k: v for k, v in origin.definition.items() if k != "slicing"} | {"min": 0}
        if sliced.is_choice and "slicing" not in sliced.definition:
            sliced.definition["slicing"] = _BY_TYPE | {"rules": "open"}
        _narrow_by_name(made, sliced)
        origin.slices[name] = made
        return made


def _narrow_by_name(made: Node, sliced: Node) -> None:
    """Give `value[x]:valueQuantity` its type: the name of such a slice is that of the type."""
    if not sliced.is_choice:
        return
    types = [
        one
        for one in made.definition.get("type", [])
        if sliced.name + _capital(str(one.get("code"))) == made.slice_name
    ]
    if types:
        made.definition["type"] = types


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _merge(node: Node, row: Resource) -> None:
    """Lay what a differential says of an element over what its base says."""
    says = node.definition
    for key, value in row.items():
        if key in {"id", "path", "sliceName"}:
            continue
        if key.startswith(("fixed", "pattern")):
            _forget(says, "fixed" if key.startswith("fixed") else "pattern")
        says[key] = _added(says.get(key), value) if key in _LISTS else value
    if "type" in row and node.children and not _same_type(row):
        node.children = {}


def _forget(says: Resource, prefix: str) -> None:
    for key in [key for key in says if key.startswith(prefix)]:
        del says[key]


def _same_type(row: Resource) -> bool:
    """Return whether the elements that are already open can still be those of the type that is said now."""
    return all(not elements.is_primitive(str(one.get("code"))) for one in row["type"])


def _added(held: Any, more: Any) -> Any:
    """Return both lists; of two constraints with the same key the later one."""
    keys = {one["key"] for one in more if isinstance(one, dict) and "key" in one}
    kept = [one for one in held or [] if not (isinstance(one, dict) and one.get("key") in keys)]
    return kept + [one for one in more if one not in kept]
