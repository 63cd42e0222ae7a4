"""The StructureDefinitions, ValueSets and CodeSystems that are known: from folders, packages and Bundles.

A folder is looked through once for what its files are; a file is read whole when it is asked for.
https://hl7.org/fhir/R4/packages.html
"""

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway.errors import GatewayError, InvalidResource
from gateway.fhir import json
from gateway.fhir.types import Resource

Read = Callable[[bytes], Resource]

# What reading a definition raises when it has not the shape that its resource type says.
SHAPELESS = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
KINDS = (
    "StructureDefinition",
    "ValueSet",
    "CodeSystem",
    "CapabilityStatement",
    "ConceptMap",
    "ImplementationGuide",
    "Measure",
    "MessageDefinition",
    "NamingSystem",
    "OperationDefinition",
    "SearchParameter",
)
"""What is kept of a package: what validates, and what else can be read as it was published."""

_NAMELESS = "NamingSystem"  # it has no canonical in R4
_SUFFIXES = (".json", ".json.gz")
_LARGEST = 200_000_000  # bytes of one file, unpacked: R4's own definitions are 60 MB


class Head(msgspec.Struct):
    """What a file is, read without reading the rest of it."""

    resourceType: str = ""  # noqa: N815 - FHIR's name
    url: str = ""
    version: str = ""
    identifier: Any = None
    id: str = ""
    name: Any = ""  # of a Patient, an example in a package, it is a list
    title: Any = ""
    status: Any = ""


_HEAD = ("resourceType", "url", "version", "id", "name", "title", "status")
_HEADS = msgspec.json.Decoder(Head)


@dataclass(slots=True)
class Found:
    """One definition: what it is called, where it is, and, once it was asked for, itself."""

    head: Head
    origin: str
    load: Callable[[], Resource]
    resource: Resource | None = None

    @property
    def version(self) -> str:
        """Return its business version, '' where it has none."""
        return self.head.version

    def content(self) -> Resource:
        """Return the definition itself."""
        if self.resource is None:
            self.resource = self.load()
        return self.resource


class Definitions:
    """What is known by canonical URL. The first that is added wins where two have the same URL and version."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], list[Found]] = {}
        self._stands_for: dict[str, str] = {}
        self.problems: list[str] = []  # files that could not be read

    def add_resource(self, resource: Resource, origin: str = "") -> None:
        """Add one definition, or what a Bundle holds; other resources are passed over."""
        if resource.get("resourceType") == "Bundle":
            for entry in resource.get("entry") or []:
                self.add_resource(entry.get("resource") or {}, origin)
            return
        head = Head(**{key: str(resource.get(key, "")) for key in _HEAD})
        head.identifier = resource.get("identifier")
        self._add(head, origin, lambda: resource)

    def add_folder(self, folder: Path, readers: Mapping[str, Read] | None = None) -> None:
        """Add every definition in the files of a folder (or in one file); `readers` by suffix, for other than JSON."""
        for path in _files(folder, (*_SUFFIXES, *(readers or {}))):
            try:
                self._add_file(path, readers or {})
            except (GatewayError, OSError, ValueError, AttributeError) as error:
                self.problems.append(f"{path.name}: {error}")

    def _add_file(self, path: Path, readers: Mapping[str, Read]) -> None:
        if path.suffix in readers:
            self.add_resource(readers[path.suffix](path.read_bytes()), path.name)
            return
        content = _content(path)
        head = _HEADS.decode(content)
        if head.resourceType == "Bundle":
            self.add_resource(json.decode(content), path.name)
        else:
            self._add(head, path.name, lambda: json.decode(_content(path)))

    def add_content(self, content: bytes, origin: str) -> None:
        """Add the definition in a file of a package; what cannot be read is a problem."""
        try:
            self._add(_HEADS.decode(content), origin, lambda: json.decode(content))
        except ValueError as error:
            self.problems.append(f"{origin}: {error}")

    def _add(self, head: Head, origin: str, load: Callable[[], Resource]) -> None:
        if head.resourceType not in KINDS or not (head.url or head.resourceType == _NAMELESS):
            return
        held = self._known.setdefault((head.resourceType, head.url or head.id), [])
        if all(found.version != head.version for found in held):
            held.append(Found(head, origin, load))
        if head.resourceType == KINDS[0]:
            self._stands_for |= dict.fromkeys(_canonicals(head.identifier), head.url)

    def find(self, kind: str, canonical: str) -> Resource | None:
        """Return the definition of this URL (of the version after `|` if it is here, else another) or None."""
        url, _, version = canonical.partition("|")
        held = self._known.get((kind, url))
        if not held:
            return None
        return next((found for found in held if found.version == version), held[0]).content()

    def structure(self, canonical: str) -> Resource | None:
        """Return a StructureDefinition, or None.

        Where it is not here, one that has its canonical as an identifier stands in for it.
        """
        found = self.find("StructureDefinition", canonical)
        own = self._stands_for.get(canonical.partition("|")[0])
        return self.find("StructureDefinition", own) if found is None and own else found

    def all(self, kind: str) -> Iterator[Found]:
        """Yield everything of a kind that is known, every version, in the order in which it was added."""
        for (of_kind, _), held in self._known.items():
            if of_kind == kind:
                yield from held

    def urls(self, kind: str) -> Iterable[str]:
        """Return the URLs of everything of a kind that is known."""
        return [url for of_kind, url in self._known if of_kind == kind]


def _canonicals(identifiers: Any) -> Iterator[str]:
    """Yield the URLs among the identifiers of a definition."""
    for one in identifiers if isinstance(identifiers, list) else []:
        if isinstance(one, dict) and one.get("system") == "urn:ietf:rfc:3986":
            yield str(one.get("value", ""))


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name.endswith(suffixes) and not path.name.startswith("."):
            yield path


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    with gzip.open(path) as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise InvalidResource("a packed file of definitions is too large", code="bad-package")
    return content
