"""StructureMap JSON, with the place of each part. http://hl7.org/fhir/R4/structuremap.html"""

from typing import Any

from gateway.mapping import yaml_tree
from gateway.mapping.fml.model import Model
from gateway.mapping.spans import Problems, Span
from gateway.mapping.yaml_tree import Mapping, Node, Scalar

_R5_PARAMETER = "parameter"


def read(text: str, file: str, problems: Problems) -> Model | None:
    """Return the StructureMap in JSON text, R4's or R5's; None, with complaints, when it holds none."""
    root = yaml_tree.read(text.removeprefix("\ufeff"), file, problems)  # JSON is YAML, and this reader knows places
    if not isinstance(root, Mapping):
        if root is not None:
            problems.add(Span(file), "a StructureMap is a JSON object")
        return None
    model = Model({}, file)
    made = _plain(root, model)
    if made.get("resourceType") != "StructureMap":
        problems.add(root.span, "not a StructureMap: 'resourceType' is missing or another")
        return None
    model.resource = made
    return model


def of(resource: dict[str, Any], file: str) -> Model:
    """Return a StructureMap that is JSON already; of its parts no place is known."""
    model = Model(resource, file)
    _as_r4(resource)
    return model


def _plain(node: Node, model: Model) -> Any:
    if isinstance(node, Mapping):
        made = {key.text: _plain(value, model) for key, value in node}
        for key, value in node:
            model.mark_in(made, key.text, value.content if isinstance(value, Scalar) else value.span)
        _part_as_r4(made)
        return model.mark(made, node.span)
    if isinstance(node, yaml_tree.Sequence):
        return [_plain(item, model) for item in node.items]
    return node.value


def _as_r4(part: Any) -> None:
    if isinstance(part, dict):
        _part_as_r4(part)
        for value in part.values():
            _as_r4(value)
    elif isinstance(part, list):
        for value in part:
            _as_r4(value)


def _part_as_r4(part: dict[str, Any]) -> None:
    """Write what R5 writes otherwise as R4 does: the parameters of a dependent, the list mode of a target."""
    given = part.get(_R5_PARAMETER)
    if "name" in part and "transform" not in part and isinstance(given, list) and "variable" not in part:
        part["variable"] = [str(next((v for k, v in one.items() if k.startswith("value")), "")) for one in given]
        del part[_R5_PARAMETER]
    if isinstance(part.get("listMode"), str) and "context" in part and ("transform" in part or "contextType" in part):
        part["listMode"] = [part["listMode"]]
