"""One map over one resource: what `StructureMap/$transform` asks. http://hl7.org/fhir/R4/structuremap-operation-transform.html"""

from dataclasses import dataclass
from typing import Any

from gateway.errors import BadMapping, Issue, MappingFailed
from gateway.mapping import ir
from gateway.mapping.compiler.program import Program
from gateway.mapping.compiler.sources import Units
from gateway.mapping.findings import Language
from gateway.mapping.fml import document, structures
from gateway.mapping.fml.imports import Maps
from gateway.mapping.fml.program import program
from gateway.mapping.fml.targets import Resource, Targets
from gateway.mapping.keeping import shown
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems


@dataclass(frozen=True)
class Transformed:
    """What a map made: `result` is the target; `xml` says how its root is called where it is no FHIR."""

    result: dict[str, Any]
    issues: tuple[Issue, ...]
    tracer: Targets
    xml: tuple[str, str] | None = None

    def as_xml(self) -> bytes | None:
        """Return a target that is a v3 document as XML; None for FHIR."""
        return document.write(self.xml[0], self.result, self.xml[1]) if self.xml else None


def compiled(mapping: ir.Mapping, overlay: Overlay, units: Units, maps: Maps) -> Program:
    """Return the program of a map. Raises BadMapping with every problem of it."""
    problems = Problems()
    made = program(mapping, overlay, units, problems, traced=True, maps=maps)
    if problems.errors:
        raise BadMapping(problems.errors)
    return made


def transform(
    made: Program, mapping: ir.Mapping, source: Any, *, received_at: str, language: Language = "en"
) -> Transformed:
    """Return what a map makes of a source. Raises MappingFailed with every issue when a rule cannot be applied."""
    tracer = Targets(made.rules, mapping.policy, language)
    tracer.whole_result = True
    tracer.document = source
    tracer.known = Resource(source) if isinstance(source, dict) else None
    made.run(source, received_at, getattr(source, "control_id", None), tracer, {})
    if tracer.failed:
        raise MappingFailed(tracer.issues)
    target = next((one for one in mapping.groups[0].takes if one.mode == "target"), None)
    url = dict(mapping.models).get(target.type or "", "") if target else ""
    space = structures.namespace(url)
    xml = (url.rpartition("/")[2], space) if space else None
    return Transformed(shown(tracer.result), tuple(tracer.issues), tracer, xml)
