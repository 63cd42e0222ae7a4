"""What is installed: mappings, fragments, ConceptMaps and provider overlays, read from folders and checked whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway.errors import BadMapping, UnsupportedMessage
from gateway.fhir.attachment import MAX_SIZE
from gateway.formats.hl7v2 import Message
from gateway.mapping import concept_maps, ir, overlays, yaml_front
from gateway.mapping.compiler.program import Program, plain_program, traced_program
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.fml import installed
from gateway.mapping.fml.program import program as fml_program
from gateway.mapping.fragments import Fragments, Root
from gateway.mapping.mentioned import mentioned
from gateway.mapping.overlays import MAX_ATTACHMENT, Overlay
from gateway.mapping.selection import Selection
from gateway.mapping.spans import Problems, Span, suggestion
from gateway.mapping.yaml_tree import text_of

DEVELOPMENT = "dev"
DEFAULT = "default"


@dataclass
class Library:
    """Everything installed. Programs are made when first used, for each mapping and provider, and kept.

    A library made from another one (`dataclasses.replace`) keeps nothing of what that one made.
    """

    mappings: tuple[ir.Mapping, ...]
    concept_maps: Mapping[str, ConceptMap]
    providers: Mapping[str, Overlay]
    problems: Problems
    fragments: Fragments
    _programs: dict[tuple[str, str, bool], Program] = field(init=False, default_factory=dict)
    _overlays: dict[str, Overlay] = field(init=False, default_factory=dict)
    _mentioned: dict[str, frozenset[str]] = field(init=False, default_factory=dict)
    max_attachment: int = MAX_SIZE
    fml: installed.Installed = field(default_factory=installed.Installed)

    @staticmethod
    def load(folders: Sequence[Path], *, max_attachment: int = MAX_SIZE) -> "Library":
        """Return the library in some folders. Raises BadMapping with every problem of every file.

        `max_attachment` is how many bytes a document inside a message has at most, where a provider's overlay does not
        say otherwise.
        """
        library = Library.read(folders)
        library.max_attachment = max_attachment
        library.check()
        if library.problems.errors:
            raise BadMapping(library.problems.issues)
        return library

    @staticmethod
    def read(folders: Sequence[Path]) -> "Library":
        """Return the library in some folders without its checks; what cannot be read is in `problems`."""
        return _Reader([Root(folder) for folder in folders]).library()

    def check(self, only: ir.Mapping | None = None) -> None:
        """Check all mappings (or one) and all they use, before the first message; findings go to `problems`."""
        from gateway.mapping import checks  # noqa: PLC0415 - the R4 tables are needed only here

        checks.check(self, only)
        for mapping in (only,) if only else self.mappings:
            if mapping.groups:
                fml_program(
                    mapping, Overlay("", ""), self.units(self.problems), self.problems, traced=True, maps=self.fml.maps
                )

    @cached_property
    def selection(self) -> Selection:
        """What tells which mapping a message is for."""
        return Selection(self.mappings)

    def for_message(self, message: Message) -> ir.Mapping:
        """Return the mapping of an HL7 v2 message. Raises UnsupportedMessage that names the message."""
        return self.selection.message(message)

    def mapping(self, name: str) -> ir.Mapping:
        """Return the mapping called `hl7v2/adt_a20_bed` (or by its last part). Raises BadMapping when there is none."""
        found = [m for m in self.mappings if name in {m.name, m.name.rpartition("/")[2], m.url}]
        if len(found) == 1:
            return found[0]
        hint = suggestion(name, [m.name for m in self.mappings])
        raise BadMapping(f"no mapping '{name}'{hint}")

    def provider(self, name: str) -> Overlay:
        """Return the overlay of a provider, the default below it. Raises UnsupportedMessage for an unknown provider."""
        overlay = self._overlays.get(name)
        if overlay is None:
            own = self.providers.get(name)
            if own is None:
                hint = suggestion(name, self.providers)
                raise UnsupportedMessage(f"no provider '{name}'{hint}", code="unknown-provider")
            set_here = Overlay("", "", MappingProxyType({MAX_ATTACHMENT: self.max_attachment}))
            overlay = self._overlays[name] = own.over(self.providers.get(DEFAULT)).over(set_here)
        return overlay

    def program(self, mapping: ir.Mapping, overlay: Overlay, *, traced: bool = False) -> Program:
        """Return a mapping's program for a provider. Raises BadMapping when it cannot be made."""
        key = (mapping.name, overlay.name, traced)
        if key not in self._programs:
            problems = Problems()
            program = self._made(mapping, overlay, problems, traced=traced)
            if problems.errors:
                raise BadMapping(problems.errors)
            self._programs[key] = program
        return self._programs[key]

    def mentioned(self, mapping: ir.Mapping) -> frozenset[str]:
        """Return the names of columns, elements and attributes that a mapping mentions, for the quality score."""
        if mapping.name not in self._mentioned:
            self._mentioned[mapping.name] = mentioned(mapping, self.units(Problems()))
        return self._mentioned[mapping.name]

    def only(self, mapping: ir.Mapping) -> "Library":
        """Return the library in which every message is for one mapping, whatever the message is."""
        wanted = replace(mapping, source=replace(mapping.source, named=False, when=None, columns=()))
        return replace(self, mappings=(wanted,))

    def _made(self, mapping: ir.Mapping, overlay: Overlay, problems: Problems, *, traced: bool) -> Program:
        units = self.units(problems)
        if mapping.groups:
            return fml_program(mapping, overlay, units, problems, traced=traced, maps=self.fml.maps)
        return (traced_program if traced else plain_program)(mapping, overlay, units, problems)

    def concept_map_by_url(self, url: str) -> ConceptMap | None:
        """Return the ConceptMap with a canonical url, with or without its version; or with that id; or None."""
        bare = url.partition("|")[0]
        if bare in self.concept_maps:
            return self.concept_maps[bare]
        found = (one for one in self.concept_maps.values() if bare == one.url)
        return next(found, None)

    def every_fragment(self) -> list[ir.Fragment]:
        """Return every fragment there is, used or not; those that cannot be read are in `problems`."""
        found = (self.fragments.load(path, self.problems) for path, _ in self.fragments.all())
        return [fragment for fragment in found if fragment is not None]

    def units(self, problems: Problems) -> "Units":
        """Return where programs find fragments and ConceptMaps; what is missing goes to `problems`."""
        return Units(self, problems)


class Units:
    """Finds what a mapping uses, and reports what it does not find, once."""

    def __init__(self, library: Library, problems: Problems) -> None:
        self.library = library
        self.problems = problems

    @property
    def stepped(self) -> dict[str, frozenset[str]]:
        """The names that must stay pieces of the source, by file."""
        return self.library.fragments.stepped

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        """Return the fragment an alias means, or None."""
        return self.library.fragments.find(use, self.problems)

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        """Return the ConceptMap an alias means, or None."""
        id_ = use.concept_map
        if id_ is None:
            return None
        found = self.library.concept_map_by_url(id_)
        if found is None:
            self.problems.add(use.span, f"no ConceptMap '{id_}'{suggestion(id_, self.library.concept_maps)}")
        return found

    def concept_map_by_url(self, url: str) -> ConceptMap | None:
        """Return the ConceptMap with a canonical url or id, or None."""
        return self.library.concept_map_by_url(url)


class _Reader:
    """Reads all files of some folders."""

    def __init__(self, roots: list[Root]) -> None:
        self.roots = [Root(root.folder.resolve()) for root in roots]
        self.problems = Problems()

    def library(self) -> Library:
        for root in self.roots:
            if not root.folder.is_dir():
                self.problems.add(Span(root.folder.name), "no such folder of mappings")
        written = installed.read(self._maps(), self.problems)
        mappings = (*self._each("mapping.yaml", self._mapping), *written.mappings)
        maps = {m.id: m for m in self._each(".json", self._concept_map, within="concept_maps")}
        providers = {o.name: o for o in self._each(".yaml", self._overlay, within="providers")}
        if DEVELOPMENT not in providers:
            providers[DEVELOPMENT] = Overlay(DEVELOPMENT, "", MappingProxyType({"share": "clinical"}))
        return Library(
            mappings, MappingProxyType(maps), MappingProxyType(providers), self.problems, Fragments(self.roots),
            fml=written,
        )  # fmt: skip

    def _maps(self) -> Iterator[tuple[Path, str, str]]:
        for root in self.roots:
            for path in installed.files(root.files):
                yield path, root.name(path), path.parent.relative_to(root.folder).as_posix()

    def _each(self, name: str, read: Callable[[Path, str, Path], Any], within: str | None = None) -> Iterator[Any]:
        for root in self.roots:
            for path in root.files:
                wanted = path.suffix == name and path.parent.name == within if within else path.name == name
                made = read(path, root.name(path), root.folder) if wanted else None
                if made is not None:
                    yield made

    def _mapping(self, path: Path, file: str, folder: Path) -> ir.Mapping | None:
        name = path.parent.relative_to(folder).as_posix()
        unit = yaml_front.read(text_of(path, file, self.problems), file, name, self.problems)
        if isinstance(unit, ir.Fragment):
            self.problems.add(unit.span, "a file called mapping.yaml must be a mapping, not a fragment")
        return unit if isinstance(unit, ir.Mapping) else None

    def _concept_map(self, path: Path, file: str, _: Path) -> ConceptMap | None:
        found = concept_maps.load(path, file, self.problems)
        if found is not None and found.id != path.stem:
            self.problems.add(Span(file), f"the id of the ConceptMap is '{found.id}'; the file is called {path.name}")
        return found

    def _overlay(self, path: Path, file: str, _: Path) -> Overlay | None:
        return overlays.read(text_of(path, file, self.problems), file, path.stem, self.problems)
