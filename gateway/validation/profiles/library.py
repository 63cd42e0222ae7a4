"""The profiles that are known, each compiled when it is first asked for."""

from dataclasses import dataclass, field

from gateway.errors import InvalidResource
from gateway.fhir import elements
from gateway.fhir.types import Resource, resource_types
from gateway.validation.profiles import base
from gateway.validation.profiles.definitions import SHAPELESS, Definitions
from gateway.validation.profiles.parts import Part, part_of
from gateway.validation.profiles.snapshot import tree_of
from gateway.validation.profiles.terminology import Terminology
from gateway.validation.profiles.tree import Node

_DEEPEST = 24


@dataclass(slots=True)
class Profile:
    """One profile, ready to be asked."""

    url: str
    type: str
    part: Part
    tree: Node
    contexts: tuple[str, ...] = ()  # of an extension: where it may stand
    _by_id: dict[str, Part] = field(default_factory=dict)

    @property
    def is_resource(self) -> bool:
        """Return whether it is about resources, not about a datatype."""
        return self.type in resource_types()

    def part_at(self, id_: str) -> Part:
        """Return the part whose id is `id_` (without slices), for elements that have the content of another."""
        if id_ not in self._by_id:
            at = self.part
            for name in id_.split(".")[1:]:
                at = at.children.get(name.removesuffix("[x]"), Part(id_, name))
            self._by_id[id_] = at
        return self._by_id[id_]


class ProfileLibrary:
    """Definitions, and the profiles compiled from them. It may be shared by threads."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.terminology = Terminology(definitions)
        self.problems: dict[str, str] = {}  # url → why a profile could not be compiled
        self._profiles: dict[str, Profile | None] = {}
        self._opened: dict[str, dict[str, Node]] = {}

    def profile(self, url: str) -> Profile | None:
        """Return a profile by its canonical; None when it is not known, is R4's own, or cannot be compiled."""
        if url not in self._profiles:
            definition = None if base.type_of(url) else self.definitions.structure(url)
            if definition is None:
                return None  # not kept: whoever claims a thousand unknown ones must not fill the memory
            self._profiles[url] = self._compile(url, definition)
        return self._profiles[url]

    def _compile(self, url: str, definition: Resource) -> Profile | None:
        try:
            tree = tree_of(definition, self.definitions.structure)
            contexts = tuple(str(one.get("expression")) for one in definition.get("context") or [])
            type_ = str(definition.get("type"))
            return Profile(str(definition["url"]), type_, part_of(tree, type_name=type_), tree, contexts)
        except InvalidResource as error:
            self.problems[url] = error.issues[0].diagnostics
        except SHAPELESS:
            self.problems[url] = "the StructureDefinition has not the shape of one"
        return None

    def type_of(self, url: str) -> str | None:
        """Return the type that a profile (or R4's own definition) is about, or None."""
        known = base.type_of(url)
        definition = None if known else self.definitions.structure(url)
        return str(definition["type"]) if definition and "type" in definition else known

    def opened(self, node: Node) -> dict[str, Node]:
        """Return what stands in an element whose type the profile did not open: that of its profile, or of its type."""
        types = node.definition.get("type") or []
        if len(types) != 1:
            return {}
        for url in types[0].get("profile") or []:
            if profile := self.profile(str(url)):
                return profile.tree.children
        code = str(types[0].get("code"))
        return base.of_type(code).children if elements.is_type(code) else {}
