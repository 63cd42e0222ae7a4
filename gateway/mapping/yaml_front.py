"""The YAML front end: `mapping.yaml` and fragment files to the intermediate form.

`docs/mapping-language.md` is what it reads. Nothing is evaluated here: text becomes syntax trees.
"""

import re
from dataclasses import replace

from gateway.mapping import ir, yaml_tree
from gateway.mapping.spans import Problems, suggestion
from gateway.mapping.yaml_template import Templates
from gateway.mapping.yaml_tree import Node, Scalar, Sequence
from gateway.mapping.yaml_trees import TREE_KEYS, Trees

FORMATS = ("hl7v2", "edifact", "csv", "json", "ndjson", "xml", "fhir")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_LAYOUT = ("delimiter", "charset", "decimal", "timezone", "quote", "aliases")


def read(text: str, file: str, name: str, problems: Problems) -> ir.Mapping | ir.Fragment | None:
    """Return the mapping or fragment in `text`, or None; what is wrong goes to `problems`, all of it."""
    root = yaml_tree.read(text, file, problems)
    if root is None:
        return None
    if not isinstance(root, yaml_tree.Mapping):
        problems.add(root.span, "a mapping file is an object with the keys map, version, source, emit")
        return None
    front = _Front(root, file, name, problems)
    return front.fragment() if root.get("fragment") is not None else front.mapping()


def read_source(node: Node, file: str, problems: Problems) -> ir.Source | None:
    """Return what a `source` object says that stands outside a mapping file, or None; complaints go to `problems`."""
    return _Front(yaml_tree.Mapping((), node.span), file, "", problems).source(node)


class _Front:
    """Reads one file. Each `_key` method reads one top-level key."""

    def __init__(self, root: yaml_tree.Mapping, file: str, name: str, problems: Problems) -> None:
        self.root = root
        self.file = file
        self.name = name
        self.problems = problems
        self.templates = Templates(problems)

    def mapping(self) -> ir.Mapping | None:
        self.known(self.root, MAPPING_KEYS)
        self.required(("map", "version", "source", "emit"))
        source = self.source(self.root.get("source"))
        lets = self.lets()  # first: later expressions may step from these names
        each = self.each(source)
        if source is not None and source.tree is not None:
            source = replace(source, tree=replace(source.tree, each=self.items(each)))
        policy = self.templates.policy(self.root.get("on-error")) or ("quarantine" if each else "fail")
        requires, emit = self.requires(), self.emit()
        if source is None or not emit:
            return None
        return ir.Mapping(
            name=self.name, file=self.file, version=self.text("version"), span=self.root.span, uses=self.uses(),
            lets=lets, emit=emit, url=self.text("map"), title=self.text("title") or None, source=source,
            requires=requires, each=each, policy=policy,
        )  # fmt: skip

    def fragment(self) -> ir.Fragment | None:
        self.known(self.root, FRAGMENT_KEYS)
        self.required(("fragment", "type", "parameters", "emit"))
        parameters = self.words("parameters", self.root)
        for name in parameters:
            if not NAME.fullmatch(name):
                self.problems.add(self.root.span, f"the parameter '{name}' is not a name: letters, digits and _ only")
        if not NAME.fullmatch(self.text("fragment")):
            self.problems.add(self.root.span, "the name of a fragment consists of letters, digits and _")
        self.templates.pieces.update(parameters)
        if not parameters:
            self.problems.add(self.root.span, "a fragment has at least one parameter")
        lets, emit = self.lets(), self.emit()
        if not emit:
            return None
        return ir.Fragment(
            name=self.text("fragment"), file=self.file, version=self.text("version"), span=self.root.span,
            uses=self.uses(), lets=lets, emit=emit, type=self.text("type"), parameters=parameters,
            single=not isinstance(self.root.get("emit"), Sequence),
        )  # fmt: skip

    def known(self, mapping: yaml_tree.Mapping, keys: tuple[str, ...]) -> None:
        for key, _ in mapping:
            if key.text not in keys:
                self.problems.add(key.span, f"unknown key '{key.text}'{suggestion(key.text, keys)}")

    def required(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            if self.root.get(key) is None:
                self.problems.add(self.root.span, f"the key '{key}' is missing")

    def text(self, key: str) -> str:
        node = self.root.get(key)
        if node is None or (isinstance(node, Scalar) and node.value is not None):
            return node.text if isinstance(node, Scalar) else ""
        self.problems.add(node.span, f"'{key}' must be text")
        return ""

    def words(self, key: str, mapping: yaml_tree.Mapping) -> tuple[str, ...]:
        node = mapping.get(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        if any(not isinstance(item, Scalar) for item in items):
            self.problems.add(node.span, f"'{key}' must be a list of texts")
        return tuple(item.text for item in items if isinstance(item, Scalar))

    def source(self, node: Node | None) -> ir.Source | None:
        if not isinstance(node, yaml_tree.Mapping):
            if node is not None:
                self.problems.add(node.span, "'source' must be an object such as {format: hl7v2, when: …}")
            return None
        self.known(node, SOURCE_KEYS)
        format_ = node.get("format")
        if not isinstance(format_, Scalar) or format_.text not in FORMATS:
            where = format_.span if format_ else node.span
            hint = suggestion(format_.text, FORMATS) if isinstance(format_, Scalar) else ""
            self.problems.add(where, f"'format' must be one of {', '.join(FORMATS)}{hint}")
            return None
        when = node.get("when")
        if when is not None and format_.text == "csv":
            self.problems.add(when.span, "a table is known by its columns: write columns: [ … ] instead of when")
            when = None
        condition = self.templates.bare(when) if when is not None else None
        layout = tuple((key.text, self._plain(value)) for key, value in node if key.text in _LAYOUT)
        tree = Trees(self.templates, self.problems).source(node, format_.text)
        return ir.Source(format_.text, node.span, condition, self.words("columns", node), layout, tree)

    def _plain(self, node: Node) -> object:
        if isinstance(node, yaml_tree.Mapping):
            return {key.text: self._plain(value) for key, value in node}
        if isinstance(node, Sequence):
            return [self._plain(item) for item in node.items]
        return node.value

    def each(self, source: ir.Source | None) -> str | None:
        node, text = self.root.get("each"), self.text("each")
        if node is None or source is None:
            return None
        if source.format in ir.TREES:
            return text or None
        good = text == "record" if source.format == "csv" else SEGMENT.fullmatch(text) is not None
        if not good:
            wanted = "'record'" if source.format == "csv" else "the name of a segment, such as OBX"
            self.problems.add(node.span, f"'each' must be {wanted}")
        return text if good else None

    def items(self, each: str | None) -> ir.Expression | None:
        """Return the expression of what a tree is mapped by."""
        node = self.root.get("each")
        return self.templates.bare(node) if each is not None and node is not None else None

    def uses(self) -> tuple[ir.Use, ...]:
        pairs = self.pairs("use", "{alias: ConceptMap/id or file}")
        return tuple(ir.Use(key.text, value.text, key.span) for key, value in pairs if isinstance(value, Scalar))

    def lets(self) -> tuple[ir.Binding, ...]:
        return self.templates.bindings(self.root.get("let"), "let")

    def pairs(self, key: str, example: str) -> tuple[tuple[Scalar, Node], ...]:
        node = self.root.get(key)
        if node is None:
            return ()
        if isinstance(node, yaml_tree.Mapping) and all(isinstance(value, Scalar) for _, value in node):
            return node.pairs
        self.problems.add(node.span, f"'{key}' must be an object such as {example}")
        return ()

    def requires(self) -> tuple[ir.Require, ...]:
        node = self.root.get("require")
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        return tuple(rule for item in items if (rule := self._require(item)))

    def _require(self, node: Node) -> ir.Require | None:
        if not isinstance(node, yaml_tree.Mapping):
            self.problems.add(node.span, "a requirement is an object {that: expression, say: text}")
            return None
        self.known(node, REQUIRE_KEYS)
        that, say, code = node.get("that"), self._said(node, "say"), node.get("code")
        if that is None or say is None:
            self.problems.add(node.span, "a requirement needs 'that' (an expression) and 'say' (a text)")
            return None
        expected = self._said(node, "expected")
        condition = self.templates.bare(that)
        named = code.text if isinstance(code, Scalar) else "required-missing"
        warns = self._severity(node.get("severity")) == "warning"
        if condition is None:
            return None
        told = (expected[0], expected[1] or expected[0]) if expected else None
        return ir.Require(condition, say[0], named, node.span, warns, dutch=say[1], expected=told)

    def _said(self, node: yaml_tree.Mapping, key: str) -> tuple[str, str | None] | None:
        """Return a text in English and, where it is `{en: …, nl: …}`, in Dutch; None when there is none."""
        said = node.get(key)
        if isinstance(said, Scalar):
            return said.text, None
        if not isinstance(said, yaml_tree.Mapping):
            return None
        self.known(said, SAY_KEYS)
        english, dutch = said.get("en"), said.get("nl")
        if isinstance(english, Scalar) and isinstance(dutch, Scalar):
            return english.text, dutch.text
        self.problems.add(said.span, f"'{key}' is a text, or an object {{en: text, nl: text}}")
        return "", None

    def _severity(self, node: Node | None) -> str:
        if node is None:
            return "error"
        text = node.text if isinstance(node, Scalar) else ""
        if text not in SEVERITIES:
            hint = suggestion(text, SEVERITIES)
            self.problems.add(node.span, f"'severity' must be one of {', '.join(SEVERITIES)}{hint}")
        return text

    def emit(self) -> tuple[ir.Template, ...]:
        node = self.root.get("emit")
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        return tuple(made for item in items if (made := self.templates.template(item)) is not None)


MAPPING_KEYS = ("map", "version", "title", "source", "use", "let", "require", "each", "on-error", "emit")
FRAGMENT_KEYS = ("fragment", "type", "version", "title", "parameters", "use", "let", "emit")
SOURCE_KEYS = ("format", "when", "columns", *_LAYOUT, *TREE_KEYS)
REQUIRE_KEYS = ("that", "say", "code", "severity", "expected")
SAY_KEYS = ("en", "nl")
SEVERITIES = ("error", "warning")
