"""The rules of contained resources: dom-2 to dom-5, and ref-1 for references to them.

https://hl7.org/fhir/R4/references.html#contained
"""

from collections.abc import Iterator
from typing import Any

from gateway.fhir.types import Resource

_Fault = tuple[str, str, str]  # code, text, path


class Container:
    """What one resource contains, and what is said about it anywhere in that resource."""

    def __init__(self) -> None:
        self._contained: dict[str, str] = {}  # id → path
        self._without_id: list[str] = []
        self._of_the_parts: list[_Fault] = []
        self._local: list[tuple[str, str]] = []  # id in '#id', path of the Reference
        self._mentioned: set[str] = set()  # by a Reference, a canonical or a uri
        self._refers_to_container: set[str] = set()  # ids of contained resources that hold '#'
        self._inside: str | None = None

    def enter(self, node: Resource, path: str) -> None:
        """Begin a contained resource: what is noted until `leave` stands in it."""
        id_ = node.get("id")
        self._inside = id_ if isinstance(id_, str) else ""
        if self._inside == "":
            self._without_id.append(path)
        elif self._inside in self._contained:
            self._of_the_parts.append(("bad-reference", "two contained resources have the same id", f"{path}.id"))
        else:
            self._contained[self._inside] = path
        self._of_the_parts.extend(_faults_of_part(node, path))

    def leave(self) -> None:
        """End the contained resource."""
        self._inside = None

    def note(self, reference: Any, path: str) -> None:
        """Take down what a Reference at `path` refers to."""
        if isinstance(reference, str) and reference.startswith("#"):
            if reference != "#":
                self._local.append((reference[1:], path))
            self.mention(reference)

    def mention(self, fragment: str) -> None:
        """Take down that a Reference, canonical or uri names `#id`, or `#` for the container itself."""
        if fragment != "#":
            self._mentioned.add(fragment[1:])
        elif self._inside:
            self._refers_to_container.add(self._inside)

    def faults(self) -> Iterator[_Fault]:
        """Yield what is wrong, once the whole resource has been seen."""
        yield from self._of_the_parts
        for path in self._without_id:
            yield "bad-reference", "dom-3: a contained resource has an id, by which the resource refers to it", path
        for id_, path in self._local:
            if id_ not in self._contained:
                yield "bad-reference", "ref-1: there is no contained resource with the id after '#'", path
        for id_, path in self._contained.items():
            if id_ not in self._mentioned and id_ not in self._refers_to_container:
                yield "invariant", "dom-3: a contained resource is referred to from the resource that holds it", path


def _faults_of_part(node: Resource, path: str) -> Iterator[_Fault]:
    if "contained" in node:
        yield "invariant", "dom-2: a contained resource contains no resources itself", path
    meta = node.get("meta")
    if not isinstance(meta, dict):
        return
    if "versionId" in meta or "lastUpdated" in meta:
        yield "invariant", "dom-4: a contained resource has no meta.versionId and no meta.lastUpdated", f"{path}.meta"
    if "security" in meta:
        yield "invariant", "dom-5: a contained resource has no security label of its own", f"{path}.meta.security"
