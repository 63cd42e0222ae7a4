"""What tests of FML share: maps from text or JSON, and one run of them."""

from pathlib import Path
from typing import Any

from gateway.mapping import ir
from gateway.mapping.concept_maps import ConceptMap
from gateway.mapping.findings import Language
from gateway.mapping.fml import front, installed, parser, resource
from gateway.mapping.fml.transform import Transformed, compiled, transform
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems

RECEIVED_AT = "2026-01-05T10:00:00.000+01:00"
PATIENT = "http://hl7.org/fhir/StructureDefinition/Patient"


class NoUnits:
    """A map that uses nothing but itself."""

    def __init__(self) -> None:
        self.stepped: dict[str, frozenset[str]] = {}

    def fragment(self, use: ir.Use) -> ir.Fragment | None:
        del use
        return None

    def concept_map(self, use: ir.Use) -> ConceptMap | None:
        del use
        return None


def mapping_of(text: str, file: str = "test.fml") -> ir.Mapping:
    problems = Problems()
    model = resource.read(text, file, problems) if file.endswith(".json") else parser.read(text, file, problems)
    assert model is not None, problems.issues
    made = front.mapping(model, file, problems)
    assert not problems.issues
    assert made is not None
    return made


def run(text: str, source: Any, file: str = "test.fml", *, language: Language = "en") -> Transformed:
    mapping = mapping_of(text, file)
    model = installed.model_of(text, file, Problems())
    assert model is not None
    maps = installed.maps_of((mapping,), {file: model}, Problems())
    program = compiled(mapping, Overlay("dev", ""), NoUnits(), maps)
    return transform(program, mapping, source, received_at=RECEIVED_AT, language=language)


def complaints(text: str) -> list[str]:
    """Return what is said of a text, each with its line and column."""
    problems = Problems()
    model = parser.read(text, "test.fml", problems)
    front.mapping(model, "test", problems)
    return [f"{(issue.rule or '').removeprefix('test.fml:')} {issue.diagnostics}" for issue in problems.issues]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
