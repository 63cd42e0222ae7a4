"""What `source` of a mapping says of JSON, XML and FHIR: read from YAML."""

import re

from gateway.mapping import ir, yaml_tree
from gateway.mapping.spans import Problems, suggestion
from gateway.mapping.yaml_template import Templates
from gateway.mapping.yaml_tree import Node, Scalar

TREE_KEYS = ("root", "namespace", "namespaces", "array", "control", "event-time")
_OWN: dict[str, tuple[str, ...]] = {
    "json": ("array", "control", "event-time"),
    "ndjson": ("control", "event-time"),
    "xml": ("root", "namespace", "namespaces", "control", "event-time"),
    "fhir": ("control", "event-time"),
}
_FOREIGN = ("columns", "delimiter", "decimal", "quote", "aliases")
_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class Trees:
    """Reads the keys of `source` that only trees have; a key that its format does not have is reported."""

    def __init__(self, templates: Templates, problems: Problems) -> None:
        self.templates = templates
        self.problems = problems

    def source(self, node: yaml_tree.Mapping, format_: str) -> ir.TreeSource | None:
        """Return what is said of a tree; None for the formats that are none."""
        own = _OWN.get(format_, ())
        for key, _ in node:
            if (key.text in TREE_KEYS and key.text not in own) or (own and key.text in _FOREIGN):
                self.problems.add(key.span, f"'{key.text}' says nothing of {format_}{suggestion(key.text, own)}")
        if not own:
            return None
        if format_ in {"json", "ndjson"} and node.get("when") is None:
            self.problems.add(node.span, "'when' is missing: what tells these messages from other JSON")
        return ir.TreeSource(
            root=self._text(node, "root", needed=format_ == "xml"),
            namespace=self._text(node, "namespace"),
            prefixes=self._prefixes(node.get("namespaces")),
            array=self._flag(node.get("array")),
            control=self._expression(node.get("control")),
            event_time=self._expression(node.get("event-time")),
        )

    def _text(self, node: yaml_tree.Mapping, key: str, *, needed: bool = False) -> str:
        found = node.get(key)
        if isinstance(found, Scalar) and found.value is not None:
            return found.text
        if found is not None or needed:
            what = f"'{key}' must be text" if found is not None else f"'{key}' is missing: the name of the root element"
            self.problems.add(found.span if found is not None else node.span, what)
        return ""

    def _prefixes(self, node: Node | None) -> tuple[tuple[str, str], ...]:
        if node is None:
            return ()
        pairs = node.pairs if isinstance(node, yaml_tree.Mapping) else ()
        good = [(k.text, v.text) for k, v in pairs if isinstance(v, Scalar) and _PREFIX.fullmatch(k.text)]
        if len(good) != len(pairs) or not good:
            self.problems.add(node.span, "'namespaces' must be an object of prefixes and namespaces")
        return tuple(good)

    def _flag(self, node: Node | None) -> bool:
        if node is None or (isinstance(node, Scalar) and isinstance(node.value, bool)):
            return isinstance(node, Scalar) and node.value is True
        self.problems.add(node.span, "'array' must be true or false")
        return False

    def _expression(self, node: Node | None) -> ir.Expression | None:
        return self.templates.bare(node) if node is not None else None
