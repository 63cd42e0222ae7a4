"""Files of YAML or JSON that an operator writes: what they hold, and the line of each field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.errors import BadSettings
from gateway.mapping import yaml_tree
from gateway.mapping.spans import Problems
from gateway.mapping.yaml_tree import Node

Lines = dict[str, int]
"""The line of each field by its path, `partners[0].ura`."""


def read(path: Path) -> tuple[Any, Lines]:
    """Return what a file holds, and the lines of its fields. Raises BadSettings, with its line, for what is no YAML."""
    problems = Problems()
    text = yaml_tree.text_of(path, path.name, problems)
    if text.lstrip().startswith("{"):  # JSON may be indented by tabs, and YAML may not
        text = text.replace("\t", " ")
    root = yaml_tree.read(text, path.name, problems)
    if problems.errors or root is None:
        raise BadSettings([replace(issue, code="bad-settings") for issue in problems.errors])
    lines: Lines = {}
    return _plain(root, "", lines), lines


def _plain(node: Node, path: str, lines: Lines) -> Any:
    lines[path] = node.span.line
    if isinstance(node, yaml_tree.Mapping):
        return {key.text: _plain(value, f"{path}.{key.text}".lstrip("."), lines) for key, value in node}
    if isinstance(node, yaml_tree.Sequence):
        return [_plain(item, f"{path}[{number}]", lines) for number, item in enumerate(node.items)]
    return node.value
