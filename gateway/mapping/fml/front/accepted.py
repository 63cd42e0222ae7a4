"""What a map accepts: by the structures it uses, and by what their documentation says."""

from dataclasses import replace
from typing import Any

from gateway.fhirpath import parse
from gateway.mapping import ir, yaml_tree
from gateway.mapping.fml import structures
from gateway.mapping.fml.model import Model
from gateway.mapping.spans import Problems
from gateway.mapping.yaml_front import read_source

RESOURCE = "resource"
"""The format of a map whose source is a FHIR resource with its types: it is used by name, for `$transform`."""


def options(model: Model, problems: Problems) -> dict[str, Any]:
    """Return what the documentation of the first source says of the messages, with its YAML node under ''."""
    for structure in model.resource.get("structure", ()):
        said = str(structure.get("documentation", ""))
        if structure.get("mode") == "source" and said.startswith("{"):
            node = yaml_tree.read(said, model.file, problems)
            if isinstance(node, yaml_tree.Mapping):
                own = {key.text: value.value for key, value in node if isinstance(value, yaml_tree.Scalar)}
                return own | {"": node, "span": model.span(structure)}
    return {}


def source(model: Model, options: dict[str, Any], problems: Problems) -> ir.Source:
    """Return which messages a map is for, with the format they have."""
    urls = [s["url"] for s in model.resource.get("structure", ()) if s.get("mode") in {"source", "queried"}]
    formats = [format_ for url in urls if (format_ := structures.format_of(url))]
    node = options.get("")
    named = bool(options.get("named"))
    if isinstance(node, yaml_tree.Mapping):
        kept = [pair for pair in node if pair[0].text not in {"each", "on-error", "named"}]
        if kept:
            made = read_source(yaml_tree.Mapping(tuple(kept), node.span), model.file, problems)
            if made is not None:
                return replace(made, named=named)
    format_ = formats[0] if formats else RESOURCE
    when = _when(model, urls[0]) if format_ in ir.SEGMENTED else None
    return ir.Source(format_, model.start, when, named=named or format_ == RESOURCE)


def _when(model: Model, url: str) -> ir.Expression | None:
    """Return the condition that a message is of the structure: by its type and event, or its EDIFACT type."""
    if found := structures.EDIFACT.fullmatch(url):
        text = f"UNH-2.1 = '{found[1]}'"
    else:
        v2 = structures.V2.fullmatch(url)
        assert v2
        text = f"MSH-9.1 = '{v2[1]}'" + (f" and MSH-9.2 = '{v2[2]}'" if v2[2] else "")
    return ir.Expression(text, parse(text, source_paths=True), model.start)
