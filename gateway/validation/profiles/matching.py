"""Which slice a value belongs to: what a slice says at the discriminator's path, asked of the value.

Three answers: yes, no, and None when the slice says nothing there by which it can be told.
https://hl7.org/fhir/R4/profiling.html#discriminator
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from gateway.fhir import reference
from gateway.validation.profiles import base, bindings, fixed
from gateway.validation.profiles.items import Item
from gateway.validation.profiles.paths import Step
from gateway.validation.profiles.slicing import Discriminator
from gateway.validation.profiles.terminology import Terminology, both, either
from gateway.validation.profiles.tree import Node

_DEEPEST = 8


class Surroundings(Protocol):
    """What a value is matched in: the resources around it and the profiles that are known."""

    @property
    def terminology(self) -> Terminology:
        """Return the value sets."""

    def resolve(self, text: str) -> Item | None:
        """Return the resource a reference names, if it is here."""

    def conforms(self, item: Item, url: str) -> bool | None:
        """Return whether a value follows a profile; None when the profile is not known."""

    def opened(self, node: Node) -> dict[str, Node]:
        """Return what stands in an element, its type opened where the profile did not."""

    def resource_type(self, url: str) -> str | None:
        """Return the type that a profile is about."""

    def tree(self, url: str) -> Node | None:
        """Return the elements of a profile, or None when it is not known."""


def belongs(item: Item, slice_: Node, told_by: Sequence[Discriminator], around: Surroundings) -> bool | None:
    """Return whether a value belongs to a slice."""
    return both(_by(item, slice_, one, around) for one in told_by) if told_by else None


def _by(item: Item, slice_: Node, one: Discriminator, around: Surroundings) -> bool | None:
    if one.steps is None:
        return None
    if one.kind == "exists":
        return _by_existence(item, slice_, one.steps, around)
    if one.kind in {"type", "profile"}:
        return _by_type(item, slice_, one, around)
    nodes = [node for node in _nodes(slice_, one.steps, around) if _says_something(node, around, 0)]
    url = _extension_url(slice_, one.steps)
    items = list(_items(item, one.steps, around))
    if url is not None:
        return any(found.value == url for found in items)
    answers = [_looks_like(found, node, around, 0) for node in nodes for found in items]
    if not nodes:
        return None
    return either(answers) if items else False


# --- by what a value is -----------------------------------------------------------------------------------------


def _looks_like(item: Item, node: Node, around: Surroundings, depth: int) -> bool | None:
    """Return whether a value is what a node says: fixed, pattern, required code, or that of the elements in it."""
    for key, wanted in node.definition.items():
        if key.startswith("fixed") and key[5:6].isupper():
            return fixed.is_equal(item.value, wanted)
        if key.startswith("pattern") and key[7:8].isupper():
            return fixed.holds(item.value, wanted)
    if depth < _DEEPEST and (parts := _telling(node, around, depth)):
        return both(either(_looks_like(v, one, around, depth + 1) for v in item.children(one.name)) for one in parts)
    return _by_code(item, node, around.terminology)


def _by_code(item: Item, node: Node, terminology: Terminology) -> bool | None:
    found = [one for one in bindings.of_element(node.definition) if one.is_required]
    if not found:
        return None
    said = [finding.code for finding in bindings.findings(item, found[0], terminology)]
    return False if "profile-code" in said else None if "profile-unchecked" in said else True


def _telling(node: Node, around: Surroundings, depth: int) -> list[Node]:
    """Return the elements in a node that say what their value is: those that must be there, and their slices."""
    held = node.children or (around.opened(node) if _has_profile(node) else {})
    return [
        one
        for child in held.values()
        for one in (child, *child.slices.values())
        if one.definition.get("min", 0) and _says_something(one, around, depth + 1)
    ]


def _says_something(node: Node, around: Surroundings, depth: int) -> bool:
    for key in node.definition:
        if (key.startswith("fixed") and key[5:6].isupper()) or (key.startswith("pattern") and key[7:8].isupper()):
            return True
    if any(one.is_required for one in bindings.of_element(node.definition)) and depth == 0:
        return True
    return depth < _DEEPEST and bool(_telling(node, around, depth))


def _has_profile(node: Node) -> bool:
    types = node.definition.get("type") or []
    return len(types) == 1 and bool(types[0].get("profile")) and types[0].get("code") != "Extension"


def _by_existence(item: Item, slice_: Node, steps: tuple[Step, ...], around: Surroundings) -> bool | None:
    nodes = list(_nodes(slice_, steps, around))
    is_there = any(True for _ in _items(item, steps, around))
    if any(str(node.definition.get("max")) == "0" for node in nodes):
        return not is_there
    if any(node.definition.get("min", 0) for node in nodes):
        return is_there
    return None


# --- by type and by profile -------------------------------------------------------------------------------------


def _by_type(item: Item, slice_: Node, one: Discriminator, around: Surroundings) -> bool | None:
    steps = one.steps or ()
    resolves = bool(steps) and steps[-1].kind == "resolve"
    nodes = list(_nodes(slice_, steps[:-1] if resolves else steps, around))
    items = list(_items(item, steps[:-1] if resolves else steps, around))
    if not nodes:
        return None
    asked = _points_to if resolves else _is_of
    answers = [asked(found, node, one.kind, around) for found in items for node in nodes]
    return either(answers) if answers else False


def _is_of(item: Item, node: Node, kind: str, around: Surroundings) -> bool | None:
    types = node.definition.get("type") or []
    mine = [one for one in types if one.get("code") == item.type]
    if not mine and types:
        return False
    urls = [url for one in mine for url in one.get("profile") or []]
    if kind == "type" or not urls:
        return bool(mine)
    return either(_follows(item, str(url), around) for url in urls)


def _follows(item: Item, url: str, around: Surroundings) -> bool | None:
    if isinstance(item.value, dict) and item.type == "Extension":
        return bool(item.value.get("url") == url.partition("|")[0])
    return around.conforms(item, url)


def _points_to(item: Item, node: Node, kind: str, around: Surroundings) -> bool | None:
    """Return whether a Reference names what a slice is about; None where only the resource, not here, could tell."""
    targets = _targets(node)
    found = around.resolve(str(item.value.get("reference"))) if isinstance(item.value, dict) else None
    type_ = found.type if found else referred_type(item.value)
    if not targets or type_ is None:
        return None
    mine = [url for url in targets if around.resource_type(url) in {type_, None}]
    if kind == "type" or not mine or all(base.type_of(url) for url in mine):
        return bool(mine)
    if found is None:
        return None  # of the right type, but its profile cannot be looked at
    return either(True if base.type_of(url) else around.conforms(found, url) for url in mine)


def _targets(node: Node) -> list[str]:
    return [str(url) for one in node.definition.get("type") or [] for url in one.get("targetProfile") or []]


def referred_type(value: object) -> str | None:
    """Return the type of the resource a Reference names, as far as the Reference itself tells."""
    if not isinstance(value, dict):
        return None
    text, named = value.get("reference"), value.get("type")
    pointed = reference.parse(text) if isinstance(text, str) else None
    type_ = pointed.type if pointed else None
    return type_ or (named if isinstance(named, str) else None)


# --- where a path leads -----------------------------------------------------------------------------------------


def _nodes(node: Node, steps: tuple[Step, ...], around: Surroundings) -> Iterator[Node]:
    """Yield what the slice says at the end of a path: of a sliced element the element and its slices."""
    if not steps:
        yield node
        return
    for one in _next_nodes(node, steps[0], around):
        yield from _nodes(one, steps[1:], around)


def _next_nodes(node: Node, step: Step, around: Surroundings) -> list[Node]:
    if step.kind == "resolve":
        return [tree for tree in map(around.tree, _targets(node)) if tree]
    if step.kind == "type":
        return [one for one in (node, *node.slices.values()) if step.name in _codes(one)]
    held = node.children or around.opened(node)
    child = held.get(step.name if step.kind == "child" else "extension")
    if child is None:
        return []
    if step.kind == "child":
        return [child, *child.slices.values()]
    return [one for one in child.slices.values() if _extension_url(one, (Step("child", "url"),)) == step.name]


def _codes(node: Node) -> list[str]:
    return [str(one.get("code")) for one in node.definition.get("type") or []]


def _extension_url(node: Node, steps: tuple[Step, ...]) -> str | None:
    """Return the url by which an extension with a profile is known, when that is what the path asks."""
    if [step.name for step in steps] != ["url"]:
        return None
    types = node.definition.get("type") or []
    urls = [str(url) for one in types if one.get("code") == "Extension" for url in one.get("profile") or []]
    return urls[0].partition("|")[0] if urls else None


def _items(item: Item, steps: tuple[Step, ...], around: Surroundings) -> Iterator[Item]:
    if not steps:
        yield item
        return
    for found in _step(item, steps[0], around):
        yield from _items(found, steps[1:], around)


def _step(item: Item, step: Step, around: Surroundings) -> list[Item]:
    if step.kind == "child":
        return item.children(step.name)
    if step.kind == "extension":
        held = item.children("extension")
        return [one for one in held if isinstance(one.value, dict) and one.value.get("url") == step.name]
    if step.kind == "type":
        return [item] if item.type == step.name else []
    text = item.value.get("reference") if isinstance(item.value, dict) else item.value
    found = around.resolve(text) if isinstance(text, str) else None
    return [found] if found else []
