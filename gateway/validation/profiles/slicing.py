"""How the slices of an element are told apart. https://hl7.org/fhir/R4/profiling.html#slicing"""

from collections.abc import Mapping
from typing import Any, Literal

from gateway.fhir.frozen import frozen
from gateway.fhir.types import Resource
from gateway.validation.profiles import paths
from gateway.validation.profiles.paths import Step
from gateway.validation.profiles.tree import Node

Kind = Literal["value", "pattern", "type", "exists", "profile"]


@frozen()
class Discriminator:
    """One property by which slices differ."""

    kind: str
    steps: tuple[Step, ...] | None  # None: a path that is not understood
    path: str


@frozen()
class Slicing:
    """The rules of one slicing, and its slices as the profile describes them."""

    discriminators: tuple[Discriminator, ...]
    is_ordered: bool
    rules: str  # open, closed, openAtEnd
    nodes: tuple[Node, ...]
    by_url: Mapping[str, int] | None = None  # of extensions, where the url alone tells which slice


def slicing_of(node: Node) -> Slicing:
    """Return how the slices of an element are told apart; of a choice without a word about it: by type."""
    said: Resource = node.definition.get("slicing") or {}
    told = tuple(_discriminator(one) for one in said.get("discriminator") or [])
    if not told:
        told = (Discriminator("type", (), "$this"),) if node.is_choice else ()
    nodes = tuple(node.slices.values())
    return Slicing(told, bool(said.get("ordered")), str(said.get("rules", "open")), nodes, _by_url(told, nodes))


def _by_url(told: tuple[Discriminator, ...], nodes: tuple[Node, ...]) -> Mapping[str, int] | None:
    if [(one.kind, one.path) for one in told] != [("value", "url")]:
        return None
    urls = [_url(node) for node in nodes]
    return None if None in urls else {str(url): at for at, url in enumerate(urls)}


def _url(node: Node) -> str | None:
    """Return the url of an extension slice: that of its profile, or the one that is fixed in it."""
    for one in node.definition.get("type") or []:
        if one.get("code") == "Extension" and one.get("profile"):
            return str(one["profile"][0]).partition("|")[0]
    fixed = node.children["url"].definition.get("fixedUri") if "url" in node.children else None
    return str(fixed) if fixed else None


def _discriminator(one: dict[str, Any]) -> Discriminator:
    path = str(one.get("path", "$this"))
    return Discriminator(str(one.get("type")), paths.parse(path), path)
