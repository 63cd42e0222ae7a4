"""Maps in FML from files: `mapping.fml`, `mapping.map` or `mapping.json` in a folder is a mapping, any other a library.

A library is a map whose groups others import by its url.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.mapping import concept_maps, ir
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.fml import front, parser, resource
from gateway.mapping.fml.imports import Maps
from gateway.mapping.fml.model import Model
from gateway.mapping.spans import Problems
from gateway.mapping.yaml_tree import text_of

ENDINGS = (".fml", ".map")
NAMES = ("mapping.fml", "mapping.map", "mapping.json")


@dataclass
class Installed:
    """What was read: the mappings, all maps, and the StructureMap of each by its file."""

    mappings: tuple[ir.Mapping, ...] = ()
    maps: Maps = field(default_factory=lambda: Maps(()))
    models: Mapping[str, Model] = field(default_factory=dict)


def files(found: Iterable[Path]) -> Iterator[Path]:
    """Yield those of some files that hold maps in FML, or StructureMaps."""
    return (path for path in found if path.suffix in ENDINGS or path.name == NAMES[-1])


def read(found: Iterable[tuple[Path, str, str]], problems: Problems) -> Installed:
    """Return the maps in some files: each its path, how it is called in findings, and the name of its folder."""
    all_: list[ir.Mapping] = []
    own: list[ir.Mapping] = []
    models: dict[str, Model] = {}
    for path, file, folder in found:
        model = model_of(text_of(path, file, problems), file, problems)
        made = front.mapping(model, folder, problems) if model else None
        if model is None or made is None:
            continue
        models[file] = model
        all_.append(made)
        own += [made] if path.name in NAMES else []
    return Installed(tuple(own), maps_of(all_, models, problems), models)


def model_of(text: str, file: str, problems: Problems) -> Model | None:
    """Return the StructureMap in a text: JSON when the file is called so or it begins as JSON does, else FML."""
    if file.endswith(".json") or text.lstrip("\ufeff \r\n\t").startswith("{"):
        return resource.read(text, file, problems)
    return parser.read(text, file, problems)


def maps_of(mappings: Iterable[ir.Mapping], models: Mapping[str, Model], problems: Problems) -> Maps:
    """Return maps with what they import and the ConceptMaps they contain."""
    imports = {file: tuple(map(str, model.resource.get("import", ()))) for file, model in models.items()}
    contained = {file: dict(_contained(model, problems)) for file, model in models.items()}
    return Maps(tuple(mappings), imports, contained)


def _contained(model: Model, problems: Problems) -> Iterator[tuple[str, ConceptMap]]:
    version = str(model.resource.get("version") or "0")
    for one in model.resource.get("contained", ()):
        if one.get("resourceType") == "ConceptMap":
            whole = {"version": version, "url": f"#{one.get('id')}"} | one
            made = concept_maps.of(whole, model.file, problems)
            if made is not None:
                yield from {made.id: made, made.url: made}.items()
